"""The door for Django.

    MIDDLEWARE = ["footfall.django.FootfallMiddleware", *MIDDLEWARE]
    FOOTFALL = {"destinations": ["plausible://plausible.io/example.com"]}

First in the list, so that it sees every answer as the visitor gets it; after WhiteNoise, if that is
there. With `"footfall.django"` in INSTALLED_APPS, `manage.py check` explains mistakes. Under ASGI,
wrap the application in `footfall.asgi.FlushOnShutdown`: a Django middleware is not told when the
server stops.
"""

from footfall.django.middleware import FootfallMiddleware

__all__ = ["FootfallMiddleware"]
