"""Queries that are refused."""

from __future__ import annotations

from typing import Any

import pytest

from footfall.collector.storage.stats import Filter, StatsQuery, StatsQueryError
from tests.collector.storage.stats.support import FRIDAY


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"metrics": ()}, "at least one metric"),
        ({"metrics": ("happiness",)}, "no metric 'happiness'"),
        ({"dimensions": ("visit:mood",)}, "no dimension 'visit:mood'"),
        ({"dimensions": ("event:props:",)}, "no dimension 'event:props:'"),
        ({"dimensions": ("visit:os",) * 5}, "at most 4"),
        (
            {"metrics": ("bounce_rate",), "dimensions": ("event:name",)},
            "bounce_rate cannot be broken down by event:name",
        ),
        ({"filters": (Filter("like", "visit:os", ("x",)),)}, "no operator 'like'"),  # type: ignore[arg-type]
        ({"filters": (Filter("is", "visit:mood", ("x",)),)}, "no dimension"),
        ({"filters": (Filter("is", "time:day", ("x",)),)}, "narrow the range"),
        ({"filters": (Filter("is", "visit:os", ()),)}, "by 1 to 500 values"),
        ({"filters": (Filter("is", "visit:os", ("x",)),) * 101}, "at most 100"),
        ({"order": (("visits", "asc"),)}, "not asked for"),
        ({"order": (("visitors", "up"),)}, "asc or desc"),
        ({"limit": 0}, "limit begins at 1"),
        ({"offset": -1}, "offset at 0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_query_without_a_meaning_is_refused_with_a_reason(
    wanted: dict[str, Any], reason: str
) -> None:
    with pytest.raises(StatsQueryError, match=reason):
        StatsQuery(**{"range": FRIDAY, "metrics": ("visitors",), **wanted})


def test_all_problems_are_reported_at_once() -> None:
    with pytest.raises(StatsQueryError, match=r"no metric 'x'.*no dimension 'y'.*limit"):
        StatsQuery(range=FRIDAY, metrics=("x",), dimensions=("y",), limit=0)
