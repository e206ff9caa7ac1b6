"""The adapter for Django.

    MIDDLEWARE = ["footfall.django.FootfallMiddleware", *MIDDLEWARE]
    FOOTFALL = {"destinations": ["plausible://plausible.io/example.com"]}

First in the list, so that it sees every response as the visitor gets it; after WhiteNoise, where
that is used. With `"footfall.django"` in INSTALLED_APPS, `manage.py check` explains mistakes. Under
ASGI, wrap the application in `footfall.asgi.FlushOnShutdown`: no middleware sees the server stop.
"""

from footfall.django.middleware import FootfallMiddleware

__all__ = ["FootfallMiddleware"]
