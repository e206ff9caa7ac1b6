"""The complement in a Django project, answered before the project's own middleware."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import time
from typing import Any, TypeAlias

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from footfall import asgi, wsgi
from footfall.common.in_thread import in_thread
from footfall.complement.complement_app import MAX_BODY_BYTES, ComplementApp
from footfall.complement.stamp import HEADER, stamp_of
from footfall.request.exchange import CURRENT
from footfall.request.recorder import RequestRecorder
from footfall.tracker import Tracker

__all__ = ["DjangoComplement"]

_Exchange: TypeAlias = asgi.ScopeExchange | wsgi.EnvironExchange
_GetResponse: TypeAlias = Callable[[HttpRequest], Any]


class DjangoComplement:
    """Answers the requests for the complement, and stamps the pages of all others.

    Args:
        tracker: Of which the config describes a complement.
        path: The complement's.
        exchange_of: Makes the exchange of a request. Never raises.
    """

    def __init__(
        self,
        tracker: Tracker,
        path: str,
        exchange_of: Callable[[RequestRecorder, HttpRequest], _Exchange],
    ) -> None:
        self.path = path
        self._tracker = tracker
        self._exchange_of = exchange_of
        self._complement = ComplementApp(tracker)

    def respond(self, request: HttpRequest) -> HttpResponse:
        """The response to a request for the complement."""
        exchange = self._receive(request)
        if exchange is not None:
            exchange.release()
        return self._response(request)

    async def respond_async(self, request: HttpRequest) -> HttpResponse:
        """The same, for an event loop."""
        exchange = self._receive(request)
        if exchange is not None and exchange.holds_delivery:
            await in_thread(exchange.release)
        return self._response(request)

    def _receive(self, request: HttpRequest) -> _Exchange | None:
        if request.method != "POST" or self._path_of(request) not in ("", "/"):
            return None
        exchange = self._exchange_of(self._tracker.recorder, request)
        exchange.holds_delivery = self._tracker.is_inline
        headers = request.headers
        origin, site = headers.get("Origin", ""), headers.get("Sec-Fetch-Site", "")
        token = CURRENT.set(exchange)
        try:
            self._complement.receive(exchange, origin, site, _body(request))
        finally:
            CURRENT.reset(token)
        return exchange

    def _response(self, request: HttpRequest) -> HttpResponse:
        encoding = request.headers.get("Accept-Encoding", "")
        method = str(request.method)
        status, headers, body = self._complement.respond(method, self._path_of(request), encoding)
        return HttpResponse(body, status=status, headers=dict(headers))

    def _path_of(self, request: HttpRequest) -> str:
        return request.path_info.removeprefix(self.path)

    def stamping(self, get_response: _GetResponse) -> _GetResponse:
        """`get_response`, whose pages get the stamp."""
        if not iscoroutinefunction(get_response):

            def stamped_response(request: HttpRequest) -> HttpResponseBase:
                response: HttpResponseBase = get_response(request)
                self._stamp(response)
                return response

            return stamped_response

        async def stamped_async_response(request: HttpRequest) -> HttpResponseBase:
            awaited: Awaitable[HttpResponseBase] = get_response(request)
            response = await awaited
            self._stamp(response)
            return response

        markcoroutinefunction(stamped_async_response)
        return stamped_async_response

    def _stamp(self, response: HttpResponseBase) -> None:
        """Set the header, after what it has already. Never raises."""
        exchange: Any = CURRENT.get()
        recorder = self._tracker.recorder
        if exchange is None or exchange.recorder is not recorder:
            return
        try:
            pairs: list[tuple[Any, Any]] = [*response.items()]
            if isinstance(exchange, asgi.ScopeExchange):
                pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
            stamp = stamp_of(self._tracker, exchange, response.status_code, pairs, time())
            if stamp is not None:
                before = response.get(HEADER)
                response[HEADER] = f"{before}, {stamp}" if before else stamp
        except Exception:  # noqa: BLE001 -- a response of the app's own class
            recorder.errors.bump()


def _body(request: HttpRequest) -> bytes | None:
    """The body of a report; None for one that is too long, or whose sender is gone."""
    try:
        body: bytes = request.read(MAX_BODY_BYTES + 1)
    except Exception:  # noqa: BLE001 -- Django has several exceptions for it, and the server's own
        return None
    return body if len(body) <= MAX_BODY_BYTES else None
