"""The collectors that an event has passed: `Via` headers, with a name for each.

An intermediary adds itself to `Via`, under a pseudonym if it likes (RFC 9110, section 7.6.3):
`Via: 1.1 footfall-0123456789abcdef`. A collector that finds its own name there has got an event
back, and does not count it again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

HEADER: Final = "via"

MAX_HOPS: Final = 8
"""Through more collectors no event is passed on: no set-up needs so many."""

_NAME: Final = re.compile(r"\b1\.1 footfall-([0-9a-f]{16})\b")
# The names of eight collectors and as many proxies.
_MAX_CHARS: Final = 2_000


def hops_of(headers: Iterable[tuple[bytes, bytes]]) -> tuple[str, ...]:
    """The names of the collectors in a request's headers, in the order of the way."""
    lines = [value for name, value in headers if name == HEADER.encode()]
    return hops_in(b",".join(lines).decode("latin-1")) if lines else ()


def hops_in(value: str) -> tuple[str, ...]:
    """The names of the collectors in the value of a `Via` header."""
    return tuple(_NAME.findall(value[:_MAX_CHARS]))


def via(hops: Sequence[str]) -> str:
    """The value of the header for these names."""
    return ", ".join(f"1.1 footfall-{name}" for name in hops)
