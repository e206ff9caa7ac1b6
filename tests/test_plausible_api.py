"""The client of Plausible's API: against a real collector, and against servers that say no."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError, dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

import footfall.plausible_api
from footfall.collector import CollectorServer
from footfall.collector.storage.stored_events import EventSearch
from footfall.errors import ConfigError, FootfallError
from footfall.plausible_api import (
    APIError,
    AuthorizationError,
    Goal,
    NotFoundError,
    PlanError,
    PlausibleAPI,
    RateLimitError,
    RequestError,
    Row,
    ServerError,
)
from footfall.plausible_api.rate_limit import RateLimit
from tests.support.vendors import Vendor, answer, answering, unused_port, vendor

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SITE = "a.test"
KEY = "stats-key-s3cret"
SITES_KEY = "sites-key-s3cret"


@dataclass
class Clock:
    """A clock that only moves when somebody sleeps, or when it is told to."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def collector() -> Iterator[CollectorServer]:
    with CollectorServer() as running:
        yield running


@pytest.fixture
def api(collector: CollectorServer) -> Iterator[PlausibleAPI]:
    with PlausibleAPI(collector.url) as api:
        yield api


def post(collector: CollectorServer, **changes: object) -> None:
    event = {"name": "pageview", "url": f"https://{SITE}/hello", "domain": SITE} | changes
    headers = {"user-agent": FIREFOX}
    httpx2.post(f"{collector.url}/api/event", json=event, headers=headers).raise_for_status()


