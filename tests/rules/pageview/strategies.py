"""Hypothesis strategies for hits and options, hostile text included."""

from __future__ import annotations

from hypothesis import strategies as st

from footfall.model import Hit
from footfall.rules.pageview import REQUEST_HEADERS, RESPONSE_HEADERS, PageviewOptions
from tests.rules.pageview.hits import fails, no_admin
from tests.rules.pageview.tables import ROWS

KNOWN_VALUES = sorted(
    {
        text
        for hit, _, _ in ROWS.values()
        for text in (*hit.headers.values(), *hit.response_headers.values())
    }
)


TEXTS = (
    st.text() | st.sampled_from(KNOWN_VALUES) | st.sampled_from(["\ud800" * 70_000, "a," * 40_000])
)


OPTIONS = st.builds(
    PageviewOptions,
    track_localhost=st.booleans(),
    prefetch=st.sampled_from(["skip", "count", "refuse"]),
    bots=st.sampled_from(["skip", "count", "event"]),
    is_bot=st.sampled_from([None, fails, lambda _: "Bot", lambda _: True, lambda _: None]),
    track_404=st.booleans(),
    track_downloads=st.booleans(),
    download_extensions=st.frozensets(st.text(max_size=4)),
    respect_dnt=st.booleans(),
    respect_gpc=st.booleans(),
    skip_spam_referrers=st.booleans(),
    track_iframes=st.booleans(),
    track_feeds=st.booleans(),
    is_api=st.sampled_from([None, lambda hit: "api" in hit.path]),
    excluded_by=st.sampled_from([None, no_admin]),
)


HITS = st.builds(
    Hit,
    method=st.just("GET") | st.text(),
    host=TEXTS,
    path=TEXTS,
    headers=st.dictionaries(st.sampled_from(sorted(REQUEST_HEADERS)) | st.text(), TEXTS),
    status=st.sampled_from([200, 206, 304, 404]) | st.integers(),
    response_headers=st.dictionaries(st.sampled_from(sorted(RESPONSE_HEADERS)), TEXTS),
    ignored=st.booleans(),
)
