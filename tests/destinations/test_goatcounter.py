"""GoatCounter's wire: what is sent for an event, and what its responses mean.

From goatcounter.com/help/api, /api.json and the server's source (2.7), read 2026-11.
"""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from footfall.delivery import Lane
from footfall.destinations import GoatCounter, request_at
from footfall.errors import ConfigError
from footfall.model import ACCEPTED, Outcome, OutcomeKind, Request, Response, Revenue, Visitor
from tests.delivery.lanes import Clocks, counted, without_threads
from tests.destinations import support
from tests.destinations.support import FIREFOX, VISITOR
from tests.support.faults import BROWSER, watched_site
from tests.support.goatcounter import GoatCounterServer
from tests.support.vendors import responding, vendor, wait_until

TOKEN = "2q2snk7clgqs63tr4xc5bwseajlw88qzilr8fq157jz3qxwwmz5"
SITE = GoatCounter(token=TOKEN, endpoint="https://example.goatcounter.com")
PAGEVIEW = replace(support.PAGEVIEW, url="https://example.com:8443/a/b?utm_source=n&page=2#c")
FIELDS = {
    "path": "/a/b?page=2",
    "query": "utm_source=n&page=2",
    "user_agent": FIREFOX,
    "language": "de-CH",
    "ip": "203.0.113.7",
}


def sent(request: Request) -> dict[str, Any]:
    """The fields that the server reads."""
    server = GoatCounterServer(token=TOKEN)
    assert SITE.read(server.receive(request)) == ACCEPTED
    [hit] = server.kept
    return hit


def test_a_pageview_is_one_post_with_the_token_as_a_header() -> None:
    assert SITE.request(replace(support.PAGEVIEW, visitor=Visitor())) == Request(
        url="https://example.goatcounter.com/api/v0/count",
        headers={
            "content-type": "application/json",
            "user-agent": "footfall",
            "authorization": f"Bearer {TOKEN}",
        },
        body=b'{"no_sessions":true,"hits":[{"path":"/pricing"}]}',
    )


@pytest.mark.parametrize(
    ("change", "added"),
    [
        pytest.param({}, {}, id="a pageview"),
        pytest.param(
            {"name": "Signup"},
            {"event": True, "path": "Signup", "query": None},
            id="a custom event",
        ),
        pytest.param(
            {"name": "File Download", "url": "https://a.example/x/a.pdf?ref=b"},
            {"event": True, "path": "/x/a.pdf", "title": "File Download", "query": None},
            id="a download",
        ),
        pytest.param({"url": "https://a.example"}, {"path": "/", "query": None}, id="no path"),
        pytest.param({"url": "https://a.example//b"}, {"path": "/b", "query": None}, id="slashes"),
        pytest.param({"url": "h://a/b\t\nc"}, {"path": "/bc", "query": None}, id="line breaks"),
        pytest.param(
            {"referrer": "https://news.example.org/a"},
            {"ref": "https://news.example.org/a"},
            id="a referrer",
        ),
        pytest.param({"profile_id": "4711", "previous": "/"}, {}, id="what it has no place for"),
        pytest.param(
            {"visitor": Visitor(client_ip="nobody", user_agent="\xe9\0")},
            {"user_agent": "é\ufffd", "language": None, "ip": None},
            id="an address that is none",
        ),
        pytest.param(
            {"visitor": replace(VISITOR, client_ip="2001:DB8::7")},
            {"ip": "2001:db8::7"},
            id="IPv6",
        ),
    ],
)
def test_an_event_becomes_a_hit(change: dict[str, Any], added: dict[str, Any]) -> None:
    expected = {name: value for name, value in (FIELDS | added).items() if value is not None}

    assert sent(SITE.request(replace(PAGEVIEW, **change))) == expected


