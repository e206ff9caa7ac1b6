"""The language that an `Accept-Language` header prefers."""

from __future__ import annotations

import re
from functools import lru_cache

# Browsers are set to few combinations of languages.
_MAX_LANGUAGES = 256
# Browsers send less than 100 characters. What is behind these is not read.
_MAX_CHARS = 512

# RFC 9110 section 12.5.4 around RFC 5646 section 2.1: language, script, region, variants.
_LANGUAGE_RANGE = re.compile(
    r"\s*([a-z]{2,3}(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*)"
    r"\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?)\s*)?",
    re.IGNORECASE | re.ASCII,
)


def language_tag(accept_language: str) -> str:
    """The language tag of the highest weight; empty where none is well-formed."""
    return _language_tag(accept_language[:_MAX_CHARS])


@lru_cache(maxsize=_MAX_LANGUAGES)
def _language_tag(accept_language: str) -> str:
    best, best_weight = "", 0.0
    for item in accept_language.split(","):
        match = _LANGUAGE_RANGE.fullmatch(item)
        weight = float(match[2] or 1) if match else 0.0
        if match and weight > best_weight:
            best, best_weight = match[1], weight
    return best
