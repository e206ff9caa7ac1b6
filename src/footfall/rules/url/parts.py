"""Splits a URL into its parts."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from footfall.rules.url.host import WEB_SCHEMES, host_of


class UrlParts(NamedTuple):
    scheme: str
    host: str
    path: str
    query: str


_URL: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,31})://(?:[^/?#]*@)?(?P<host>[^/?#@]*)"
    r"(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?"
)


def split_url(url: str) -> UrlParts | None:
    """The parts of an absolute URL, without user and fragment, or None if its host is invalid.

    `urllib.parse.urlsplit` raises where this function returns None.
    """
    found = _URL.match(_with_slashes(url.strip()))
    if not found:
        return None
    scheme, sent = found["scheme"].lower(), found["host"]
    host = host_of(sent, scheme)
    if not host and (sent or scheme in WEB_SCHEMES or not found["path"]):
        return None
    # DNS names ignore case; an Android package is no DNS name.
    return UrlParts(
        scheme, host if scheme in WEB_SCHEMES else sent, found["path"], found["query"] or ""
    )


_WEB_URL: Final = re.compile(r"https?://", re.IGNORECASE)


def _with_slashes(url: str) -> str:
    """The URL with the slashes that browsers read: a backslash is one before the query.

    So `http://example.com\\@evil.test` has the host `example.com` (WHATWG URL, authority state).
    """
    if "\\" not in url or not _WEB_URL.match(url):
        return url
    end = min((at for mark in "?#" if (at := url.find(mark)) >= 0), default=len(url))
    return url[:end].replace("\\", "/") + url[end:]
