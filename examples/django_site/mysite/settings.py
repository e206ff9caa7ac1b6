"""A small Django project that counts its pageviews. The settings of footfall are at the end."""

import os
from pathlib import Path

from footfall import Event

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = True
SECRET_KEY = "for this example only"
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]

INSTALLED_APPS = [
    "django.contrib.staticfiles",
    "footfall.django",  # `manage.py check` reports wrong settings in FOOTFALL
]

MIDDLEWARE = [
    "footfall.django.FootfallMiddleware",  # first, so that it sees what the visitor gets
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]

ROOT_URLCONF = "mysite.urls"
WSGI_APPLICATION = "mysite.wsgi.application"
ASGI_APPLICATION = "mysite.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR.parent / "static"]  # shared with the other examples

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"footfall": {"handlers": ["console"], "level": "INFO"}},
}


def show(event: Event) -> Event:
    """Print an event before it is sent."""
    parts = [event.name, event.url, event.referrer, dict(event.props), event.revenue]
    print("→ " + "  ".join(str(each) for each in parts if each), flush=True)
    return event


FOOTFALL = {
    "destinations": os.environ.get(
        "FOOTFALL_DESTINATIONS", "collector://127.0.0.1:8321/example.test"
    ),
    "before_send": show,
}
