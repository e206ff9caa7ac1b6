"""Passwords as salted hashes: scrypt, in the text form of PHC strings.

    $scrypt$ln=14,r=8,p=5$SALT$KEY

`ln` is the logarithm of the cost N, `r` the size of a block and `p` the parallelization (RFC 7914);
salt and key are in base64 without padding. passlib's `passlib.hash.scrypt` has the same form.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from typing import Final, NamedTuple

__all__ = ["PasswordHash", "hash_password"]

_SALT_BYTES: Final = 16
_KEY_BYTES: Final = 32
# A hash from elsewhere may not take more memory than an app can spare.
_MAX_MEMORY: Final = 64 * 1024 * 1024
# What OpenSSL takes beside them.
_EXTRA_MEMORY: Final = 1024 * 1024

_TEXT: Final = re.compile(
    r"\$scrypt\$ln=([1-9][0-9]?),r=([1-9][0-9]?),p=([1-9])"
    r"\$([A-Za-z0-9+/]{11,128})\$([A-Za-z0-9+/]{22,128})"
)


class _Parameters(NamedTuple):
    """What scrypt takes beside the password and the salt."""

    log_cost: int
    block_size: int
    parallelization: int

    @property
    def memory(self) -> int:
        """How many bytes a guess takes."""
        return (128 * self.block_size) << self.log_cost

    def key(self, password: bytes, salt: bytes, length: int) -> bytes:
        """The key of a password."""
        return hashlib.scrypt(
            password,
            salt=salt,
            n=1 << self.log_cost,
            r=self.block_size,
            p=self.parallelization,
            maxmem=self.memory + _EXTRA_MEMORY,
            dklen=length,
        )


# Each guess takes 16 MiB, which a small machine has, and some tenths of a second.
_OURS: Final = _Parameters(log_cost=14, block_size=8, parallelization=5)


class PasswordHash:
    """A hash that passwords are compared with. Its `repr` shows nothing of it.

    Args:
        text: The PHC string.

    Raises:
        ValueError: It is none that can be used; the text of the error is the remedy.
    """

    def __init__(self, text: str) -> None:
        if not hasattr(hashlib, "scrypt"):
            raise ValueError("needs scrypt, which the TLS library of this Python does not have")
        found = _TEXT.fullmatch(text)
        if found is None:
            raise ValueError("is no hash of scrypt")
        self._parameters = _Parameters(*map(int, found.group(1, 2, 3)))
        if self._parameters.memory > _MAX_MEMORY:
            raise ValueError("takes more than 64 MiB of memory for each guess")
        try:
            self._salt, self._key = map(_decoded, found.group(4, 5))
        except binascii.Error:
            raise ValueError("is no hash of scrypt") from None

    def matches(self, password: bytes) -> bool:
        """Whether it is the hash of a password. Takes as long as making it did."""
        key = self._parameters.key(password, self._salt, len(self._key))
        return hmac.compare_digest(key, self._key)


def hash_password(password: bytes) -> str:
    """The PHC string of a password, with a salt of its own."""
    salt = secrets.token_bytes(_SALT_BYTES)
    key = _OURS.key(password, salt, _KEY_BYTES)
    return "$scrypt$ln={},r={},p={}${}${}".format(*_OURS, _encoded(salt), _encoded(key))


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
