"""The visitor token: who a request came from, small enough to travel with a task or a page.

A token is a mapping of texts, so that it survives JSON, a queue and a database. It is plain where
nobody but the app can touch it. One that leaves the app's hands, in a page or a websocket's
address, is signed: with a secret set, a token that was forged or altered is refused. Signing hides
nothing, and a token does not expire. Values in, values out.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from footfall.client_ip.addresses import parse
from footfall.errors import EventError
from footfall.model import Visitor

__all__ = ["MIN_SECRET_CHARS", "read", "write"]

MIN_SECRET_CHARS: Final = 16
"""A shorter secret can be guessed; Django's has 50."""

# 128 bits of the signature: as many as anybody could guess at, in half the space.
_SIGNATURE_DIGITS: Final = 32
# So that no other use of the same secret ever signs a text that reads as a token.
_PURPOSE: Final = b"footfall visitor\n"


def write(visitor: Visitor, secret: str | None = None) -> dict[str, str]:
    """The token of a visitor, signed where there is a secret. It holds the address."""
    token = {
        "ip": visitor.client_ip or "",
        "ua": visitor.user_agent,
        "lang": visitor.language,
    }
    return token if secret is None else token | {"sig": _signature(token, secret)}


def read(token: Mapping[str, Any] | Visitor, secret: str | None = None) -> Visitor:
    """The visitor of a token, with the very identity that was written.

    A `Visitor` was made by the app itself, so it needs no signature.

    Raises:
        EventError: the signature is missing or wrong, or the address is none.
    """
    if isinstance(token, Visitor):
        return replace(token, client_ip=_address(token.client_ip or ""))
    found = {name: token.get(name) or "" for name in ("ip", "ua", "lang")}
    if not all(isinstance(text, str) for text in found.values()):
        raise EventError("the visitor token holds something that is no text")
    if secret is not None and not _is_signed(found, token.get("sig"), secret):
        raise EventError(
            "the visitor token is not signed with this app's token_secret, or it was altered; take "
            "tokens from current_visitor() of an app with the same secret"
        )
    return Visitor(client_ip=_address(found["ip"]), user_agent=found["ua"], language=found["lang"])


def _address(text: str) -> str | None:
    """The one spelling of an address; vendors take another one for another visitor's."""
    if not text:
        return None
    address = parse(text)
    if address is None:
        raise EventError("the visitor's address is no IP address; take it from current_visitor()")
    return str(address)


def _is_signed(token: Mapping[str, str], signature: object, secret: str) -> bool:
    if not isinstance(signature, str) or not signature.isascii():
        return False
    return hmac.compare_digest(signature, _signature(token, secret))


def _signature(token: Mapping[str, str], secret: str) -> str:
    # JSON keeps one text from running into the next; its escapes make any text ASCII.
    text = json.dumps([token["ip"], token["ua"], token["lang"]])
    # An environment may hold bytes that are no text.
    key = secret.encode("utf-8", "surrogatepass")
    return hmac.digest(key, _PURPOSE + text.encode(), "sha256").hex()[:_SIGNATURE_DIGITS]
