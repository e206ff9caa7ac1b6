"""Wildcards: `*` is anything but a slash, `**` is anything. Pure.

Visitors choose the paths, and a regular expression with several stars can take hours on some texts.
So all positions of the pattern that the text may have reached are tracked at once, as the bits of a
number, and the time grows with the length of the text only.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_STARS = re.compile(r"(\*+)")


class _Pattern(NamedTuple):
    """Bit n stands for the n-th token, a character or a star, as the next one to match."""

    # The positions of each character.
    characters: dict[str, int]
    # The positions of stars, which may match nothing; and of those that match slashes.
    stars: int
    wide_stars: int
    end: int


def matches(wildcard: str, text: str) -> bool:
    """Whether a wildcard matches the whole text."""
    pattern = _compile(wildcard)
    reached = _skip_stars(1, pattern)
    for character in text:
        stars = pattern.wide_stars if character == "/" else pattern.stars
        matched = reached & pattern.characters.get(character, 0)
        reached = _skip_stars((matched << 1) | (reached & stars), pattern)
    return bool(reached & pattern.end)


@lru_cache(maxsize=64)
def _compile(wildcard: str) -> _Pattern:
    characters: dict[str, int] = {}
    stars = wide_stars = 0
    position = 1
    for part in filter(None, _STARS.split(wildcard)):
        if part[0] == "*":
            stars |= position
            wide_stars |= position if len(part) > 1 else 0
            position <<= 1
        else:
            for character in part:
                characters[character] = characters.get(character, 0) | position
                position <<= 1
    return _Pattern(characters, stars, wide_stars, position)


def _skip_stars(reached: int, pattern: _Pattern) -> int:
    # Two stars never follow each other: they are one.
    return reached | (reached & pattern.stars) << 1
