"""How many hits may be thought about in one look: the processor is the app's."""

from __future__ import annotations

import time
from typing import Final

from footfall.common.clock import monotonic

# With a look each twentieth of a second that is 2,000 a second, or 170 million a day. More would
# take the processor from an app that may need it in the next moment.
HITS_PER_LOOK: Final = 100
# What one process delivers in any case: a good thousand a second.
HITS_PER_BUSY_LOOK: Final = 60
# Of one processor, which is all that Python code has. With more, a process has no time to spare.
BUSY_SHARE: Final = 0.8


class CPUBudget:
    """Watches what this process takes of a processor, its app and footfall together."""

    def __init__(self) -> None:
        self._looked_at = monotonic()
        self._used = time.process_time()

    def hits(self) -> int:
        """How many the look that begins now may take, after what was used since the last."""
        now, used = monotonic(), time.process_time()
        is_busy = used - self._used > BUSY_SHARE * (now - self._looked_at)
        self._looked_at, self._used = now, used
        return HITS_PER_BUSY_LOOK if is_busy else HITS_PER_LOOK
