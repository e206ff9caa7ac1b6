"""Passwords as salted hashes."""

from __future__ import annotations

import pytest

from footfall.common.password_hash import PasswordHash, hash_password
from tests.dashboard.support import CHEAP_HASH

# From the documentation of passlib's `passlib.hash.scrypt`, for "password".
PASSLIBS = "$scrypt$ln=8,r=8,p=1$WKs1xljLudd6z9kbY0wpJQ$yCR4iDZYDKv+iEJj6yHY0lv/epnfB6f/w1EbXrsJOuQ"


def test_a_password_matches_its_own_hash() -> None:
    text = hash_password("päss".encode())
    assert text.startswith("$scrypt$ln=14,r=8,p=5$")
    assert PasswordHash(text).matches("päss".encode())
    assert not PasswordHash(text).matches(b"pass")


def test_hashes_of_passlib_are_known() -> None:
    assert PasswordHash(PASSLIBS).matches(b"password")
    assert not PasswordHash(PASSLIBS).matches(b"Password")


def test_no_two_hashes_are_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = PasswordHash(CHEAP_HASH)._parameters
    monkeypatch.setattr("footfall.common.password_hash._OURS", cheap)
    assert hash_password(b"secret") != hash_password(b"secret")


def test_the_repr_shows_nothing() -> None:
    assert CHEAP_HASH[-8:] not in repr(PasswordHash(CHEAP_HASH))


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("secret", "is no hash of scrypt"),
        ("$2b$12$" + "a" * 53, "is no hash of scrypt"),
        (CHEAP_HASH + "!", "is no hash of scrypt"),
        (CHEAP_HASH.replace("ln=1", "ln=0"), "is no hash of scrypt"),
        (CHEAP_HASH.replace("ln=1", "ln=17"), "64 MiB"),
        (CHEAP_HASH.replace("ln=1", "ln=99"), "64 MiB"),
        (CHEAP_HASH + "AA", "is no hash of scrypt"),
    ],
)
def test_what_is_no_hash_is_refused(text: str, remedy: str) -> None:
    with pytest.raises(ValueError, match=remedy):
        PasswordHash(text)


def test_a_python_without_scrypt_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("hashlib.scrypt")
    with pytest.raises(ValueError, match="needs scrypt"):
        PasswordHash(CHEAP_HASH)
