"""The adapter for ASGI: Starlette, FastAPI, Litestar, Quart, Django's handler, any ASGI 3 app.

    app = FootfallMiddleware(app, destinations=["plausible://plausible.io/example.com"])

Scopes other than `http` and `lifespan` pass through unchanged, and so do the body's messages:
streaming, server-sent events, disconnects and websockets are not affected.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from copy import copy
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, Unpack, cast
from uuid import UUID

from footfall.common.bounded_cache import BoundedCache
from footfall.common.clock import monotonic
from footfall.common.in_thread import in_thread
from footfall.config import Options
from footfall.model import Headers, Hit
from footfall.request.capture import (
    capture_response,
    is_read_once,
    is_refused_prefetch,
    may_be_page,
    repeatable,
)
from footfall.request.exchange import (
    CURRENT,
    NO_NOTES,
    UNREADABLE,
    Exchange,
    annotations_of,
    get_current,
    marked_route,
    reset_current,
    set_current,
    show_inactive,
)
from footfall.request.record import (
    MARK_KEY,
    MAX_PATH_CHARS,
    MAX_QUERY_CHARS,
    Record,
    RecordReader,
    cut_header,
    decoded_headers,
)
from footfall.request.recorder import RequestRecorder
from footfall.rules import pageview, url
from footfall.tracker import Tracker
from footfall.tracker.process_hooks import shut_down
from footfall.tracker.wrapped_app import WrappedApp

if TYPE_CHECKING:
    from footfall.complement.asgi_route import AsgiComplement
    from footfall.dashboard.asgi_route import AsgiDashboard

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
HeaderPairs: TypeAlias = Iterable[tuple[bytes, bytes]]

# The specification wants lower case; apps that write their own messages often use another.
RESPONSE_NAMES: Final = frozenset(
    spelling.encode("ascii")
    for name in pageview.RESPONSE_HEADERS
    for spelling in (name, name.title())
)
PAGE_TYPES: Final[BoundedCache[bytes, bool]] = BoundedCache(may_be_page)
# The names of a route's own parameters, with a converter or without.
PARAMETER_NAMES: Final = re.compile(r"\{(\w+)").findall
# The values of a scope that a record holds, in one call; and those that a server may leave out. All
# servers have the raw path, but not all test clients.
SCOPE_NAMES: Final = ("method", "scheme", "query_string", "headers", "client", "server")
SCOPE_VALUES: Final = itemgetter(*SCOPE_NAMES, "raw_path")
OTHER_SCOPE_VALUES: Final = itemgetter(*SCOPE_NAMES)
SCOPE_DEFAULTS: Final = {"scheme": "http", "query_string": b"", "client": None, "server": None}


class ScopeExchange(Exchange):
    """A request read from an ASGI scope."""

    # The path is a slot of its own, since some frameworks change the scope in routing.
    __slots__ = ("scope", "send", "started")

    scope: Scope
    # The server's.
    send: Send
    # The message that starts the response; None before it, and False once that is captured.
    started: Message | Literal[False] | None

    # No coroutine: `send` makes one, and a second around it would cost half a microsecond.
    def capturing_send(self, message: Message) -> Awaitable[None]:
        """`send`, and capture the response when its body begins: before that the app may fail."""
        try:
            if message["type"] == "http.response.start":
                # Raises for what can be read only once; asking for the types takes longer.
                _ = message["headers"][0][0]
                self.started = message
            elif started := self.started:  # an early hint comes before the start
                self.started = False
                capture_response(
                    self, started["status"], started["headers"], RESPONSE_NAMES, PAGE_TYPES
                )
        except Exception:  # noqa: BLE001 -- whether a message is illegal is the server's to say
            message = self._unusual(message)
        # Read first: CPython looks for a method in what is called as `self.send`, in vain.
        send = self.send
        return send(message)

    def _unusual(self, message: Message) -> Message:
        """The message to send instead of one without headers, with an iterator, or of no shape."""
        if _type_of(message) == "http.response.start":
            message = _repeatable(message)
            self.started = {"headers": [], **message}
        else:
            self.recorder.errors.bump()
        return message

    def capture_end(self, *, has_failed: bool) -> None:
        """Capture the response of an app that has ended before the body began. Never raises."""
        started = UNANSWERED if has_failed else self.started
        if started and self.started is not False:
            self.started = False
            capture_response(
                self, started.get("status", 0), started["headers"], RESPONSE_NAMES, PAGE_TYPES
            )

    def record(self) -> Record:
        return self.response_record(200, [(b"content-type", b"text/html")], monotonic())

    def response_record(self, status: int, headers: list[tuple[bytes, bytes]], at: float) -> Record:
        scope, recorder = self.scope, self.recorder
        if recorder.wants_route and self.notes.route is None:
            self.set_route(_route(scope))
        try:
            values = SCOPE_VALUES(scope)
        except KeyError:
            values = _values_without_raw_path(scope)
        names = recorder.header_names
        mark = scope.get(MARK_KEY)
        return (READER, names, self.notes, mark, self.path, values, status, headers, at)


def _values_without_raw_path(scope: Scope) -> tuple[Any, ...]:
    """The values of a scope that lacks something, mostly the raw path."""
    try:
        return (*OTHER_SCOPE_VALUES(scope), None)
    except KeyError:
        return (*OTHER_SCOPE_VALUES({**SCOPE_DEFAULTS, **scope}), scope.get("raw_path"))


# What an outer layer responds with where the app fails.
UNANSWERED: Final[Message] = {"status": 500, "headers": []}


def _type_of(message: object) -> object:
    """The message's type; None where the app sent what is no message."""
    return message.get("type") if isinstance(message, Mapping) else None


