"""The path of a page as it may leave, without what looks like a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote

from footfall.rules.route_template import template
from footfall.rules.url.query import is_denied
from footfall.rules.url.text import KNOWN, replaced

# Twice the URL's limit, since long secrets in a path shrink; a request line holds 8 KiB.
_MAX_PATH: Final = 4_096

# Short segments of plain characters, as nearly all paths have them; they stay as they are.
_PLAIN_PATH: Final = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,=:-]{0,31})+")


@lru_cache(maxsize=KNOWN)
def own_path(path: str, hides_secrets: bool) -> str:
    """The path of a hit, as it may leave."""
    return public_path(replaced(path), hides_secrets, is_encoded=False)


def public_path(path: str, hides_secrets: bool, *, is_encoded: bool) -> str:
    """A path as it may leave; `is_encoded` where it stands as in a URL."""
    if _PLAIN_PATH.fullmatch(path):
        return path
    segments: Iterable[str] = _segments(path)
    if is_encoded:
        segments = map(unquote, segments)
    return "".join(f"/{_quoted(_public_segment(segment, hides_secrets))}" for segment in segments)


def _segments(path: str) -> list[str]:
    """What stands between the slashes; of an endless path, without the part that is cut off."""
    if len(path) > _MAX_PATH:
        path = path[:_MAX_PATH].rpartition("/")[0] or path[:_MAX_PATH]
    return path.removeprefix("/").split("/")


def _public_segment(segment: str, hides_secrets: bool) -> str:
    if ";" in segment:
        name, *parameters = segment.split(";")
        kept = (each for each in parameters if not is_denied(each.partition("=")[0]))
        segment = ";".join([name, *kept])
    if not hides_secrets:
        return segment
    if _EMAIL.fullmatch(segment):
        return ":email"
    return _LONG_TEXT.sub(_hidden, segment)


def _quoted(text: str) -> str:
    # What RFC 3986 allows in a segment (pchar) stands for itself.
    return quote(text, safe="!$&'()*+,;=:@~")


_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")

# Hex, base64 and what joins the parts of signed tokens (JWT, itsdangerous, Django's signing).
_LONG_TEXT: Final = re.compile(r"[A-Za-z0-9_.~=:+-]{32,}")
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")
# Letters and digits without a break, as no word has them.
_SOLID: Final = re.compile(r"(?=[0-9]*[A-Za-z])(?=[A-Za-z]*[0-9])[A-Za-z0-9]{32}")
# Where two kinds of characters meet that seldom do in words: `aB`, `a1`, `1a`, `A1`.
_JUMP: Final = re.compile(r"(?=[a-z][A-Z0-9]|[A-Z][0-9]|[0-9][A-Za-z])")


def _hidden(found: re.Match[str]) -> str:
    return ":token" if _is_random(found[0][:256]) else found[0]


def _is_random(text: str) -> bool:
    """Whether long text was drawn by a machine rather than written, as titles in a path are.

    In random base64 nearly every second step is a jump, and it has few separators. Titles full of
    numbers have one in five steps; where a short id follows, most words still have none. Of 24
    random bytes this misses 2 in 100, of 32 less than 1.
    """
    if _SOLID.search(text):
        return True
    rest = _UUID.sub("", text)
    words = re.split(r"[._~=:+-]", rest)
    mixed = sum(len(word) for word in words if _JUMP.search(word))
    return (
        len(rest) >= 32
        and re.search("[0-9]", rest) is not None
        and len(_JUMP.findall(rest)) * 4 >= len(rest)
        and mixed * 3 >= len(rest) * 2
    )


def route_path(route: str) -> str:
    """The template of a route in place of the path."""
    return "".join(f"/{_quoted(replaced(segment))}" for segment in _segments(template(route)))
