"""What is particular to Django: settings, checks, async views, routes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.adapters import PLAUSIBLE, django_asgi, django_wsgi, navigation, set_up_django

set_up_django()

from django.core.checks import run_checks  # noqa: E402 -- the settings come first
from django.test import AsyncClient, Client, override_settings  # noqa: E402
from django.urls import include, path  # noqa: E402

from footfall.asgi import FlushOnShutdown  # noqa: E402
from footfall.testing import Outbox  # noqa: E402
from tests.support.adapters import NAVIGATION  # noqa: E402

HEADERS = {name: value for name, value in NAVIGATION.items() if name != "Host"}
MIDDLEWARE = "footfall.django.FootfallMiddleware"


def checks(**settings: Any) -> list[tuple[str, str | None]]:
    with override_settings(**settings):
        found = [message for message in run_checks() if str(message.id).startswith("footfall")]
    return [(str(message.id), message.hint) for message in found]


def test_right_settings_pass_the_checks() -> None:
    assert checks(FOOTFALL={"destinations": [PLAUSIBLE]}, MIDDLEWARE=[MIDDLEWARE]) == []


def test_each_wrong_option_is_an_error_with_its_remedy() -> None:
    found = checks(FOOTFALL={"destinations": [PLAUSIBLE], "exclude": ["admin"], "bot": "skip"})
    assert [check for check, _ in found] == ["footfall.E001", "footfall.E001"]
    assert any("/admin" in (hint or "") for _, hint in found)
    assert any("'bots'" in (hint or "") for _, hint in found)


@pytest.mark.parametrize(
    ("setting", "variable", "spelled"),
    [
        ({"bots": "never"}, "", "FOOTFALL['bots'] = 'never'"),
        ({}, "never", "FOOTFALL_BOTS = 'never'"),
        (PLAUSIBLE, "", f"FOOTFALL = '{PLAUSIBLE}'"),
    ],
    ids=["in the dict", "in the environment", "no dict"],
)
def test_a_wrong_option_is_spelled_as_its_owner_wrote_it(
    monkeypatch: pytest.MonkeyPatch, setting: Any, variable: str, spelled: str
) -> None:
    monkeypatch.setenv("FOOTFALL_BOTS", variable)
    with override_settings(FOOTFALL=setting):
        found = [message.msg for message in run_checks() if message.id == "footfall.E001"]
    assert found == [spelled]


def test_options_in_capitals_work_too(footfall_outbox: Outbox) -> None:
    with django_wsgi(DESTINATIONS=[PLAUSIBLE]) as call:
        call(navigation("/page"))
    assert len(footfall_outbox) == 1


class Urls:
    """An URL configuration with a namespace in a namespace, and a pattern without a name."""

    @staticmethod
    def view(request: Any) -> Any:
        raise NotImplementedError

    inner: Any = ([path("", view, name="index"), path("x/", view)], "cart")
    shop: Any = ([path("cart/", include(inner)), path("all/", view, name="all")], "shop")
    urlpatterns = (path("shop/", include(shop)), path("about/", view, name="about"))


NAMES: dict[str, tuple[list[str], list[str | None]]] = {
    "all there are": (["name:shop:cart:index", "name:shop:all", "name:about"], []),
    "one misspelt": (["name:shop:cart:indx"], ['did you mean "name:shop:cart:index"?']),
    "one without its namespace": (["name:index", "name:about"], ['write it as "name:app:view"']),
    "none": (["/admin/**"], []),
}


@pytest.mark.parametrize(("exclude", "hints"), NAMES.values(), ids=NAMES.keys())
def test_a_name_that_no_pattern_has_is_a_warning(
    exclude: list[str], hints: list[str | None]
) -> None:
    with override_settings(FOOTFALL={"exclude": exclude}, ROOT_URLCONF=Urls):
        found = [message for message in run_checks() if message.id == "footfall.W003"]
    assert [message.hint for message in found] == hints


def test_a_missing_middleware_is_a_warning() -> None:
    assert checks(MIDDLEWARE=[]) == [("footfall.W001", f'put "{MIDDLEWARE}" first in MIDDLEWARE')]


def test_a_middleware_installed_twice_is_a_warning() -> None:
    assert [check for check, _ in checks(MIDDLEWARE=[MIDDLEWARE, MIDDLEWARE])] == ["footfall.W002"]


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


def test_the_application_answers_lifespan_once_wrapped() -> None:
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
    assert checks(FOOTFALL={"destinations": [PLAUSIBLE], "exclude": ["name:user"]}) == []
