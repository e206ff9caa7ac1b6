"""How one hit was decided, in full, for `footfall explain` and `Tracker.explain`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from footfall.client_ip import Trace
from footfall.model import Decision, Event, Request

_CREDENTIALS: Final = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """How one hit was decided, and what would be sent for it.

    `reason` is the decision's, unless something after the decision kept the event back; then
    `event` is None and `requests` is empty. `requests` has the destinations' names as keys.
    `note` says what is suspicious about a hit that counts; it is empty for most.
    """

    trace: Trace
    decision: Decision
    reason: str
    event: Event | None
    requests: Mapping[str, Request]
    note: str = ""

    @property
    def counted_by(self) -> Literal["server", "complement"] | None:
        """Who counts the page; None where nobody does."""
        if self.event is None:
            return None
        return "complement" if self.reason == "complement" else "server"


def without_credentials(request: Request, secrets: Collection[str] = ()) -> Request:
    """The request with `***` for each credential in its headers and its body.

    Args:
        request: As it is sent.
        secrets: The texts of the destination that nobody may be shown.
    """
    if not secrets and _CREDENTIALS.isdisjoint(request.headers):
        return request
    shown = {
        name: "***" if name in _CREDENTIALS or value in secrets else value
        for name, value in request.headers.items()
    }
    body = request.body
    for secret in secrets:
        body = body.replace(secret.encode(), b"***")
    return replace(request, headers=shown, body=body)
