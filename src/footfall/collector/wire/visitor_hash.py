"""A visitor's id: a hash of address, browser and site, keyed with the salt of the day."""

from __future__ import annotations

import hashlib
from typing import NamedTuple


class VisitorIdentity(NamedTuple):
    """What a visitor is recognised by. Never stored: only its hash is."""

    domain: str
    client_ip: str
    user_agent: str

    def __repr__(self) -> str:
        return f"VisitorIdentity({self.domain!r}, client_ip=<hidden>)"


def visitor_hash(identity: VisitorIdentity, salt: bytes) -> str:
    """The visitor's id under this salt: 16 hexadecimal digits."""
    # The lengths keep two different visitors from making one text.
    domain, address, browser = identity
    text = f"{len(domain)}:{domain}{len(address)}:{address}{len(browser)}:{browser}".encode()
    return hashlib.blake2b(text, digest_size=8, key=salt).hexdigest()
