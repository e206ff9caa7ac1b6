"""A visitor's id: a hash of address, browser and site, keyed with the salt of the day."""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

_SECOND_LEVELS: Final = frozenset(("ac", "co", "com", "edu", "gov", "go", "ne", "net", "or", "org"))


class VisitorIdentity(NamedTuple):
    """What a visitor is recognised by. Never stored: only its hash is."""

    domain: str
    client_ip: str
    user_agent: str
    # The registrable domain of the page, where a site's pages lie on several of them.
    page_domain: str = ""

    def __repr__(self) -> str:
        return f"VisitorIdentity({self.domain!r}, client_ip=<hidden>)"


def visitor_hash(identity: VisitorIdentity, salt: bytes) -> str:
    """The visitor's id under this salt: 16 hexadecimal digits."""
    # The lengths keep two different visitors from making one text.
    *own, page = identity
    text = "".join(f"{len(each)}:{each}" for each in own) + page
    return hashlib.blake2b(text.encode(), digest_size=8, key=salt).hexdigest()


def page_domain(hostname: str | None, domain: str) -> str:
    """The registrable domain of a hostname; empty where it is that of the site's own domain.

    As with Plausible, who visits pages on two registrable domains is two visitors. Those with three
    labels are recognised by the usual names of second levels, such as `co.uk`.
    """
    own = _registrable(hostname or "")
    return "" if own == _registrable(domain.partition("/")[0]) else own


def _registrable(hostname: str) -> str:
    labels = hostname.lower().split(".")
    is_second_level = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVELS
    return ".".join(labels[-3:] if is_second_level else labels[-2:])
