"""A DNS cache for the httpx2 transport."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from footfall.delivery.transport.http_common import DNS_SECONDS

# A name without an address now may have one in a moment; asking more often is no use.
NEGATIVE_SECONDS: Final = 5.0
# The time for a connection is shared between so many addresses of a name.
MAX_ADDRESSES: Final = 3


class _Entry(NamedTuple):
    until: float
    addresses: tuple[str, ...]
    error: OSError | None


class DNSCache:
    """Asks the system's resolver, in the calling thread, and keeps its answers.

    Nothing interrupts a resolver that hangs; only the calling thread waits for it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._entries: dict[tuple[str, int], _Entry] = {}

    def addresses(self, host: str, port: int) -> tuple[str, ...]:
        """At most three addresses of `host`, the one that worked last first.

        Raises:
            OSError: it has none, or the resolver does not answer.
        """
        entry = self._entries.get((host, port))
        if entry is None or entry.until < self._clock():
            entry = self._entries[host, port] = self._resolve(host, port)
        if entry.error is not None:
            # Without its traceback, which would keep the frames of the thread that asked first.
            raise entry.error.with_traceback(None)
        return entry.addresses

    def _resolve(self, host: str, port: int) -> _Entry:
        try:
            # By attribute, so that a resolver that replaced the system's later is called.
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            fault = error if isinstance(error, OSError) else OSError("the host name is invalid")
            return _Entry(self._clock() + NEGATIVE_SECONDS, (), fault)
        addresses = tuple(dict.fromkeys(str(each[4][0]) for each in found))
        return _Entry(self._clock() + DNS_SECONDS, addresses[:MAX_ADDRESSES], None)

    def prefer(self, host: str, port: int, address: str) -> None:
        """Return `address` first from now on: it worked."""
        entry = self._entries.get((host, port))
        if entry is not None and entry.addresses[:1] != (address,):
            others = tuple(each for each in entry.addresses if each != address)
            self._entries[host, port] = entry._replace(addresses=(address, *others))
