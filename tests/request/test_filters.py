"""The filters reject what is surely no pageview, and count it by reason."""

from __future__ import annotations

from typing import Any

import pytest

from footfall.config import Config
from footfall.request.filters import RequestFilter
from tests.support.adapters import PLAUSIBLE


def filters_with(**options: Any) -> RequestFilter:
    return RequestFilter(Config(destinations=[PLAUSIBLE], **options))


@pytest.mark.parametrize(
    ("method", "path", "reason"),
    [
        pytest.param("GET", "/page", None, id="a page"),
        pytest.param("POST", "/page", "method", id="a post"),
        pytest.param("HEAD", "/page", "method", id="a head"),
        pytest.param("GET", "/static/app.css", "excluded", id="an excluded prefix"),
        pytest.param("POST", "/static/app.css", "method", id="the method comes first"),
    ],
)
def test_the_request_alone_may_be_rejected(method: str, path: str, reason: str | None) -> None:
    filters = filters_with(exclude=["/static/**"])
    assert filters.accepts(method, path) is (reason is None)
    assert filters.counts() == ({} if reason is None else {reason: 1})


@pytest.mark.parametrize(
    ("exclude", "excluded"),
    [
        ((), set()),
        (["/admin/**"], {"/admin/"}),
        (["/admin/**", "/static/**"], {"/admin/", "/static/x"}),
        (["/x/**", "/static/**", "/admin/**"], {"/admin/", "/static/x"}),
    ],
    ids=["none", "one", "two", "three"],
)
def test_any_number_of_prefixes_can_be_excluded(exclude: Any, excluded: set[str]) -> None:
    filters = filters_with(exclude=exclude)
    paths = {"/", "", "/admin", "/admin/", "/static/x", "/page/admin/"}
    assert {path for path in paths if not filters.accepts("GET", path)} == excluded


@pytest.mark.parametrize(
    ("status", "reason"),
    [(204, "no_content"), (302, "redirect"), (404, "not_found"), (500, "error")],
)
def test_a_status_is_rejected_with_its_reason(status: int, reason: str) -> None:
    filters = filters_with()
    assert status not in filters.statuses
    filters.reject_status(status)
    assert filters.counts() == {reason: 1}


def test_a_missing_page_passes_where_it_is_tracked() -> None:
    assert 404 in filters_with(track_404=True).statuses
    assert 500 not in filters_with(track_404=True).statuses


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/a.pdf", True), ("/a.PDF", True), ("/a.json", False), ("/pdf", False), ("/a.pdf/b", False)],
)
def test_a_download_is_recognised_by_its_extension(path: str, expected: bool) -> None:
    assert filters_with().may_be_download(path) is expected
    assert filters_with(track_downloads=False).may_be_download(path) is False


def test_a_filter_for_every_hit_rejects_nothing() -> None:
    filters = RequestFilter(Config(destinations=[PLAUSIBLE]), every_hit=True)
    assert filters.accepts("POST", "/page")
    assert {100, 204, 302, 404, 503} <= filters.statuses
    assert filters.may_be_download("/page")


def test_each_rejected_response_is_passed_to_the_callback() -> None:
    called: list[RequestFilter] = []
    filters = RequestFilter(Config(destinations=[PLAUSIBLE]), on_reject=called.append)
    assert filters.accepts("POST", "/page"), "its response decides"
    filters.reject_status(302)
    filters.count_not_html()
    assert called == [filters, filters]
    assert filters.counts() == {"redirect": 1, "not_html": 1}
