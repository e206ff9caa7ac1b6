"""The Django middleware: settings, async views, routes, names of URL patterns."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import AsyncClient, Client, override_settings

from footfall.asgi import FlushOnShutdown
from footfall.testing import Outbox
from tests.support.adapters import NAVIGATION, PLAUSIBLE, django_asgi, django_wsgi, navigation

HEADERS = {name: value for name, value in NAVIGATION.items() if name != "Host"}


def test_options_in_capitals_work_too(footfall_outbox: Outbox) -> None:
    with django_wsgi(DESTINATIONS=[PLAUSIBLE]) as call:
        call(navigation("/page"))
    assert len(footfall_outbox) == 1


ANSWERING = "django.middleware.common.CommonMiddleware"
OURS = "footfall.django.FootfallMiddleware"


@pytest.mark.parametrize(
    ("apps", "order", "warned"),
    [
        ([], [ANSWERING, OURS], 1),
        ([], [OURS, ANSWERING], 0),
        # The system checks say so there.
        (["footfall.django"], [ANSWERING, OURS], 0),
    ],
)
def test_without_the_app_the_log_says_that_the_middleware_is_not_the_first(
    apps: list[str], order: list[str], warned: int, caplog: pytest.LogCaptureFixture
) -> None:
    settings = {"INSTALLED_APPS": apps, "MIDDLEWARE": order}
    with override_settings(**settings, FOOTFALL={"destinations": [PLAUSIBLE]}):
        for _ in range(2):
            Client().get("/page")
    lines = [record.message for record in caplog.records if "comes before" in record.message]
    assert len(lines) == warned
    assert all(line.endswith(f'put "{OURS}" first in MIDDLEWARE') for line in lines)


def test_settings_changed_in_a_test_take_effect_at_once(footfall_outbox: Outbox) -> None:
    client = Client(headers=HEADERS, SERVER_NAME="example.com")
    client.get("/page")
    assert len(footfall_outbox) == 0
    with override_settings(FOOTFALL={"destinations": [PLAUSIBLE], "trusted_proxies": "private"}):
        client.get("/page", REMOTE_ADDR="198.51.100.7")
        assert len(footfall_outbox) == 1
    client.get("/page")
    assert len(footfall_outbox) == 1


def test_async_views_are_served_without_a_thread(footfall_outbox: Outbox) -> None:
    import asyncio

    with override_settings(FOOTFALL={"destinations": [PLAUSIBLE], "track_localhost": True}):
        headers = {**HEADERS, "X-Forwarded-For": "203.0.113.9"}
        asyncio.run(AsyncClient().get("/async", headers=headers))
    assert [event.url for event in footfall_outbox] == ["http://testserver/async"]
    assert footfall_outbox[0].visitor.client_ip == "203.0.113.9"


@pytest.mark.parametrize("adapter", [django_wsgi, django_asgi])
def test_the_route_can_stand_for_the_path(adapter: Any, footfall_outbox: Outbox) -> None:
    with adapter(destinations=[PLAUSIBLE], path_mode="route") as call:
        call(navigation("/users/17/"))
    assert [event.url for event in footfall_outbox] == ["https://example.com/users/%7Bpk%7D/"]


def test_the_application_supports_lifespan_once_wrapped() -> None:
    import asyncio

    from django.core.handlers.asgi import ASGIHandler

    waiting = ["startup", "shutdown"]
    sent: list[str] = []

    async def receive() -> Any:
        return {"type": f"lifespan.{waiting.pop(0)}"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(FlushOnShutdown(ASGIHandler())({"type": "lifespan"}, receive, send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


@pytest.mark.parametrize("adapter", [django_wsgi, django_asgi])
def test_a_url_patterns_name_excludes_its_pages(adapter: Any, footfall_outbox: Outbox) -> None:
    with adapter(destinations=[PLAUSIBLE], exclude=["name:user", "/admin/**"]) as call:
        for target in ("/users/17/", "/admin/", "/page"):
            call(navigation(target))
    assert [event.url for event in footfall_outbox] == ["https://example.com/page"]
    with override_settings(FOOTFALL={"destinations": [PLAUSIBLE], "exclude": ["name:user"]}):
        assert [message for message in run_checks() if str(message.id).startswith("footfall")] == []
