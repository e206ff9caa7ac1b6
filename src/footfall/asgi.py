"""The door for ASGI: Starlette, FastAPI, Litestar, Quart, Django's ASGI handler, any ASGI 3 app.

    app = FootfallMiddleware(app, destinations=["plausible://plausible.io/example.com"])

Scopes other than `http` and `lifespan` pass through untouched, and so do the body's messages:
streaming, server-sent events, disconnects and websockets never notice.
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from contextlib import suppress
from operator import itemgetter
from typing import Any, Final, TypeAlias, Unpack, cast

from footfall.common.bounded_cache import BoundedCache
from footfall.common.clock import monotonic
from footfall.config import Options
from footfall.model import Headers, Hit
from footfall.request.capture import capture, is_refused, may_be_page
from footfall.request.exchange import CURRENT, MARKS, NO_NOTES, Exchange, enter, leave, marks_of
from footfall.request.record import MAX_HEADER, MAX_TEXT, Record, RecordReader
from footfall.rules import pageview
from footfall.tracker import Tracker
from footfall.tracker.double_install import warn_if_installed_twice
from footfall.tracker.process_hooks import close

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
HeaderPairs: TypeAlias = Iterable[tuple[bytes, bytes]]

# The specification wants lower case; apps that write their own messages often do not.
ANSWER_NAMES: Final = frozenset(
    spelling.encode("ascii")
    for name in pageview.RESPONSE_HEADERS
    for spelling in (name, name.title())
)
PAGE_TYPES: Final[BoundedCache[bytes, bool]] = BoundedCache(may_be_page)
# What a record takes of a scope. One call where every server names them all.
FACTS: Final = itemgetter("method", "scheme", "query_string", "headers", "client", "server")


class ScopeExchange(Exchange):
    """A request read from an ASGI scope."""

    # The path is a slot of its own, since some frameworks change the scope in routing.
    __slots__ = ("scope", "send")

    scope: Scope
    # Where the answer goes.
    send: Send

    # No coroutine: `send` makes one, and a second around it would cost half a microsecond.
    def watched_send(self, message: Message) -> Awaitable[None]:
        """`send`, with a look at the response's start."""
        if message["type"] == "http.response.start":
            headers = message.get("headers", ())
            if type(headers) is not list:
                # The specification allows what can be gone through only once.
                headers = list(headers)
                message = {**message, "headers": headers}
            capture(self, message["status"], headers, ANSWER_NAMES, PAGE_TYPES)
        return self.send(message)

    def record(self) -> Record:
        return self.answered(200, [(b"content-type", b"text/html")], monotonic())

    def answered(self, status: int, answer: list[tuple[bytes, bytes]], at: float) -> Record:
        scope, tracker = self.scope, self.tracker
        if tracker.wants_route and self.said.route is None:
            self.set_route(_route(scope))
        try:
            facts = FACTS(scope)
        except KeyError:
            facts = _facts_of(scope)
        picked = tracker.picked_bytes
        mark = scope.get(MARKS)
        return (FORM, picked, self.said, mark, self.path, facts, status, answer, at)


def _facts_of(scope: Scope) -> tuple[Any, ...]:
    """`FACTS`, where the server left out what it may leave out."""
    return (
        scope["method"],
        scope.get("scheme", "http"),
        scope.get("query_string", b""),
        scope["headers"],
        scope.get("client"),
        scope.get("server"),
    )


def exchange_of(tracker: Tracker, scope: Scope) -> ScopeExchange:
    """The exchange of a request that has just come through a door."""
    exchange = ScopeExchange()
    exchange.tracker = tracker
    exchange.scope = scope
    exchange.said = NO_NOTES
    exchange.is_held = False
    path, root_path = scope["path"], scope.get("root_path")
    exchange.path = _mounted(root_path, path) if root_path else path
    return exchange


def _mounted(root_path: str, path: str) -> str:
    """The specification has the mount point inside the path; some servers leave it out."""
    root_path = root_path.rstrip("/")
    is_inside = path == root_path or path.startswith(root_path + "/")
    return path if is_inside else root_path + path


class FootfallMiddleware:
    """Counts the pageviews of an ASGI app.

    Args:
        app: The app to watch.
        tracker: One made elsewhere, to share between apps. Otherwise `options` make one.
        options: See `footfall.config.Config`.

    Raises:
        ConfigError: the options cannot work; lists every fault.
    """

    def __init__(
        self, app: ASGIApp, *, tracker: Tracker | None = None, **options: Unpack[Options]
    ) -> None:
        self.tracker = tracker or Tracker.from_options(dict(options))
        warn_if_installed_twice(app, self.tracker)
        self._is_active = self.tracker.is_active
        self.app = _delivering(app) if self._is_active and self.tracker.is_inline else app
        self._refuses_prefetch = self.tracker.config.prefetch == "refuse"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._is_active:
            if scope["type"] == "lifespan":
                await _lifespan(self.app, scope, receive, send)
            else:
                await self.app(scope, receive, send)
            return
        exchange = exchange_of(self.tracker, scope)
        if self._refuses_prefetch and is_refused(exchange):
            await _refuse(send)
            return
        if self.tracker.filters.accepts(scope["method"], exchange.path):
            exchange.send = send
            send = exchange.watched_send
        token = enter(exchange)
        try:
            await self.app(scope, receive, send)
        finally:
            leave(token)


