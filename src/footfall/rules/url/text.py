"""Decodes text as it was sent, and bounds how much of it is cached."""

from __future__ import annotations

import re
from typing import Final

# A site has few pages, and its visitors come from few places. Longer texts are not cached.
CACHE_SIZE: Final = 1024
MAX_CACHED_CHARS: Final = 256


def without_surrogates(text: str) -> str:
    """`text` with U+FFFD for lone surrogates, which cannot be encoded."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def decode_text(sent: str) -> str:
    """The text of a header or a query, which servers decode as latin-1.

    Browsers send ASCII. Anything else is mostly UTF-8, and is decoded as such where it is valid.
    """
    if sent.isascii():
        return sent
    try:
        return sent.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return without_surrogates(sent)
