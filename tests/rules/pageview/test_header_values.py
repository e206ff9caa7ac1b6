"""Header values are read in lower case, without parameters, and never beyond a bound."""

from __future__ import annotations

import pytest

from footfall.model import Hit
from footfall.rules.pageview.header_values import (
    MAX_HEADER_CHARS,
    before_parameters,
    is_attachment,
    media_type_of,
    request_header,
    response_header,
    shows_page,
    tokens_of,
    wants_html,
)
from tests.rules.pageview.hits import HTML, INERTIA_ANSWER, JSON


def test_a_header_that_was_not_sent_is_empty() -> None:
    assert (request_header(Hit(), "accept"), response_header(Hit(), "content-type")) == ("", "")


def test_a_long_header_is_cut() -> None:
    hit = Hit(headers={"accept": "x" * 5_000}, response_headers={"content-type": "y" * 5_000})
    assert request_header(hit, "accept") == "x" * MAX_HEADER_CHARS
    assert response_header(hit, "content-type") == "y" * MAX_HEADER_CHARS


def test_a_value_is_read_up_to_its_parameters() -> None:
    assert before_parameters(" Text/HTML ; charset=x") == "text/html"
    assert tokens_of("x, Prefetch;prerender") == {"x", "prefetch"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [("attachment; filename=a", True), (" ATTACHMENT", True), ("inline", False), ("", False)],
)
def test_an_attachment_is_saved(value: str, expected: bool) -> None:
    assert is_attachment(Hit(response_headers={"content-disposition": value})) is expected


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("text/html", True),
        ("*/*, TEXT/HTML;q=1", True),
        ("application/xhtml+xml", True),
        ("*/*", False),
    ],
)
def test_a_page_is_requested_by_accepting_html(accept: str, expected: bool) -> None:
    assert wants_html(Hit(headers={"accept": accept})) is expected


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        pytest.param(200, HTML, True, id="HTML"),
        pytest.param(203, HTML, True, id="HTML by a proxy"),
        pytest.param(200, INERTIA_ANSWER, True, id="Inertia's JSON"),
        pytest.param(200, JSON, False, id="JSON"),
        pytest.param(200, HTML | {"content-disposition": "attachment"}, False, id="saved HTML"),
        pytest.param(204, HTML, False, id="no content"),
        pytest.param(206, HTML, False, id="a part"),
        pytest.param(302, HTML, False, id="a redirect"),
        pytest.param(200, {}, False, id="no type"),
    ],
)
def test_html_of_a_whole_response_is_a_page(
    status: int, headers: dict[str, str], expected: bool
) -> None:
    hit = Hit(status=status, response_headers=headers)
    assert shows_page(hit) is expected
    assert media_type_of(hit) == before_parameters(headers.get("content-type", ""))
