"""PostHog's wire: what is sent for an event, and what its responses mean.

From posthog.com/docs/api/capture, /docs/data/anonymous-vs-identified-events,
/docs/privacy/cookieless-tracking and the servers' source, read 2026-11.
"""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from footfall.destinations import PostHog, request_at
from footfall.destinations._event_id import event_id
from footfall.errors import ConfigError
from footfall.model import ACCEPTED, Request, Response, Revenue, Visitor
from tests.destinations import support
from tests.destinations.support import FIREFOX, VISITOR
from tests.support.faults import BROWSER, watched_site
from tests.support.posthog import PostHogServer
from tests.support.vendors import responding, vendor, wait_until

TOKEN = "phc_abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
SITE = PostHog(token=TOKEN, endpoint="https://eu.i.posthog.com")
PAGEVIEW = replace(
    support.PAGEVIEW,
    url="https://example.com:8443/a%20b?utm_source=n%26w&utm_medium=&ref=x#y",
    time=1_800_000_000.125,
)
PROPERTIES = {
    "utm_source": "n&w",
    "$current_url": "https://example.com:8443/a%20b?utm_source=n%26w&utm_medium=&ref=x#y",
    "$host": "example.com:8443",
    "$pathname": "/a%20b",
    "$referrer": "$direct",
    "$referring_domain": "$direct",
    "$raw_user_agent": FIREFOX,
    "$ip": "203.0.113.7",
    "$browser_language": "de-CH",
    "$lib": "footfall",
}
ANONYMOUS = {"$process_person_profile": False, "$cookieless_mode": True}
NOBODY = Visitor(client_ip="nobody", user_agent="\xe9\0")


def sent(request: Request) -> dict[str, Any]:
    """The event that is on the wire, which a server takes."""
    assert PostHogServer(token=TOKEN).receive(request).status == 200
    [event] = json.loads(request.body)["batch"]
    assert isinstance(event, dict)
    return event


def test_a_pageview_is_one_post_with_the_key_in_its_body_alone() -> None:
    request = SITE.request(PAGEVIEW)

    assert replace(request, body=b"") == Request(
        url="https://eu.i.posthog.com/batch/",
        headers={"content-type": "application/json", "user-agent": "footfall"},
        body=b"",
    )
    assert json.loads(request.body) == {
        "api_key": TOKEN,
        "batch": [
            {
                "event": "$pageview",
                "distinct_id": "$posthog_cookieless",
                "properties": PROPERTIES | ANONYMOUS,
                "uuid": event_id(PAGEVIEW),
                "timestamp": "2027-01-15T08:00:00.125Z",
            }
        ],
    }


@pytest.mark.parametrize(
    ("change", "added"),
    [
        pytest.param({"previous": "/"}, {"$referrer": None, "$referring_domain": None}, id="own"),
        pytest.param(
            {"referrer": "https://News.example.org/a"},
            {
                "$referrer": "https://News.example.org/a",
                "$referring_domain": "news.example.org",
            },
            id="a referrer",
        ),
        pytest.param(
            {"props": {"plan": "pro", "n": 3, "x": 1.5, "on": True, "d": Decimal("1.50")}},
            {"plan": "pro", "n": 3, "x": 1.5, "on": True, "d": "1.50"},
            id="props",
        ),
        pytest.param(
            {"props": {"utm_source": "x", "bad": float("nan"), "none": None, "": "x"}},
            {},
            id="props that say nothing",
        ),
        pytest.param(
            {"revenue": Revenue("EUR", Decimal("19.90"))},
            {"revenue": 19.9, "currency": "EUR"},
            id="revenue",
        ),
        pytest.param({"revenue": Revenue("EUR", Decimal("sNaN"))}, {}, id="no amount"),
        pytest.param({"revenue": Revenue("EUR", Decimal("1E+400"))}, {}, id="no float"),
        pytest.param(
            {"screen_width": 1280, "time_zone": "Europe/Berlin"},
            {"$viewport_width": 1280, "$timezone": "Europe/Berlin"},
            id="details",
        ),
        pytest.param({"time_zone": "x y"}, {}, id="no time zone"),
        pytest.param(
            {"url": "https://me:pw@example.com"},
            {
                "$current_url": "https://me:pw@example.com",
                "$host": "example.com",
                "$pathname": "/",
                "utm_source": None,
            },
            id="no path",
        ),
    ],
)
def test_an_event_becomes_properties(change: dict[str, Any], added: dict[str, Any]) -> None:
    expected = PROPERTIES | ANONYMOUS | added

    assert sent(SITE.request(replace(PAGEVIEW, **change)))["properties"] == {
        name: value for name, value in expected.items() if value is not None
    }


