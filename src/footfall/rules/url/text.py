"""Text as it was sent, and how much of it is remembered."""

from __future__ import annotations

import re
from typing import Final

# A site has few pages, and its visitors come from few places, most of them from the site itself. No
# text that is longer is remembered.
KNOWN: Final = 1024
MAX_KNOWN: Final = 256


def replaced(text: str) -> str:
    """`text` without lone surrogates, which have no bytes."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def as_text(sent: str) -> str:
    """The text of a header or a query, which servers hand over as bytes read as latin-1.

    Browsers send ASCII; what else comes is UTF-8 as a rule, and is read as such where it can be.
    """
    if sent.isascii():
        return sent
    try:
        return sent.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return replaced(sent)
