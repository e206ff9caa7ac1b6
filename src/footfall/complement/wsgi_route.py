"""The complement in front of a WSGI app."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from time import time
from typing import TYPE_CHECKING, Any, TypeAlias

from footfall.common.path_prefix import is_below
from footfall.complement.complement_app import MAX_BODY_BYTES, ComplementApp
from footfall.complement.mount import MOUNT
from footfall.complement.stamp import HEADER, stamp_of
from footfall.request.exchange import CURRENT, Exchange
from footfall.request.recorder import RequestRecorder

if TYPE_CHECKING:
    from footfall.tracker import Tracker

__all__ = ["WsgiComplement", "read_body"]

_Environ: TypeAlias = dict[str, Any]
_App: TypeAlias = Callable[[_Environ, Any], Iterable[bytes]]


class WsgiComplement:
    """Answers the requests for the complement, and stamps the pages of all others.

    Args:
        tracker: Of which the config describes a complement.
        path: The complement's.
        counting: The middleware that counts; it gets all other requests.
        exchange_of: Makes the exchange of a request. Never raises.
    """

    def __init__(
        self,
        tracker: Tracker,
        path: str,
        counting: _App,
        exchange_of: Callable[[RequestRecorder, _Environ], Exchange],
    ) -> None:
        self._tracker = tracker
        self._path = path
        self._counting = counting
        self._exchange_of = exchange_of
        self._complement = ComplementApp(tracker)

    def __call__(self, environ: _Environ, start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO")
        if isinstance(path, str) and is_below(path, self._path):
            return self._answer(environ, start_response, path[len(self._path) :])

        def stamping_start(status: str, headers: Any, *exc_info: Any) -> Any:
            return start_response(status, self._stamped(status, headers), *exc_info)

        token = MOUNT.set(_decoded(environ.get("SCRIPT_NAME", "")).rstrip("/"))
        try:
            return self._counting(environ, stamping_start)
        finally:
            MOUNT.reset(token)

    def _answer(self, environ: _Environ, start_response: Any, path: str) -> Iterable[bytes]:
        method = environ.get("REQUEST_METHOD", "GET")
        if method == "POST" and path in ("", "/"):
            body = read_body(environ)
            exchange = self._exchange_of(self._tracker.recorder, environ)
            origin, site = (
                environ.get(f"HTTP_{name}", "") for name in ("ORIGIN", "SEC_FETCH_SITE")
            )
            token = CURRENT.set(exchange)
            try:
                self._complement.receive(exchange, origin, site, body)
            finally:
                CURRENT.reset(token)
                exchange.release()
        encoding = environ.get("HTTP_ACCEPT_ENCODING", "")
        status, headers, content = self._complement.respond(method, path, encoding)
        start_response(f"{status} {HTTPStatus(status).phrase}", [*headers.items()])
        return [content]

    def _stamped(self, status: str, headers: Any) -> Any:
        """The headers themselves, or a list of them with the stamp. Never raises."""
        exchange: Any = CURRENT.get()
        recorder = self._tracker.recorder
        if exchange is None or exchange.recorder is not recorder:
            return headers
        # The record for the stamp is not the one that waits in the inbox.
        submitted = exchange.submitted
        try:
            stamp = stamp_of(self._tracker, exchange, int(status[:3]), headers, time())
        except Exception:  # noqa: BLE001 -- whether they are illegal is the server's to say
            return headers
        finally:
            exchange.submitted = submitted
        # Some servers take nothing but a list.
        return headers if stamp is None else [*headers, (HEADER, stamp)]


def read_body(environ: _Environ) -> bytes | None:
    """The body of a report; None for one that is too long, or of which no length is known."""
    try:
        length = int(environ.get("CONTENT_LENGTH") or -1)
        if not 0 <= length <= MAX_BODY_BYTES:
            return None
        body: bytes = environ["wsgi.input"].read(length)
    except Exception:  # noqa: BLE001 -- the visitor is gone, or the server's stream is odd
        return None
    return body


def _decoded(path: str) -> str:
    """The path's text: WSGI decodes its bytes as latin-1 (PEP 3333)."""
    return path.encode("latin-1", "replace").decode("utf-8", "replace")
