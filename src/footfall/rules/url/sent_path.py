"""The path of a page as the visitor's browser spells it.

A server decodes the path, so that `/c%2B%2B` and `/c++` are one text. They are two pages to the
script of a vendor, which sends `location.href`; and only the target of the request tells which.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote

from footfall.rules.url.path import MAX_PATH, SAFE_IN_PATHS
from footfall.rules.url.text import CACHE_SIZE, MAX_CACHED_CHARS, decode_text, without_surrogates

_ORIGIN: Final = re.compile(r"https?://[^/?#]*", re.IGNORECASE)


def path_in_target(target: str) -> str:
    """The path of a request target: also one that names scheme and host (RFC 9112, 3.2.2)."""
    path = target if target.startswith("/") else _ORIGIN.sub("", target, count=1)
    return path.partition("?")[0].partition("#")[0]


def sent_path(target: str, path: str) -> str:
    """The spelling of `path` in the target of its request.

    Args:
        target: What a client requested, as servers hand it on: percent-encoded, decoded as latin-1,
            with or without a query; whole, or less the mount point.
        path: The path that the server made of it: decoded, mount point included.

    Returns:
        A percent-encoded path. Empty where the target shows no more than `path` does; and where it
        is of another path, since a proxy or a layer in front of the app has changed one of them.
    """
    if "%" not in target:
        return ""
    spelled = path_in_target(target)
    if "%" not in spelled or len(spelled) > MAX_PATH:
        return ""
    find = _spelling if len(spelled) + len(path) <= 2 * MAX_CACHED_CHARS else _spelling.__wrapped__
    return find(decode_text(spelled), path)


@lru_cache(maxsize=CACHE_SIZE)
def _spelling(spelled: str, path: str) -> str:
    text = unquote(spelled)
    # Django keeps the escapes of what is no UTF-8.
    if text in {path, unquote(path)}:
        return spelled
    if path.endswith(text) and text.startswith("/"):
        mount_point = path.removesuffix(text)
        return quote(without_surrogates(mount_point), safe=SAFE_IN_PATHS + "/") + spelled
    if text.endswith(path):
        return _tail(spelled, len(text) - len(path))
    return ""


def _tail(spelled: str, skipped: int) -> str:
    """What follows the first `skipped` characters of the decoded path, where a slash does."""
    at = decoded = 0
    for segment in spelled.split("/")[:-1]:
        at += len(segment)
        decoded += len(unquote(segment))
        if decoded == skipped:
            return spelled[at:]
        at += 1
        decoded += 1
    return ""