def _repeatable(start: Message) -> Message:
    """The message itself, or a copy of it whose headers can be read twice."""
    given = start.get("headers")
    headers = repeatable(given)
    return start if headers is given else {**start, "headers": headers}


PATH_KEYS: Final = ("root_path", "path")


def exchange_of(recorder: RequestRecorder, scope: Scope) -> ScopeExchange:
    """The exchange of a request that has just come to an adapter. Never raises."""
    exchange = ScopeExchange()
    exchange.recorder = recorder
    exchange.scope = scope
    exchange.notes = NO_NOTES
    exchange.holds_delivery = False
    exchange.started = None
    try:
        # Raises for what can be read only once; asking for the types takes longer.
        _ = scope["headers"][0][0]
        exchange.path = scope["path"]
        if scope["root_path"]:
            exchange.path = _mounted(scope["root_path"], scope["path"])
    except Exception:  # noqa: BLE001 -- of a server that leaves something out, or worse
        _read_unusual(exchange)
    return exchange


def _read_unusual(exchange: ScopeExchange) -> None:
    """Read a scope that lacks headers, or has iterators, or breaks the specification."""
    scope = exchange.scope
    try:
        # For the app, too, which reads them after `prefetch="refuse"` and before the record.
        if (headers := repeatable(scope.get("headers"))) is not scope.get("headers"):
            scope["headers"] = headers
        for name in ("client", "server"):
            if is_read_once(scope.get(name)):
                scope[name] = [*scope[name]]
        exchange.path = path = scope["path"]
        if root_path := scope.get("root_path"):
            exchange.path = _mounted(root_path, path)
    except Exception as error:  # noqa: BLE001 -- of a server that breaks the specification
        exchange.path, exchange.notes = "", UNREADABLE
        exchange.recorder.note_illegal(error, scope, PATH_KEYS)


def _mounted(root_path: str, path: str) -> str:
    """The specification has the mount point inside the path; some servers leave it out."""
    root_path = root_path.rstrip("/")
    is_inside = path == root_path or path.startswith(root_path + "/")
    return path if is_inside else root_path + path


