"""A URL taken apart."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from footfall.rules.url.host import WEB, host_of


class Parts(NamedTuple):
    scheme: str
    host: str
    path: str
    query: str


_URL: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,31})://(?:[^/?#]*@)?(?P<host>[^/?#@]*)"
    r"(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?"
)


def split(url: str) -> Parts | None:
    """The parts of an absolute URL, without user and fragment, or None if the host cannot be one.

    The standard library's splitter raises where this one returns None.
    """
    found = _URL.match(url.strip())
    if not found:
        return None
    scheme, sent = found["scheme"].lower(), found["host"]
    host = host_of(sent)
    if not host and (sent or scheme in WEB or not found["path"]):
        return None
    # Only the names of DNS are the same in any case; an Android package is not one.
    return Parts(scheme, host if scheme in WEB else sent, found["path"], found["query"] or "")
