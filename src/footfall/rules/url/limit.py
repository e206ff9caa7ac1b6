"""Shortens a URL to the bytes that vendors accept, and removes its campaign."""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import quote, unquote_plus, unquote_to_bytes

from footfall.rules.url.campaign import CAMPAIGN, CLICK_IDS

# Plausible rejects an event whose URL is longer, and the pageview with it; Swetrix stores any.
MAX_URL_BYTES: Final = 2_000


class Page(NamedTuple):
    """The URL of a page; `is_cut` where a part of it is left out to keep `MAX_URL_BYTES`."""

    url: str
    is_cut: bool = False


def fitted_page(url: str, *, is_cut: bool = False) -> Page:
    """The page of a URL, which is ASCII; `is_cut` if it has lost a part already."""
    return Page(url, is_cut) if len(url) <= MAX_URL_BYTES else Page(fit(url), is_cut=True)


def fit(url: str, limit: int = MAX_URL_BYTES) -> str:
    """`url`, which is ASCII, in at most `limit` bytes: the least important parts are removed.

    Parameters of `keep_query` are removed first, then click ids, then the campaign from `utm_term`
    up to `utm_source`; among equals the last one first. The value of a campaign parameter keeps
    what fits of its beginning. Then the path is cut at its end.
    """
    if len(url) <= limit:
        return url
    address, _, query = url.partition("?")
    parameters = dict(enumerate(query.split("&")))
    excess = len(url) - limit
    for position in sorted(parameters, key=lambda each: (_priority(parameters[each]), -each)):
        if excess <= 0:
            break
        parameter = parameters[position]
        name, _, value = parameter.partition("=")
        if _priority(parameter) > 1 and (short := _cut(value, max(len(value) - excess, 0))):
            parameters[position] = f"{name}={short}"
            break
        excess -= len(parameters.pop(position)) + 1
    if parameters:
        return f"{address}?{'&'.join(parameters.values())}"
    return _cut(address, limit)


def without_campaign(url: str) -> str:
    """A scrubbed `url` without campaign and click ids; what `keep_query` keeps stays."""
    address, _, query = url.partition("?")
    kept = "&".join(each for each in query.split("&") if each and _priority(each) == 0)
    return f"{address}?{kept}" if kept else address


def _priority(parameter: str) -> int:
    name = unquote_plus(parameter.partition("=")[0])
    if name in CAMPAIGN:
        return len(CAMPAIGN) + 1 - CAMPAIGN.index(name)
    return 1 if name in CLICK_IDS else 0


def _cut(text: str, limit: int) -> str:
    """The first `limit` bytes, without a part of a character at the end."""
    whole_escapes = re.sub(r"%[0-9A-Fa-f]?\Z", "", text[:limit])
    return _LAST_ESCAPES.sub(_whole_characters, whole_escapes)


_LAST_ESCAPES: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+\Z")


def _whole_characters(escapes: re.Match[str]) -> str:
    return quote(unquote_to_bytes(escapes[0]).decode("utf-8", "ignore"), safe="")
