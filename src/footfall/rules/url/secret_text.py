"""Text that looks like a secret or names a person, whatever it is called. Pure.

What is hidden: e-mail addresses; random text of 22 characters or more that mixes cases and digits,
or of 27 with digits throughout; numbers of bank accounts and cards whose check digits are right.

What it cannot know: a shorter code, a number that counts users, a name, or a random text in lower
case with few digits. Ids of records that are made as tokens are (nanoid with 22 characters, KSUID)
are taken for tokens; ids in hex of 24 (MongoDB), UUIDs and ULIDs are not.
"""

from __future__ import annotations

import re
from typing import Final

MIN_SECRET_CHARS: Final = 15
"""The length of the shortest: a Norwegian account, and American Express's card."""

# Letters of any alphabet, or as they are written in DNS.
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.(?:xn--[A-Za-z0-9-]+|[^\W\d_]{2,})")

# Hex, base64 and the separators of signed tokens (JWT, itsdangerous, Django's signing).
_LONG_TEXT: Final = re.compile(r"[A-Za-z0-9_.~=:+-]{22,}")
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")
# Letters and three digits without a separator, as in no word. 26 characters are a ULID's.
_UNBROKEN: Final = re.compile(
    # Bounded, so that a long text takes no time that grows with its square.
    r"(?=[0-9]{0,26}[A-Za-z])(?=(?:[A-Za-z]{0,24}[0-9]){3})[A-Za-z0-9]{27}"
)
# A change of character class that is rare in words: `aB`, `a1`, `1a`, `A1`.
_CHANGE: Final = re.compile(r"(?=[a-z][A-Z0-9]|[A-Z][0-9]|[0-9][A-Za-z])")
# Of random text shorter than this, words are recognised by their cases, too.
_SURE_LENGTH: Final = 32

# Two letters of the country, two check digits, and the account (ISO 13616).
_IBAN: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}[A-Za-z0-9]{11,30}(?![A-Za-z0-9])")
# 16 digits, or American Express's 15, as people group them. Longer numbers are ids of posts.
_CARD: Final = re.compile(
    r"(?<![0-9])(?:(?:4[0-9]|5[1-5]|2[2-7]|35|6[05])(?:[ -]?[0-9]){14}|3[47](?:[ -]?[0-9]){13})"
    r"(?![0-9])"
)


def is_email(text: str) -> bool:
    """True if the whole text is an e-mail address."""
    return _EMAIL.fullmatch(text) is not None


def has_secret(text: str) -> bool:
    """True if anything in the text looks like a secret or a person's number."""
    return without_secrets(text) != text


def without_secrets(text: str) -> str:
    """The text with `:token` and `:number` in place of what looks like a secret."""
    text = _LONG_TEXT.sub(_masked, text)
    text = _IBAN.sub(lambda found: ":number" if _is_iban(found[0]) else found[0], text)
    return _CARD.sub(lambda found: ":number" if _is_card(found[0]) else found[0], text)


def without_uuids(text: str) -> str:
    """The text with `:token` in place of UUIDs, which are tokens where a page is somebody's own."""
    return _UUID.sub(":token", text)


def _masked(found: re.Match[str]) -> str:
    run = found[0]
    text = _UUID.sub("-", run)
    # In parts that overlap: a token in a text that is much longer is random in its own part only.
    parts = (text[at : at + _PART] for at in range(0, max(1, len(text) - _PART // 2), _PART // 2))
    return ":token" if any(map(_is_random, parts)) else run


_PART: Final = 256


def _is_random(text: str) -> bool:
    """Whether long text without UUIDs is random rather than written, as titles in a path are.

    In random base64 nearly every second character changes the class, and it has few separators. In
    titles full of numbers one in five does; where a short id follows, most words have no change. Of
    16 random bytes this misses 8 in 100, of 24 two, of 32 one; it takes four in a thousand names of
    packages for random, most of which are.
    """
    if _UNBROKEN.search(text):
        return True
    if len(text) < 22 or not re.search("[0-9]", text):
        return False
    if len(text) < _SURE_LENGTH and not (re.search("[a-z]", text) and re.search("[A-Z]", text)):
        return False
    words = re.split(r"[._~=:+-]", text)
    mixed = sum(len(word) for word in words if _CHANGE.search(word))
    return len(_CHANGE.findall(text)) * 4 >= len(text) and mixed * 3 >= len(text) * 2


def _is_iban(text: str) -> bool:
    moved = (text[4:] + text[:4]).upper()
    return int("".join(str(int(each, 36)) for each in moved)) % 97 == 1


def _is_card(text: str) -> bool:
    """Luhn's check: every second digit is doubled, from the right."""
    digits = [int(each) for each in reversed(text) if each.isdigit()]
    doubled = (each * 2 - 9 * (each > 4) for each in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
