"""What was thought about one hit, for somebody who asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from footfall.client_ip import Trace
from footfall.model import Decision, Event, Request


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Everything that was thought about one hit, and what would be sent for it.

    `reason` is the decision's, unless something after the decision kept the event back; then
    `event` is None and no request is there. `requests` are by the destination's name.
    """

    trace: Trace
    decision: Decision
    reason: str
    event: Event | None
    requests: Mapping[str, Request]
