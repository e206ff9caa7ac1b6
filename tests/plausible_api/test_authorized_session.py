"""Requests with one key: which error a response is, and when a request is sent again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from footfall.errors import FootfallError
from footfall.plausible_api import (
    APIError,
    AuthorizationError,
    NotFoundError,
    PlanError,
    PlausibleAPI,
    RateLimitError,
    RequestError,
    ServerError,
)
from tests.plausible_api.support import KEY, SITE, SITES_KEY, Clock, responding
from tests.support.vendors import unused_port, vendor

MESSAGE = {"error": "something\nin particular"}

ERRORS = {
    "400": ("400 Bad Request", RequestError, "refuses this request (it says: something in part"),
    "401": ("401 Unauthorized", AuthorizationError, "valid key of the Sites API"),
    "402": ("402 Payment Required", PlanError, "part of the Enterprise plan"),
    "403": ("403 Forbidden", AuthorizationError, "valid key of the Sites API"),
    "404": ("404 Not Found", NotFoundError, "check the site's domain"),
    "406": ("406 Not Acceptable", NotFoundError, "this server has no such endpoint; the Sites API"),
    "429": ("429 Too Many Requests", RateLimitError, "try again later"),
    "500": ("500 Oh no", ServerError, "try again later"),
    "302": ("302 Found", RequestError, "write its final base_url"),
    "503": ("503 Busy", ServerError, "try again later"),
}


@pytest.mark.parametrize(("status", "kind", "meaning"), ERRORS.values(), ids=ERRORS.keys())
def test_an_error_has_its_class_its_remedy_and_the_servers_message(
    status: str, kind: type[APIError], meaning: str
) -> None:
    with (
        vendor(responding(status, MESSAGE, "Location: https://elsewhere.test/\r\n")) as server,
        PlausibleAPI(server.url, sites_key=SITES_KEY) as api,
        pytest.raises(kind) as caught,
    ):
        api.sites.get(SITE)
    assert meaning in str(caught.value)
    assert str(caught.value).startswith(f"GET /api/v1/sites/{SITE}: HTTP {status[:3]}: ")
    assert caught.value.status == int(status[:3])
    assert caught.value.said == "something in particular"
    assert len(server.requests) == 1
    assert SITES_KEY not in str(caught.value)


MESSAGES: dict[str, tuple[object, str]] = {
    "errors by field": ({"errors": {"domain": ["is taken"]}}, '{"domain": ["is taken"]}'),
    "a message": ({"message": "is taken"}, "is taken"),
    "text": (b"is\n taken", "is taken"),
    "an object without any": ({"status": 400}, ""),
    "a web page": (b" <h1>Hello</h1>", ""),
    "more than a line bears": (b"x" * 301, "x" * 300),
}


@pytest.mark.parametrize(("body", "said"), MESSAGES.values(), ids=MESSAGES.keys())
def test_the_servers_message_is_found(body: object, said: str) -> None:
    with (
        vendor(responding("400 Bad Request", body)) as server,
        PlausibleAPI(server.url) as api,
        pytest.raises(RequestError) as caught,
    ):
        api.sites.get(SITE)
    assert caught.value.said == said


def test_the_other_plan_is_named_for_the_other_key() -> None:
    with (
        vendor(responding("402 Payment Required", b"<h1>Pay</h1>")) as server,
        PlausibleAPI(server.url, stats_key=KEY) as api,
        pytest.raises(PlanError, match=r"Business plan$"),
    ):
        api.stats.visitors_now(SITE)


@pytest.mark.parametrize("ask", [lambda api: api.health(), lambda api: api.sites.get(SITE)])
def test_no_response_is_an_error_that_names_the_server(
    ask: Callable[[PlausibleAPI], object],
) -> None:
    url = f"http://127.0.0.1:{unused_port()}"
    with (
        PlausibleAPI(url) as api,
        pytest.raises(ServerError, match=f"{url} does not answer") as caught,
    ):
        ask(api)
    assert caught.value.status is None
    assert isinstance(caught.value, FootfallError)


WAITS = {
    "seconds": ("Retry-After: 7\r\n", 7.0),
    "a date": (
        "Date: Sat, 21 Nov 2026 08:00:00 GMT\r\nRetry-After: Sat, 21 Nov 2026 08:01:00 GMT\r\n",
        60.0,
    ),
    "the past": ("Retry-After: -5\r\n", 0.0),
    "nonsense": ("Retry-After: soon\r\n", None),
    "infinity": ("Retry-After: inf\r\n", None),
    "a number too large for a float": (f"Retry-After: {'9' * 400}\r\n", None),
    "an exponent, which HTTP does not have": ("Retry-After: 1e3\r\n", None),
    "nothing": ("", None),
}


@pytest.mark.parametrize(("extra", "seconds"), WAITS.values(), ids=WAITS.keys())
def test_a_429_carries_the_wait_that_it_asks_for(extra: str, seconds: float | None) -> None:
    with (
        vendor(responding("429 Too Many Requests", b"", extra)) as server,
        PlausibleAPI(server.url) as api,
        pytest.raises(RateLimitError) as caught,
    ):
        api.stats.visitors_now(SITE)
    assert caught.value.retry_after == seconds


def test_with_wait_a_429_is_tried_three_times() -> None:
    clock = Clock()
    with (
        vendor(responding("429 Too Many Requests", b"", "Retry-After: 7\r\n")) as server,
        PlausibleAPI(server.url, when_limited="wait", clock=clock, sleep=clock.sleep) as api,
        pytest.raises(RateLimitError),
    ):
        api.stats.visitors_now(SITE)
    assert (clock.slept, len(server.requests)) == ([7.0, 7.0], 3)
