"""A token bucket for each sender's address.

Loopback addresses have no limit of their own, only the store's queue: a proxy on this machine may
send everybody's events. No I/O; the time is an argument.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from functools import lru_cache
from typing import Final

# A busy site behind one proxy sends this much; a flood is ten times as fast.
EVENTS_PER_SECOND: Final = 500.0
# A proxy that was down sends what it has queued.
BURST: Final = 5_000.0
# An address costs 200 bytes.
_MAX_SENDERS: Final = 10_000


class RateLimiter:
    """Token buckets by address: time fills them, events empty them.

    Args:
        per_second: Tokens that a bucket gains in a second.
        burst: The most tokens that a bucket holds.
    """

    def __init__(self, per_second: float = EVENTS_PER_SECOND, burst: float = BURST) -> None:
        self._per_second = per_second
        self._burst = burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, peer: str, now: float) -> bool:
        """Take a token from the bucket of an address; False if it has none. `now` is in seconds."""
        key = network_of(peer)
        if key is None:
            return True
        tokens, at = self._buckets.pop(key, (self._burst, now))
        tokens = min(self._burst, tokens + max(0.0, now - at) * self._per_second)
        is_allowed = tokens >= 1.0
        self._buckets[key] = (tokens - 1.0 if is_allowed else tokens, now)
        if len(self._buckets) > _MAX_SENDERS:
            self._buckets.popitem(last=False)
        return is_allowed


@lru_cache(maxsize=1_024)
def network_of(peer: str) -> str | None:
    """The address, or the /64 network of an IPv6 address; None for loopback and for no address."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return None
    if address.is_loopback:
        return None
    if address.version == 6 and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
