"""Where events come in: the vendors' endpoints and our own, in front of all else that is served.

They are open to whoever can reach them, as with the vendors, browsers of any site included. The
event loop does all of an event's thinking here, about 50 microseconds of it; the writing is the
store's.
"""

from __future__ import annotations

import sqlite3
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from footfall.collector.ingest.forward import Forward
from footfall.collector.ingest.group_commit import GroupCommit
from footfall.collector.ingest.rate_limit import RateLimiter
from footfall.collector.storage.recent_hits import RecentHits
from footfall.collector.storage.store import Store
from footfall.collector.storage.writer_thread import PendingWrite
from footfall.collector.wire import hit_reports, plausible, swetrix
from footfall.collector.wire.messages import IncomingRequest, IngestResponse, IngestResult

# Any site's scripts may post here, without cookies.
_CORS: Final = ((b"access-control-allow-origin", b"*"),)
_PREFLIGHT = IngestResponse(
    status=204,
    headers=(
        ("access-control-allow-methods", "POST, OPTIONS"),
        ("access-control-allow-headers", "*"),
        # As long as browsers remember it.
        ("access-control-max-age", "86400"),
    ),
)
_TOO_MANY = IngestResponse(
    status=429,
    body=b'{"error":"too many events from one address"}',
    headers=(("retry-after", "1"),),
)
_POST_ONLY = IngestResponse(status=405, headers=(("allow", "POST, OPTIONS"),))

# The self-hosted Swetrix answers under /backend, and everywhere also with its version.
_SWETRIX_PREFIXES = ("", "/v1", "/backend", "/backend/v1")
_SWETRIX_PATHS: Final = {
    prefix + kind.value: kind for prefix in _SWETRIX_PREFIXES for kind in swetrix.EventKind
}
_PLAUSIBLE_PATH: Final = "/api/event"
_HITS_PATH: Final = "/api/v1/hits"


class Refusal(NamedTuple):
    """A request that was answered with an error: when (seconds), where, and what it was told."""

    at: float
    path: str
    status: int
    said: str


class Refusals:
    """How many requests were refused since the start, and the newest of them."""

    def __init__(self) -> None:
        self.number = 0
        # As many as fit on a screen.
        self.newest: deque[Refusal] = deque(maxlen=10)

    def add(self, refusal: Refusal) -> None:
        self.number += 1
        self.newest.append(refusal)

    def clear(self) -> None:
        self.number = 0
        self.newest.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Endpoint:
    receive: Callable[[IncomingRequest], IngestResult]
    max_bytes: int
    busy: IngestResponse
    # Whether scripts of any site may post here. What is not, is the API's for every other method.
    is_for_scripts: bool = True


class IngestEndpoints:
    """ASGI middleware that answers the endpoints of the wire.

    `domains` names the Plausible domains and the Swetrix projects that exist; with none, all do.
    Of the two, a name is a project's if it looks like a project id.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        store: Store,
        domains: Collection[str],
        refusals: Refusals,
        sightings: RecentHits,
        forward: Forward | None = None,
    ) -> None:
        self._app = app
        self._store = store
        self._refusals = refusals
        self._sightings = sightings
        self._forward = forward
        self._rate = RateLimiter()
        self._commits = GroupCommit(store)
        self._doors = _doors(store, frozenset(domains))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        door = self._doors.get(_wire_path(scope)) if scope["type"] == "http" else None
        if door is None or (scope["method"] != "POST" and not door.is_for_scripts):
            await self._app(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await send_answer(send, _PREFLIGHT)
        elif scope["method"] != "POST":
            await send_answer(send, _POST_ONLY)
        elif not self._rate.lets_pass(_peer(scope), time.monotonic()):
            await send_answer(send, _TOO_MANY)
        else:
            body = await read_body(receive, door.max_bytes + 1)
            if body is not None:
                cors = _CORS if door.is_for_scripts else ()
                await send_answer(send, await self._answer(door, scope, body), cors)

    async def _answer(self, door: _Endpoint, scope: Scope, body: bytes) -> IngestResponse:
        if self._store.fault:
            return door.busy
        received = IncomingRequest(
            path=own_path(scope),
            headers=_headers(scope),
            peer=_peer(scope),
            body=body,
            at=self._store.clock(),
        )
        try:
            answer, arrivals, sighting = door.receive(received)
        except sqlite3.Error:
            # The day's salt could neither be read nor written.
            return door.busy
        # 403 is the answer to "only if it is new", which is no mistake.
        if answer.status >= 400 and answer.status != 403:
            said = answer.body.decode()
            self._refusals.add(Refusal(received.at, scope["path"], answer.status, said))
        if sighting and not sighting.is_tracked:
            self._sightings.add(sighting, len(body))
        if arrivals and not await self._commits.take(PendingWrite(arrivals, answer, sighting)):
            return door.busy
        if self._forward:
            self._forward.take(arrivals)
        return answer


def _peer(scope: Scope) -> str:
    peer = scope.get("client")
    return peer[0] if peer else ""


def own_path(scope: Scope) -> str:
    """The path below the collector's root, which is not the server's if it is mounted."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def _wire_path(scope: Scope) -> str:
    # Swetrix cares neither for case nor for a slash at the end.
    return own_path(scope).rstrip("/").lower()


def is_wire(scope: Scope) -> bool:
    """Whether events are posted to this path."""
    return _wire_path(scope) in (_PLAUSIBLE_PATH, _HITS_PATH) or is_swetrix(scope)


def is_swetrix(scope: Scope) -> bool:
    """Whether Swetrix listens on this path."""
    return _wire_path(scope) in _SWETRIX_PATHS


def _doors(store: Store, domains: frozenset[str]) -> dict[str, _Endpoint]:
    pids = frozenset(each for each in domains if swetrix.PID.fullmatch(each))
    doors = {
        _PLAUSIBLE_PATH: _Endpoint(
            receive=partial(plausible.receive, domains=domains, visits=store.visits),
            max_bytes=plausible.MAX_BODY_BYTES,
            busy=plausible.BUSY,
        ),
        _HITS_PATH: _Endpoint(
            receive=partial(hit_reports.receive, domains=domains, visits=store.visits),
            max_bytes=hit_reports.MAX_BODY_BYTES,
            busy=hit_reports.BUSY,
            is_for_scripts=False,
        ),
    }
    for path, kind in _SWETRIX_PATHS.items():
        doors[path] = _Endpoint(
            receive=partial(swetrix.receive, kind=kind, pids=pids, visits=store.visits),
            max_bytes=swetrix.MAX_BODY_BYTES,
            busy=swetrix.BUSY,
        )
    return doors


def _headers(scope: Scope) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.decode("latin-1"), value.decode("latin-1"))
    return headers


async def read_body(receive: Receive, limit: int) -> bytes | None:
    """The body up to `limit` bytes, or None if the sender has gone."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk: bytes = message.get("body", b"")
        body += chunk
        if len(body) >= limit or not message.get("more_body", False):
            return body[:limit]


async def send_answer(
    send: Send, answer: IngestResponse, cors: Sequence[tuple[bytes, bytes]] = _CORS
) -> None:
    """Send an answer of the wire, which the scripts of any site may read."""
    headers = [
        (b"content-type", answer.content_type.encode()),
        (b"content-length", str(len(answer.body)).encode()),
        *cors,
        *((name.encode(), value.encode()) for name, value in answer.headers),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
