"""What both HTTP transports share: the bounds of an exchange, and how headers are encoded.

Pure: no socket, no clock.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Final

# The whole exchange, TLS and response included. Longer than any healthy vendor needs; short enough
# that a hanging one costs an event and not a minute.
TOTAL_TIMEOUT_SECONDS: Final = 5.0
CONNECT_TIMEOUT_SECONDS: Final = 2.0
# Node closes idle connections after 5 s, and one vendor is a Node program.
IDLE_SECONDS: Final = 4.0
# How much of a `Keep-Alive` promise is believed: proxies in between close sooner.
MAX_IDLE_SECONDS: Final = 60.0
# An app has one destination or two; an app with many keeps connections to few of them.
MAX_HOSTS: Final = 8
# After so long a vendor's new address is used, by busy connections too.
MAX_CONNECTION_AGE_SECONDS: Final = 60
# A name is resolved once a minute, however often connections are made.
DNS_SECONDS: Final = 60.0
# An outcome needs a few hundred bytes; an endless response must not fill the app's memory.
MAX_HEAD_BYTES: Final = 16 * 1024
MAX_BODY_BYTES: Final = 64 * 1024
# A body that is sent at once needs no `100 Continue`; a flood of them must end.
MAX_INTERIM_RESPONSES: Final = 2

MARKER_HEADER: Final = "footfall"
"""The request header by which an app that is itself the endpoint recognises footfall's POSTs."""

# What RFC 9110 section 5.5 forbids in a value.
_FORBIDDEN: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# Most header lines of a server are the same in each response.
_CACHED_LINES: Final = 128
_KEEP_ALIVE: Final = re.compile(r"(?:^|[\s,;])timeout\s*=\s*(\d{1,9})", re.IGNORECASE)


def header_lines(headers: Mapping[str, str]) -> list[bytes]:
    """Each header as `name: value`, in latin-1, with the marker header at the end.

    Raises:
        ValueError: a name or value holds a line break, another control character, or text beyond
            latin-1. Sending it would let a visitor write headers of their own.
    """
    lines = [f"{name}: {value}" for name, value in headers.items()]
    lines.append(f"{MARKER_HEADER}: 1")
    text = "".join(lines)
    # The first check is the cheaper one, and nearly always enough.
    if not text.isprintable() and _FORBIDDEN.search(text):
        raise ValueError("a header holds a line break or another control character")
    return "\n".join(lines).encode("latin-1").split(b"\n")


def parse_headers(lines: Sequence[bytes]) -> dict[str, str]:
    """Header lines by lower-case name; repeated ones are joined with a comma."""
    pairs = [*map(_header, lines)]
    headers = dict(pairs)
    if len(headers) == len(pairs):
        return headers
    return {name: ", ".join(v for each, v in pairs if each == name) for name in headers}


@functools.lru_cache(maxsize=_CACHED_LINES)
def _header(line: bytes) -> tuple[str, str]:
    name, _, value = line.decode("latin-1").partition(":")
    return name.lower(), value.strip()


def idle_seconds(headers: Mapping[str, str], default: float) -> float:
    """How long the connection may wait for its next request, by the response's `Keep-Alive`.

    A second less than the server promises, since its clock started before ours.
    """
    promise = _KEEP_ALIVE.search(headers.get("keep-alive", ""))
    if promise is None:
        return default
    return min(max(float(promise[1]) - 1.0, 0.0), MAX_IDLE_SECONDS)
