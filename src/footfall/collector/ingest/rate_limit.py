"""How fast one sender may post: a bucket for each address, where others can reach the collector.

This machine's own addresses, behind which may be a proxy with everybody's events, are not bounded:
they meet the store's queue. Values in, values out; the clock is an argument.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from functools import lru_cache
from typing import Final

# What a busy site behind one proxy sends; a flood is ten times as fast.
EVENTS_PER_SECOND: Final = 500.0
# A proxy that was away has some to catch up on.
BURST: Final = 5_000.0
# An address costs 200 bytes.
_MAX_SENDERS: Final = 10_000


class RateLimiter:
    """Buckets that run full with time, and are emptied by events."""

    def __init__(self, per_second: float = EVENTS_PER_SECOND, burst: float = BURST) -> None:
        self._per_second = per_second
        self._burst = burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def lets_pass(self, peer: str, now: float) -> bool:
        """Whether one event more may come from an address; asking counts."""
        sender = _sender(peer)
        if sender is None:
            return True
        left, at = self._buckets.pop(sender, (self._burst, now))
        left = min(self._burst, left + max(0.0, now - at) * self._per_second)
        is_let = left >= 1.0
        self._buckets[sender] = (left - 1.0 if is_let else left, now)
        if len(self._buckets) > _MAX_SENDERS:
            self._buckets.popitem(last=False)
        return is_let


@lru_cache(maxsize=1_024)
def _sender(peer: str) -> str | None:
    """Whose bucket it is; None for this machine. A visitor has a whole IPv6 network."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return None
    if address.is_loopback:
        return None
    if address.version == 6 and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
