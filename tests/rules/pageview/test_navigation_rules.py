"""B. How the browser requested: navigations, parts of pages, libraries."""

from __future__ import annotations

import pytest

from footfall.rules.pageview import decide, pushed_url
from tests.rules.pageview.hits import HTML, HTMX, Row, requested, summary
from tests.rules.pageview.tables import rows_of
from tests.support.header_sets import NAVIGATIONS, Headers, chromium, plain_http

TABLE = rows_of("navigation", "part", "library")


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_an_exchange_counts_for_what_it_is(row: Row) -> None:
    assert summary(decide(row.hit, row.options)) == row.expected


@pytest.mark.parametrize("headers", NAVIGATIONS.values(), ids=NAVIGATIONS)
def test_a_page_opened_in_any_browser_is_a_pageview(headers: Headers) -> None:
    decision = decide(requested(headers))

    assert summary(decision) == "pageview navigation"
    assert decision.name == "pageview"
    assert decision.props == {}


@pytest.mark.parametrize("headers", NAVIGATIONS.values(), ids=NAVIGATIONS)
def test_plain_http_without_fetch_metadata_counts_too(headers: Headers) -> None:
    assert summary(decide(requested(plain_http(headers), scheme="http"))) == "pageview navigation"


@pytest.mark.parametrize(
    ("headers", "pushed", "url"),
    [
        pytest.param(HTMX, "/tab/2?x=1", "/tab/2?x=1", id="a path"),
        pytest.param(HTMX, " https://example.com/a ", "https://example.com/a", id="a URL"),
        pytest.param(HTMX | {"hx-boosted": "true"}, "/b", "/b", id="boosted, too"),
        pytest.param(HTMX, "false", None, id="no"),
        pytest.param(HTMX, "False", None, id="no, in capitals"),
        pytest.param(HTMX, "", None, id="empty"),
        pytest.param(HTMX, None, None, id="absent"),
        pytest.param(chromium(), "/tab/2", None, id="not htmx"),
    ],
)
def test_htmx_shows_the_url_that_the_app_pushes(
    headers: Headers, pushed: str | None, url: str | None
) -> None:
    answer = HTML if pushed is None else HTML | {"hx-push-url": pushed}

    assert pushed_url(requested(headers, response_headers=answer)) == url
