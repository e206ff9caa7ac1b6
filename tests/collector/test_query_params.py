"""Query parameters: what they may hold, and how a wrong one is refused."""

from __future__ import annotations

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from footfall.collector import query_params


def request(query: str) -> Request:
    return Request({"type": "http", "query_string": query.encode(), "headers": []})


def test_a_missing_parameter_has_its_default() -> None:
    empty = request("")
    assert query_params.period(empty) == "day"
    assert query_params.period(empty, "all") == "all"
    assert query_params.domain(empty) is None
    assert query_params.domain(request("domain=")) is None
    assert query_params.integer(empty, "limit", 7) == 7
    assert query_params.seconds(empty, "wait", 1.5) == 1.5


def test_a_parameter_is_read() -> None:
    full = request("period=week&domain=a.test&limit=5&wait=0.25")
    assert (query_params.period(full), query_params.domain(full)) == ("week", "a.test")
    assert query_params.integer(full, "limit", 7) == 5
    assert query_params.seconds(full, "wait", 1.5) == 0.25


@pytest.mark.parametrize("text", ["-1", "1.0", "x", "", "٣", "9" * 20])
def test_a_whole_number_has_digits_only(text: str) -> None:
    with pytest.raises(HTTPException) as caught:
        query_params.parse_integer("limit", text)
    assert (caught.value.status_code, caught.value.detail) == (400, "limit must be a whole number")


def test_a_large_number_is_cut_to_what_sqlite_can_hold() -> None:
    assert query_params.parse_integer("after", "9" * 19) == 2**62
    assert query_params.parse_integer("after", str(2**62 - 1)) == 2**62 - 1


@pytest.mark.parametrize("text", ["-1", "nan", "x"])
def test_seconds_are_zero_or_more(text: str) -> None:
    with pytest.raises(HTTPException) as caught:
        query_params.seconds(request(f"wait={text}"), "wait", 1.0)
    assert caught.value.detail == "wait must be a number of seconds"


def test_a_wrong_period_is_refused_with_the_right_ones() -> None:
    with pytest.raises(HTTPException) as caught:
        query_params.period(request("period=year"))
    assert caught.value.detail == "period must be one of day, week, month, all"
