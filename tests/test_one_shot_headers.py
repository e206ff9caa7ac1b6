"""Headers that can be read only once, as Falcon's test client sends them, in both directions.

The app gets the request's, the server gets the response's, and the hit has both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

import footfall
from footfall import asgi, wsgi
from footfall.model import Event
from footfall.testing import Outbox
from tests.support.adapters import CHROME, NAVIGATION, PLAUSIBLE, navigation
from tests.support.raw_requests import call_wsgi

FROM_ELSEWHERE = {**NAVIGATION, "Referer": "https://news.example.org/"}
HEADERS = [[name.lower().encode(), value.encode()] for name, value in FROM_ELSEWHERE.items()]
PREFETCH = [*HEADERS, [b"sec-purpose", b"prefetch"]]

SHAPES: Any = {
    "list": lambda pairs: [tuple(pair) for pair in pairs],
    "tuple": lambda pairs: tuple(tuple(pair) for pair in pairs),
    "view of a dict": lambda pairs: dict(pairs).items(),
    "iterator": lambda pairs: iter([tuple(pair) for pair in pairs]),
    "generator": lambda pairs: (tuple(pair) for pair in pairs),
    "iterator of iterators": lambda pairs: iter([iter(pair) for pair in pairs]),
    "list of iterators": lambda pairs: [iter(pair) for pair in pairs],
}
EVERY_SHAPE = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
OPTIONS: Any = {
    "default": {},
    "refuse": {"prefetch": "refuse"},
    "route": {"path_mode": "route"},
    "sync": {"mode": "sync"},
}
EVERY_OPTION = pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)


def read(pairs: Iterable[Iterable[Any]]) -> list[list[Any]]:
    """The headers, read once."""
    return [list(pair) for pair in pairs]


@dataclass
class Seen:
    """What the app and the server got."""

    request: list[Any] = field(default_factory=list)
    response: list[Any] = field(default_factory=list)


def serve(wrapped: Any, pairs: Any, seen: Seen) -> None:
    """Hand over a request whose values can all be read only once, unless the headers can."""
    client, server = ["198.51.100.7", 1], ["internal", 80]
    is_one_shot = iter(pairs) is pairs
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "https",
        "path": "/page",
        "root_path": "",
        "query_string": b"",
        "headers": pairs,
        "client": iter(client) if is_one_shot else client,
        "server": iter(server) if is_one_shot else server,
    }

    async def send(message: Any) -> None:
        if "headers" in message:
            seen.response.append(read(message["headers"]))

    asyncio.run(wrapped(scope, None, send))


RESPONSE = [[b"content-type", b"text/html"], [b"x-own", b"1"]]


def page(seen: Seen, shape: Any = SHAPES["list"]) -> Any:
    """An app that reads its whole scope, and then responds with headers of this shape."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.request.append(read(scope["headers"]))
        assert [*scope["client"]] == ["198.51.100.7", 1]
        assert [*scope["server"]] == ["internal", 80]
        start = {"type": "http.response.start", "status": 200, "headers": shape(RESPONSE)}
        await send(start)
        await send({"type": "http.response.body", "body": b"ok"})

    return app


def of_a_browser(event: Event) -> bool:
    """Whether the event has what only the request's headers and its peer can tell."""
    visitor = event.visitor
    assert (visitor.user_agent, visitor.client_ip) == (CHROME, "198.51.100.7")
    return event.referrer == "https://news.example.org/"


@EVERY_OPTION
@EVERY_SHAPE
def test_an_app_reads_every_header_of_its_scope(
    shape: Any, options: Any, footfall_outbox: Outbox
) -> None:
    seen = Seen()
    wrapped = asgi.FootfallMiddleware(page(seen), destinations=[PLAUSIBLE], **options)
    serve(wrapped, shape(HEADERS), seen)
    assert seen == Seen([HEADERS], [RESPONSE])
    assert [of_a_browser(event) for event in footfall_outbox] == [True]


