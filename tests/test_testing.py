"""A user's own tests: each framework's own test client, as its documentation shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import flask
import pytest
from starlette.testclient import TestClient

import footfall
from footfall.config import Options
from footfall.flask import Footfall
from footfall.starlette import FootfallMiddleware
from footfall.testing import MemoryTransport, Outbox, capture
from footfall.tracker import Tracker
from tests.support.adapters import NAVIGATION, PLAUSIBLE, answer, set_up_django
from tests.support.trackers import tracker_over, visit

set_up_django()


from django.test import Client, override_settings  # noqa: E402 -- the settings come first

CHROME = NAVIGATION["User-Agent"]


@contextmanager
def django_client(**options: Any) -> Iterator[Any]:
    with override_settings(FOOTFALL=options):
        yield Client()


@contextmanager
def flask_client(**options: Any) -> Iterator[Any]:
    app = flask.Flask("tests.test_testing")
    Footfall(app, **options)

    @app.route("/<path:path>", methods=["GET", "POST"])
    def view(path: str) -> flask.Response:
        response = answer(f"/{path}")
        return flask.Response(response.body, response.status, dict(response.headers))

    yield app.test_client()


@contextmanager
def starlette_client(**options: Any) -> Iterator[Any]:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    def view(request: Request) -> Response:
        response = answer(request.url.path)
        return Response(response.body, response.status, dict(response.headers))

    app = Starlette(routes=[Route("/{path:path}", view, methods=["GET", "POST"])])
    app.add_middleware(FootfallMiddleware, **options)
    yield TestClient(app)


Clients = Callable[..., Any]


@pytest.fixture(
    params=[django_client, flask_client, starlette_client], ids=["django", "flask", "starlette"]
)
def clients(request: pytest.FixtureRequest) -> Clients:
    made: Clients = request.param
    return made


def names(outbox: Outbox) -> list[str]:
    return [event.name for event in outbox]


def test_an_event_tracked_in_a_view_is_in_the_outbox(
    clients: Clients, footfall_outbox: Outbox
) -> None:
    with clients(destinations=[PLAUSIBLE]) as client:
        client.post("/tracked")
    assert names(footfall_outbox) == ["Signup"]


def test_a_page_is_in_the_outbox(clients: Clients, footfall_outbox: Outbox) -> None:
    with clients(destinations=[PLAUSIBLE]) as client:
        client.get("/page")
        client.get("/json")
        client.get("/gone")
    assert names(footfall_outbox) == ["pageview"]
    assert footfall_outbox[0].url.endswith("/page")


def test_a_page_is_in_the_outbox_wherever_the_address_would_come_from(
    clients: Clients, footfall_outbox: Outbox
) -> None:
    with clients(destinations=[PLAUSIBLE], client_ip_header="CF-Connecting-IP") as client:
        client.get("/page")
    assert names(footfall_outbox) == ["pageview"]


SAID: dict[str, tuple[dict[str, str], str]] = {
    "a bot": ({"User-Agent": "Googlebot/2.1"}, "bot"),
    "a prefetch": ({"Sec-Purpose": "prefetch"}, "prefetch"),
    "a fragment": ({"HX-Request": "true"}, "fragment"),
    "a script's fetch": ({"Sec-Fetch-Dest": "empty", "User-Agent": CHROME}, "fetch"),
    "data": ({"Accept": "application/json", "User-Agent": CHROME}, "not_navigation"),
}


@pytest.mark.parametrize(("headers", "reason"), SAID.values(), ids=SAID.keys())
def test_what_the_test_sets_itself_stays(
    clients: Clients, footfall_outbox: Outbox, headers: dict[str, str], reason: str
) -> None:
    with clients(destinations=[PLAUSIBLE]) as client:
        client.get("/page", headers=headers)
        assert names(footfall_outbox) == []
        assert repr(footfall_outbox) == f"Outbox([], reasons: 1 {reason})"


def test_an_app_that_excludes_localhost_excludes_tests(
    clients: Clients, footfall_outbox: Outbox
) -> None:
    with clients(destinations=[PLAUSIBLE], track_localhost=False) as client:
        client.get("/page")
        assert repr(footfall_outbox).startswith("Outbox([], reasons: 1 localhost. ")


def test_without_an_outbox_a_test_client_is_a_test_client(clients: Clients) -> None:
    with clients(destinations=[PLAUSIBLE]) as client:
        client.get("/page")
        with capture() as outbox:
            assert names(outbox) == []
        assert footfall.stats()["destinations"]["plausible:example.com"]["submitted"] == 0


def test_the_visitor_of_a_test_can_be_used_later(
    clients: Clients, footfall_outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitors: list[dict[str, str]] = []
    # The views behind every adapter call it for this page.
    monkeypatch.setattr(footfall, "ignore", lambda: visitors.append(footfall.current_visitor()))
    with clients(destinations=[PLAUSIBLE]) as client:
        client.get("/ignored")
        footfall.track("Paid", url="https://example.com/invoices", visitor=visitors[0])
        assert names(footfall_outbox) == ["pageview", "Paid"]


def test_the_repr_of_an_outbox_has_events_and_reasons() -> None:
    with starlette_client(destinations=[PLAUSIBLE]) as client, capture() as outbox:
        client.get("/tracked")
        events = (
            "[('Signup', 'http://testserver/tracked'), ('pageview', 'http://testserver/tracked')]"
        )
        assert repr(outbox) == f"Outbox({events})"
        client.post("/page")
        assert repr(outbox) == f"Outbox({events}, reasons: 1 custom_event, 1 method, 1 navigation)"


LIVE_SERVER: dict[str, Any] = {"Host": "localhost:8081", "User-Agent": CHROME}


HIDDEN: dict[str, tuple[str | None, dict[str, str], str, str]] = {
    "a live server": ("127.0.0.1", LIVE_SERVER, "2 localhost", "FOOTFALL_TRACK_LOCALHOST=1"),
    "a unix socket": (None, {}, "2 no_client_ip", "client_ip_header"),
}


@pytest.mark.parametrize(("peer", "headers", "seen", "remedy"), HIDDEN.values(), ids=HIDDEN)
def test_the_repr_of_an_empty_outbox_has_the_remedy_of_what_hides_every_page(
    peer: str | None, headers: dict[str, str], seen: str, remedy: str
) -> None:
    tracker = tracker_over(MemoryTransport())
    with capture() as outbox:
        for _ in range(2):
            visit(tracker, peer=peer, headers=headers)
        assert repr(outbox).startswith(f"Outbox([], reasons: {seen}. ")
        assert remedy in repr(outbox)


def test_the_remedy_of_a_live_server_makes_its_pages_count(
    monkeypatch: pytest.MonkeyPatch, footfall_outbox: Outbox
) -> None:
    monkeypatch.setenv("FOOTFALL_TRACK_LOCALHOST", "1")
    options: Options = {"destinations": [PLAUSIBLE], "transport": MemoryTransport()}
    visit(Tracker.from_options(options), peer="127.0.0.1", headers=LIVE_SERVER)
    assert names(footfall_outbox) == ["pageview"]


def test_the_repr_of_an_outbox_explains_that_there_is_no_app() -> None:
    with starlette_client() as client, capture() as outbox:
        client.get("/page")
        assert "or it has no destination, and any will do" in repr(outbox)


def test_capture_ends_with_its_block() -> None:
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    with capture() as outbox:
        visit(tracker)
        assert len(outbox) == 1
        outbox.clear()
        assert outbox[:] == []
        visit(tracker)
        assert repr(outbox) == "Outbox([('pageview', 'https://example.com/page')])"
    visit(tracker)
    tracker.flush(5)
    assert len(transport.requests) == 1


def test_captures_may_be_nested(footfall_outbox: Outbox) -> None:
    tracker = tracker_over(MemoryTransport())
    with capture() as inner:
        visit(tracker)
    visit(tracker)
    assert (len(inner), len(footfall_outbox)) == (1, 2)
