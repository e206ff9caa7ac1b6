"""The visitor token: the visitor of a request, small enough for a task's arguments or a page.

A token is a mapping of texts, so that it can be stored as JSON, in a queue or in a database. It is
plain where only the app can change it. Where others can, in a page or in a websocket's URL, a
secret signs it, and a forged or altered token is refused. Signing hides nothing; no token expires.
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

# 128 bits of the signature cannot be guessed, and take half the space.
_SIGNATURE_DIGITS: Final = 32
# Prevents that another use of the same secret signs a text that is a valid token.
_PURPOSE: Final = b"footfall visitor\n"


def write(visitor: Visitor, secret: str | None = None) -> dict[str, str]:
    """The token of a visitor, which holds the address; signed where there is a secret."""
    token = {"ip": visitor.client_ip or "", "ua": visitor.user_agent, "lang": visitor.language}
    return token if secret is None else token | {"sig": _signature(token, secret)}


def read(token: Mapping[str, Any] | Visitor, secret: str | None = None) -> Visitor:
    """The visitor of a token, with the identity that was written.

    Args:
        token: The token; or a `Visitor`, which the app made itself and which needs no signature.
        secret: With one, the token must be signed with it.

    Raises:
        EventError: the signature is missing or wrong, or the address is invalid.
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
    """The canonical spelling of an address; vendors count another spelling as another visitor."""
    if not text:
        return None
    address = parse(text)
    if address is None:
        raise EventError("the visitor's address is no IP address; take it from current_visitor()")
    return address.text


def _is_signed(token: Mapping[str, str], signature: object, secret: str) -> bool:
    if not isinstance(signature, str) or not signature.isascii():
        return False
    return hmac.compare_digest(signature, _signature(token, secret))


def _signature(token: Mapping[str, str], secret: str) -> str:
    # JSON separates the texts, and its escapes make them ASCII.
    text = json.dumps([token["ip"], token["ua"], token["lang"]])
    # An environment variable may hold bytes that are no UTF-8.
    key = secret.encode("utf-8", "surrogatepass")
    return hmac.digest(key, _PURPOSE + text.encode(), "sha256").hex()[:_SIGNATURE_DIGITS]
