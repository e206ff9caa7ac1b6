"""Whether an event is tried again, and how long the lane waits before that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from footfall.delivery.visitor_order import Item
from footfall.model import Outcome, OutcomeKind

# Full jitter: a uniform wait between zero and this, doubled with each try.
BACKOFF_BASE_SECONDS: Final = 0.25
BACKOFF_CAP_SECONDS: Final = 8.0
# The cap is reached by then. A power of two beyond 1,023 is larger than any float.
_MAX_DOUBLINGS: Final = 10


def may_retry(item: Item, outcome: Outcome, max_tries: int) -> bool:
    """Whether another try is allowed: the vendor processed nothing, and tries are left."""
    if outcome.kind is not OutcomeKind.RETRY:
        return False
    return item.tries < min(max_tries, outcome.max_tries or max_tries)


def wait_seconds(item: Item, outcome: Outcome, jitter: Callable[[float, float], float]) -> float:
    """How long to wait before the next try, `Retry-After` included."""
    factor = 2 ** min(item.tries - 1, _MAX_DOUBLINGS)
    longest = min(BACKOFF_CAP_SECONDS, BACKOFF_BASE_SECONDS * factor)
    return max(jitter(0.0, longest), outcome.retry_after or 0.0)
