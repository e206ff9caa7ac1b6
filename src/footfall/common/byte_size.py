"""Sizes in bytes as people write them: `500MB`, `2GB`."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["parse_size"]

_SIZE: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([KMGT]?B)", re.IGNORECASE)
_UNITS: Final = {"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}


def parse_size(text: str) -> int:
    """The number of bytes that `500MB` or `2GB` means.

    Raises:
        ValueError: it is no size; the text is the remedy.
    """
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError("is no size; write it like 500MB or 2GB")
    return int(float(found[1]) * _UNITS[found[2].upper()])
