"""The path of a page without what may be a secret."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeAlias
from urllib.parse import quote, unquote

from footfall.rules.route_template import template
from footfall.rules.url.query import may_hold_secret
from footfall.rules.url.secret_text import (
    MIN_SECRET_CHARS,
    is_email,
    without_secrets,
    without_uuids,
)
from footfall.rules.url.text import CACHE_SIZE, without_surrogates

# Twice the URL's limit, since long secrets in a path shrink; a request line holds 8 KiB.
MAX_PATH: Final = 4_096
# What a browser leaves as it is in a path (WHATWG URL, path percent-encode set), which is more than
# RFC 3986 allows: the brackets and `|`.
SAFE_IN_PATHS: Final = "!$&'()*+,;=:@~[]|"
# Of one segment, `;lat=50;lon=20`; more are nobody's.
_MAX_PARAMETERS: Final = 32

# Short segments of plain characters, and longer ones without capitals and digits, as nearly all
# paths have them, need no change; but not numbers that may be a card's or an account's.
_PLAIN_PATH: Final = re.compile(
    # Atomic: a segment that both alternatives match must not be tried twice.
    r"(?:/(?>(?:[A-Za-z0-9._~!$&'*+,=:-]{0,21}|[a-z._~!$&'*+,=:-]{0,31})(?=/|$)))++"
)
_LONG_NUMBER: Final = re.compile(r"[0-9](?:-?[0-9]){8}")
# ASP.NET's session, where the browser takes no cookies: `/(S(lit3py55t21z5v55vlm25s55))/`.
_ASP_SESSION: Final = re.compile(r"\((?:[A-Z]\([A-Za-z0-9_-]+\))+\)")
# What stands before a UUID that is a key to a page of one person.
_KEY_FOLLOWS: Final = re.compile(
    r"reset|invit|verif|confirm|activat|magic|unsubscribe|token|passwor|signup|signin|login"
)

HidePathSecrets: TypeAlias = bool | tuple[re.Pattern[str], ...] | Callable[[str], bool]
"""Whether secrets are hidden, or the site owner's own patterns or function in addition."""


@lru_cache(maxsize=CACHE_SIZE)
def path_of_hit(path: str, hides_secrets: HidePathSecrets, *, is_encoded: bool) -> str:
    """The public path of `hit.raw_path`, which `is_encoded`, or of `hit.path`."""
    return public_path(without_surrogates(path), hides_secrets, is_encoded=is_encoded)


def public_path(path: str, hides_secrets: HidePathSecrets, *, is_encoded: bool) -> str:
    """The public form of a path, which `is_encoded` or not: encoded, its secrets replaced."""
    if (
        isinstance(hides_secrets, bool)
        and _PLAIN_PATH.fullmatch(path)
        and not _LONG_NUMBER.search(path)
    ):
        return path
    written, key_follows = [], False
    for sent in _segments(path):
        segment = unquote(sent) if is_encoded else sent
        # A slash that is part of a segment, `%2F`, separates texts, too.
        public = "/".join(
            _public_segment(text, hides_secrets, key_follows=key_follows)
            for text in segment.split("/")
        )
        key_follows = key_follows or _KEY_FOLLOWS.search(segment.lower()) is not None
        # What is encoded stays as it is: a browser sends its spelling.
        is_kept = is_encoded and public == segment
        written.append(
            "/" + (quote(sent, safe=SAFE_IN_PATHS + "%") if is_kept else _quoted(public))
        )
    return "".join(written)


def _segments(path: str) -> list[str]:
    """The segments of a path; a segment that the limit cuts is left out."""
    if len(path) > MAX_PATH:
        path = path[:MAX_PATH].rpartition("/")[0] or path[:MAX_PATH]
    return path.removeprefix("/").split("/")


def _public_segment(segment: str, hides_secrets: HidePathSecrets, *, key_follows: bool) -> str:
    if ";" in segment:
        name, *parameters = segment.split(";", _MAX_PARAMETERS)[:_MAX_PARAMETERS]
        kept = (each for each in parameters if not may_hold_secret(each.partition("=")[0]))
        segment = ";".join([name, *kept])
    if hides_secrets is False:
        return segment
    if "@" in segment and is_email(segment):
        return ":email"
    if "(" in segment and _ASP_SESSION.fullmatch(segment):
        return ":session"
    if len(segment) >= MIN_SECRET_CHARS:
        segment = without_secrets(without_uuids(segment) if key_follows else segment)
    return segment if hides_secrets is True else _hidden_by_owner(segment, hides_secrets)


def _hidden_by_owner(
    segment: str, hides_secrets: tuple[re.Pattern[str], ...] | Callable[[str], bool]
) -> str:
    if isinstance(hides_secrets, tuple):
        for pattern in hides_secrets:
            segment = pattern.sub(":token", segment)
        return segment
    try:
        return ":token" if hides_secrets(segment) else segment
    except Exception:  # noqa: BLE001 -- the site owner's code; where it fails, all stays hidden
        return ":token"


def _quoted(text: str) -> str:
    return quote(text, safe=SAFE_IN_PATHS)


def route_path(route: str) -> str:
    """The template of a route, percent-encoded, to be sent in place of the path."""
    return "".join(
        f"/{_quoted(without_surrogates(segment))}" for segment in _segments(template(route))
    )