@pytest.mark.parametrize(
    ("name", "sent_name", "trimmed"),
    [
        ("Signup", "Signup", ()),
        ("File Download", "File Download", ()),
        ("$identify", "identify", ("name",)),
        ("$", "(none)", ("name",)),
        ("n" * 121, "n" * 120, ("name",)),
    ],
)
def test_a_custom_event_has_a_name_of_its_own(
    name: str, sent_name: str, trimmed: tuple[str, ...]
) -> None:
    request = SITE.request(replace(PAGEVIEW, name=name))

    assert (sent(request)["event"], request.trimmed) == (sent_name, trimmed)


OWN_ID = event_id(replace(PAGEVIEW, visitor=NOBODY))


@pytest.mark.parametrize(
    ("change", "distinct_id", "marks", "trimmed"),
    [
        pytest.param({}, "$posthog_cookieless", ANONYMOUS, (), id="a visitor"),
        pytest.param({"profile_id": " ann@é "}, "ann@é", {}, (), id="a person"),
        pytest.param(
            {"profile_id": "Guest"}, "$posthog_cookieless", ANONYMOUS, (), id="a placeholder"
        ),
        pytest.param(
            {"profile_id": "p" * 201},
            "$posthog_cookieless",
            ANONYMOUS,
            ("distinct_id",),
            id="too long an id",
        ),
        pytest.param(
            {"profile_id": "$posthog_cookieless"},
            "$posthog_cookieless",
            ANONYMOUS,
            ("distinct_id",),
            id="PostHog's own id",
        ),
        pytest.param(
            {"visitor": NOBODY}, OWN_ID, {"$process_person_profile": False}, (), id="nobody"
        ),
    ],
)
def test_whose_event_it_is(
    change: dict[str, Any], distinct_id: str, marks: dict[str, Any], trimmed: tuple[str, ...]
) -> None:
    request = SITE.request(replace(PAGEVIEW, **change))
    event = sent(request)
    found = {name: value for name, value in event["properties"].items() if name in ANONYMOUS}

    assert (event["distinct_id"], found, request.trimmed) == (distinct_id, marks, trimmed)


@pytest.mark.parametrize(
    ("change", "trimmed"),
    [
        pytest.param({"revenue": Revenue("EUR", Decimal("NaN"))}, "revenue", id="no amount"),
        pytest.param({"url": "https://a/?utm_term=" + "t" * 2001}, "$current_url", id="the url"),
        pytest.param({"referrer": "r" * 2001}, "$referrer", id="the referrer"),
        pytest.param({"props": {"k": "v" * 2001}}, "properties", id="a value"),
        pytest.param({"props": {"k" * 2001: "v"}}, "properties", id="a key"),
        pytest.param({"props": {"$set": "v"}}, "properties", id="a prop of PostHog's own"),
    ],
)
def test_what_it_cannot_take_is_listed(change: dict[str, Any], trimmed: str) -> None:
    request = SITE.request(replace(PAGEVIEW, **change))

    assert trimmed in request.trimmed
    assert sent(request)


def test_a_late_event_is_the_same_and_a_repeat_is_recognised() -> None:
    server = PostHogServer(token=TOKEN)
    other = replace(PAGEVIEW, time=PAGEVIEW.time + 0.001)
    requests = [SITE.request(PAGEVIEW), SITE.request(other), request_at(SITE, PAGEVIEW, 2e9)]

    server.receive(SITE.batch_request(requests))
    server.receive(requests[0])
    assert requests[2] == requests[0]
    assert [each["uuid"] for each in server.kept] == [event_id(PAGEVIEW), event_id(other)]


def test_an_event_without_a_time_is_never_a_repeat() -> None:
    server = PostHogServer(token=TOKEN)
    requests = [SITE.request(replace(PAGEVIEW, time=0.0))] * 2

    server.receive(SITE.batch_request(requests))
    assert len(server.kept) == 2


# -- the options ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "remedy"),
    [
        ("", "write the project's key, which begins with phc_: posthog://PROJECT_KEY@HOST"),
        ("phx_abc", "is a personal API key; write the project's key"),
    ],
)
def test_a_wrong_key_is_refused_and_not_shown(token: str, remedy: str) -> None:
    with pytest.raises(ConfigError) as caught:
        replace(SITE, token=token)

    assert f"token=(hidden): {remedy}" in str(caught.value)
    assert "phx_" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "right"),
    [
        ("app.posthog.com", "https://us.i.posthog.com"),
        ("us.posthog.com", "https://us.i.posthog.com"),
        ("EU.posthog.com", "https://eu.i.posthog.com"),
    ],
)
def test_a_host_that_takes_no_events_is_refused(host: str, right: str) -> None:
    with pytest.raises(ConfigError, match=f"PostHog takes events at {right}"):
        replace(SITE, endpoint=f"https://{host}")


