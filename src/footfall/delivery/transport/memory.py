"""The transport that sends nothing: for tests, and to see first what would be sent."""

from __future__ import annotations

from collections import deque

from footfall.model import Request, Response


class MemoryTransport:
    """Sends nothing, keeps the last requests, and returns 202 for each.

    Args:
        max_requests: How many are kept in `requests`.
    """

    def __init__(self, max_requests: int = 1000) -> None:
        self.requests: deque[Request] = deque(maxlen=max_requests)

    def send(self, request: Request) -> Response:
        """Keep `request`; return 202 with the body `ok`."""
        self.requests.append(request)
        return Response(status=202, body=b"ok")

    def __repr__(self) -> str:
        return f"MemoryTransport(<{len(self.requests)} requests>)"
