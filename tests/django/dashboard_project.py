"""A Django project with users, an admin and a dashboard; prints what visitors get, as JSON.

A program of its own, since the settings of the tests' own process have no database.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse

OPTIONS: dict[str, Any] = {
    "destinations": "sqlite:///footfall.sqlite3",
    "dashboard": "/stats",
    "dashboard_allow": "staff",
}
MIDDLEWARE = (
    "footfall.django.FootfallMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
)

# The whole site in the cache, as Django's documentation shows it.
CACHING = (
    MIDDLEWARE[0],
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.middleware.cache.FetchFromCacheMiddleware",
)

settings.configure(
    SECRET_KEY="for tests",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=MIDDLEWARE[: 5 if django.VERSION < (5, 1) else 7],
    INSTALLED_APPS=[
        "footfall.django",
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
    ],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": "app.sqlite3",
            "ATOMIC_REQUESTS": True,
        }
    },
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    FOOTFALL=OPTIONS,
)
django.setup()

from django.conf.urls.i18n import i18n_patterns  # noqa: E402
from django.contrib import admin  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import AsyncClient, Client, override_settings  # noqa: E402
from django.urls import path  # noqa: E402


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("<h1>Page</h1>")


urlpatterns = [path("admin/", admin.site.urls), *i18n_patterns(path("", page, name="page"))]
USERS = {"nobody": None, "ada": "staff", "bob": "user", "eve": "gone"}


def seen(response: Any) -> dict[str, Any]:
    text = response.content.decode()
    return {
        "status": response.status_code,
        "location": response.headers.get("location"),
        "is_shown": "<title>" in text and "/stats/static/dashboard.css" in text,
    }


def sync_answers() -> dict[str, Any]:
    found = {}
    for name in USERS:
        client = Client()
        if USERS[name]:
            client.force_login(User.objects.get(username=name))
        found[name] = seen(client.get("/stats/?period=7d"))
    return found


async def async_answers() -> dict[str, Any]:
    found = {}
    for name in USERS:
        client = AsyncClient()
        if USERS[name]:
            await client.aforce_login(await User.objects.aget(username=name))
        found[name] = seen(await client.get("/stats/?period=7d"))
    return found


def main() -> None:
    call_command("migrate", verbosity=0)
    User.objects.create_superuser("ada", password="x")
    User.objects.create_user("bob", password="x")
    User.objects.create_superuser("eve", password="x", is_active=False)
    ada = Client()
    ada.force_login(User.objects.get(username="ada"))
    found: dict[str, Any] = {"sync": sync_answers(), "async": asyncio.run(async_answers())}
    found["admin"] = '<a href="/stats/">Site statistics</a>' in ada.get("/admin/").content.decode()
    found["posted"] = ada.post("/stats/").status_code
    found["page"] = ada.get("/en/", follow=True).content.decode()
    found["missing"] = ada.get("/nothing").status_code
    with override_settings(FORCE_SCRIPT_NAME="/shop"):
        found["mounted"] = 'href="/shop/stats/live"' in ada.get("/stats/").content.decode()
    with override_settings(MIDDLEWARE=MIDDLEWARE[:1]):
        found["without_users"] = seen(Client().get("/stats/"))
    may_look = {**OPTIONS, "dashboard_allow": lambda request: request.user.username == "bob"}
    with override_settings(FOOTFALL=may_look):
        found["function"] = sync_answers()
    by_header = {**OPTIONS, "dashboard_allow": lambda request: "X-Admin" in request.headers}
    with override_settings(FOOTFALL=by_header, MIDDLEWARE=CACHING):
        found["cached"] = [
            Client().get("/stats/", headers=headers).status_code
            for headers in ({"X-Admin": "yes"}, {})
        ]
    with override_settings(FOOTFALL={**OPTIONS, "dashboard": None, "dashboard_allow": None}):
        found["none"] = ada.get("/stats/", follow=True).status_code
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    sys.modules.setdefault(__name__, sys.modules["__main__"])
    main()
