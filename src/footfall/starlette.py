"""The door for Starlette.

    app.add_middleware(FootfallMiddleware, destinations=[Plausible(domain="example.com")])

The class is the plain ASGI one: no request object, no task group, no copied context.
"""

from footfall.asgi import FootfallMiddleware

__all__ = ["FootfallMiddleware"]
