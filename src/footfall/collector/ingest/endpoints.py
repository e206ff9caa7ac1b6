"""ASGI middleware for the endpoints that receive events: Plausible's, Swetrix's and footfall's own.

As at the vendors, anybody who can reach their endpoints may post to them, browsers on any site
included. What our own middleware posts needs the ingest token, where there is one, and never comes
from a page of another site. Reading an event takes the event loop about 50 microseconds; the
store's thread writes it.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from footfall.collector.access_token import has_token
from footfall.collector.csrf import is_forged
from footfall.collector.ingest.forward import Forward
from footfall.collector.ingest.group_commit import GroupCommit
from footfall.collector.ingest.hops import hops_of
from footfall.collector.ingest.rate_limit import BYTES_PER_TOKEN, RateLimiter, sender_of
from footfall.collector.root_path import route_path
from footfall.collector.storage.recent_hits import RecentHits
from footfall.collector.storage.store import Store
from footfall.collector.storage.writer_thread import PendingWrite
from footfall.collector.wire import batch, hit_reports, limits, plausible, swetrix
from footfall.collector.wire.messages import (
    CREDENTIALS,
    RETRY_SOON,
    IncomingEvent,
    IncomingRequest,
    IngestResponse,
    IngestResult,
    json_response,
)
from footfall.common.log import ThrottledLog

# Any site's scripts may post here, without cookies.
_CORS: Final = ((b"access-control-allow-origin", b"*"),)
_PREFLIGHT = IngestResponse(
    status=204,
    headers=(
        ("access-control-allow-methods", "POST, OPTIONS"),
        ("access-control-allow-headers", "*"),
        # A day; browsers cache the answer at most that long.
        ("access-control-max-age", "86400"),
    ),
)
_TOO_MANY = IngestResponse(
    status=429,
    body=b'{"error":"too many events from one address"}',
    headers=RETRY_SOON,
)
_CREDENTIALS: Final = frozenset(name.encode() for name in CREDENTIALS)
_FORGED = json_response(403, {"error": "Pages of other origins may not do this."})
_UNAUTHORIZED = replace(
    json_response(
        401,
        {
            "error": "This collector wants its ingest token from the middleware: "
            "collector://TOKEN@HOST:PORT/DOMAIN, or Collector(token=...)"
        },
    ),
    headers=(("www-authenticate", "Bearer"),),
)
_LOOP = json_response(508, {"error": "This collector has passed this event on already."})
_POST_ONLY = IngestResponse(status=405, headers=(("allow", "POST, OPTIONS"),))

# The self-hosted Swetrix answers below /backend, and both also below the API version.
_SWETRIX_PREFIXES = ("", "/v1", "/backend", "/backend/v1")
_SWETRIX_PATHS: Final = {
    prefix + kind.value: kind for prefix in _SWETRIX_PREFIXES for kind in swetrix.EventKind
}
_PLAUSIBLE_PATH: Final = "/api/event"
_HITS_PATH: Final = "/api/v1/hits"
_BATCH_PATH: Final = "/api/v1/events/batch"
# Reading so many items of a batch takes the event loop some 3 milliseconds; then others may go on.
_ITEMS_AT_ONCE: Final = 50

# Of a domain, in a log line.
_MAX_SHOWN: Final = 100


class RejectedRequest(NamedTuple):
    """A request that was answered with an error status. `at` is in seconds since the epoch."""

    at: float
    path: str
    status: int
    response_text: str


class RejectedRequests:
    """How many requests were rejected since the start, and the newest ten of them."""

    def __init__(self) -> None:
        self.number = 0
        # As many as fit on a screen.
        self.newest: deque[RejectedRequest] = deque(maxlen=10)

    def add(self, request: RejectedRequest) -> None:
        self.number += 1
        self.newest.append(request)

    def clear(self) -> None:
        self.number = 0
        self.newest.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Endpoint:
    # A batch has a result for each item; one result is the response to the request.
    receive: Callable[[IncomingRequest], IngestResult | Iterator[IngestResult]]
    max_bytes: int
    busy: IngestResponse
    # Whether anybody may post here, scripts on any site included. Where not, it is for our own
    # middleware, and the API answers all other methods.
    allows_any_origin: bool = True


class IngestEndpoints:
    """ASGI middleware that answers requests to the ingest endpoints and passes on all others.

    Args:
        app: Answers all other requests.
        store: Where accepted events are written.
        domains: The Plausible domains and the Swetrix projects that exist; with none, all do.
        rejected: Keeps the requests that were answered with an error.
        recent_hits: Keeps the hits that the middleware reported and did not count.
        forward: Sends accepted events on to other destinations.
        tokens: One of them must come with what our own middleware posts; with none, none must.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        store: Store,
        domains: Collection[str],
        rejected: RejectedRequests,
        recent_hits: RecentHits,
        forward: Forward | None = None,
        tokens: Collection[str] = (),
    ) -> None:
        self._app = app
        self._store = store
        self._rejected = rejected
        self._recent_hits = recent_hits
        self._forward = forward
        self._tokens = tokens
        self._rate_limiter = RateLimiter()
        self._log = ThrottledLog()
        self._group_commit = GroupCommit(store)
        self._endpoints = _endpoints(store, frozenset(domains))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._endpoints.get(_lookup_path(scope)) if scope["type"] == "http" else None
        cors = _CORS if endpoint is None or endpoint.allows_any_origin else ()
        if endpoint is None or (scope["method"] != "POST" and not endpoint.allows_any_origin):
            await self._app(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await send_response(send, _PREFLIGHT)
        elif scope["method"] != "POST":
            await send_response(send, _POST_ONLY)
        elif not endpoint.allows_any_origin and (refusal := self._refusal(scope)):
            await send_response(send, refusal, cors)
        elif not self._rate_limiter.allows(sender := _sender(scope), time.monotonic()):
            await send_response(send, _TOO_MANY, cors)
        else:
            body = await read_body(receive, endpoint.max_bytes + 1)
            if body is not None:
                response = await self._ingest(endpoint, scope, body, sender)
                await send_response(send, response, cors)

    def _refusal(self, scope: Scope) -> IngestResponse | None:
        """The response to a POST that is not of our own middleware, None for one that may be."""
        request = Request(scope)
        if is_forged(request):
            refusal = _FORGED
        elif self._tokens and not has_token(request.headers.get("authorization", ""), self._tokens):
            refusal = _UNAUTHORIZED
        else:
            return None
        self._reject(scope, refusal, self._store.clock())
        return refusal

    def _reject(self, scope: Scope, response: IngestResponse, at: float) -> None:
        text = response.body.decode()
        self._rejected.add(RejectedRequest(at, scope["path"], response.status, text))

    async def _ingest(
        self, endpoint: _Endpoint, scope: Scope, body: bytes, sender: str | None
    ) -> IngestResponse:
        if self._store.write_error or (self._forward and not self._forward.is_ready):
            return endpoint.busy
        hops = hops_of(scope["headers"])
        if self._forward and self._forward.has_returned(hops):
            self._reject(scope, _LOOP, self._store.clock())
            return _LOOP
        request = IncomingRequest(
            path=route_path(scope),
            headers=_headers(scope),
            peer=_peer(scope),
            body=body,
            at=self._store.clock(),
        )
        results: list[IngestResult] = []
        try:
            response = await _read(endpoint.receive(request), results)
        except sqlite3.Error:
            # The day's salt could neither be read nor written.
            return self._refuse(endpoint, results, request.at)
        events = [event for result in results for event in result.events]
        if sender is not None:
            self._rate_limiter.charge(sender, _tokens(results, body), time.monotonic())
        self._warn_of_undeclared(events)
        for result in results:
            # Swetrix answers 403 to an event that shall be unique and is not, which is no mistake.
            if result.response.status >= 400 and result.response.status != 403:
                self._reject(scope, result.response, request.at)
        writes = [PendingWrite(events, answer, hit) for answer, events, hit in results if events]
        if writes and not await self._group_commit.write(*writes):
            return self._refuse(endpoint, results, request.at)
        if self._forward and events and not await self._forward.enqueue(events, hops):
            return endpoint.busy
        for result in results:
            if result.hit and not result.hit.is_tracked:
                self._recent_hits.add(result.hit)
        return response

    def _refuse(
        self, endpoint: _Endpoint, results: Sequence[IngestResult], at: float
    ) -> IngestResponse:
        """The response where nothing of a request is written, which is as if it had not come."""
        for event in (event for result in results for event in result.events):
            if event.visitor:
                self._store.sessions.forget(event.visitor, event.name, at)
        return endpoint.busy

    def _warn_of_undeclared(self, events: Sequence[IncomingEvent]) -> None:
        """Tell the site owner, who may have mistyped a domain: such events are not written."""
        domain = next((event.domain for event in events if not event.is_declared), None)
        if domain is not None:
            shown = repr(domain[:_MAX_SHOWN])
            self._log.warn(
                "undeclared",
                f"footfall: the collector drops events for {shown}, which is none of its domains: "
                f"start it with --domain {shown} too, or correct the sender",
            )


def _tokens(results: Sequence[IngestResult], body: bytes) -> int:
    """The tokens that a request takes, the more the longer it and its events are."""
    # An item without an event, as a faulty one, costs as much as one.
    events = sum(sum(map(_event_tokens, result.events)) or 1 for result in results)
    return max(events, len(body) // BYTES_PER_TOKEN)


def _event_tokens(event: IncomingEvent) -> int:
    texts = (
        *(event.url, event.path, event.referrer, event.user_agent, *event.campaign),
        *(*event.props, *event.props.values(), *event.request.headers.values()),
    )
    size = sum(len(text) for text in texts if text)
    # Of a long body, which is not stored, reading it is paid with the request.
    return 1 + (size + min(len(event.request.body), limits.STORED_BODY)) // BYTES_PER_TOKEN


async def _read(
    received: IngestResult | Iterator[IngestResult], results: list[IngestResult]
) -> IngestResponse:
    """Add all results to `results`, and return the response to the request."""
    if isinstance(received, IngestResult):
        results.append(received)
        return received.response
    for result in received:
        results.append(result)
        if len(results) % _ITEMS_AT_ONCE == 0:
            await asyncio.sleep(0)
    return batch.response(results)


def _peer(scope: Scope) -> str:
    peer = scope.get("client")
    return peer[0] if peer else ""


def _sender(scope: Scope) -> str | None:
    # Browsers send it to this machine without TLS, too, and no page can keep them from it.
    is_page = any(name == b"sec-fetch-site" for name, _ in scope["headers"])
    return sender_of(_peer(scope), is_page=is_page)


def _lookup_path(scope: Scope) -> str:
    # Swetrix ignores case and a slash at the end.
    return route_path(scope).rstrip("/").lower()


def is_ingest(scope: Scope) -> bool:
    """Whether a request's path is that of an ingest endpoint."""
    return _lookup_path(scope) in (_PLAUSIBLE_PATH, _HITS_PATH, _BATCH_PATH) or is_swetrix(scope)


def is_swetrix(scope: Scope) -> bool:
    """Whether a request's path is that of a Swetrix endpoint."""
    return _lookup_path(scope) in _SWETRIX_PATHS


def _endpoints(store: Store, domains: frozenset[str]) -> dict[str, _Endpoint]:
    endpoints = {
        _PLAUSIBLE_PATH: _Endpoint(
            receive=partial(plausible.receive, domains=domains, sessions=store.sessions),
            max_bytes=limits.PLAUSIBLE_BODY,
            busy=plausible.BUSY,
        ),
        _HITS_PATH: _Endpoint(
            receive=partial(hit_reports.receive, domains=domains, sessions=store.sessions),
            max_bytes=limits.REPORT_BODY,
            busy=hit_reports.BUSY,
            allows_any_origin=False,
        ),
        _BATCH_PATH: _Endpoint(
            receive=partial(batch.receive, domains=domains, sessions=store.sessions),
            max_bytes=limits.BATCH_BODY,
            busy=batch.BUSY,
            allows_any_origin=False,
        ),
    }
    for path, kind in _SWETRIX_PATHS.items():
        endpoints[path] = _Endpoint(
            receive=partial(swetrix.receive, kind=kind, pids=domains, sessions=store.sessions),
            max_bytes=limits.SWETRIX_BODY,
            busy=swetrix.BUSY,
        )
    return endpoints


def _headers(scope: Scope) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        if name not in _CREDENTIALS:
            headers.setdefault(name.decode("latin-1"), value.decode("latin-1"))
    return headers


async def read_body(receive: Receive, limit: int) -> bytes | None:
    """The body up to `limit` bytes, or None if the sender disconnected."""
    # Adding to `bytes` copies all that came before, for each chunk of whatever size.
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk: bytes = message.get("body", b"")
        body += chunk
        if len(body) >= limit or not message.get("more_body", False):
            return bytes(body[:limit])


async def send_response(
    send: Send, response: IngestResponse, cors: Sequence[tuple[bytes, bytes]] = _CORS
) -> None:
    """Send a response, by default one that scripts on any site may read."""
    headers = [
        (b"content-type", response.content_type.encode()),
        (b"content-length", str(len(response.body)).encode()),
        *cors,
        *((name.encode(), value.encode()) for name, value in response.headers),
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
