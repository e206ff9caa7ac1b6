"""Encrypted bodies: who can read them, and what is noticed."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from footfall.events.cipher import NONCE_BYTES, BodyCipher, parse_keys
from footfall.events.pack import Pack, UnknownVersionError

OLD, NEW = b"o" * 32, b"\xfb" * 32
PACK = Pack.of(b'{"v":1}\n{"v":1}', 1.0)
NONCE = b"n" * NONCE_BYTES


def text(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).decode()


def test_keys_are_read_by_their_ids() -> None:
    given = f"2026-11:{text(NEW)}, 2026-08:{text(OLD).rstrip('=')}"
    assert parse_keys(given) == {"2026-11": NEW, "2026-08": OLD}


@pytest.mark.parametrize(
    "given",
    ["", text(NEW), f"a b:{text(NEW)}", "a:short", f"a:{text(NEW)},a:{text(OLD)}", "a:ä", "a:"],
)
def test_what_is_no_key_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        parse_keys(given)


def test_every_key_decrypts_and_the_first_one_encrypts() -> None:
    before = PACK.encrypted(BodyCipher({"old": OLD}), NONCE)
    rotated = BodyCipher({"new": NEW, "old": OLD})
    after = PACK.encrypted(rotated, NONCE)
    assert (before.codec, after.codec, after.number) == ("jz/old", "jz/new", 2)
    assert before.lines(rotated) == after.lines(rotated) == PACK.lines()
    for reader in (None, BodyCipher({"old": OLD})):
        assert not after.is_known(reader)
        with pytest.raises(UnknownVersionError):
            after.lines(reader)


@pytest.mark.parametrize(
    "changed",
    [
        {"number": 1},
        {"put_at": 2.0},
        {"codec": "j/new"},
        {"body": b""},
        {"body": NONCE + b"a" * 16},
    ],
)
def test_what_was_changed_is_damaged(changed: dict[str, Any]) -> None:
    cipher = BodyCipher({"new": NEW})
    found = PACK.encrypted(cipher, NONCE)._replace(**changed)
    with pytest.raises(ValueError, match="damaged"):
        found.lines(cipher)


def test_an_encrypted_pack_may_be_one_value() -> None:
    cipher = BodyCipher({"new": NEW})
    found = PACK.encrypted(cipher, NONCE)
    assert Pack.from_bytes(found.to_bytes()).lines(cipher) == PACK.lines()
