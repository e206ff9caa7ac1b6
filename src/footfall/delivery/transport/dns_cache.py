"""Addresses of vendors' names, remembered for a while. For the pure-Python door."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from footfall.delivery.transport.http_common import DNS_SECONDS

# A name that has no address now may have one in a moment; a storm of questions helps nobody.
NEGATIVE_SECONDS: Final = 5.0
# The budget for a connection is shared between so many addresses of a name.
MAX_ADDRESSES: Final = 3


class _Answer(NamedTuple):
    until: float
    addresses: tuple[str, ...]
    error: OSError | None


class DNSCache:
    """Asks the system's resolver, in the calling thread, and remembers its word.

    Nothing interrupts a resolver that hangs; only the asking thread waits for it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._answers: dict[tuple[str, int], _Answer] = {}

    def addresses(self, host: str, port: int) -> tuple[str, ...]:
        """At most three addresses of `host`, the one that worked last in front.

        Raises:
            OSError: there is none, or nobody knows.
        """
        answer = self._answers.get((host, port))
        if answer is None or answer.until < self._clock():
            answer = self._answers[host, port] = self._ask(host, port)
        if answer.error is not None:
            # Without its traceback: that would hold the frames of the thread that asked first.
            raise answer.error.with_traceback(None)
        return answer.addresses

    def _ask(self, host: str, port: int) -> _Answer:
        try:
            # Looked up now, so that whoever has replaced the resolver is asked.
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            fault = error if isinstance(error, OSError) else OSError("the name is none")
            return _Answer(self._clock() + NEGATIVE_SECONDS, (), fault)
        addresses = tuple(dict.fromkeys(str(each[4][0]) for each in found))
        return _Answer(self._clock() + DNS_SECONDS, addresses[:MAX_ADDRESSES], None)

    def worked(self, host: str, port: int, address: str) -> None:
        """Try `address` first from now on."""
        answer = self._answers.get((host, port))
        if answer is not None and answer.addresses[:1] != (address,):
            others = tuple(each for each in answer.addresses if each != address)
            self._answers[host, port] = answer._replace(addresses=(address, *others))
