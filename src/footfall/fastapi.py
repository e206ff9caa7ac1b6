"""The door for FastAPI.

    app.add_middleware(FootfallMiddleware, destinations=[Plausible(domain="example.com")])

FastAPI is a Starlette app, and so is the door: see `footfall.starlette`.
"""

from footfall.starlette import FootfallMiddleware

__all__ = ["FootfallMiddleware"]