@pytest.mark.parametrize(
    ("change", "trimmed"),
    [
        pytest.param({}, (), id="nothing"),
        pytest.param({"name": "n" * 121}, ("name",), id="the name"),
        pytest.param({"url": "https://a.example/" + "p" * 2048}, ("path",), id="the path"),
        pytest.param({"url": "https://a.example/?ref=" + "p" * 2048}, ("query",), id="the query"),
        pytest.param({"referrer": "r" * 2049}, ("ref",), id="the referrer"),
        pytest.param(
            {"visitor": replace(VISITOR, user_agent="a" * 513)}, ("user_agent",), id="the browser"
        ),
        pytest.param({"props": {"plan": "pro"}}, ("props",), id="a prop"),
        pytest.param(
            {"name": "File Download", "props": {"url": "https://a.example/a.pdf"}},
            (),
            id="the prop that a download's URL says",
        ),
        pytest.param({"revenue": Revenue("EUR", Decimal(1))}, ("revenue",), id="an amount"),
    ],
)
def test_what_it_cannot_take_is_listed(change: dict[str, Any], trimmed: tuple[str, ...]) -> None:
    request = SITE.request(replace(PAGEVIEW, **change))

    assert request.trimmed == trimmed
    assert sent(request)


@pytest.mark.parametrize(
    ("waited", "time"),
    [(0.0, {}), (5.0, {}), (5.1, {"created_at": "1970-01-12T13:46:40.900Z"})],
    ids=str,
)
def test_a_late_event_keeps_its_time(waited: float, time: dict[str, str]) -> None:
    request = request_at(SITE, replace(PAGEVIEW, time=1_000_000.9), 1_000_000.9 + waited)

    assert sent(request) == FIELDS | time


# -- the options ---------------------------------------------------------------------------------


def test_all_faults_are_told_together_and_the_token_is_not() -> None:
    with pytest.raises(ConfigError, match=r"token=\(hidden\): write an API token") as caught:
        GoatCounter(token="two words", endpoint="x")

    assert [fault.option for fault in caught.value.faults] == ["token", "endpoint"]
    assert "two words" not in str(caught.value)


def test_the_name_tells_targets_apart_and_nothing_shows_the_token() -> None:
    own = GoatCounter(token=TOKEN, endpoint="http://Stats.example.com/g/api/v0/count/")

    assert own.name == "goatcounter:stats.example.com"
    assert own.endpoint == "http://stats.example.com/g/api/v0/count"
    assert ("plain http" in own.warnings[0], SITE.warnings) == (True, ())
    assert own.secrets == (TOKEN,)
    assert TOKEN not in repr(own) + str(own.warnings) + repr(own.request(PAGEVIEW))


# -- batches and responses -------------------------------------------------------------------------

REQUESTS = [
    SITE.request(replace(PAGEVIEW, name='S"i\\gnup,"]}')),
    SITE.request(replace(PAGEVIEW, referrer="wrong")),
    SITE.request(replace(PAGEVIEW, visitor=replace(VISITOR, client_ip="2001:db8::7"))),
    SITE.request(replace(PAGEVIEW, visitor=Visitor())),
]


def test_a_batch_stores_what_single_requests_store() -> None:
    one_by_one, together = (GoatCounterServer(token=TOKEN) for _ in range(2))
    singles = [SITE.read(one_by_one.receive(request)) for request in REQUESTS]
    batch = SITE.batch_request(REQUESTS)

    assert SITE.read_batch(together.receive(batch), 4) == singles == [ACCEPTED] * 4
    assert together.kept == one_by_one.kept
    assert (together.sizes, one_by_one.sizes) == ([4], [1] * 4)
    assert batch.headers == REQUESTS[0].headers


def test_each_event_of_a_batch_has_its_own_outcome() -> None:
    server = GoatCounterServer(
        token=TOKEN, refused_refs=frozenset({"wrong"}), ignored=frozenset({"2001:db8::7"})
    )
    singles = [SITE.read(server.receive(request)) for request in REQUESTS]
    outcomes = SITE.read_batch(server.receive(SITE.batch_request(REQUESTS)), 4)

    assert outcomes == singles
    assert [each.kind for each in outcomes] == [
        "accepted",
        "rejected",
        "dropped_by_vendor",
        "accepted",
    ]
    assert outcomes[1] == Outcome(
        kind=OutcomeKind.REJECTED,
        detail="the server refuses an event (it says: ref: must be shorter than 2048 characters.)",
        log_key="refused",
    )
    assert outcomes[2].log_key == "ignored"


def test_a_token_that_it_does_not_know_pauses_the_destination() -> None:
    outcome = SITE.read(GoatCounterServer(token="another").receive(REQUESTS[0]))

    assert (outcome.kind, outcome.pause) == ("rejected", True)
    assert outcome.detail.startswith("HTTP 401: the server does not know this destination's token")


