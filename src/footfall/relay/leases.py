"""The entries that a relay acknowledges only after their events have ended (`at_least_once`).

They stay pending meanwhile. While a relay works it renews its lease on them, so that no other relay
claims them; one that was stopped for too long sends nothing of what it had read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, cast

from footfall.common.clock import monotonic
from footfall.delivery import Item, Lane
from footfall.model import Outcome, OutcomeKind

# Of the time after which another relay may claim an entry. The rest is for one exchange.
USABLE_SHARE: Final = 0.5
# How often in that time the lease is renewed.
RENEWALS: Final = 3


_SURRENDERED: Final = Outcome(
    kind=OutcomeKind.REJECTED, detail="another relay may have it", is_expected=True
)


class Leases:
    """The open entries of one group.

    Args:
        claim_seconds: After which another relay may claim an entry that was not renewed.
        clock: Seconds, never going back; it counts the time that the process was stopped.
    """

    def __init__(self, claim_seconds: float, clock: Callable[[], float] = monotonic) -> None:
        self._usable = claim_seconds * USABLE_SHARE
        self._clock = clock
        # The events of each entry, and how many of them have not ended.
        self._numbers: dict[bytes, int] = {}
        self._left: dict[bytes, int] = {}
        self._renewed_at = clock()

    def open(self, entry_id: bytes, number: int) -> None:
        """Note an entry that was read just now."""
        if not self._left:
            self._renewed_at = self._clock()
        self._numbers[entry_id] = self._left[entry_id] = number

    def is_open(self, entry_id: bytes) -> bool:
        """Whether this relay has it."""
        return entry_id in self._left

    def end(self, ids: Iterable[bytes]) -> list[tuple[bytes, int]]:
        """Note that events have ended, each by the id of its entry.

        Returns:
            The entries that have ended with them, and their numbers of events.
        """
        for entry_id in ids:
            if entry_id in self._left:
                self._left[entry_id] -= 1
        done = [entry_id for entry_id, left in self._left.items() if left <= 0]
        for entry_id in done:
            del self._left[entry_id]
        return [(entry_id, self._numbers.pop(entry_id)) for entry_id in done]

    def due(self) -> list[bytes]:
        """The entries to renew now; none if it is too early, or too late."""
        waited = self._clock() - self._renewed_at
        return [*self._left] if self._usable / RENEWALS < waited < self._usable else []

    def renewed(self, since: float) -> None:
        """The server has renewed all of them; it was asked at this moment."""
        self._renewed_at = since

    def drop(self, entry_id: bytes) -> None:
        """Forget an entry that another relay has claimed."""
        self._left.pop(entry_id, None)
        self._numbers.pop(entry_id, None)

    def is_good(self, entry_id: bytes) -> bool:
        """Whether an event may be sent; False where another relay may have claimed its entry."""
        if self._clock() - self._renewed_at >= self._usable:
            # What is open now is nobody's, or another's. It is not acknowledged.
            self._left.clear()
            self._numbers.clear()
        return entry_id in self._left


class LeasedLane(Lane):
    """A lane that sends an event only while the lease on its entry is good.

    The row of an event is the name of its group and the id of its entry.
    """

    def __init__(self, leases: Leases, *arguments: Any, **options: Any) -> None:
        self._leases = leases
        self.surrendered = 0
        """How many events were not sent for that, and are counted as rejected."""
        super().__init__(*arguments, **options)

    def take(self) -> list[Item]:
        """What the lane would send, unless an event of it may be another relay's by now."""
        while batch := super().take():
            outcomes = [self._surrendered(item) for item in batch]
            if not any(outcomes):
                break
            self.surrendered += sum(outcome is not None for outcome in outcomes)
            # The others of the batch wait again.
            self.finish(batch, outcomes)
        return batch

    def _why_lost(self, *, is_paused: bool) -> str:
        return "had no answer when the relay stopped, and may have arrived; they count as lost"

    def _surrendered(self, item: Item) -> Outcome | None:
        if item.row is None:
            return None
        _, entry_id = cast("tuple[str, bytes]", item.row)
        return None if self._leases.is_good(entry_id) else _SURRENDERED
