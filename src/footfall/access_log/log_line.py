"""What one line of a log records, and the hit that is made of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Final, NamedTuple, TypeVar
from urllib.parse import unquote_to_bytes

from footfall.access_log.assumed import Kind, kind_of, response_headers_of
from footfall.model import Headers, Hit
from footfall.rules import url

T = TypeVar("T")

# Of the bytes of a response; Python itself reads no number of 4,300 digits.
_MAX_DIGITS: Final = 18

# What servers write where there is no value.
NOTHING: Final = "-"
# A path, `*` for OPTIONS, or the URL that a proxy is asked for; a host for CONNECT is none.
_TARGETS: Final = ("/", "*", "h", "H")
# Paths of a site repeat; a request line and its target take a kilobyte at most.
_CACHED_REQUESTS: Final = 16_384
_MAX_CACHED_CHARS: Final = 256


class MalformedLineError(ValueError):
    """A line that is not of the file's format; the text is the cause, the same for its kind."""


class LoggedSite(NamedTuple):
    """What a log is of that does not say it itself."""

    host: str
    scheme: str = "https"


class Target(NamedTuple):
    """What a request asked for."""

    path: str
    # As sent; empty where that has no escape.
    raw_path: str
    query: str
    # What the path is likely to be of.
    kind: Kind


class LogLine(NamedTuple):
    """One request and its response, as far as a line tells."""

    # Seconds since the epoch.
    time: float
    peer: str
    method: str
    target: Target
    status: int
    # The bytes of the body; None where that is not logged.
    size: int | None
    scheme: str
    host: str
    # By lower-case name, those that were sent.
    headers: Headers
    # None where the format has no content type: then it is assumed.
    response_headers: Headers | None = None
    # Whether the format has Accept; where not, it is assumed.
    has_accept: bool = False

    def answered_headers(self) -> Headers:
        """The response's headers, as far as they are logged or assumed."""
        if self.response_headers is not None:
            return self.response_headers
        return response_headers_of(self.target.kind, self.status, self.size)

    def hit(self, response_headers: Headers) -> Hit:
        """The hit, with what `answered_headers` has returned."""
        headers, target = self.headers, self.target
        if not self.has_accept:
            headers = {**headers, "accept": target.kind.accept}
        return Hit(
            method=self.method,
            scheme=self.scheme,
            host=self.host,
            path=target.path,
            raw_path=target.raw_path,
            query=target.query,
            headers=headers,
            peer=self.peer,
            status=self.status,
            response_headers=response_headers,
            time=self.time,
        )


def cached(entries: int) -> Callable[[Callable[[str], T]], Callable[[str], T]]:
    """Make a function of a text remember the results for so many short texts.

    Long ones, of which a scanner sends thousands, would take hundreds of megabytes.
    """

    def decorated(function: Callable[[str], T]) -> Callable[[str], T]:
        remembered = lru_cache(maxsize=entries)(function)

        @wraps(function)
        def call(text: str) -> T:
            return remembered(text) if len(text) <= _MAX_CACHED_CHARS else function(text)

        return call

    return decorated


@cached(_CACHED_REQUESTS)
def request_line(text: str) -> tuple[str, Target]:
    """Method and target of a request line, which is bytes decoded as latin-1.

    Raises:
        MalformedLineError: it is none, as where a client has spoken TLS to a port without it.
    """
    parts = text.split(" ")
    # HTTP/0.9 has no version.
    if len(parts) == 2 or (len(parts) == 3 and parts[2].startswith("HTTP/")):
        method, target = parts[0], parts[1]
        if target[:1] in _TARGETS and method.isalpha():
            return method, target_of(target)
    raise MalformedLineError("no request line")


def size_of(text: str) -> int | None:
    """A logged number; None where there is none, or one that no response has."""
    return int(text) if text.isdecimal() and len(text) <= _MAX_DIGITS else None


def value_of(text: str) -> str:
    """A logged value; empty where the server wrote that there is none."""
    return "" if text == NOTHING else text


def present(headers: Headers) -> dict[str, str]:
    """The headers that have a value."""
    return {name: value for name, value in headers.items() if value and value != NOTHING}


@cached(_CACHED_REQUESTS)
def target_of(text: str) -> Target:
    """The target of a request, which is bytes decoded as latin-1."""
    raw, _, query = text.partition("?")
    if raw[:1] != "/":
        # A proxy's form of it; that of OPTIONS has no path.
        raw = url.path_in_target(raw)
        raw = raw if raw[:1] == "/" else "/"
    raw = raw[: url.MAX_PATH + 1]
    path = raw
    if "%" in raw or not raw.isascii():
        path = unquote_to_bytes(raw.encode("latin-1", "replace")).decode("utf-8", "replace")
    return Target(path, url.sent_path(raw, path), query[: url.MAX_QUERY], kind_of(path))
