"""The formats of one line of text: common, combined, and combined with the host in front.

    203.0.113.9 - - [29/Nov/2026:13:05:07 +0100] "GET /blog/ HTTP/2.0" 200 5120
        "https://example.org/" "Mozilla/5.0 (…)" "198.51.100.7"

The last text is that of nginx's own configuration, `$http_x_forwarded_for`; it may be missing.
Quotes and control characters in a text are escaped, `\\x22` by nginx and `\\"` by Apache
(nginx: ngx_http_log_module; Apache: mod_log_config, read 2026-11).
"""

from __future__ import annotations

import re
from typing import Final

from footfall.access_log.line_times import common_time
from footfall.access_log.log_line import (
    NOTHING,
    LoggedSite,
    LogLine,
    MalformedLineError,
    cached,
    request_line,
    size_of,
)
from footfall.model import Headers

_TEXT: Final = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
_HEAD: Final = rf"(\S+) \S+ [^\[]*\[([^\]]+)\] {_TEXT} (\d{{3}}) (\d+|-)"
_COMMON: Final = re.compile(_HEAD)
_COMBINED: Final = re.compile(rf"{_HEAD} {_TEXT} {_TEXT}(?: {_TEXT})?")
# An address follows: in the other formats the first text is one, and no address is second.
_VHOST: Final = re.compile(r"([^\s:]+|\[[0-9a-fA-F:.]+\])(?::\d+)? (?=[0-9a-fA-F]*[.:])")

_ESCAPE: Final = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|(.))")
_ESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v"}
# Of those that a busy minute has; each takes some hundred bytes.
_CACHED_TEXTS: Final = 1_024


class Common:
    """Lines without a referrer and a User-Agent: nobody can tell bots and visitors by them.

    Args:
        site: The host and the scheme that the lines do not have.
    """

    def __init__(self, site: LoggedSite) -> None:
        self._site = site

    def parse(self, line: str) -> LogLine:
        found = _COMMON.match(line)
        if found is None:
            raise MalformedLineError(_cause(line))
        peer, moment, request, status, size = found.groups()
        return _line(
            peer, moment, unescaped(request), status, size, {}, self._site.host, self._site.scheme
        )


class Combined:
    """Lines with a referrer and a User-Agent.

    Args:
        site: The host and the scheme that the lines do not have.
    """

    def __init__(self, site: LoggedSite) -> None:
        self._site = site

    def parse(self, line: str) -> LogLine:
        return _combined(line, 0, self._site.host, self._site.scheme)


class VhostCombined:
    """The same with the host, and mostly its port, in front, as Debian's Apache writes them.

    Args:
        site: The scheme that the lines do not have.
    """

    def __init__(self, site: LoggedSite) -> None:
        self._site = site

    def parse(self, line: str) -> LogLine:
        found = _VHOST.match(line)
        if found is None:
            raise MalformedLineError("no host")
        return _combined(line, found.end(), found[1].lower(), self._site.scheme)


def _combined(line: str, start: int, host: str, scheme: str) -> LogLine:
    found = _COMBINED.match(line, start)
    if found is None:
        raise MalformedLineError(_cause(line))
    peer, moment, request, status, size, referrer, user_agent, forwarded_for = found.groups()
    headers = {}
    if user_agent != NOTHING:
        headers["user-agent"] = user_agent
    if referrer != NOTHING:
        headers["referer"] = referrer
    if forwarded_for is not None and forwarded_for != NOTHING:
        headers["x-forwarded-for"] = forwarded_for
    if "\\" in line:
        headers = {name: unescaped(value) for name, value in headers.items()}
        request = unescaped(request)
    return _line(peer, moment, request, status, size, headers, host, scheme)


def _line(
    peer: str,
    moment: str,
    request: str,
    status: str,
    size: str,
    headers: Headers,
    host: str,
    scheme: str,
) -> LogLine:
    try:
        time = common_time(moment)
    except ValueError:
        raise MalformedLineError("no time such as 29/Nov/2026:13:05:07 +0100") from None
    method, target = request_line(request)
    return LogLine(
        time,
        peer,
        method,
        target,
        int(status),
        size_of(size),
        scheme,
        host,
        headers,
    )


@cached(_CACHED_TEXTS)
def unescaped(text: str) -> str:
    """The text that a server has escaped."""
    return _ESCAPE.sub(_unescape, text)


def _unescape(match: re.Match[str]) -> str:
    digits, char = match.groups()
    return chr(int(digits, 16)) if digits else _ESCAPED.get(char, char)


def _cause(line: str) -> str:
    """What is wrong with a line, in words that lines of one kind share."""
    if not line.strip():
        return "an empty line"
    if "[" not in line:
        return "no time in brackets"
    if '"' not in line:
        return "no request in quotes"
    return "not of the format of the first lines"
