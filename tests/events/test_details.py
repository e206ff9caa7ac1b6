"""Event details are validated: what is accepted, what is refused, and what a client hint gives."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.events.details import PERF_NAMES, check_details, details_from_hints, valid_details

PERF = dict.fromkeys(PERF_NAMES, 12.5)
EDGES: dict[str, Any] = {
    "screen_width": 100_000,
    "time_zone": "A" * 64,
    "profile_id": "\U0001f43e" * 128,
    "perf": PERF | {"dns": 0, "ttfb": 300_000},
}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param({"screen_width": None, "time_zone": None}, {}, id="nothing, in words"),
        pytest.param({"profile_id": "", "time_zone": " "}, {}, id="nothing, in blank texts"),
        pytest.param({"screen_width": 1280}, {"screen_width": 1280}, id="a width"),
        pytest.param({"time_zone": "Etc/GMT+1"}, {"time_zone": "Etc/GMT+1"}, id="a zone"),
        pytest.param({"profile_id": 4711}, {"profile_id": "4711"}, id="a number for a profile"),
        pytest.param(
            {"profile_id": "Zoë \U0001f43e"}, {"profile_id": "Zoë \U0001f43e"}, id="a name"
        ),
        pytest.param({"perf": PERF | {"more": 1}}, {"perf": PERF}, id="eight durations"),
        pytest.param(EDGES, EDGES, id="as much as there may be"),
    ],
)
def test_valid_details_are_accepted(given: dict[str, Any], found: dict[str, Any]) -> None:
    assert check_details(given) == (found, {})


@pytest.mark.parametrize(
    ("given", "why"),
    [
        pytest.param({"screen_width": 0}, "write the width", id="no width"),
        pytest.param({"screen_width": True}, "write the width", id="true"),
        pytest.param({"screen_width": "1280"}, "a whole number", id="text for a width"),
        pytest.param({"time_zone": "CET; DROP"}, "an IANA name", id="no zone"),
        pytest.param({"time_zone": 1}, "an IANA name", id="a number for a zone"),
        pytest.param({"profile_id": True}, "a text that can be shown", id="true for a profile"),
        pytest.param({"profile_id": "a\0"}, "a text that can be shown", id="NUL"),
        pytest.param({"profile_id": "\U0001f43e" * 129}, "256 characters", id="258 units"),
        pytest.param({"screen_width": 100_001}, "write the width", id="too wide"),
        pytest.param({"time_zone": "A" * 65}, "an IANA name", id="a long zone"),
        pytest.param({"perf": PERF | {"dns": 300_001}}, "from 0 to 300000", id="too long"),
        pytest.param({"perf": {"ttfb": 1}}, "all of dns, tls", id="one duration"),
        pytest.param({"perf": [1] * 8}, "all of dns, tls", id="a list of durations"),
        pytest.param({"perf": PERF | {"dns": -1}}, "numbers from 0", id="less than no time"),
        pytest.param({"perf": PERF | {"dns": float("nan")}}, "numbers from 0", id="NaN"),
        pytest.param({"perf": PERF | {"dns": 10**400}}, "numbers from 0", id="for ever"),
        pytest.param({"perf": PERF | {"dns": True}}, "numbers from 0", id="true for a time"),
        pytest.param(
            {"colour": "red"}, "no such detail; there is: screen_width", id="an unknown one"
        ),
    ],
)
def test_invalid_details_are_left_out_with_the_reason(given: dict[str, Any], why: str) -> None:
    details, faults = check_details(given)
    assert details == {}
    assert list(faults) == list(given)
    assert why in "".join(faults.values())
    assert valid_details(given) == {}


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({}, {}),
        ({"sec-ch-viewport-width": "1280"}, {"screen_width": 1280}),
        ({"viewport-width": " 412.0 "}, {"screen_width": 412}),
        ({"sec-ch-viewport-width": "1280;a=1.5"}, {"screen_width": 1280}),
        ({"sec-ch-viewport-width": "1280.0 ;a;b=?1"}, {"screen_width": 1280}),
        ({"sec-ch-viewport-width": ";a=1", "viewport-width": "412"}, {"screen_width": 412}),
        ({"sec-ch-viewport-width": "1280", "viewport-width": "1"}, {"screen_width": 1280}),
        ({"sec-ch-viewport-width": "٣"}, {}),
        ({"sec-ch-viewport-width": "-1"}, {}),
        ({"sec-ch-viewport-width": "0"}, {}),
        ({"sec-ch-viewport-width": "9" * 400}, {}),
    ],
)
def test_a_client_hint_tells_the_width(headers: dict[str, str], found: dict[str, int]) -> None:
    assert details_from_hints(headers) == found


@given(
    st.dictionaries(
        st.sampled_from(["screen_width", "time_zone", "profile_id", "perf"]), st.from_type(object)
    )
)
def test_the_valid_part_of_anything_is_valid(given: dict[str, Any]) -> None:
    assert check_details(valid_details(given)) == (valid_details(given), {})