@EVERY_SHAPE
def test_a_server_gets_every_header_of_an_asgi_app(shape: Any, footfall_outbox: Outbox) -> None:
    seen = Seen()
    wrapped = asgi.FootfallMiddleware(page(seen, shape), destinations=[PLAUSIBLE])
    serve(wrapped, SHAPES["list"](HEADERS), seen)
    assert seen == Seen([HEADERS], [RESPONSE])
    assert len(footfall_outbox) == 1


@EVERY_SHAPE
def test_a_prefetch_is_refused_by_its_headers(shape: Any, footfall_outbox: Outbox) -> None:
    seen = Seen()
    options: Any = OPTIONS["refuse"]
    wrapped = asgi.FootfallMiddleware(page(seen), destinations=[PLAUSIBLE], **options)
    serve(wrapped, shape(PREFETCH), seen)
    assert seen.request == []
    assert footfall.stats()["reasons"] == {"prefetch": 1}


@EVERY_SHAPE
def test_an_inner_middleware_knows_the_request_by_its_headers(
    shape: Any, footfall_outbox: Outbox
) -> None:
    seen = Seen()
    inner = asgi.FootfallMiddleware(page(seen), destinations=[PLAUSIBLE], exclude=["/x"])

    async def outer_app(scope: Any, receive: Any, send: Any) -> None:
        await inner(scope, receive, send)

    serve(asgi.FootfallMiddleware(outer_app, destinations=[PLAUSIBLE]), shape(HEADERS), seen)
    assert seen == Seen([HEADERS], [RESPONSE])
    assert [of_a_browser(event) for event in footfall_outbox] == [True]


@EVERY_SHAPE
def test_an_app_that_nothing_counts_reads_every_header(shape: Any) -> None:
    seen = Seen()
    serve(asgi.FootfallMiddleware(page(seen), destinations=[]), shape(HEADERS), seen)
    assert seen == Seen([HEADERS], [RESPONSE])


WSGI_RESPONSE = [["Content-Type", "text/html"], ["X-Own", "1"]]


@EVERY_OPTION
@EVERY_SHAPE
def test_a_server_gets_every_header_of_a_wsgi_app(
    shape: Any, options: Any, footfall_outbox: Outbox
) -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", shape(WSGI_RESPONSE))
        return [b"ok"]

    received: list[Any] = []

    def outer(environ: Any, start_response: Any) -> Any:
        def start(status: str, headers: Any) -> Any:
            received.append(read(headers))
            return start_response(status, [*map(tuple, received[-1])])

        return wrapped(environ, start)  # type: ignore[arg-type]  # some servers take two arguments

    wrapped = wsgi.FootfallMiddleware(app, destinations=[PLAUSIBLE], **options)
    call_wsgi(outer, navigation("/page"))
    assert received == [WSGI_RESPONSE]
    assert len(footfall_outbox) == 1


def test_falcons_own_test_client_is_served_as_without_footfall(footfall_outbox: Outbox) -> None:
    falcon_asgi = pytest.importorskip("falcon.asgi")
    testing = pytest.importorskip("falcon.testing")

    class Page:
        async def on_get(self, request: Any, response: Any) -> None:
            response.content_type = "text/html"
            response.text = repr(sorted(request.headers.items()))
            response.set_header("x-peer", request.remote_addr)

    app = falcon_asgi.App()
    app.add_route("/page", Page())
    wrapped: Any = asgi.FootfallMiddleware(app, destinations=[PLAUSIBLE], prefetch="refuse")
    bare, counted = (
        testing.TestClient(each).simulate_get(
            "/page", headers=FROM_ELSEWHERE, remote_addr="198.51.100.7"
        )
        for each in (app, wrapped)
    )
    assert (counted.text, counted.headers) == (bare.text, bare.headers)
    assert [event.referrer for event in footfall_outbox] == ["https://news.example.org/"]
