"""Requests within an hour, counted by the client."""

from __future__ import annotations

import pytest

from footfall.errors import ConfigError
from footfall.plausible_api import PlausibleAPI, RateLimitError, ServerError
from footfall.plausible_api.rate_limit import RateLimit
from tests.plausible_api.support import SITE, Clock, responding
from tests.support.vendors import vendor


def test_one_request_too_many_is_refused_before_it_is_sent() -> None:
    clock = Clock()
    with (
        vendor(responding("200 OK", 1)) as server,
        PlausibleAPI(server.url, requests_per_hour=2, clock=clock) as api,
    ):
        api.stats.visitors_now(SITE)
        clock.now = 10.0
        api.stats.visitors_now(SITE)
        clock.now = 3_599.0
        with pytest.raises(RateLimitError, match="the next is allowed in 1 s") as caught:
            api.stats.visitors_now(SITE)
        assert caught.value.retry_after == pytest.approx(1.0)
        assert len(server.requests) == 2
        # The keys are counted apart.
        with pytest.raises(ServerError):
            api.sites.get(SITE)
        clock.now = 3_600.0
        api.stats.visitors_now(SITE)
    assert len(server.requests) == 4


def test_six_hundred_requests_an_hour_are_what_plausible_allows() -> None:
    limit = RateLimit(clock=Clock())
    for _ in range(600):
        limit.take()
    with pytest.raises(RateLimitError, match=r"^600 requests were made within an hour"):
        limit.take()


def test_with_wait_a_request_waits_until_it_is_allowed() -> None:
    clock = Clock()
    limit = RateLimit(requests=1, when_limited="wait", clock=clock, sleep=clock.sleep)
    for _ in range(3):
        limit.take()
    assert clock.slept == [3_600.0, 3_600.0]
    assert repr(limit) == "RateLimit(<1 of 1>, 'wait')"


def test_a_limit_that_lets_nothing_through_is_a_mistake() -> None:
    with pytest.raises(ConfigError) as caught:
        RateLimit(requests=0, when_limited="later")  # type: ignore[arg-type]
    assert [fault.option for fault in caught.value.faults] == ["requests_per_hour", "when_limited"]
