"""What both doors share: the bounds of an exchange, and how headers are written and read.

Pure: no socket, no clock.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Final

# The whole exchange, TLS and answer included. Longer than any healthy vendor needs; short enough
# that a hanging one costs an event and not a minute.
TOTAL_TIMEOUT_SECONDS: Final = 5.0
CONNECT_TIMEOUT_SECONDS: Final = 2.0
# Node closes idle connections after 5 s, and one vendor is a Node program.
IDLE_SECONDS: Final = 4.0
# A peer that promises to wait longer is believed, up to here: proxies on the way forget sooner.
MAX_IDLE_SECONDS: Final = 60.0
# An app has one destination or two; whoever sends to many keeps connections to few.
MAX_HOSTS: Final = 8
# A vendor that moves to another address is followed after so long, busy connections included.
MAX_CONNECTION_AGE_SECONDS: Final = 60
# A name's address is asked for once a minute, however often connections are made.
DNS_SECONDS: Final = 60.0
# A verdict needs a few hundred bytes; an endless answer must not fill the app's memory.
MAX_HEAD_BYTES: Final = 16 * 1024
MAX_BODY_BYTES: Final = 64 * 1024
# Nobody needs a `100 Continue` for a body that is sent at once; a flood of them must end.
MAX_INTERIM_ANSWERS: Final = 2

MARK: Final = "footfall"
"""The request header by which an app knows our own POSTs, where it is itself the endpoint."""

# What RFC 9110 section 5.5 forbids in a value.
_FORBIDDEN: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# A server says most of its headers in the same words each time.
_REMEMBERED_LINES: Final = 128
_KEEP_ALIVE: Final = re.compile(r"(?:^|[\s,;])timeout\s*=\s*(\d{1,9})", re.IGNORECASE)


def header_lines(headers: Mapping[str, str]) -> list[bytes]:
    """Each header as `name: value`, in latin-1, with our mark at the end.

    Raises:
        ValueError: a name or value holds a line break, another control character, or text beyond
            latin-1. Sending it would let a visitor write headers of their own.
    """
    lines = [f"{name}: {value}" for name, value in headers.items()]
    lines.append(f"{MARK}: 1")
    text = "".join(lines)
    # The first question is the cheaper one, and nearly always enough.
    if not text.isprintable() and _FORBIDDEN.search(text):
        raise ValueError("a header holds a line break or another control character")
    return "\n".join(lines).encode("latin-1").split(b"\n")


def headers_of(lines: Sequence[bytes]) -> dict[str, str]:
    """Header lines by lower-case name; repeated ones are joined with a comma."""
    pairs = [*map(_header, lines)]
    headers = dict(pairs)
    if len(headers) == len(pairs):
        return headers
    return {name: ", ".join(v for each, v in pairs if each == name) for name in headers}


@functools.lru_cache(maxsize=_REMEMBERED_LINES)
def _header(line: bytes) -> tuple[str, str]:
    name, _, value = line.decode("latin-1").partition(":")
    return name.lower(), value.strip()


def idle_seconds(answer: Mapping[str, str], otherwise: float) -> float:
    """How long the connection may wait for its next request, by the answer's `Keep-Alive`.

    A second less than the peer promises, since its clock started before ours.
    """
    promise = _KEEP_ALIVE.search(answer.get("keep-alive", ""))
    if promise is None:
        return otherwise
    return min(max(float(promise[1]) - 1.0, 0.0), MAX_IDLE_SECONDS)
