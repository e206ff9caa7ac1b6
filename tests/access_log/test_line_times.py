"""The times of access logs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from footfall.access_log.line_times import checked_time, common_time, iso_time


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("29/Nov/2026:13:05:07 +0100", datetime(2026, 11, 29, 12, 5, 7, tzinfo=UTC)),
        ("29/Feb/2024:23:59:60 +0000", datetime(2024, 3, 1, tzinfo=UTC)),
        ("01/Jan/2026:00:00:00 +0530", datetime(2025, 12, 31, 18, 30, tzinfo=UTC)),
        ("31/Dec/2025:20:00:00 -0800", datetime(2026, 1, 1, 4, tzinfo=UTC)),
    ],
)
def test_a_time_has_the_offset_of_its_server(text: str, expected: datetime) -> None:
    assert common_time(text) == expected.timestamp()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "29/Nov/2026",
        "29/Nov/2026:24:05:07 +0100",
        "29/Nov/2026:13:60:07 +0100",
        "29/Nov/2026:13:05:07 0100",
        "29/nov/2026:13:05:07 +0100",
        "31/Nov/2026:13:05:07 +0100",
        "29/Nov/2026:13:05:07 +01:00",
        "29/Nov/2026:13:05:07 +9999",
        "31/Dec/1969:23:59:59 +0000",
        "31/Dec/9999:23:59:59 -0100",
        "01/Jan/0001:00:00:00 +0100",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        common_time(text)


@pytest.mark.parametrize(
    "seconds", [float("nan"), float("inf"), float("-inf"), -1, 1_795_953_907_250, 10**400]
)
def test_a_number_that_is_no_time_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="is no time"):
        checked_time(seconds)


def test_without_a_zone_it_is_utc() -> None:
    noon = datetime(2026, 11, 29, 12, tzinfo=UTC).timestamp()
    assert iso_time("2026-11-29T12:00:00") == iso_time("2026-11-29T13:00:00+01:00") == noon
