"""The body around the events of one request, for vendors that take one event as a list of one.

A request of such a destination is a whole body already; what several have between the common
beginning and the common end goes into one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from footfall.model import Request


class Envelope(NamedTuple):
    """What stands before the events of a body, behind them, and between two of them."""

    before: bytes
    after: bytes
    between: bytes = b","

    def body(self, events: bytes) -> bytes:
        """The body with one event, or with several."""
        return self.before + events + self.after

    def merged(self, requests: Sequence[Request]) -> Request:
        """One request with the events of all, in their order. All bodies are of this envelope."""
        start, end = len(self.before), len(self.after)
        events = [request.body[start : len(request.body) - end] for request in requests]
        return replace(requests[0], body=self.body(self.between.join(events)), trimmed=())
