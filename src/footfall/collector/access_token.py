"""The tokens in `Authorization: Bearer`, compared in constant time."""

from __future__ import annotations

import hmac
from collections.abc import Iterable

__all__ = ["has_token", "is_same"]


def has_token(authorization: str, tokens: Iterable[str]) -> bool:
    """Whether the header's value has one of the tokens, with the scheme in any case."""
    scheme, _, given = authorization.partition(" ")
    # All are compared, so that the time does not tell which one is near.
    found = [is_same(given.strip(), token) for token in tokens]
    return scheme.lower() == "bearer" and any(found)


def is_same(given: str, secret: str) -> bool:
    """Whether both are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(given.encode(errors="replace"), secret.encode())
