"""A client for Plausible's Stats API and Sites API: read numbers, manage sites and goals.

    from footfall.plausible_api import PlausibleAPI

    with PlausibleAPI(stats_key=KEY) as plausible:
        print(plausible.stats.visitors_now("example.com"))
        for row in plausible.stats.rows("example.com", dimensions=["event:page"]):
            print(row["event:page"], row["visitors"])

The collector answers the same requests, so a script can be tried against it first. The middleware
does not use this package and needs no key.
"""

from footfall.plausible_api.client import PlausibleAPI
from footfall.plausible_api.errors import (
    APIError,
    AuthorizationError,
    NotFoundError,
    PlanError,
    RateLimitError,
    RequestError,
    ServerError,
)
from footfall.plausible_api.results import (
    DebugAnswer,
    DefinedEvent,
    Figure,
    Goal,
    Health,
    QueryResult,
    Row,
    SharedLink,
    Site,
    Team,
)

__all__ = [
    "APIError",
    "AuthorizationError",
    "DebugAnswer",
    "DefinedEvent",
    "Figure",
    "Goal",
    "Health",
    "NotFoundError",
    "PlanError",
    "PlausibleAPI",
    "QueryResult",
    "RateLimitError",
    "RequestError",
    "Row",
    "ServerError",
    "SharedLink",
    "Site",
    "Team",
]