class FootfallMiddleware(WrappedApp[ASGIApp]):
    """Counts the pageviews of an ASGI app.

    Args:
        app: The app whose pageviews are counted.
        tracker: One made elsewhere. Otherwise all apps with the same `options` share one.
        options: See `footfall.config.Config`.

    Raises:
        ConfigError: the options cannot work; lists every fault.
    """

    def __init__(
        self, app: ASGIApp, *, tracker: Tracker | None = None, **options: Unpack[Options]
    ) -> None:
        super().__init__(app, tracker, options, _delivering)
        self._front: AsgiComplement | AsgiDashboard | None = None
        config = self.tracker.config
        if config.complement_options is not None:
            from footfall.complement.asgi_route import AsgiComplement

            path = config.complement_options.path
            self._front = AsgiComplement(self.tracker, path, copy(self), exchange_of)
        if config.dashboard_options is not None:
            from footfall.dashboard.asgi_route import AsgiDashboard

            self._front = AsgiDashboard(config, self._front or copy(self), app)
        if self._front is not None:
            # Of the two, the copy counts: it costs no other app a comparison in each request.
            self._is_active = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._is_active:
            if scope["type"] == "lifespan":
                await _lifespan(self.app, scope, receive, send)
            elif scope["type"] == "http" and self._front is not None:
                await self._front(scope, receive, send)
            else:
                if scope["type"] == "http":
                    show_inactive(self._recorder, exchange_of, scope)
                await self.app(scope, receive, send)
            return
        exchange = exchange_of(self._recorder, scope)
        if get_current() is not None and exchange.is_counted_outside():
            await self._bare_app(scope, receive, send)
            return
        if self._refuses_prefetch and is_refused_prefetch(exchange):
            await _refuse(send)
            return
        try:
            if self._recorder.filters.accepts(scope["method"], exchange.path):
                exchange.send = send
                send = exchange.capturing_send
        except Exception as error:  # noqa: BLE001 -- of a server that breaks the specification
            self._recorder.note_illegal(error, scope, ("method", *PATH_KEYS))
        app, token = self.app, set_current(exchange)
        try:
            await app(scope, receive, send)
        except Exception:
            if send == exchange.capturing_send:
                exchange.capture_end(has_failed=True)
            raise
        finally:
            if exchange.started:
                exchange.capture_end(has_failed=False)
            reset_current(token)


def _delivering(app: ASGIApp, tracker: Tracker) -> ASGIApp:
    """`app`, for `mode="sync"`: each part of the response waits for the request's events so far.

    It is sent after them, since a platform may then stop the process. The event loop goes on.
    """

    async def delivering_app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        exchange = cast("ScopeExchange", CURRENT.get())

        async def delivering_send(message: Message) -> None:
            if tracker.has_waiting:
                await in_thread(tracker.deliver)
            await out(message)

        # Where the adapter captures the response, it calls us; else the app itself does.
        is_captured = send == exchange.capturing_send
        out = exchange.send if is_captured else send
        if is_captured:
            exchange.send = delivering_send
        exchange.holds_delivery = True
        try:
            await app(scope, receive, send if is_captured else delivering_send)
        except Exception:
            if is_captured:
                exchange.capture_end(has_failed=True)
            raise
        finally:
            exchange.capture_end(has_failed=False)
            exchange.holds_delivery = False
            if tracker.has_waiting:
                await in_thread(tracker.deliver)

    return delivering_app


def hit_from(record: Record, offset: float = 0.0) -> Hit:
    """The Hit of a record that `ScopeExchange.response_record` made."""
    _, names, notes, mark, path, values, status, response_headers, at = record
    method, scheme, query, pairs, client, server, raw_path = values
    if path[:1] not in "/*":  # scheme and host are in it: hypercorn, daphne
        path = url.path_in_target(path) or "/"
    headers = _picked(pairs, names)
    host = headers.get("host") or _host(server)
    annotations = annotations_of(notes, mark)
    return Hit(
        method=method,
        scheme=scheme,
        host=host,
        path=path,
        raw_path=url.sent_path(_text_of(raw_path), path),
        query=_text_of(query),
        headers=headers,
        peer=client[0] if client else None,
        status=status,
        response_headers=decoded_headers(response_headers),
        time=at + offset,
        route=notes.route,
        props=annotations.props,
        ignored=annotations.ignored,
        shown_path=annotations.path,
        details=annotations.details,
    )


def _trimmed(record: Record) -> Record:
    reader, names, notes, mark, path, values, status, headers, at = record
    method, scheme, query, pairs, client, server, raw_path = values
    lines: dict[bytes, bytes] = {}
    for name, value in pairs:
        if name in names:
            lines[name] = b"%b,%b" % (lines[name], value) if name in lines else value
    picked = [(name, cut_header(value)) for name, value in lines.items()]
    method, query = method[:MAX_PATH_CHARS], query[:MAX_QUERY_CHARS]
    raw_path = raw_path if raw_path and len(raw_path) < MAX_PATH_CHARS else None
    values = (method, scheme, query, picked, client, server, raw_path)
    headers = [(name, cut_header(value)) for name, value in headers]
    return (reader, names, notes, mark, path[:MAX_PATH_CHARS], values, status, headers, at)


