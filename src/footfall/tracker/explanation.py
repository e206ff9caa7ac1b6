"""How one hit was decided, in full, for `footfall explain` and `Tracker.explain`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from footfall.client_ip import Trace
from footfall.model import Decision, Event, Request

_CREDENTIALS: Final = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """How one hit was decided, and what would be sent for it.

    `reason` is the decision's, unless something after the decision kept the event back; then
    `event` is None and `requests` is empty. `requests` has the destinations' names as keys.
    """

    trace: Trace
    decision: Decision
    reason: str
    event: Event | None
    requests: Mapping[str, Request]


def without_credentials(request: Request) -> Request:
    """The request with `***` for each credential in its headers."""
    if _CREDENTIALS.isdisjoint(request.headers):
        return request
    shown = {
        name: "***" if name in _CREDENTIALS else value for name, value in request.headers.items()
    }
    return replace(request, headers=shown)