def speaking(status: str, body: object = b"", extra: str = "") -> Callable[..., None]:
    """A server with one answer to everything."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return answering(answer(status, raw, extra))


def asked(server: Vendor) -> tuple[str, str, dict[str, list[str]], Any]:
    """Method, path, query and body of the newest request."""
    head, _, body = server.requests[-1].partition(b"\r\n\r\n")
    method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
    parts = urlsplit(target)
    return method, parts.path, parse_qs(parts.query), json.loads(body) if body else None


# -- against a collector ----------------------------------------------------------------------


def test_a_collector_is_well(api: PlausibleAPI) -> None:
    health = api.health()
    assert health.is_well
    assert set(health.parts.values()) == {"ok"}


def test_sites_are_created_found_changed_and_deleted(api: PlausibleAPI) -> None:
    script = {"outbound_links": True, "installation_type": "manual"}
    made = api.sites.create(SITE, timezone="Europe/Vienna", tracker_script_configuration=script)
    assert (made.domain, made.timezone) == (SITE, "Europe/Vienna")
    assert made.tracker_script_configuration.items() >= script.items()
    assert api.sites.get(SITE) == made
    renamed = api.sites.update(
        SITE, new_domain="b.test", tracker_script_configuration={"outbound_links": False}
    )
    assert renamed.domain == "b.test"
    assert renamed.tracker_script_configuration["outbound_links"] is False
    assert [site.domain for site in api.sites.all()] == ["b.test"]
    api.sites.delete("b.test")
    assert list(api.sites.all()) == []
    with pytest.raises(NotFoundError):
        api.sites.get("b.test")


def test_lists_lead_through_all_their_pages(api: PlausibleAPI) -> None:
    names = [f"{number:03}.test" for number in range(130)]
    for name in names:
        api.sites.create(name)
    assert [site.domain for site in api.sites.all()] == names


def test_sites_may_have_slashes(api: PlausibleAPI) -> None:
    api.sites.create("a.test/blog")
    assert api.sites.get("a.test/blog").domain == "a.test/blog"


def test_there_is_a_team(api: PlausibleAPI) -> None:
    [team] = api.sites.teams()
    assert team.is_api_available
    api.sites.create(SITE, team_id=team.id)
    assert [site.domain for site in api.sites.all(team_id=team.id)] == [SITE]
    assert list(api.sites.all(team_id="another")) == []


def test_a_goal_is_found_or_made_and_deleted(api: PlausibleAPI) -> None:
    goal = api.goals.find_or_create_event(SITE, "Signup", custom_props={"plan": "pro"})
    assert (goal.kind, goal.event_name, goal.display_name) == ("event", "Signup", "Signup")
    assert goal.custom_props == {"plan": "pro"}
    assert api.goals.find_or_create_event(SITE, "Signup", custom_props={"plan": "pro"}) == goal
    page = api.goals.find_or_create_page(SITE, "/thanks*", display_name="Thanks")
    assert (page.kind, page.page_path, page.display_name) == ("page", "/thanks*", "Thanks")
    assert list(api.goals.all(SITE)) == [goal, page]
    api.goals.delete(SITE, goal.id)
    assert list(api.goals.all(SITE)) == [page]
    with pytest.raises(NotFoundError):
        api.goals.delete(SITE, goal.id)


def test_a_shared_link_is_found_or_made_and_leads_to_the_page(api: PlausibleAPI) -> None:
    link = api.shared_links.find_or_create(SITE, "Board")
    assert api.shared_links.find_or_create(SITE, "Board") == link
    assert api.shared_links.find_or_create(SITE, "Press") != link
    assert httpx2.get(link.url).headers["location"] == f"/?domain={SITE}"
    assert httpx2.get(link.url + "x").status_code == 404


def test_custom_properties_are_made_once_and_deleted(api: PlausibleAPI) -> None:
    for prop in ("plan", "a/b c", "plan"):
        api.custom_props.create(SITE, prop)
    assert list(api.custom_props.all(SITE)) == ["a/b c", "plan"]
    api.custom_props.delete(SITE, "a/b c")
    assert list(api.custom_props.all(SITE)) == ["plan"]
    with pytest.raises(NotFoundError):
        api.custom_props.delete(SITE, "a/b c")


def test_events_are_goals_and_names_that_came(
    api: PlausibleAPI, collector: CollectorServer
) -> None:
    goal = api.goals.find_or_create_event(SITE, "Signup")
    api.goals.find_or_create_page(SITE, "/thanks")
    post(collector)
    post(collector, name="Signup", props={"plan": "pro", "method": "mail"})
    post(collector, name="Paid", props={"plan": "pro"})
    signup, thanks, paid = api.events.all(SITE)
    assert (signup.id, signup.name, signup.props) == (int(goal.id), "Signup", ("method", "plan"))
    assert (thanks.name, thanks.event_type, thanks.props) == ("Visit /thanks", "pageview", ())
    assert (paid.name, paid.event_type, paid.props) == ("Paid", "custom", ("plan",))
    assert api.events.properties(SITE, paid.id) == ("plan",)
    with pytest.raises(NotFoundError):
        api.events.properties(SITE, 4711)


def test_a_token_of_a_collector_is_its_key() -> None:
    with CollectorServer(token="secret") as collector:
        with (
            PlausibleAPI(collector.url) as api,
            pytest.raises(AuthorizationError, match="no "),
        ):
            api.sites.get(SITE)
        with PlausibleAPI(collector.url, sites_key="secret") as api:
            assert list(api.sites.all()) == []


# -- what is sent -----------------------------------------------------------------------------

ROWS: dict[str, Any] = {
    "results": [
        {"metrics": [3, 1.5], "dimensions": ["/a"]},
        {"metrics": [1, None], "dimensions": [None]},
    ],
    "meta": {"total_rows": 2},
    "query": {"site_id": SITE},
}


def test_a_query_names_its_values() -> None:
    with vendor(speaking("200 OK", ROWS)) as server, PlausibleAPI(server.url) as api:
        found = api.stats.query(
            SITE,
            metrics=["visitors", "views_per_visit"],
            date_range="7d",
            dimensions=["event:page"],
            filters=[["is", "event:page", ["/a"]]],
            order_by=[["visitors", "desc"]],
            include={"total_rows": True},
        )
    assert [(row["event:page"], row["visitors"]) for row in found.rows] == [("/a", 3), (None, 1)]
    assert found.meta == {"total_rows": 2}
    assert asked(server) == (
        "POST",
        "/api/v2/query",
        {},
        {
            "site_id": SITE,
            "metrics": ["visitors", "views_per_visit"],
            "date_range": "7d",
            "dimensions": ["event:page"],
            "filters": [["is", "event:page", ["/a"]]],
            "order_by": [["visitors", "desc"]],
            "include": {"total_rows": True},
            "pagination": {"limit": 10_000, "offset": 0},
        },
    )


def test_a_query_is_asked_on_until_a_page_is_short() -> None:
    with vendor(speaking("200 OK", ROWS)) as server, PlausibleAPI(server.url) as api:
        query: dict[str, Any] = {"metrics": ["visitors", "visits"], "dimensions": ["event:page"]}
        assert len(list(api.stats.rows(SITE, limit=3, **query))) == 2
        assert len(server.requests) == 1
        rows = api.stats.rows(SITE, limit=2, **query)
        assert [next(rows)["visitors"] for _ in range(5)] == [3, 1, 3, 1, 3]
    assert asked(server)[3]["pagination"] == {"limit": 2, "offset": 4}


def test_version_1_is_asked_with_a_query() -> None:
    body = {"results": {"visitors": {"value": 7, "change": -10}, "pageviews": {"value": 9}}}
    with vendor(speaking("200 OK", body)) as server, PlausibleAPI(server.url) as api:
        found = api.stats.aggregate(
            SITE,
            metrics=["visitors", "pageviews"],
            period="custom",
            date="2026-01-01,2026-01-31",
            filters="event:page==/a",
            compare="previous_period",
        )
    assert (found["visitors"].value, found["visitors"].change) == (7, -10)
    assert (found["pageviews"].value, found["pageviews"].change) == (9, None)
    assert asked(server) == (
        "GET",
        "/api/v1/stats/aggregate",
        {
            "site_id": [SITE],
            "metrics": ["visitors,pageviews"],
            "period": ["custom"],
            "date": ["2026-01-01,2026-01-31"],
            "filters": ["event:page==/a"],
            "compare": ["previous_period"],
        },
        None,
    )


def test_what_was_not_said_is_not_sent() -> None:
    with vendor(speaking("200 OK", {"results": {}})) as server, PlausibleAPI(server.url) as api:
        api.stats.aggregate(SITE)
        assert asked(server)[2] == {"site_id": [SITE], "metrics": ["visitors"], "period": ["30d"]}
    with vendor(speaking("200 OK", {"results": []})) as server, PlausibleAPI(server.url) as api:
        api.stats.query(SITE)
        assert asked(server)[3] == {
            "site_id": SITE,
            "metrics": ["visitors"],
            "date_range": "30d",
            "pagination": {"limit": 10_000, "offset": 0},
        }


def test_a_time_series_has_dates() -> None:
    body = {"results": [{"date": "2026-01-01", "visitors": 4}]}
    with vendor(speaking("200 OK", body)) as server, PlausibleAPI(server.url) as api:
        assert api.stats.timeseries(SITE, interval="month") == (
            Row(dimensions={"date": "2026-01-01"}, metrics={"visitors": 4}),
        )
    assert asked(server)[2]["interval"] == ["month"]


@pytest.mark.parametrize(
    ("prop", "name"),
    [
        ("event:page", "page"),
        ("visit:source", "source"),
        ("event:props:plan", "plan"),
        ("plan", "plan"),
    ],
)
def test_a_breakdown_names_its_property_without_what_stands_before(prop: str, name: str) -> None:
    body = {"results": [{name: "x", "visitors": 4}]}
    with vendor(speaking("200 OK", body)) as server, PlausibleAPI(server.url) as api:
        [row] = api.stats.breakdown(SITE, prop)
        assert (row[name], row["visitors"]) == ("x", 4)
        rows = api.stats.breakdown_rows(SITE, prop, limit=1)
        assert [next(rows)[name] for _ in range(3)] == ["x"] * 3
    assert asked(server)[2]["page"] == ["3"]


def test_each_kind_of_question_goes_with_its_key() -> None:
    with (
        vendor(speaking("200 OK", 21)) as server,
        PlausibleAPI(server.url, stats_key=KEY, sites_key=SITES_KEY) as api,
    ):
        assert api.stats.visitors_now(SITE) == 21
        assert f"Bearer {KEY}".encode() in server.requests[-1]
        with pytest.raises(ServerError):
            api.sites.get(SITE)
        assert f"Bearer {SITES_KEY}".encode() in server.requests[-1]
        with pytest.raises(ServerError):
            api.health()
        assert b"uthorization" not in server.requests[-1]


def test_without_a_key_none_is_made_up() -> None:
    with vendor(speaking("200 OK", 21)) as server, PlausibleAPI(server.url) as api:
        assert api.stats.visitors_now(SITE) == 21
    assert b"uthorization" not in server.requests[-1]


@pytest.mark.parametrize(
    ("keys", "asked_with"),
    [
        ({"stats_key": KEY}, [KEY, KEY]),
        ({"sites_key": SITES_KEY}, [SITES_KEY, SITES_KEY]),
        ({"stats_key": KEY, "sites_key": SITES_KEY}, [KEY, SITES_KEY]),
    ],
    ids=["a stats key", "a sites key", "both"],
)
def test_one_key_is_enough_for_events(keys: dict[str, str], asked_with: list[str]) -> None:
    with (
        vendor(speaking("404 Not Found")) as server,
        PlausibleAPI(server.url, **keys) as api,  # type: ignore[arg-type] # of which mypy knows texts alone
        pytest.raises(NotFoundError),
    ):
        api.events.all(SITE)
    found = [re.search(rb"Bearer (\S+)", request) for request in server.requests]
    assert [match[1].decode() for match in found if match] == asked_with


@pytest.mark.parametrize("nothing", ["404 Not Found", "406 Not Acceptable"])
def test_events_fall_back_to_goals_where_a_server_has_no_such_list(nothing: str) -> None:
    def behave(connection: Any, server: Vendor) -> None:
        while request := server.read_request(connection):
            path = request.split(b" ", 2)[1].decode()
            body = next((each for start, each in replies.items() if path.startswith(start)), None)
            status = "200 OK" if body else nothing
            connection.sendall(answer(status, json.dumps(body or {}).encode()))

    goal = {"id": "7", "goal_type": "event", "event_name": "Signup", "page_path": None}
    page = {"id": "8", "goal_type": "page", "event_name": None, "page_path": "/x"}
    replies = {
        "/api/v1/sites/goals": {"goals": [goal, page], "meta": {"after": None}},
        "/api/v1/sites/custom-props": {"custom_properties": [{"property": "plan"}]},
    }
    with vendor(behave) as server, PlausibleAPI(server.url, sites_key=SITES_KEY) as api:
        found = api.events.all(SITE)
        assert [(each.id, each.name, each.event_type, each.props) for each in found] == [
            (7, "Signup", "custom", ("plan",)),
            (8, "Visit /x", "pageview", ("plan",)),
        ]
        assert api.events.properties(SITE, 7) == ("plan",)
        with pytest.raises(NotFoundError, match="no goal with the id 9"):
            api.events.properties(SITE, 9)


def test_a_bare_list_of_events_is_read_as_well() -> None:
    body = [{"id": 1, "name": "404", "event_type": "custom", "props": ["path"]}]
    with vendor(speaking("200 OK", body)) as server, PlausibleAPI(server.url) as api:
        [event] = api.events.all(SITE)
    assert (event.name, event.props) == ("404", ("path",))


# -- the debug request ------------------------------------------------------------------------

DEBUG = {
    "plain text": (b"203.0.113.9", "203.0.113.9"),
    "JSON text": (b'"2001:DB8::1"', "2001:db8::1"),
    "JSON object": (b'{"ip":"203.0.113.9","v":"1.0"}', "203.0.113.9"),
    "nothing like it": (b"face 1.2.3 ok", None),
}


@pytest.mark.parametrize(("body", "address"), DEBUG.values(), ids=DEBUG.keys())
def test_a_debug_answer_tells_the_address(body: bytes, address: str | None) -> None:
    with vendor(speaking("200 OK", body)) as server, PlausibleAPI(server.url) as api:
        found = api.debug(SITE, headers={"X-Forwarded-For": "203.0.113.9"})
    assert (found.client_ip, found.is_recorded) == (address, False)
    assert b"x-debug-request: true" in server.requests[0].lower()
    assert b"x-forwarded-for: 203.0.113.9" in server.requests[0].lower()
    assert "203.0.113.9" not in repr(found)


def test_a_collector_tells_the_address_and_counts_nothing(
    api: PlausibleAPI, collector: CollectorServer
) -> None:
    found = api.debug(SITE, headers={"x-forwarded-for": "203.0.113.9"})
    assert (found.client_ip, found.is_recorded) == ("203.0.113.9", False)
    collector.store.flush()
    assert collector.store.count(EventSearch()) == 0


def test_a_server_without_debug_requests_has_counted_it() -> None:
    with vendor(speaking("202 Accepted", b"ok")) as server, PlausibleAPI(server.url) as api:
        found = api.debug(SITE)
    assert (found.client_ip, found.is_recorded) == (None, True)


@pytest.mark.parametrize(
    ("status", "kind"), [("400 Bad Request", RequestError), ("500 Oh no", ServerError)]
)
def test_a_refused_debug_request_says_so(status: str, kind: type[APIError]) -> None:
    with (
        vendor(speaking(status)) as server,
        PlausibleAPI(server.url) as api,
        pytest.raises(kind),
    ):
        api.debug(SITE)


# -- errors -----------------------------------------------------------------------------------

SAYING = {"error": "something\nin particular"}
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
def test_an_error_has_its_kind_its_remedy_and_the_servers_words(
    status: str, kind: type[APIError], meaning: str
) -> None:
    with (
        vendor(speaking(status, SAYING, "Location: https://elsewhere.test/\r\n")) as server,
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


WORDS: dict[str, tuple[object, str]] = {
    "errors by field": ({"errors": {"domain": ["is taken"]}}, '{"domain": ["is taken"]}'),
    "a message": ({"message": "is taken"}, "is taken"),
    "text": (b"is\n taken", "is taken"),
    "an object without any": ({"status": 400}, ""),
    "a web page": (b" <h1>Hello</h1>", ""),
    "more than a line bears": (b"x" * 301, "x" * 300),
}


@pytest.mark.parametrize(("body", "said"), WORDS.values(), ids=WORDS.keys())
def test_the_servers_words_are_found(body: object, said: str) -> None:
    with (
        vendor(speaking("400 Bad Request", body)) as server,
        PlausibleAPI(server.url) as api,
        pytest.raises(RequestError) as caught,
    ):
        api.sites.get(SITE)
    assert caught.value.said == said


def test_the_other_plan_is_named_for_the_other_key() -> None:
    with (
        vendor(speaking("402 Payment Required", b"<h1>Pay</h1>")) as server,
        PlausibleAPI(server.url, stats_key=KEY) as api,
        pytest.raises(PlanError, match=r"Business plan$"),
    ):
        api.stats.visitors_now(SITE)


ANSWERS: dict[str, tuple[bytes, Callable[[PlausibleAPI], object]]] = {
    "a web page": (b"<h1>Hello</h1>", lambda api: api.sites.get(SITE)),
    "a web page for a probe": (b"<h1>Hello</h1>", lambda api: api.health()),
    "a number for an object": (b'{"results": 3}', lambda api: api.stats.aggregate(SITE)),
    "a list for a site": (b"[]", lambda api: api.sites.get(SITE)),
    "no list": (b"{}", lambda api: list(api.goals.all(SITE))),
    "a text for a number": (b'"21"', lambda api: api.stats.visitors_now(SITE)),
    "no results": (b"{}", lambda api: api.stats.aggregate(SITE)),
    "rows of another shape": (
        b'{"results":[{"metrics":[1,2],"dimensions":[]}]}',
        lambda api: api.stats.query(SITE),
    ),
    "an object for a text": (b'{"domain": {}}', lambda api: api.sites.get(SITE)),
    "a goal that is a number": (b'{"goals":[3]}', lambda api: list(api.goals.all(SITE))),
    "an id that is no number": (
        b'{"results":[{"id":"x","name":"y"}]}',
        lambda api: api.events.all(SITE),
    ),
}


@pytest.mark.parametrize(("body", "ask"), ANSWERS.values(), ids=ANSWERS.keys())
def test_an_answer_of_another_shape_is_the_servers_error(
    body: bytes, ask: Callable[[PlausibleAPI], object]
) -> None:
    with (
        vendor(speaking("200 OK", body)) as server,
        PlausibleAPI(server.url) as api,
        pytest.raises(ServerError, match=r"base_url|were requested"),
    ):
        ask(api)


@pytest.mark.parametrize("ask", [lambda api: api.health(), lambda api: api.sites.get(SITE)])
def test_nobody_there_is_an_error_that_names_the_server(
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


def test_a_sick_server_is_an_answer_and_no_error() -> None:
    parts = {"postgres": "ok", "clickhouse": "error"}
    with (
        vendor(speaking("500 Internal Server Error", parts)) as server,
        PlausibleAPI(server.url) as api,
    ):
        health = api.health()
    assert not health.is_well
    assert health.parts == parts


# -- how often --------------------------------------------------------------------------------


def test_one_request_too_many_is_refused_before_it_is_sent() -> None:
    clock = Clock()
    with (
        vendor(speaking("200 OK", 1)) as server,
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


def test_who_likes_to_wait_waits_for_room() -> None:
    clock = Clock()
    limit = RateLimit(requests=1, when_limited="wait", clock=clock, sleep=clock.sleep)
    for _ in range(3):
        limit.take()
    assert clock.slept == [3_600.0, 3_600.0]
    assert repr(limit) == "RateLimit(<1 of 1>, 'wait')"


WISHES = {
    "seconds": ("Retry-After: 7\r\n", 7.0),
    "a date": (
        "Date: Sat, 21 Nov 2026 08:00:00 GMT\r\nRetry-After: Sat, 21 Nov 2026 08:01:00 GMT\r\n",
        60.0,
    ),
    "the past": ("Retry-After: -5\r\n", 0.0),
    "nonsense": ("Retry-After: soon\r\n", None),
    "infinity": ("Retry-After: inf\r\n", None),
    "nothing": ("", None),
}


@pytest.mark.parametrize(("extra", "seconds"), WISHES.values(), ids=WISHES.keys())
def test_the_wish_of_a_429_is_told(extra: str, seconds: float | None) -> None:
    with (
        vendor(speaking("429 Too Many Requests", b"", extra)) as server,
        PlausibleAPI(server.url) as api,
        pytest.raises(RateLimitError) as caught,
    ):
        api.stats.visitors_now(SITE)
    assert caught.value.retry_after == seconds


def test_who_likes_to_wait_asks_three_times() -> None:
    clock = Clock()
    with (
        vendor(speaking("429 Too Many Requests", b"", "Retry-After: 7\r\n")) as server,
        PlausibleAPI(server.url, when_limited="wait", clock=clock, sleep=clock.sleep) as api,
        pytest.raises(RateLimitError),
    ):
        api.stats.visitors_now(SITE)
    assert (clock.slept, len(server.requests)) == ([7.0, 7.0], 3)


# -- settings ---------------------------------------------------------------------------------


def test_all_wrong_settings_are_told_together_without_the_keys() -> None:
    with pytest.raises(ConfigError) as caught:
        PlausibleAPI("plausible.io", stats_key="two words", sites_key="")
    assert [fault.option for fault in caught.value.faults] == ["base_url", "stats_key", "sites_key"]
    assert "two words" not in str(caught.value)
    with pytest.raises(ConfigError, match="leave out user and password") as caught:
        PlausibleAPI("https://me:s3cret@plausible.io")
    assert "s3cret" not in str(caught.value)


def test_a_limit_that_lets_nothing_through_is_a_mistake() -> None:
    with pytest.raises(ConfigError) as caught:
        RateLimit(requests=0, when_limited="later")  # type: ignore[arg-type]
    assert [fault.option for fault in caught.value.faults] == ["requests_per_hour", "when_limited"]


def test_no_repr_and_no_log_line_shows_a_key_or_a_link(
    collector: CollectorServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with PlausibleAPI(collector.url, stats_key=KEY, sites_key=SITES_KEY) as api:
        link = api.shared_links.find_or_create(SITE, "Board")
        shown = " ".join(map(repr, [api, vars(api.stats), vars(api.goals), vars(api.events), link]))
    assert "key=<hidden>" in shown
    for secret in (KEY, SITES_KEY, "auth="):
        assert secret not in shown
        assert secret not in caplog.text


def test_results_are_frozen() -> None:
    goal = Goal(id="1", kind="event", display_name="Signup")
    with pytest.raises(FrozenInstanceError):
        goal.id = "2"  # type: ignore[misc]


def test_every_exported_name_is_there_and_sorted() -> None:
    names = footfall.plausible_api.__all__
    assert names == sorted(names)
    assert all(getattr(footfall.plausible_api, name).__doc__ for name in names)
