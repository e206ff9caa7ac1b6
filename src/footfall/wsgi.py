"""The adapter for WSGI: Flask, Django's WSGI handler, Bottle, Pyramid, any WSGI app.

    application = FootfallMiddleware(application, destinations=["plausible://plausible.io/example.com"])

The iterable of the app is passed on unchanged: streaming, `close()` and file offload still work.
Only a generator is run in another: its steps belong to the request as the app does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from copy import copy
from functools import lru_cache
from inspect import CO_GENERATOR
from types import CodeType, GeneratorType, TracebackType
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, Unpack, cast

from footfall.common.bounded_cache import MAX_ENTRIES, BoundedCache
from footfall.common.clock import monotonic
from footfall.config import Options
from footfall.model import Hit
from footfall.request.capture import capture_response, is_refused_prefetch, may_be_page, repeatable
from footfall.request.exchange import (
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
    joined_headers,
)
from footfall.request.recorder import RequestRecorder
from footfall.rules import pageview, url
from footfall.tracker import Tracker
from footfall.tracker.wrapped_app import WrappedApp

if TYPE_CHECKING:
    from footfall.complement.wsgi_route import WsgiComplement
    from footfall.dashboard.wsgi_route import WsgiDashboard

Environ: TypeAlias = dict[str, Any]
ExcInfo: TypeAlias = (
    tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]
)


class StartResponse(Protocol):
    """What PEP 3333 has a server give to its app."""

    def __call__(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None, /
    ) -> Callable[[bytes], object]: ...


WSGIApp: TypeAlias = Callable[[Environ, StartResponse], Iterable[bytes]]

RESPONSE_NAMES: Final = frozenset(
    spelling for name in pageview.RESPONSE_HEADERS for spelling in (name, name.title())
)
PAGE_TYPES: Final[BoundedCache[str, bool]] = BoundedCache(may_be_page)
BOTTLE_PARAMETER: Final = re.compile(r"<(\w+):[^<>]*>").sub
# The number in a status line.
STATUSES: Final[BoundedCache[str, int]] = BoundedCache(lambda line: int(line[:3]))
KNOWN_STATUSES: Final = STATUSES.known


# In place of a status where the app has returned without one, or has sent none that is a number.
NOT_STARTED: Final = "not started"
INVALID: Final = "invalid"
# What an outer layer responds with where the app fails.
FAILED: Final = 500


class EnvironExchange(Exchange):
    """A request read from a WSGI environ."""

    # The path is as the environ has it: bytes decoded as latin-1.
    __slots__ = ("environ", "headers", "start_response", "status", "submitted")

    environ: Environ
    # The server's.
    start_response: StartResponse
    # What the app has started its response with; NOT_STARTED once it has returned without that.
    status: int | str | None
    headers: list[tuple[str, str]]
    # The record of the response that has been captured.
    submitted: Record | None

    def capturing_start(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], object]:
        """`start_response`, and note the response, which is captured when the app returns."""
        before = self.status
        try:
            # Raises for what can be read only once; asking for the types takes longer.
            _ = headers[0][0]
            self.status = KNOWN_STATUSES[status]
        except Exception:  # noqa: BLE001 -- whether they are illegal is the server's to say
            headers = self._read_unusual(status, headers)
        self.headers = headers
        # Flask takes its request out of the environ before it returns.
        if self.recorder.wants_route and self.notes.route is None:
            self.set_route(_route(self.environ))
        if before is not None:
            self._replace(before)
        # Read first: CPython looks for a method in what is called as `self.name`, in vain.
        start_response = self.start_response
        # Only passed on where it was given: the function of some servers has two parameters.
        if exc_info is None:
            return start_response(status, headers)
        return start_response(status, headers, exc_info)

    def _read_unusual(self, status: str, headers: Any) -> Any:
        """Note a status that is new or invalid; return the headers so that all can read them."""
        try:
            self.status = STATUSES[status]
        except Exception:  # noqa: BLE001 -- `capture_response` counts it
            self.status = INVALID
        return repeatable(headers)

    def _replace(self, before: int | str) -> None:
        """Capture what the app has started again, or after it has returned; see PEP 3333.

        An iterable may start its response with the first chunk; and where that chunk fails, an
        error page may take the place of the page. It does so here if the page still waits for the
        worker thread.
        """
        if get_current() is self:
            return  # captured when the app returns, or at the end of its generator's step
        if before is NOT_STARTED or self.recorder.withdraw(self.submitted):
            self.capture()

    def capture(self) -> None:
        """Capture the response that the app has started last. Never raises."""
        capture_response(self, self.status, self.headers, RESPONSE_NAMES, PAGE_TYPES)

    def record(self) -> Record:
        return self.response_record(200, [("content-type", "text/html")], monotonic())

    def response_record(self, status: int, headers: list[tuple[str, str]], at: float) -> Record:
        recorder = self.recorder
        if recorder.wants_route and self.notes.route is None:
            self.set_route(_route(self.environ))
        pick = recorder.pick
        names, values = pick(self.environ)
        # The mark, if there is one, is among the values.
        record = (READER, names, self.notes, None, self.path, values, status, headers, at)
        self.submitted = record
        return record


def _route(environ: Environ) -> str | None:
    """The template that the app marked, or that Flask or Bottle left in the environ."""
    route = (
        marked_route(environ.get(MARK_KEY))
        or _rule_of(getattr(environ.get("werkzeug.request"), "url_rule", None))
        # Bottle has the converter behind the name.
        or BOTTLE_PARAMETER(r"<\1>", _rule_of(environ.get("bottle.route")))
    )
    if not route:
        return None
    prefix = environ.get("SCRIPT_NAME")
    # Pyramid's routes have no slash at their start.
    return f"{_decoded(prefix).rstrip('/') if prefix else ''}/{route.removeprefix('/')}"


def _rule_of(route: object) -> str:
    rule = getattr(route, "rule", None)
    return rule if isinstance(rule, str) else ""


PATH_KEYS: Final = ("SCRIPT_NAME", "PATH_INFO")


def exchange_of(recorder: RequestRecorder, environ: Environ) -> EnvironExchange:
    """The exchange of a request that has just come to an adapter. Never raises."""
    exchange = EnvironExchange()
    exchange.recorder = recorder
    exchange.environ = environ
    exchange.notes = NO_NOTES
    exchange.holds_delivery = recorder.is_inline
    exchange.status = exchange.submitted = None
    try:
        script_name, path = environ["SCRIPT_NAME"], environ["PATH_INFO"]
        # An adapter for AWS Lambda has "/" for the root, where the specification has it empty.
        exchange.path = script_name.rstrip("/") + path if script_name else path
    except Exception:  # noqa: BLE001 -- of a server that leaves out what is empty, or worse
        _read_path(exchange)
    return exchange


def _read_path(exchange: EnvironExchange) -> None:
    """Read the path from an environ without one of its parts, or from an illegal one."""
    environ = exchange.environ
    try:
        exchange.path = environ.get("SCRIPT_NAME", "").rstrip("/") + environ.get("PATH_INFO", "")
    except Exception as error:  # noqa: BLE001 -- of a server that breaks the specification
        exchange.path, exchange.notes = "", UNREADABLE
        exchange.recorder.note_illegal(error, environ, PATH_KEYS)


class FootfallMiddleware(WrappedApp[WSGIApp]):
    """Counts the pageviews of a WSGI app.

    Args:
        app: The app whose pageviews are counted.
        tracker: One made elsewhere. Otherwise all apps with the same `options` share one.
        options: See `footfall.config.Config`.

    Raises:
        ConfigError: the options cannot work; lists every fault.
    """

    def __init__(
        self, app: WSGIApp, *, tracker: Tracker | None = None, **options: Unpack[Options]
    ) -> None:
        super().__init__(app, tracker, options)
        self._front: WsgiComplement | WsgiDashboard | None = None
        self.dashboard: WsgiDashboard | None = None
        """What answers for the path of the dashboard, if there is one."""
        config = self.tracker.config
        if config.complement_options is not None:
            from footfall.complement.wsgi_route import WsgiComplement

            path = config.complement_options.path
            self._front = WsgiComplement(self.tracker, path, copy(self), exchange_of)
        if config.dashboard_options is not None:
            from footfall.dashboard.wsgi_route import PlainApp, WsgiDashboard

            self.dashboard = WsgiDashboard(config, self._front or copy(self), PlainApp(app))
            self._front = self.dashboard
        if self._front is not None:
            # Of the two, the copy counts: it costs no other app a comparison in each request.
            self._is_active = False

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not self._is_active:
            if self._front is not None:
                return self._front(environ, start_response)
            show_inactive(self._recorder, exchange_of, environ)
            return self.app(environ, start_response)
        recorder = self._recorder
        exchange = exchange_of(recorder, environ)
        if get_current() is not None and exchange.is_counted_outside():
            return self._bare_app(environ, start_response)
        if self._refuses_prefetch and is_refused_prefetch(exchange):
            return _refuse(start_response)
        try:
            if recorder.filters.accepts(environ["REQUEST_METHOD"], exchange.path):
                exchange.start_response = start_response
                start_response = exchange.capturing_start
        except Exception as error:  # noqa: BLE001 -- of a server that breaks the specification
            recorder.note_illegal(error, environ, ("REQUEST_METHOD", *PATH_KEYS))
        app, token = self.app, set_current(exchange)
        try:
            body = app(environ, start_response)
            status = exchange.status
            match body:
                # A list, as most bodies are. To ask for its type would take twice as long.
                case [*_]:
                    pass
                case _ if _runs_later(body, status):
                    return _steps(body, exchange, start_response == exchange.capturing_start)
            if status is not None:
                capture_response(exchange, status, exchange.headers, RESPONSE_NAMES, PAGE_TYPES)
            else:
                exchange.status = NOT_STARTED
            return body
        except BaseException as error:
            if isinstance(error, Exception) and start_response == exchange.capturing_start:
                exchange.status, exchange.headers = FAILED, []
            if exchange.status is not None:
                exchange.capture()
            raise
        finally:
            reset_current(token)
            if exchange.holds_delivery:
                exchange.release()


def _runs_later(body: object, status: int | str | None) -> bool:
    """Whether code of the app runs in the body, so that its first chunk shows what the response is.

    Other bodies are passed on as they are: a server may know them by their type, as it knows files,
    or by their identity, as it knows a request that a websocket has answered.
    """
    kind = type(body)
    return kind is GeneratorType or (status is None and _is_app(kind))


def _is_app(kind: type) -> bool:
    """Whether this is an app as a class, as PEP 3333 shows one: it responds in its `__iter__`."""
    # In a tenth of the instructions of `inspect.isgeneratorfunction`.
    code = getattr(getattr(kind, "__iter__", None), "__code__", None)
    is_generator = isinstance(code, CodeType) and bool(code.co_flags & CO_GENERATOR)
    return is_generator and not hasattr(kind, "close") and not hasattr(kind, "__len__")


def _steps(
    body: Iterable[bytes], exchange: EnvironExchange, is_counted: bool
) -> Generator[bytes, None, None]:
    """The body of an app, a generator, which runs after the app has "returned".

    Its first chunk decides about the response, which is captured if `is_counted`.
    """
    chunks = cast("Generator[bytes, Any, Any]", iter(body))
    captured = None
    try:
        while True:
            with _served(exchange):
                try:
                    chunk = next(chunks, None)
                except Exception:
                    if is_counted and captured is None:
                        exchange.status, exchange.headers = FAILED, []
                    raise
                finally:
                    if exchange.status is not captured:
                        if captured is None or exchange.recorder.withdraw(exchange.submitted):
                            exchange.capture()
                        captured = exchange.status
            if chunk is None:
                return
            yield chunk
    finally:
        with _served(exchange):
            chunks.close()


@contextmanager
def _served(exchange: Exchange) -> Generator[None, None, None]:
    """While `exchange` is the current one; in sync mode its events are delivered after that."""
    exchange.holds_delivery = exchange.recorder.is_inline
    token = set_current(exchange)
    try:
        yield
    finally:
        reset_current(token)
        exchange.release()


def hit_from(record: Record, offset: float = 0.0) -> Hit:
    """The Hit of a record that `EnvironExchange.response_record` made."""
    _, names, notes, mark, path, values, status, response_headers, at = record
    picked = dict(zip(names, values, strict=True))
    headers = {name: picked[key] for key, name in _headers_among(names)}
    host = headers.get("host", "")
    if not host and "SERVER_NAME" in picked:
        host = f"{picked['SERVER_NAME']}:{picked.get('SERVER_PORT', '')}".rstrip(":")
    annotations = annotations_of(notes, mark or picked.get(MARK_KEY))
    path = _decoded(path)
    if path[0] not in "/*":  # scheme and host are in it
        path = url.path_in_target(path) or "/"
    return Hit(
        method=picked.get("REQUEST_METHOD", "GET"),
        scheme=picked.get("wsgi.url_scheme", "http"),
        host=host,
        path=path,
        raw_path=url.sent_path(picked.get("RAW_URI") or picked.get("REQUEST_URI") or "", path),
        query=picked.get("QUERY_STRING", ""),
        headers=headers,
        peer=picked.get("REMOTE_ADDR"),
        status=status,
        response_headers=joined_headers(response_headers),
        time=at + offset,
        route=notes.route,
        props=annotations.props,
        ignored=annotations.ignored,
        shown_path=annotations.path,
        details=annotations.details,
    )


def _trimmed(record: Record) -> Record:
    reader, names, notes, _, path, values, status, headers, at = record
    mark = values[names.index(MARK_KEY)] if MARK_KEY in names else None
    cut = tuple(map(_cut_value, names, values))
    headers = [(name, cut_header(value)) for name, value in headers]
    return (reader, names, notes, mark, path[:MAX_PATH_CHARS], cut, status, headers, at)


def _cut_value(key: str, value: object) -> str:
    if not isinstance(value, str):  # the mark, or what a server left without a text
        return ""
    if key in _TARGETS:
        # The query waits already.
        value = url.path_in_target(value)
        return value if len(value) < MAX_PATH_CHARS else ""
    return value[:MAX_QUERY_CHARS] if key == "QUERY_STRING" else cut_header(value)


# Where servers have the target of a request: gunicorn and gevent; and uWSGI, mod_wsgi, waitress,
# Cheroot, Werkzeug.
_TARGETS: Final = ("RAW_URI", "REQUEST_URI")


def _chars(record: Record) -> int:
    return sum(len(value) for value in record[VALUES] if isinstance(value, str))


# Where a record has the values that were picked from the environ.
VALUES = 5
READER: Final = RecordReader(hit=hit_from, trimmed=_trimmed, chars=_chars)


@lru_cache(maxsize=MAX_ENTRIES)
def _headers_among(keys: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Those keys of an environ that hold headers, each with the header's name."""
    return tuple(
        (key, key.removeprefix("HTTP_").replace("_", "-").lower())
        for key in keys
        if key.startswith("HTTP_")
    )


def _decoded(path: str) -> str:
    """The path's text: WSGI decodes its bytes as latin-1 (PEP 3333)."""
    if not path.isascii():
        path = path.encode("latin-1", "replace").decode("utf-8", "replace")
    return path or "/"


def _refuse(start_response: StartResponse) -> Iterable[bytes]:
    """Respond to a prefetch so that the browser discards it and asks again on the click."""
    start_response(
        "503 Service Unavailable", [("Cache-Control", "no-store"), ("Content-Length", "0")]
    )
    return [b""]
