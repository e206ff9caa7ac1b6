"""Hits, and the URL and referrer that are made of them, for the tests of the URL rules."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from footfall.model import Hit
from footfall.rules.url import (
    CAMPAIGN,
    CLICK_IDS,
    MAX_URL_BYTES,
    REQUEST_HEADERS,
    Referral,
    UrlOptions,
    page_url,
    referrer_of,
)

ALL_QUERY = UrlOptions(keep_query="*")
ROUTES = UrlOptions(path_mode="route")
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)


def url_of(*, is_trusted: bool = False, options: UrlOptions | None = None, **facts: Any) -> str:
    hit = Hit(**{"scheme": "https", "host": "example.com", **facts})
    return page_url(hit, is_trusted=is_trusted, options=options or UrlOptions())


def path_of(path: str, options: UrlOptions | None = None) -> str:
    return url_of(path=path, options=options).removeprefix("https://example.com")


def query_of(query: str, options: UrlOptions | None = None) -> str:
    return url_of(query=query, options=options).removeprefix("https://example.com/")


def referral(sent: str, options: UrlOptions | None = None, **facts: Any) -> Referral:
    hit = Hit(**{"headers": {"referer": sent}, **facts})
    return referrer_of(hit, page="https://www.example.com/page", options=options or UrlOptions())


PARAMETERS = st.tuples(
    st.sampled_from([*CAMPAIGN, *CLICK_IDS, "page", "token", "user", "e-mail"]), ANY_TEXT
).map("=".join)
HITS = st.builds(
    Hit,
    scheme=st.sampled_from(["http", "https", "wss"]) | ANY_TEXT,
    host=st.sampled_from(["example.com", "[::1]:80", "a:b"]) | ANY_TEXT,
    path=ANY_TEXT.map("/".__add__) | ANY_TEXT,
    query=ANY_TEXT | st.lists(PARAMETERS).map("&".join),
    headers=st.dictionaries(st.sampled_from(sorted(REQUEST_HEADERS)), ANY_TEXT),
    route=st.none() | ANY_TEXT,
)
OPTIONS = st.builds(
    UrlOptions,
    keep_query=st.sampled_from(["*", frozenset(), frozenset({"page"})]),
    path_mode=st.sampled_from(["path", "route"]),
    hide_path_secrets=st.booleans(),
)


def is_clean(url: str) -> bool:
    return url.isascii() and url.isprintable() and " " not in url and len(url) <= MAX_URL_BYTES
