"""Queries about one site: unknown sites, time zones, and events that were just posted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import httpx2
import pytest

from footfall.collector import CollectorServer
from footfall.plausible_api import AuthorizationError, PlausibleAPI, Row
from tests.collector.api.plausible.support import SITE
from tests.collector.api.plausible.week import CHROME, NOW, table


def test_days_are_those_of_the_sites_time_zone(api: PlausibleAPI, week: CollectorServer) -> None:
    domain = "tokyo.test"
    api.sites.create(domain, timezone="Asia/Tokyo")
    # In Tokyo it is the next day already.
    event = {"name": "pageview", "url": f"https://{domain}/", "domain": domain}
    moment = datetime(2026, 11, 11, 20, 0, tzinfo=UTC)
    week.store.clock = moment.timestamp
    httpx2.post(f"{week.url}/api/event", json=event, headers={"user-agent": CHROME})
    week.store.clock = NOW.timestamp
    rows = api.stats.query(domain, date_range="day", dimensions=["time:day"]).rows
    assert table(rows) == [("2026-11-12", 1)]


def test_an_unknown_site_is_answered_as_a_wrong_key() -> None:
    with CollectorServer(domains=[SITE]) as collector, PlausibleAPI(collector.url) as api:
        assert api.stats.query(SITE).rows == (Row(metrics={"visitors": 0}),)
        queries: list[Callable[[], object]] = [
            lambda: api.stats.query("b.test"),
            lambda: api.stats.visitors_now("b.test"),
        ]
        for query in queries:
            with pytest.raises(AuthorizationError):
                query()


def test_what_was_posted_before_is_in_the_answer() -> None:
    event = {"name": "pageview", "url": f"https://{SITE}/", "domain": SITE}
    with CollectorServer() as collector, PlausibleAPI(collector.url) as api:
        for number in range(1, 11):
            headers = {"user-agent": CHROME.format(100 + number)}
            httpx2.post(f"{collector.url}/api/event", json=event, headers=headers)
            assert api.stats.visitors_now(SITE) == number


def test_everything_is_empty_at_first() -> None:
    with CollectorServer() as collector, PlausibleAPI(collector.url) as api:
        for span in ("day", "all", "12mo"):
            assert api.stats.query(SITE, date_range=span).rows[0]["visitors"] == 0
        assert api.stats.breakdown(SITE, "event:page") == ()
        assert api.stats.query(SITE, dimensions=["event:goal"]).rows == ()
