"""What is particular to ASGI: lifespan, other scopes, mounts, and messages that pass unchanged."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from footfall.asgi import FlushOnShutdown, FootfallMiddleware
from footfall.config import Config
from footfall.testing import MemoryTransport, Outbox
from footfall.tracker import Tracker
from tests.support.adapters import PLAUSIBLE, call_asgi, navigation
from tests.support.trackers import page


def scripted(*messages: str) -> tuple[Any, Any, list[str]]:
    """`receive` that gives these lifespan messages, and `send` with the types of what was sent."""
    waiting = [{"type": f"lifespan.{message}"} for message in messages]
    sent: list[str] = []

    async def receive() -> Any:
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    return receive, send, sent


async def supporting(scope: Any, receive: Any, send: Any) -> None:
    for message in ("startup", "shutdown"):
        assert (await receive())["type"] == f"lifespan.{message}"
        await send({"type": f"lifespan.{message}.complete"})


async def refusing(scope: Any, receive: Any, send: Any) -> None:
    raise ValueError("only http")


async def refusing_late(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    raise ValueError("only http")


async def silent(scope: Any, receive: Any, send: Any) -> None:
    return


@pytest.mark.parametrize("app", [supporting, refusing, silent], ids=lambda app: app.__name__)
@pytest.mark.parametrize("wrapper", ["FootfallMiddleware", "FlushOnShutdown"])
def test_what_waits_is_delivered_before_the_shutdown_is_complete(app: Any, wrapper: str) -> None:
    transport = MemoryTransport()
    tracker = Tracker(Config(destinations=[PLAUSIBLE], transport=transport), environ={})
    delivered_by: dict[str, int] = {}
    wrapped: Any = (
        FootfallMiddleware(app, tracker=tracker)
        if wrapper == "FootfallMiddleware"
        else FlushOnShutdown(app)
    )
    receive, send, sent = scripted("startup", "shutdown")

    async def noting_send(message: Any) -> None:
        if message["type"] == "lifespan.startup.complete":
            tracker.track("Up", url="https://example.com/", visitor={"ip": "198.51.100.7"})
        delivered_by[message["type"]] = len(transport.requests)
        await send(message)

    asyncio.run(wrapped({"type": "lifespan"}, receive, noting_send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert delivered_by["lifespan.shutdown.complete"] == 1


def test_for_an_app_that_breaks_while_it_starts_nothing_is_sent() -> None:
    receive, send, sent = scripted("startup", "shutdown")
    with pytest.raises(ValueError, match="only http"):
        asyncio.run(FlushOnShutdown(refusing_late)({"type": "lifespan"}, receive, send))
    assert sent == []


def test_a_start_that_failed_stays_failed() -> None:
    async def failing(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})
        raise RuntimeError("no database")

    receive, send, sent = scripted("startup", "shutdown")
    with pytest.raises(RuntimeError):
        asyncio.run(FlushOnShutdown(failing)({"type": "lifespan"}, receive, send))
    assert sent == ["lifespan.startup.failed"]


def test_other_scopes_pass_through_unchanged() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope, receive, send))

    scope, receive, send = {"type": "websocket"}, object(), object()
    for wrapped in (
        FootfallMiddleware(app, destinations=[PLAUSIBLE]),
        FlushOnShutdown(app),
    ):
        asyncio.run(wrapped(scope, receive, send))  # type: ignore[arg-type]  # markers, never called
    assert [all(map(lambda a, b: a is b, call, (scope, receive, send))) for call in seen] == [
        True,
        True,
    ]


def test_every_message_of_the_body_passes_unchanged(footfall_outbox: Outbox) -> None:
    messages = [
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"Content-Type", b"Text/HTML")],
            "trailers": True,
        },
        {"type": "http.response.body", "body": b"a", "more_body": True},
        {"type": "http.response.pathsend", "path": "/tmp/x"},
        {"type": "http.response.trailers", "headers": [], "more_trailers": False},
    ]
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    async def run() -> None:
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/page",
            "query_string": b"",
            "headers": [(name.lower(), value) for name, value in navigation("/page").headers],
            "client": ("198.51.100.7", 1),
        }
        wrapped = FootfallMiddleware(app, destinations=[PLAUSIBLE])

        async def send(message: Any) -> None:
            sent.append(message)

        await wrapped(scope, None, send)  # type: ignore[arg-type]  # never called

    asyncio.run(run())
    assert all(map(lambda a, b: a is b, sent, messages))
    assert [event.url for event in footfall_outbox] == ["http://example.com/page"]


@pytest.mark.parametrize(
    ("root_path", "path", "expected"),
    [
        ("", "/page", "/page"),
        ("/shop", "/shop/page", "/shop/page"),
        ("/shop", "/page", "/shop/page"),
        ("/shop/", "/page", "/shop/page"),
        ("/app", "/apple", "/app/apple"),
        ("/app", "/app", "/app"),
    ],
)
def test_the_mount_point_is_part_of_the_path_once(
    footfall_outbox: Outbox, root_path: str, path: str, expected: str
) -> None:
    wrapped = FootfallMiddleware(page, destinations=[PLAUSIBLE])

    async def mounted(scope: Any, receive: Any, send: Any) -> None:
        await wrapped({**scope, "root_path": root_path}, receive, send)

    call_asgi(mounted, navigation(path))
    assert [event.url for event in footfall_outbox] == [f"https://example.com{expected}"]


def test_excludes_see_the_mount_point(footfall_outbox: Outbox) -> None:
    wrapped = FootfallMiddleware(page, destinations=[PLAUSIBLE], exclude=["/admin/**", "/api/x/*"])

    async def mounted(scope: Any, receive: Any, send: Any) -> None:
        await wrapped({**scope, "root_path": "/api"}, receive, send)

    for path in ("/admin/users", "/x/1", "/y"):
        call_asgi(mounted, navigation(path))
    assert [event.url for event in footfall_outbox] == [
        "https://example.com/api/admin/users",
        "https://example.com/api/y",
    ]


def test_repeated_headers_are_all_read(footfall_outbox: Outbox) -> None:
    raw = navigation("/page", peer="10.0.0.1")
    twice = [(b"X-Forwarded-For", b"6.6.6.6"), (b"X-Forwarded-For", b"203.0.113.9")]
    from dataclasses import replace

    wrapped = FootfallMiddleware(page, destinations=[PLAUSIBLE])
    call_asgi(wrapped, replace(raw, headers=[*raw.headers, *twice]))
    assert footfall_outbox[0].visitor.client_ip == "203.0.113.9"


def test_headers_that_can_be_read_only_once_reach_the_server(
    footfall_outbox: Outbox,
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = iter([(b"content-type", b"text/html"), (b"x-own", b"1")])
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    wrapped = FootfallMiddleware(app, destinations=[PLAUSIBLE])
    answer = call_asgi(wrapped, navigation("/page"))
    assert answer.headers == {"Content-Type": "text/html", "X-Own": "1"}
    assert len(footfall_outbox) == 1


def test_headers_that_can_be_read_again_pass_as_the_app_gave_them(footfall_outbox: Outbox) -> None:
    start = {"type": "http.response.start", "status": 200, "headers": ((b"a", b"1"),)}
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "headers": ()}
    wrapped = FootfallMiddleware(app, destinations=[PLAUSIBLE])
    asyncio.run(wrapped(scope, None, send))  # type: ignore[arg-type]  # never called
    assert sent[0] is start
