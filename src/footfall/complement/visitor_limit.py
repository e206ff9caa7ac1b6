"""How many reports of one visitor are taken, so that a page in a loop cannot flood a vendor."""

from __future__ import annotations

from typing import Final

__all__ = ["VisitorLimit"]

# Nobody looks at a page a second for a minute.
MAX_PER_MINUTE: Final = 60
# Of more visitors in one minute the others are not limited.
MAX_VISITORS: Final = 10_000


class VisitorLimit:
    """Counts the reports of each visitor within a minute.

    Has no lock, which a fork could leave held: of two threads one may not count its report.
    """

    def __init__(self) -> None:
        self._minute = -1
        # By the hash of who it is, so that no address waits here.
        self._counts: dict[int, int] = {}

    def allows(self, identity: tuple[str | None, str], now: float) -> bool:
        """Whether a visitor may report once more at `now`, in seconds of any steady clock."""
        minute = int(now // 60)
        if minute != self._minute:
            self._minute, self._counts = minute, {}
        counts, who = self._counts, hash(identity)
        if who not in counts and len(counts) >= MAX_VISITORS:
            return True
        counts[who] = counts.get(who, 0) + 1
        return counts[who] <= MAX_PER_MINUTE
