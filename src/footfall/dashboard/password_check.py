"""HTTP's basic authentication for the dashboard (RFC 7617).

Each guess takes some tenths of a second of the processor, so there are few: five at once, and
one more every five seconds. Who has the password already is not kept out by others who guess.
"""

from __future__ import annotations

import base64
import binascii
import enum
import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Final

from footfall.collector.access_token import is_same
from footfall.common.clock import monotonic
from footfall.common.password_hash import PasswordHash
from footfall.common.token_bucket import TokenBucket

__all__ = ["PasswordCheck", "Verdict"]

_GUESSES: Final = 5.0
_GUESSES_PER_SECOND: Final = 0.2
# Longer than any that a person types; hashing it takes time.
_MAX_CHARS: Final = 1_024


class Verdict(enum.Enum):
    """What a request's credentials are."""

    RIGHT = enum.auto()
    WRONG = enum.auto()
    TOO_MANY = enum.auto()
    """Not looked at, since others have guessed wrong."""


class PasswordCheck:
    """Compares the credentials of requests with the owner's.

    Args:
        user: The name that has to be given.
        password_hash: Of the password.
        clock: Gives seconds.
    """

    def __init__(
        self, user: str, password_hash: PasswordHash, clock: Callable[[], float] = monotonic
    ) -> None:
        self._user = user
        self._password_hash = password_hash
        self._clock = clock
        self._key = secrets.token_bytes(32)
        # Of the header that was right, so that a page with its files is one guess.
        self._right: bytes | None = None
        self._guesses = TokenBucket(_GUESSES_PER_SECOND, _GUESSES)

    def verdict(self, authorization: str) -> Verdict:
        """What the value of the header `Authorization` is; empty for none."""
        credentials = _credentials(authorization)
        if credentials is None:
            return Verdict.WRONG
        digest = hmac.new(self._key, authorization.encode(), hashlib.sha256).digest()
        if self._right is not None and hmac.compare_digest(digest, self._right):
            return Verdict.RIGHT
        if not self._guesses.take(1, self._clock()):
            return Verdict.TOO_MANY
        user, password = credentials
        # Both, so that the time does not tell a right user.
        is_right = self._password_hash.matches(password)
        if not (is_same(user, self._user) and is_right):
            return Verdict.WRONG
        self._right = digest
        self._guesses.put_back(1)
        return Verdict.RIGHT


def _credentials(authorization: str) -> tuple[str, bytes] | None:
    """User and password, None where the header has none."""
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "basic" or len(text) > _MAX_CHARS:
        return None
    try:
        user, colon, password = base64.b64decode(text.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return (user.decode("utf-8", "replace"), password) if colon else None