def _delivering(app: ASGIApp) -> ASGIApp:
    """`app`, for `mode="sync"`: each part of the answer waits for what the app has brought so far.

    Before it is sent, for a platform may stop the process right after. The loop goes on meanwhile.
    """

    async def delivering_app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        exchange = cast("ScopeExchange", CURRENT.get())
        tracker = exchange.tracker

        async def delivering_send(message: Message) -> None:
            if tracker.has_waiting:
                await beside(tracker.deliver)
            await out(message)

        # Where the door looks at the answer, it passes on to us; else the app itself does.
        is_watched = send == exchange.watched_send
        out = exchange.send if is_watched else send
        if is_watched:
            exchange.send = delivering_send
        exchange.is_held = True
        try:
            await app(scope, receive, send if is_watched else delivering_send)
        finally:
            exchange.is_held = False
            if tracker.has_waiting:
                await beside(tracker.deliver)

    return delivering_app


def hit_from(record: Record, offset: float = 0.0) -> Hit:
    """The Hit that a record of `ScopeExchange.answered` stands for."""
    _, names, said, mark, path, facts, status, answer, at = record
    method, scheme, query, pairs, client, server = facts
    headers = _picked(pairs, names)
    host = headers.get("host") or _host(server)
    marks = marks_of(said, mark)
    return Hit(
        method=method,
        scheme=scheme,
        host=host,
        path=path,
        # Django's test client writes text, against the specification.
        query=query if isinstance(query, str) else query.decode("latin-1"),
        headers=headers,
        peer=client[0] if client else None,
        status=status,
        response_headers=_headers(answer),
        time=at + offset,
        route=said.route,
        props=marks.props,
        ignored=marks.ignored,
        shown_path=marks.path,
        details=marks.details,
    )


def _lean(record: Record) -> Record:
    form, names, said, mark, path, facts, *rest = record
    method, scheme, query, pairs, *ends = facts
    picked = [(name, value[:MAX_HEADER]) for name, value in pairs if name in names]
    facts = (method, scheme, query[:MAX_TEXT], picked, *ends)
    return (form, names, said, mark, path[:MAX_TEXT], facts, *rest)


FORM: Final = RecordReader(hit=hit_from, lean=_lean)


def _picked(pairs: HeaderPairs, names: Mapping[bytes, str]) -> Headers:
    """The headers of a request that have these names, of which the values are our spelling."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        if raw_name in names:
            name, value = names[raw_name], raw_value.decode("latin-1")
            headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def _headers(pairs: HeaderPairs) -> Headers:
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def _host(server: tuple[str, int | None] | None) -> str:
    if not server:
        return ""
    name, port = server
    return f"{name}:{port}" if port else name


def _route(scope: Scope) -> str | None:
    """The template that Starlette and FastAPI leave in the scope once they have routed."""
    path = getattr(scope.get("route"), "path", None)
    # By then the mount points that led to the route are in the root path.
    return scope.get("root_path", "").rstrip("/") + path if isinstance(path, str) else None


async def _refuse(send: Send) -> None:
    """Answer a prefetch so that the browser throws it away and asks again on the click."""
    await send(
        {
            "type": "http.response.start",
            "status": 503,
            "headers": [(b"cache-control", b"no-store"), (b"content-length", b"0")],
        }
    )
    await send({"type": "http.response.body", "body": b""})


# -- lifespan ----------------------------------------------------------------------------------


class FlushOnShutdown:
    """Delivers what waits when the server stops, for an app whose tracker sits further inside.

    A Django MIDDLEWARE class never learns that the server is stopping, and uvicorn ends its process
    with the signal itself, so that no exit hook of Python runs. In `asgi.py`:

        application = FlushOnShutdown(get_asgi_application())

    Answers the lifespan protocol where the app, like Django's, does not speak it.
    """

    # Django's stubs spell scope, receive and send in a way of their own.
    def __init__(self, app: Callable[[Any, Any, Any], Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(self.app, scope, receive, send)
        else:
            await self.app(scope, receive, send)


async def _lifespan(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Run the app's lifespan, or answer for it, and deliver before the server hears of the end."""
    has_spoken = False

    async def delivering_send(message: Message) -> None:
        nonlocal has_spoken
        has_spoken = True
        if message["type"].startswith("lifespan.shutdown"):
            await _close()
        await send(message)

    received: list[Message] = []

    async def recording_receive() -> Message:
        message = await receive()
        received.append(message)
        return message

    try:
        await app(scope, recording_receive, delivering_send)
    except Exception:
        # One that does not speak the protocol says so before it listens.
        if has_spoken or received:
            raise
    if has_spoken:
        return
    if not received:
        await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await _close()
    await send({"type": "lifespan.shutdown.complete"})


async def _close() -> None:
    """Deliver what waits, beside the loop."""
    await beside(close)


async def beside(work: Callable[[], object]) -> None:
    """Run `work` beside the loop; on another loop than asyncio's, such as trio's, within it.

    On a thread of its own: an executor's may all be taken by views that hang, and the end of the
    process would wait for them, however often its owner presses Ctrl-C.
    """
    import asyncio

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        work()
        return
    is_done = asyncio.Event()

    def work_beside() -> None:
        try:
            work()
        finally:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(is_done.set)

    try:
        threading.Thread(target=work_beside, name="footfall beside", daemon=True).start()
    except RuntimeError:  # no thread to be had
        work()
        return
    await is_done.wait()
