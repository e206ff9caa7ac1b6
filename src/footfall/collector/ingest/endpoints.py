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
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from footfall.collector.access_token import has_token
from footfall.collector.csrf import is_forged
from footfall.collector.ingest.forward import Forward
from footfall.collector.ingest.group_commit import GroupCommit
from footfall.collector.ingest.hops import hops_of
from footfall.collector.ingest.rate_limit import BYTES_PER_TOKEN, RateLimiter, sender_of
from footfall.collector.ingest.receiver import (
    BATCH_PATH,
    HITS_PATH,
    PLAUSIBLE_PATH,
    SWETRIX_PATHS,
    Endpoint,
    Received,
    Receiver,
    RejectedRequests,
)
from footfall.collector.root_path import route_path
from footfall.collector.storage.recent_hits import RecentHits
from footfall.collector.storage.store import Store
from footfall.collector.wire import batch, limits
from footfall.collector.wire.messages import (
    CREDENTIALS,
    RETRY_SOON,
    IncomingEvent,
    IncomingRequest,
    IngestResponse,
    IngestResult,
    json_response,
)

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

# Reading so many items of a batch takes the event loop some 3 milliseconds; then others may go on.
_ITEMS_AT_ONCE: Final = 50


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
        self._forward = forward
        self._tokens = tokens
        self._rate_limiter = RateLimiter()
        self._group_commit = GroupCommit(store)
        self._receiver = Receiver(store, domains, rejected, recent_hits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = (
            self._receiver.endpoints.get(_lookup_path(scope)) if scope["type"] == "http" else None
        )
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
        self._receiver.reject(scope["path"], refusal, self._store.clock())
        return refusal

    async def _ingest(
        self, endpoint: Endpoint, scope: Scope, body: bytes, sender: str | None
    ) -> IngestResponse:
        if self._store.write_error or (self._forward and not self._forward.is_ready):
            return endpoint.busy
        hops = hops_of(scope["headers"])
        if self._forward and self._forward.has_returned(hops):
            self._receiver.reject(scope["path"], _LOOP, self._store.clock())
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
        writes = self._receiver.writes_of(results, scope["path"], request.at)
        if writes and not await self._group_commit.write(*writes):
            return self._refuse(endpoint, results, request.at)
        if self._forward and events and not await self._forward.enqueue(events, hops):
            return endpoint.busy
        self._receiver.keep_hits(results)
        return response

    def _refuse(
        self, endpoint: Endpoint, results: Sequence[IngestResult], at: float
    ) -> IngestResponse:
        """The response where nothing of a request is written, which is as if it had not come."""
        self._receiver.forget(results, at)
        return endpoint.busy


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


async def _read(received: Received, results: list[IngestResult]) -> IngestResponse:
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
    return _lookup_path(scope) in (PLAUSIBLE_PATH, HITS_PATH, BATCH_PATH) or is_swetrix(scope)


def is_swetrix(scope: Scope) -> bool:
    """Whether a request's path is that of a Swetrix endpoint."""
    return _lookup_path(scope) in SWETRIX_PATHS


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