def test_the_name_tells_projects_apart_and_nothing_shows_the_key() -> None:
    own = PostHog(token=TOKEN, endpoint="http://Stats.example.com/batch/")

    assert own.name == "posthog:d6c7b6@stats.example.com"
    assert replace(own, token="phc_other").name != own.name
    assert own.endpoint == "http://stats.example.com/batch"
    assert ("plain http" in own.warnings[0], SITE.warnings) == (True, ())
    assert own.secrets == (TOKEN,)
    assert TOKEN not in own.name + repr(own) + str(own.warnings) + repr(own.request(PAGEVIEW))


# -- batches and responses -------------------------------------------------------------------------

REQUESTS = [
    SITE.request(PAGEVIEW),
    SITE.request(replace(PAGEVIEW, name='S"i\\gnup,"]}')),
    SITE.request(replace(PAGEVIEW, visitor=replace(VISITOR, client_ip="2001:DB8::7"))),
    SITE.request(replace(PAGEVIEW, visitor=NOBODY, props={"a": "é"})),
]


def test_a_batch_stores_what_single_requests_store() -> None:
    one_by_one, together = (PostHogServer(token=TOKEN) for _ in range(2))
    singles = [SITE.read(one_by_one.receive(request)) for request in REQUESTS]
    batch = SITE.batch_request(REQUESTS)

    assert SITE.read_batch(together.receive(batch), 4) == singles == [ACCEPTED] * 4
    assert together.kept == one_by_one.kept
    assert (together.sizes, one_by_one.sizes) == ([4], [1] * 4)


def test_two_visitors_of_one_browser_are_two() -> None:
    server = PostHogServer(token=TOKEN)
    server.receive(SITE.batch_request([REQUESTS[0], REQUESTS[2]]))

    assert len({each["distinct_id"] for each in server.kept}) == 2


def test_what_a_project_without_cookieless_tracking_drops_is_said_beforehand() -> None:
    server = PostHogServer(token=TOKEN, is_cookieless=False)
    outcome = SITE.read(server.receive(REQUESTS[0]))

    assert (outcome, server.kept) == (ACCEPTED, [])
    assert "unless cookieless tracking is on in the project's settings" in SITE.not_shown


@pytest.mark.parametrize(
    ("response", "kind", "pause", "log_key"),
    [
        pytest.param(Response(status=200, body=b'{"status":1}'), "accepted", False, "", id="taken"),
        pytest.param(
            PostHogServer(token=TOKEN, is_over_quota=True).receive(REQUESTS[0]),
            "dropped_by_vendor",
            False,
            "quota",
            id="over the quota",
        ),
        pytest.param(
            PostHogServer(token="another").receive(REQUESTS[0]), "rejected", True, "", id="the key"
        ),
        pytest.param(Response(status=400), "rejected", False, "", id="refused"),
        pytest.param(Response(status=429), "retry", False, "", id="too many"),
        pytest.param(Response(status=503), "retry", False, "", id="busy"),
        pytest.param(Response(status=500), "unknown", False, "", id="a failure"),
    ],
)
def test_a_response_is_that_of_every_event(
    response: Response, kind: str, pause: bool, log_key: str
) -> None:
    outcomes = SITE.read_batch(response, 3)

    assert [(each.kind, each.pause, each.log_key) for each in outcomes] == [
        (kind, pause, log_key)
    ] * 3


def test_what_waits_goes_together_and_every_field_arrives() -> None:
    posthog = PostHogServer(token=TOKEN)
    with (
        vendor(responding(posthog.respond)) as server,
        watched_site(replace(SITE, endpoint=server.url)) as site,
    ):
        site.visits(200)
        assert wait_until(lambda: site.counts() == {"accepted": 200})

    stored = sorted(posthog.kept, key=lambda each: int(each["properties"]["$pathname"][1:]))
    assert [each["properties"] for each in stored] == [
        {
            "$current_url": f"https://example.com/{number}",
            "$host": "example.com",
            "$pathname": f"/{number}",
            "$referrer": "$direct",
            "$referring_domain": "$direct",
            "$lib": "footfall",
            "$process_person_profile": False,
        }
        for number in range(200)
    ]
    assert len({each["distinct_id"] for each in stored}) == 200
    assert len({each["uuid"] for each in stored}) == 200
    assert BROWSER not in repr(stored)
    assert max(posthog.sizes) <= 100
    assert len(posthog.sizes) < 200
