"""Prefetches are skipped, and only the browser's own may be refused."""

from __future__ import annotations

import pytest
from hypothesis import given

from footfall.model import Hit
from footfall.rules.pageview import (
    TURBO_PREFETCH_HINT,
    decide,
    is_refusable_prefetch,
    prefetch_hint,
    pushed_url,
)
from tests.rules.pageview.hits import TURBO, Row, requested, summary
from tests.rules.pageview.strategies import HITS
from tests.rules.pageview.tables import PREFETCHES, rows_of
from tests.support.header_sets import Headers, chromium, script

TABLE = rows_of("prefetch")


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_an_exchange_counts_for_what_it_is(row: Row) -> None:
    assert summary(decide(row.hit, row.options)) == row.expected


REFUSABLE = {
    "speculation rules, chrome",
    "prerender, chrome",
    "private prefetch proxy",
    "a parameter of tomorrow",
    "one item of several",
    "link rel=prefetch, chrome",
    "link rel=prefetch, firefox",
    "link rel=prefetch, firefox 100",
    "old chrome",
    "old safari's preview",
    "a prerender by purpose",
    "refused by the adapter before it comes here",
    "counted, chrome",
    "counted, but a file of the page",
}


@pytest.mark.parametrize(("name", "row"), PREFETCHES.items(), ids=PREFETCHES)
def test_only_the_browsers_own_prefetch_may_be_refused(name: str, row: Row) -> None:
    assert is_refusable_prefetch(row.hit) is (name in REFUSABLE)


@pytest.mark.parametrize(
    ("headers", "hint"),
    [
        pytest.param(TURBO | {"x-sec-purpose": "prefetch"}, TURBO_PREFETCH_HINT, id="turbo"),
        pytest.param(TURBO, None, id="a click"),
        pytest.param(script(x_sec_purpose="prefetch"), None, id="not turbo"),
        pytest.param(chromium(sec_purpose="prefetch"), None, id="chrome"),
    ],
)
def test_a_prefetch_of_turbo_gets_a_hint(headers: Headers, hint: str | None) -> None:
    assert prefetch_hint(requested(headers)) == hint


@given(HITS)
def test_any_hit_may_be_a_prefetch_or_push_a_url(hit: Hit) -> None:
    assert is_refusable_prefetch(hit) in (True, False)
    assert prefetch_hint(hit) in (None, TURBO_PREFETCH_HINT)
    assert pushed_url(hit) != ""
