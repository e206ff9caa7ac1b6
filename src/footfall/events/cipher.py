"""Encrypts the body of an entry with AES-GCM, by `cryptography` (extra `[encryption]`)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Final

from footfall.errors import HIDDEN, ConfigError, Fault

KEYS_REMEDY: Final = (
    "write ID:KEY, with 32 bytes in base64 as KEY: openssl rand -base64 32 | tr +/ -_"
)
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
"""Of a random number that no other body with this key has; 2^32 bodies of a key are safe (NIST SP
800-38D, section 8.3)."""

_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,32}")


class DamagedBodyError(ValueError):
    """A body was not encrypted with this key, or was changed."""


class BodyCipher:
    """Some keys by their ids: the first one encrypts, and all decrypt.

    Args:
        keys: Of 32 bytes each.

    Raises:
        ImportError: `cryptography` is not installed.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._fault = InvalidTag
        self.key_id: Final = next(iter(keys))
        """Of the key that encrypts."""

    def knows(self, key_id: str) -> bool:
        """Whether it can decrypt what was encrypted with this key."""
        return key_id in self._ciphers

    def encrypt(self, body: bytes, about: bytes, nonce: bytes) -> bytes:
        """The nonce and the encrypted body.

        Args:
            body: What nobody else may read.
            about: What nobody may change without being noticed, and is stored beside it.
            nonce: See `NONCE_BYTES`.
        """
        return nonce + self._ciphers[self.key_id].encrypt(nonce, body, about)

    def decrypt(self, key_id: str, body: bytes, about: bytes) -> bytes:
        """The body that `encrypt` was given.

        Raises:
            DamagedBodyError: it, or what is stored beside it, was changed.
        """
        try:
            nonce, text = body[:NONCE_BYTES], body[NONCE_BYTES:]
            return self._ciphers[key_id].decrypt(nonce, text, about)
        except (self._fault, ValueError):
            raise DamagedBodyError("an entry is damaged, or its key is another one") from None


def cipher_of(
    keys: object, shown: str = HIDDEN, *, extras: str = "encryption"
) -> BodyCipher | None:
    """What encrypts the packs of a queue; None where that is not configured.

    Args:
        keys: The text of its option.
        shown: What an error says in the place of the keys.
        extras: Those that have to be installed.

    Raises:
        ConfigError: the keys have another form, or `cryptography` is not installed.
    """
    if not keys:
        return None
    try:
        return BodyCipher(checked_keys("keys", keys))
    except ImportError as error:
        remedy = f'run `pip install "footfall[{extras}]"` ({error})'
        raise ConfigError(Fault("destinations", shown, remedy)) from None


def checked_keys(option: str, value: object) -> dict[str, bytes]:
    """The keys of an option, by their ids. An error does not repeat them.

    Raises:
        ConfigError: they have another form.
    """
    try:
        return parse_keys(value if isinstance(value, str) else "")
    except ValueError:
        raise ConfigError(Fault(option, HIDDEN, KEYS_REMEDY)) from None


def parse_keys(text: str) -> dict[str, bytes]:
    """The keys in a text such as `2026-11:BASE64,2026-08:BASE64`, by their ids.

    Raises:
        ValueError: it has another form.
    """
    found: dict[str, bytes] = {}
    for part in text.split(","):
        key_id, _, encoded = part.strip().partition(":")
        try:
            key = base64.b64decode(
                encoded + "=" * (-len(encoded) % 4), altchars="-_", validate=True
            )
        except (binascii.Error, ValueError):
            key = b""
        if not _ID.fullmatch(key_id) or len(key) != KEY_BYTES or key_id in found:
            raise ValueError(f"not {KEY_BYTES} bytes in base64 behind an id and a colon")
        found[key_id] = key
    return found
