"""What a token may be that travels in `Authorization: Bearer`."""

from __future__ import annotations

from typing import Final

__all__ = ["MIN_LENGTH", "token_remedy"]

MIN_LENGTH: Final = 16
"""At random, such a token takes longer to guess than the age of the universe, at 1,000 a second."""


def token_remedy(token: object) -> str | None:
    """What to write instead of `token`; None for one that every server and client carries."""
    if not isinstance(token, str) or not token.strip():
        return "is empty: write the token, or leave the option out"
    # Clients and servers read other bytes of a header in different encodings, or refuse them.
    if not (token.isascii() and token.isprintable()):
        return "write a token of ASCII letters, digits and punctuation, on one line"
    return None
