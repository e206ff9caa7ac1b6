"""How one hit was decided, in full, for `footfall explain` and `Tracker.explain`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from footfall.client_ip import Trace
from footfall.model import Decision, Event, Request


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
