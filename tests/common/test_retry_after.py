"""How long a server asks to wait."""

from __future__ import annotations

import math

import pytest

from footfall.common.retry_after import retry_after_seconds

NOON = "Sun, 06 Nov 1994 12:00:00 GMT"


@pytest.mark.parametrize(
    ("retry_after", "date", "seconds"),
    [
        ("3", "", 3.0),
        (" 1.5 ", "", 1.5),
        ("-7", "", 0.0),
        ("1000000000", "", 1e9),
        ("9" * 400, "", math.inf),
        ("inf", "", None),
        ("1e3", "", None),
        ("soon", "", None),
        ("٣", "", None),
        ("Sun, 06 Nov 1994 12:01:00 GMT", NOON, 60.0),
        ("Sun, 06 Nov 1994 11:00:00 GMT", NOON, 0.0),
        ("Sun, 06 Nov 1994 12:01:00 GMT", "", None),
        ("Sun, 31 Feb 1994 12:00:20 GMT", NOON, None),
    ],
)
def test_seconds_and_dates_are_read(retry_after: str, date: str, seconds: float | None) -> None:
    assert retry_after_seconds({"retry-after": retry_after, "date": date}) == seconds


def test_without_the_header_there_is_no_wait() -> None:
    assert retry_after_seconds({"date": NOON}) is None
