"""Wildcards: `*` is anything but a slash, `**` is anything. Pure.

Paths are strangers' texts, and a regular expression with several stars can be kept busy for hours
by one of them. So all places of the pattern that a text may have reached are followed at once, as
the bits of a number: the time is that of the text's length, whatever the text.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_STARS = re.compile(r"(\*+)")


class _Pattern(NamedTuple):
    """Bit n stands for the n-th token, a character or a star, as the one to be met next."""

    # Where each character is the token.
    characters: dict[str, int]
    # Where the token is a star, which may be passed by; and one that takes slashes.
    stars: int
    wide_stars: int
    end: int


def matches(wildcard: str, text: str) -> bool:
    """Whether the whole of a text fits."""
    pattern = _read(wildcard)
    reached = _pass_by(1, pattern)
    for character in text:
        stars = pattern.wide_stars if character == "/" else pattern.stars
        met = reached & pattern.characters.get(character, 0)
        reached = _pass_by((met << 1) | (reached & stars), pattern)
    return bool(reached & pattern.end)


@lru_cache(maxsize=64)
def _read(wildcard: str) -> _Pattern:
    characters: dict[str, int] = {}
    stars = wide_stars = 0
    place = 1
    for part in filter(None, _STARS.split(wildcard)):
        if part[0] == "*":
            stars |= place
            wide_stars |= place if len(part) > 1 else 0
            place <<= 1
        else:
            for character in part:
                characters[character] = characters.get(character, 0) | place
                place <<= 1
    return _Pattern(characters, stars, wide_stars, place)


def _pass_by(reached: int, pattern: _Pattern) -> int:
    # Two stars never follow each other: they are one.
    return reached | (reached & pattern.stars) << 1
