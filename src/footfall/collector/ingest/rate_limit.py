"""A token bucket for each sender's address; each event takes a token, a long one several.

So the bytes are limited, too: the longest events that are accepted would else fill the file, and
push out all that it has, within seconds.

How many events a request holds is known once it was read. So a request is let in as long as its
sender has a token, and its events are charged afterwards: the next waits until they are paid.

What comes from this machine has no limit but the store's queue, since a proxy may stand there, or
the apps themselves. The exception is a browser, which any web site that is open in it may let send
events: all pages on this machine share one bucket. No I/O; the time is an argument.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from functools import lru_cache
from typing import Final

from footfall.common.loopback import is_loopback

# A busy site behind one proxy sends this much; a flood is ten times as fast.
EVENTS_PER_SECOND: Final = 500.0
# A proxy that was down sends what it has queued.
BURST: Final = 5_000.0
# A common event has half as many with its headers, and a report of the middleware is as long.
BYTES_PER_TOKEN: Final = 4_096
# An address costs 200 bytes.
_MAX_SENDERS: Final = 10_000

_PAGES_HERE: Final = "pages on this machine"


class RateLimiter:
    """Token buckets by sender: time fills them, events empty them.

    Args:
        per_second: Tokens that a bucket gains in a second.
        burst: The most tokens that a bucket holds.
    """

    def __init__(self, per_second: float = EVENTS_PER_SECOND, burst: float = BURST) -> None:
        self._per_second = per_second
        self._burst = burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, sender: str | None, now: float) -> bool:
        """Whether a sender has a token; None has any number. `now` is in seconds."""
        return sender is None or self._tokens(sender, now) >= 1.0

    def charge(self, sender: str | None, tokens: int, now: float) -> None:
        """Take the tokens of a request: one at least, and perhaps more than there are."""
        if sender is None:
            return
        self._buckets[sender] = (self._tokens(sender, now) - max(tokens, 1), now)
        self._buckets.move_to_end(sender)
        if len(self._buckets) > _MAX_SENDERS:
            self._buckets.popitem(last=False)

    def _tokens(self, sender: str, now: float) -> float:
        tokens, at = self._buckets.get(sender, (self._burst, now))
        return min(self._burst, tokens + max(0.0, now - at) * self._per_second)


@lru_cache(maxsize=1_024)
def sender_of(peer: str, *, is_page: bool) -> str | None:
    """Whose tokens a request takes; None where it has no limit.

    Args:
        peer: The other end of the socket.
        is_page: Whether the request is of a page in a browser.

    Returns:
        The address, or the /64 network of an IPv6 address.
    """
    host = peer.partition("%")[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    if is_loopback(host):
        return _PAGES_HERE if is_page else None
    if address.version == 6 and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