def _chars(record: Record) -> int:
    chars = len(record[PATH])
    for pair in record[VALUES][PAIRS]:
        chars += len(pair[0]) + len(pair[1])
    return chars


# Where a record has its path, its values and, among these, the pairs of the request's headers.
PATH, VALUES, PAIRS = 4, 5, 3
READER: Final = RecordReader(hit=hit_from, trimmed=_trimmed, chars=_chars)


def _picked(pairs: HeaderPairs, names: Mapping[bytes, str]) -> Headers:
    """Those headers of a request that `names` has; its values are the names that a hit uses."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        if raw_name in names:
            name, value = names[raw_name], raw_value.decode("latin-1")
            headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def _text_of(value: bytes | str | None) -> str:
    """What a scope should have in bytes; Django's test client has text, and Mangum no raw path."""
    return value if isinstance(value, str) else bytes(value or b"").decode("latin-1")


def _host(server: tuple[str, int | None] | None) -> str:
    if not server:
        return ""
    name, port = server
    return f"{name}:{port}" if port else name


def _route(scope: Scope) -> str | None:
    """The template that the app marked, or that Starlette, FastAPI or Litestar set in the scope."""
    found = scope.get("route")
    # Of a mount with an app of another kind, Starlette leaves the mount itself, which is no route.
    own = None if hasattr(found, "routes") else getattr(found, "path", None)
    route = marked_route(scope.get(MARK_KEY)) or own or scope.get("path_template")
    if not isinstance(route, str):
        return None
    # By then the root path contains the mount points that led to the route.
    return _mount_template(scope, route) + route


def _mount_template(scope: Scope, route: str) -> str:
    """The root path with the names of its parameters instead of this request's values.

    Starlette tells the values alone. They are looked for from the right, where a mount's parameters
    are as a rule, each as whole segments.
    """
    segments: list[str] = scope.get("root_path", "").rstrip("/").split("/")
    names, end = PARAMETER_NAMES(route), len(segments)
    for name, value in reversed(scope.get("path_params", {}).items()):
        wanted = str(value).strip("/").split("/")
        starts = range(end - len(wanted), 0, -1) if name not in names else ()
        for start in starts:
            found = segments[start : start + len(wanted)]
            if found == wanted or _means("/".join(found), value):
                segments[start : start + len(wanted)] = [f"{{{name}}}"]
                end = start
                break
    return "/".join(segments)


def _means(text: str, value: object) -> bool:
    """Whether a converter has made `value` of this text, as 42 of `042`."""
    if not isinstance(value, int | float | UUID):
        return False
    try:
        return type(value)(text) == value
    except ValueError:
        return False


async def _refuse(send: Send) -> None:
    """Respond to a prefetch so that the browser discards it and asks again on the click."""
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
    """Delivers what waits when the server stops, for an app whose middleware is further inside.

    A Django MIDDLEWARE class is not called when the server stops, and uvicorn ends its process with
    the signal itself, so that no exit hook of Python runs. In `asgi.py`:

        application = FlushOnShutdown(get_asgi_application())

    Implements the lifespan protocol where the app, like Django's, does not.

    Args:
        app: The whole application; every scope but `lifespan` passes through to it unchanged.
    """

    # Django's stubs have types of their own for scope, receive and send.
    def __init__(self, app: Callable[[Any, Any, Any], Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(self.app, scope, receive, send)
        else:
            await self.app(scope, receive, send)


async def _lifespan(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Run the app's lifespan, or one in its place, and deliver before the shutdown is complete."""
    has_sent = False

    async def delivering_send(message: Message) -> None:
        nonlocal has_sent
        has_sent = True
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
        # An app without lifespan raises before it receives.
        if has_sent or received:
            raise
    if has_sent:
        return
    if not received:
        await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await _close()
    await send({"type": "lifespan.shutdown.complete"})


async def _close() -> None:
    """Deliver what waits, outside the event loop."""
    await in_thread(shut_down)
