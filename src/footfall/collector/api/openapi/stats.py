"""The Stats API, both versions, as the collector answers it."""

from __future__ import annotations

from typing import Any, Final

from footfall.collector.api.openapi.schema_helpers import (
    COUNT,
    SITE_ID,
    TEXT,
    Part,
    answer,
    ask,
    body,
    list_of,
    map_of,
    number,
    object_of,
    one_of,
    query,
    ref,
    text,
)
from footfall.collector.storage.stats.metrics import METRICS

_STATS: Final = "stats"

_VALUE: Final[Part] = {"type": ["number", "null"]}
_FIGURE: Final = object_of({"value": _VALUE, "change": _VALUE}, "change")
_LIMITED: Final[Part] = object_of(
    {"limit": number(1, 10_000, 10_000), "offset": {**COUNT, "default": 0}}, "limit", "offset"
)
_QUERY: Final = object_of(
    {
        "site_id": text(),
        "metrics": list_of(one_of(*METRICS), minItems=1),
        "date_range": {
            "anyOf": [
                one_of("day", "7d", "28d", "30d", "91d", "month", "6mo", "12mo", "year"),
                one_of("all"),
                list_of(text(description="ISO 8601"), minItems=2, maxItems=2),
            ]
        },
        "dimensions": list_of(TEXT, maxItems=4),
        "filters": list_of({"type": "array"}),
        "order_by": list_of(list_of(TEXT, minItems=2, maxItems=2)),
        "include": map_of({}),
        "pagination": _LIMITED,
    },
    *("dimensions", "filters", "order_by", "include", "pagination"),
)
_METRICS: Final = query("metrics", text(), "Names, separated by commas.")
_PERIOD: Final = (
    query("period", {**TEXT, "default": "30d"}),
    query("date", TEXT, "The period's last day; of a custom one, two dates and a comma."),
    query("filters", TEXT, "Such as event:page==/blog/**;visit:source!=Google"),
)
_V1: Final = (SITE_ID, _METRICS, *_PERIOD)


SCHEMAS: Final[dict[str, Part]] = {
    "Rows": object_of(
        {
            "results": list_of(
                object_of({"metrics": list_of(_VALUE), "dimensions": list_of(TEXT)})
            ),
            "meta": map_of({}),
            "query": map_of({}),
        }
    ),
}

_RESULTS: Final = {200: answer("A row for each.", object_of({"results": list_of(map_of({}))}))}

PATHS: Final[dict[str, Any]] = {
    "/api/v2/query": {
        "post": ask(
            "Metrics by dimensions.",
            _STATS,
            {200: answer("Rows.", ref("Rows"))},
            request=body(_QUERY),
        )
    },
    "/api/v1/stats/realtime/visitors": {
        "get": ask(
            "Visitors of the last five minutes.", _STATS, {200: answer("So many.", COUNT)}, SITE_ID
        )
    },
    "/api/v1/stats/aggregate": {
        "get": ask(
            "Metrics over a period.",
            _STATS,
            {200: answer("Figures by metric.", object_of({"results": map_of(_FIGURE)}))},
            *_V1,
            query("compare", one_of("previous_period")),
        )
    },
    "/api/v1/stats/timeseries": {
        "get": ask(
            "Metrics by time.",
            _STATS,
            _RESULTS,
            *_V1,
            query("interval", one_of("hour", "day", "date", "week", "month")),
        )
    },
    "/api/v1/stats/breakdown": {
        "get": ask(
            "Metrics by a property.",
            _STATS,
            _RESULTS,
            *_V1,
            query("property", text(), "Such as event:page.", required=True),
            query("limit", number(1, 1_000, 100)),
            query("page", number(1, 10_000, 1)),
        )
    },
}
"""The paths that read numbers."""
