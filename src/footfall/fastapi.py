"""The adapter for FastAPI.

    app.add_middleware(FootfallMiddleware, destinations=[Plausible(domain="example.com")])

FastAPI is a Starlette app, so the class is the same: see `footfall.starlette`.
"""

from footfall.starlette import FootfallMiddleware

__all__ = ["FootfallMiddleware"]
