"""The way out that leads nowhere: for tests, and for whoever wants to look first."""

from __future__ import annotations

from collections import deque

from footfall.model import Request, Response


class MemoryTransport:
    """Sends nothing and remembers the last requests. Every one is answered 202."""

    def __init__(self, max_requests: int = 1000) -> None:
        self.requests: deque[Request] = deque(maxlen=max_requests)

    def send(self, request: Request) -> Response:
        self.requests.append(request)
        return Response(status=202, body=b"ok")

    def __repr__(self) -> str:
        return f"MemoryTransport(<{len(self.requests)} requests>)"
