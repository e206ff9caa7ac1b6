"""The headers that a decision may read."""

from __future__ import annotations

from typing import Final

from footfall.rules.pageview.automation import AUTOMATION_HEADERS
from footfall.rules.pageview.header_values import FILE_HEADERS
from footfall.rules.pageview.navigation_rules import LIBRARY_HEADERS
from footfall.rules.pageview.prefetch import PREFETCH_HEADERS

REQUEST_HEADERS: Final = frozenset(
    {"upgrade", "user-agent", "accept", "x-requested-with", "sec-fetch-dest", "sec-fetch-mode"}
    | {"dnt", "sec-gpc", "service-worker-navigation-preload", "referer"}
    | AUTOMATION_HEADERS
    | PREFETCH_HEADERS
    | LIBRARY_HEADERS
)
"""The request headers, in lower case, that a decision may read."""

RESPONSE_HEADERS: Final = frozenset(
    {"content-type", "content-disposition", "content-range", "hx-push-url", "x-inertia"}
    | {*FILE_HEADERS}
)
"""The response headers, in lower case, that a decision may read."""
