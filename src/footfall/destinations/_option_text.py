"""The texts of options in a DSN. Text that means nothing is returned, for a check to refuse."""

from __future__ import annotations

_BOOLEANS = dict.fromkeys(("true", "1", "yes", "on"), True) | dict.fromkeys(
    ("false", "0", "no", "off"), False
)


def boolean(text: str) -> object:
    """True or False, as in an environment variable."""
    return _BOOLEANS.get(text.strip().lower(), text)


def whole_number(text: str) -> object:
    """A number of fewer than 16 digits."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else text
