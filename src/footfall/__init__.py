"""Server-side web analytics middleware for any WSGI or ASGI app."""

__version__ = "0.1.0.dev0"
