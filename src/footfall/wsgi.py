"""The door for WSGI: Flask, Django's WSGI handler, Bottle, Pyramid, any WSGI app.

    application = FootfallMiddleware(application, destinations=["plausible://plausible.io/example.com"])

The iterable that the app returns is handed on as it is: streaming, `close()` and the server's file
offload never notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import monotonic
from types import TracebackType
from typing import Any, Final, Protocol, TypeAlias, Unpack

from footfall import pageview
from footfall.capture import (
    CURRENT,
    MARKS,
    MAX_TEXT,
    Exchange,
    Record,
    is_refused,
    marks_of,
)
from footfall.config import Options
from footfall.model import Hit
from footfall.tracker import Tracker

Environ: TypeAlias = dict[str, Any]
HeaderPairs: TypeAlias = Iterable[tuple[str, str]]
ExcInfo: TypeAlias = (
    tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]
)


class StartResponse(Protocol):
    """What PEP 3333 has a server give to its app."""

    def __call__(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None, /
    ) -> Callable[[bytes], object]: ...


WSGIApp: TypeAlias = Callable[[Environ, StartResponse], Iterable[bytes]]

ANSWER_NAMES: Final = frozenset(
    spelling for name in pageview.RESPONSE_HEADERS for spelling in (name, name.title())
)


class EnvironExchange(Exchange):
    """A request read from a WSGI environ."""

    environ: Environ
    is_captured: bool = False

    def path(self) -> str:
        """The path as the environ spells it: bytes read as latin-1."""
        path: str = self.environ.get("SCRIPT_NAME", "") + self.environ.get("PATH_INFO", "")
        return path

    def record(self) -> Record:
        return self.answered(200, [("content-type", "text/html")], self.path(), monotonic())

    def answered(self, status: int, answer: list[tuple[str, str]], path: str, at: float) -> Record:
        environ = self.environ
        names = self.tracker.picked_environ.intersection(environ)
        return (
            hit_from,
            environ.get("REQUEST_METHOD", "GET"),
            environ.get("wsgi.url_scheme", "http"),
            path[:MAX_TEXT],
            environ.get("QUERY_STRING", "")[:MAX_TEXT],
            names,
            [*map(environ.__getitem__, names)],
            status,
            answer,
            at,
            self.route,
            self.props,
            self.ignored,
            environ.get(MARKS),
        )


class FootfallMiddleware:
    """Counts the pageviews of a WSGI app.

    Args:
        app: The app to watch.
        tracker: One made elsewhere, to share between apps. Otherwise `options` make one.
        options: See `footfall.config.Config`.

    Raises:
        ConfigError: the options cannot work; lists every fault.
    """

    def __init__(
        self, app: WSGIApp, *, tracker: Tracker | None = None, **options: Unpack[Options]
    ) -> None:
        self.app = app
        self.tracker = tracker or Tracker.from_options(dict(options))
        self._is_active = self.tracker.is_active
        self._refuses_prefetch = self.tracker.config.prefetch == "refuse"

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not self._is_active:
            return self.app(environ, start_response)
        exchange = EnvironExchange()
        exchange.tracker = self.tracker
        exchange.environ = environ
        if self._refuses_prefetch and is_refused(exchange):
            return _refuse(start_response)
        token = CURRENT.set(exchange)
        try:
            return self.app(environ, _observed(exchange, start_response))
        finally:
            CURRENT.reset(token)


def _observed(exchange: EnvironExchange, start_response: StartResponse) -> StartResponse:
    def observed(
        status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None, /
    ) -> Callable[[bytes], object]:
        capture(exchange, status, headers)
        # Only passed on where it was given: some servers take two arguments.
        if exc_info is None:
            return start_response(status, headers)
        return start_response(status, headers, exc_info)

    return observed


def capture(exchange: EnvironExchange, status_line: str, headers: HeaderPairs) -> None:
    """Put the exchange into the tracker's inbox, unless a guard turns it away. Never raises."""
    tracker = exchange.tracker
    try:
        if exchange.is_captured:  # a second call replaces the headers after an error
            return
        exchange.is_captured = True
        guards = tracker.guards
        if exchange.environ["REQUEST_METHOD"] != "GET":
            guards.turn_away("method")
            return
        status = int(status_line[:3])
        if status not in guards.statuses:
            guards.turn_away_status(status)
            return
        path = exchange.path()
        if path.startswith(guards.excluded_prefixes):
            guards.turn_away("excluded")
            return
        # A comprehension would cost as much as the whole loop: answers have few headers.
        answer = []
        for pair in headers:
            if pair[0] in ANSWER_NAMES:
                answer.append(pair)
        if not answer:
            # Names may be written in any case, and we look at two spellings.
            answer = [pair for pair in headers if pair[0].lower() in ANSWER_NAMES]
        # Most answers that come here name HTML and say nothing more.
        is_html = answer and "html" in answer[0][1]
        if not is_html and _is_no_page(status, answer) and not guards.is_download(path):
            guards.turn_away("not_html")
            return
        now = monotonic()
        tracker.submit(exchange.answered(status, answer, path, now), now)
    except Exception:  # noqa: BLE001 -- the one guard at this door: counted, and the app goes on
        tracker.errors.bump()


def _is_no_page(status: int, answer: list[tuple[str, str]]) -> bool:
    """True if nothing but a content type was said, and that is not a page's."""
    if status == 304 or len(answer) > 1:
        return False
    return not answer or "html" not in answer[0][1].lower()


def hit_from(record: Record, offset: float = 0.0) -> Hit:
    """The Hit that a record of `EnvironExchange.answered` stands for."""
    (_, method, scheme, path, query, names, values) = record[:7]
    (status, answer, at, route, props, ignored, mark) = record[7:]
    picked = dict(zip(names, values, strict=True))
    headers = {_header_name(name): value for name, value in picked.items()}
    host = headers.get("host", "")
    if not host and "SERVER_NAME" in picked:
        host = f"{picked['SERVER_NAME']}:{picked.get('SERVER_PORT', '')}".rstrip(":")
    marks = marks_of(props, ignored, mark)
    return Hit(
        method=method,
        scheme=scheme,
        host=host,
        path=_decoded(path),
        query=query,
        headers=headers,
        peer=picked.get("REMOTE_ADDR"),
        status=status,
        response_headers=_joined(answer),
        time=at + offset,
        route=route,
        props=marks.props,
        ignored=marks.ignored,
        shown_path=marks.path,
        details=marks.details,
    )


def _header_name(key: str) -> str:
    return key.removeprefix("HTTP_").replace("_", "-").lower()


def _decoded(path: str) -> str:
    """The path's text: WSGI spells its bytes as latin-1 (PEP 3333)."""
    return path.encode("latin-1", "replace").decode("utf-8", "replace") or "/"


def _joined(pairs: HeaderPairs) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, value in pairs:
        name = raw_name.lower()
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def _refuse(start_response: StartResponse) -> Iterable[bytes]:
    """Answer a prefetch so that the browser throws it away and asks again on the click."""
    start_response(
        "503 Service Unavailable", [("Cache-Control", "no-store"), ("Content-Length", "0")]
    )
    return [b""]
