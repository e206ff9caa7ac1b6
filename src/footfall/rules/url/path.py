"""The path of a page without what may be a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote

from footfall.rules.route_template import template
from footfall.rules.url.query import may_hold_secret
from footfall.rules.url.text import CACHE_SIZE, without_surrogates

# Twice the URL's limit, since long secrets in a path shrink; a request line holds 8 KiB.
_MAX_PATH: Final = 4_096

# Short segments of plain characters, as nearly all paths have them, need no change.
_PLAIN_PATH: Final = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,=:-]{0,31})+")


@lru_cache(maxsize=CACHE_SIZE)
def path_of_hit(path: str, hides_secrets: bool) -> str:
    """The public path of `hit.path`, which is decoded."""
    return public_path(without_surrogates(path), hides_secrets, is_encoded=False)


def public_path(path: str, hides_secrets: bool, *, is_encoded: bool) -> str:
    """The public form of a path, which `is_encoded` or not: encoded, its secrets replaced."""
    if _PLAIN_PATH.fullmatch(path):
        return path
    segments: Iterable[str] = _segments(path)
    if is_encoded:
        segments = map(unquote, segments)
    return "".join(f"/{_quoted(_public_segment(segment, hides_secrets))}" for segment in segments)


def _segments(path: str) -> list[str]:
    """The segments of a path; a segment that the limit cuts is left out."""
    if len(path) > _MAX_PATH:
        path = path[:_MAX_PATH].rpartition("/")[0] or path[:_MAX_PATH]
    return path.removeprefix("/").split("/")


def _public_segment(segment: str, hides_secrets: bool) -> str:
    if ";" in segment:
        name, *parameters = segment.split(";")
        kept = (each for each in parameters if not may_hold_secret(each.partition("=")[0]))
        segment = ";".join([name, *kept])
    if not hides_secrets:
        return segment
    if _EMAIL.fullmatch(segment):
        return ":email"
    return _LONG_TEXT.sub(_masked, segment)


def _quoted(text: str) -> str:
    # RFC 3986 allows these in a segment (pchar).
    return quote(text, safe="!$&'()*+,;=:@~")


_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")

# Hex, base64 and the separators of signed tokens (JWT, itsdangerous, Django's signing).
_LONG_TEXT: Final = re.compile(r"[A-Za-z0-9_.~=:+-]{32,}")
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")
# Letters and digits without a separator, as in no word.
_UNBROKEN: Final = re.compile(r"(?=[0-9]*[A-Za-z])(?=[A-Za-z]*[0-9])[A-Za-z0-9]{32}")
# A change of character class that is rare in words: `aB`, `a1`, `1a`, `A1`.
_CHANGE: Final = re.compile(r"(?=[a-z][A-Z0-9]|[A-Z][0-9]|[0-9][A-Za-z])")


def _masked(found: re.Match[str]) -> str:
    return ":token" if _is_random(found[0][:256]) else found[0]


def _is_random(text: str) -> bool:
    """Whether long text is random rather than written, as titles in a path are.

    In random base64 nearly every second character changes the class, and it has few separators. In
    titles full of numbers one in five does; where a short id follows, most words have no change. Of
    24 random bytes this misses 2 in 100, of 32 less than 1.
    """
    if _UNBROKEN.search(text):
        return True
    rest = _UUID.sub("", text)
    words = re.split(r"[._~=:+-]", rest)
    mixed = sum(len(word) for word in words if _CHANGE.search(word))
    return (
        len(rest) >= 32
        and re.search("[0-9]", rest) is not None
        and len(_CHANGE.findall(rest)) * 4 >= len(rest)
        and mixed * 3 >= len(rest) * 2
    )


def route_path(route: str) -> str:
    """The template of a route, percent-encoded, to be sent in place of the path."""
    return "".join(
        f"/{_quoted(without_surrogates(segment))}" for segment in _segments(template(route))
    )
