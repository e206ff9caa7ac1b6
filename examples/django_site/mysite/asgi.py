"""For ASGI servers: `uvicorn --app-dir examples/django_site mysite.asgi:application`."""

import os

from django.core.asgi import get_asgi_application

from footfall.asgi import FlushOnShutdown

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")

# A Django middleware gets no notice when the server stops. This wrapper does, and delivers the
# last events.
application = FlushOnShutdown(get_asgi_application())