def test_who_sends_too_many_requests_waits() -> None:
    outcome = SITE.read(GoatCounterServer(token=TOKEN, requests_left=0).receive(REQUESTS[0]))

    assert (outcome.kind, outcome.rest, outcome.retry_after) == ("retry", True, 60.0)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "12", "x-rate-limit-reset": "50"}, 12.0),
        ({"x-rate-limit-reset": "50"}, 50.0),
        ({"x-rate-limit-reset": "97"}, 60.0),
        ({"x-rate-limit-reset": "-0"}, 0.0),
        ({}, None),
    ],
    ids=str,
)
def test_the_limit_of_requests_says_how_long_to_wait(
    headers: dict[str, str], seconds: float | None
) -> None:
    outcomes = SITE.read_batch(Response(status=429, headers=headers), 2)

    assert {(each.kind, each.rest, each.retry_after) for each in outcomes} == {
        ("retry", True, seconds)
    }
    assert len(outcomes) == 2


def test_a_limit_of_requests_costs_time_and_no_event() -> None:
    clocks, goatcounter = Clocks(), GoatCounterServer(token=TOKEN)

    class Limited:
        """Sixty requests in each two minutes."""

        def send(self, request: Request) -> Response:
            return goatcounter.receive(request)

    lane = without_threads(
        Lane(SITE, Limited(), clock=lambda: clocks.now, wall_clock=lambda: clocks.wall)
    )
    for second in range(600):
        goatcounter.requests_left = 60 if second % 120 == 0 else goatcounter.requests_left
        for number in (2 * second, 2 * second + 1):
            visitor = replace(VISITOR, client_ip=f"198.51.{number // 250}.{number % 250 + 1}")
            lane.offer(replace(PAGEVIEW, visitor=visitor, time=clocks.wall))
        clocks.advance(1.0)
        while batch := lane.take():
            lane.deliver(batch)

    counts = counted(lane)
    assert counts["accepted"] + counts.get("queued", 0) == counts["submitted"] == 1200
    assert counts["accepted"] == len(goatcounter.kept) > 900
    assert lane.oldest_age_seconds < 130


def refused(**errors: object) -> Response:
    return Response(status=400, body=json.dumps({"errors": errors}).encode())


ACCEPT, REJECT, DROP = "accepted", "rejected", "dropped_by_vendor"


@pytest.mark.parametrize(
    ("response", "kinds"),
    [
        pytest.param(Response(status=202), [ACCEPT] * 3, id="all"),
        pytest.param(
            Response(status=202, headers={"x-goatcounter-filter": "0, 2,7"}),
            [DROP, ACCEPT, DROP],
            id="filtered",
        ),
        pytest.param(refused(**{"1": ["x"], "7": "y"}), [ACCEPT, REJECT, ACCEPT], id="by place"),
        pytest.param(refused(hits="x"), [REJECT] * 3, id="by name"),
        pytest.param(refused(), [REJECT] * 3, id="no error"),
        pytest.param(Response(status=400, body=b'{"error":"x"}'), [REJECT] * 3, id="one error"),
        pytest.param(Response(status=200, body=b"<html>"), [REJECT] * 3, id="a web page"),
        pytest.param(Response(status=403, body=b'{"error":"x"}'), [REJECT] * 3, id="no permission"),
        pytest.param(Response(status=500), ["unknown"] * 3, id="a failure"),
        pytest.param(Response(status=503), ["retry"] * 3, id="busy"),
    ],
)
def test_a_response_is_an_account(response: Response, kinds: list[str]) -> None:
    assert [each.kind for each in SITE.read_batch(response, 3)] == kinds


def test_what_waits_goes_together_and_every_field_arrives() -> None:
    goatcounter = GoatCounterServer(token=TOKEN, requests_left=300)
    with (
        vendor(responding(goatcounter.respond)) as server,
        watched_site(replace(SITE, endpoint=server.url), max_connections=1) as site,
    ):
        site.visits(300)
        assert wait_until(lambda: site.counts() == {"accepted": 300})

    assert sorted(goatcounter.kept, key=lambda each: int(each["path"][1:])) == [
        {
            "path": f"/{number}",
            "user_agent": BROWSER,
            "ip": f"198.51.{number // 250}.{number % 250 + 1}",
        }
        for number in range(300)
    ]
    assert len(goatcounter.sizes) < 300
