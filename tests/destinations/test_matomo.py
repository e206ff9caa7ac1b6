"""Matomo's wire: what is sent for an event, and what its responses mean.

From developer.matomo.org/api-reference/tracking-api and the server's source (5.2), read 2026-11.
"""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from footfall.destinations import Matomo, request_at
from footfall.errors import ConfigError
from footfall.model import ACCEPTED, Outcome, OutcomeKind, Request, Response, Revenue, Visitor
from tests.destinations import support
from tests.destinations.support import FIREFOX, VISITOR
from tests.support.faults import BROWSER, watched_site
from tests.support.matomo import MatomoServer
from tests.support.vendors import responding, vendor, wait_until

TOKEN = "33dc3f2536d3025974cccb4b4d2d98f4"
SITE = Matomo(site=1, token=TOKEN, endpoint="https://stats.example.com")
PAGEVIEW = replace(support.PAGEVIEW, url="https://example.com:8443/a b?utm_source=n&x=%C3%A9")
FIELDS = {
    "idsite": "1",
    "url": "https://example.com:8443/a b?utm_source=n&x=%C3%A9",
    "ua": FIREFOX,
    "lang": "de-CH,de;q=0.9",
    "cip": "203.0.113.7",
}
EVENT = {"e_c": "footfall", "e_a": "Signup", "ca": "1"}


def sent(request: Request) -> dict[str, str]:
    """The fields that the server reads."""
    server = MatomoServer(token=TOKEN)
    assert SITE.read(server.receive(request)) == ACCEPTED
    [event] = server.kept
    return event


def test_a_pageview_is_one_post_with_the_token_in_its_body_alone() -> None:
    request = SITE.request(replace(support.PAGEVIEW, visitor=Visitor()))

    assert request == Request(
        url="https://stats.example.com/matomo.php",
        headers={"content-type": "application/json", "user-agent": "footfall"},
        body=(
            b'{"requests":["?idsite=1&rec=1&apiv=1&url=https%3A%2F%2Fexample.com%2Fpricing"],'
            b'"token_auth":"33dc3f2536d3025974cccb4b4d2d98f4"}'
        ),
    )


@pytest.mark.parametrize(
    ("change", "added"),
    [
        pytest.param({}, {}, id="a pageview"),
        pytest.param({"name": "Signup"}, EVENT, id="a custom event"),
        pytest.param({"name": " "}, EVENT | {"e_a": "(none)"}, id="a blank name"),
        pytest.param(
            {"name": "Bot Visit"}, EVENT | {"e_a": "Bot Visit", "bots": "1"}, id="a bot's visit"
        ),
        pytest.param(
            {"name": "File Download", "url": "https://a.example/a.pdf?ref=x"},
            {"url": "https://a.example/a.pdf?ref=x", "download": "https://a.example/a.pdf?ref=x"},
            id="a download",
        ),
        pytest.param({"url": "https://a.example/a#b"}, {"url": "https://a.example/a"}, id="a hash"),
        pytest.param(
            {"referrer": "https://news.example.org/?a=1&b=2"},
            {"urlref": "https://news.example.org/?a=1&b=2"},
            id="a referrer",
        ),
        pytest.param({"previous": "/home"}, {}, id="a page of this site before it"),
        pytest.param({"profile_id": "ann@é\ud800"}, {"uid": "ann@é\ufffd"}, id="a profile"),
        pytest.param(
            {"name": "Signup", "revenue": Revenue("EUR", Decimal("19.90"))},
            EVENT | {"e_v": "19.9"},
            id="revenue",
        ),
        pytest.param(
            {"name": "Signup", "revenue": Revenue("EUR", Decimal("NaN"))}, EVENT, id="no amount"
        ),
        pytest.param(
            {"name": "Signup", "revenue": Revenue("EUR", Decimal("1E+400"))}, EVENT, id="no float"
        ),
        pytest.param(
            {"visitor": Visitor(client_ip="nobody", user_agent="\xe9\n")},
            {"ua": "é", "lang": None, "cip": None},
            id="an address that is none",
        ),
        pytest.param(
            {"visitor": replace(VISITOR, client_ip="2001:DB8::7")},
            {"cip": "2001:db8::7"},
            id="IPv6",
        ),
    ],
)
def test_an_event_becomes_the_query_of_a_request(
    change: dict[str, Any], added: dict[str, Any]
) -> None:
    expected = {name: value for name, value in (FIELDS | added).items() if value is not None}

    assert sent(SITE.request(replace(PAGEVIEW, **change))) == expected


def test_a_prop_is_sent_where_it_has_a_dimension() -> None:
    site = Matomo(site=1, token=TOKEN, endpoint=SITE.endpoint, dimensions={"plan": 3, "n": 12})
    request = site.request(replace(PAGEVIEW, props={"plan": "pro", "n": 1.50, "other": "x"}))

    assert sent(request) == FIELDS | {"dimension3": "pro", "dimension12": "1.5"}
    assert request.trimmed == ("dimensions",)


@pytest.mark.parametrize(
    ("change", "trimmed"),
    [
        pytest.param({}, (), id="nothing"),
        pytest.param({"name": "n" * 121}, ("name",), id="the name"),
        pytest.param({"url": "https://a.example/" + "p" * 1024}, ("url",), id="the path"),
        pytest.param({"url": "https://a.example/" + "é" * 1024}, ("url",), id="not ASCII"),
        pytest.param({"referrer": "r" * 1501}, ("urlref",), id="the referrer"),
        pytest.param({"profile_id": "p" * 201}, ("uid",), id="the profile"),
        pytest.param({"props": {"plan": "pro"}}, ("dimensions",), id="a prop"),
        pytest.param(
            {"name": "File Download", "props": {"url": "https://a.example/a.pdf"}},
            (),
            id="the prop that a download's URL says",
        ),
        pytest.param({"revenue": Revenue("EUR", Decimal(1))}, ("e_v",), id="a pageview's revenue"),
    ],
)
def test_what_matomo_cannot_take_is_listed(change: dict[str, Any], trimmed: tuple[str]) -> None:
    request = SITE.request(replace(PAGEVIEW, **change))

    assert request.trimmed == trimmed
    assert len(sent(request)["url"]) <= 1024


def test_a_value_is_cut_to_the_width_of_a_dimension() -> None:
    site = replace(SITE, dimensions={"plan": 3})
    request = site.request(replace(PAGEVIEW, props={"plan": "v" * 256}))

    assert (sent(request)["dimension3"], request.trimmed) == ("v" * 255, ("dimensions",))


def test_a_campaign_outlasts_the_rest_of_a_long_url() -> None:
    url = "https://a.example/?keep=" + "k" * 1024 + "&utm_source=news"

    assert sent(SITE.request(replace(PAGEVIEW, url=url)))["url"] == (
        "https://a.example/?utm_source=news"
    )


@pytest.mark.parametrize(
    ("waited", "time"), [(0.0, {}), (5.0, {}), (5.1, {"cdt": "1000000"})], ids=str
)
def test_a_late_event_keeps_its_time(waited: float, time: dict[str, str]) -> None:
    request = request_at(SITE, replace(PAGEVIEW, time=1_000_000.9), 1_000_000.9 + waited)

    assert sent(request) == FIELDS | time


# -- the options ---------------------------------------------------------------------------------


@pytest.mark.parametrize("site", [0, -1, 1.5, None, True, "", "x", "1" * 10, "²"], ids=repr)
def test_an_invalid_site_is_refused(site: Any) -> None:
    with pytest.raises(ConfigError, match="a whole number such as 1"):
        replace(SITE, site=site)


@pytest.mark.parametrize("token", ["", " ", None, 7, "two\nlines", "é", 'a"b'], ids=repr)
def test_a_token_that_cannot_be_one_is_refused_and_not_shown(token: Any) -> None:
    with pytest.raises(ConfigError, match=r"token=\(hidden\): write the token_auth of a user"):
        replace(SITE, token=token)


@pytest.mark.parametrize(
    "dimensions",
    [
        *(None, ["plan"], {"plan": 0}, {"plan": 1000}, {"plan": "x"}, {"plan": True}, {1: 1}),
        {"plan": 1, "other": 1},
    ],
    ids=repr,
)
def test_wrong_dimensions_are_refused(dimensions: Any) -> None:
    with pytest.raises(ConfigError, match="give each prop a dimension of its own"):
        replace(SITE, dimensions=dimensions)


def test_all_faults_are_told_together() -> None:
    with pytest.raises(ConfigError) as caught:
        Matomo(site=0, token="", endpoint="x")

    assert [fault.option for fault in caught.value.faults] == ["site", "token", "endpoint"]


def test_the_name_tells_targets_apart_and_nothing_shows_the_token() -> None:
    own = Matomo(site=12, token=TOKEN, endpoint="http://Stats.example.com/m/matomo.php/")

    assert own.name == "matomo:12@stats.example.com"
    assert own.endpoint == "http://stats.example.com/m/matomo.php"
    assert ("plain http" in own.warnings[0], SITE.warnings) == (True, ())
    assert TOKEN not in repr(own) + str(own.warnings) + repr(own.request(PAGEVIEW))


# -- batches and responses -------------------------------------------------------------------------

ACCEPT, REJECT, DROP, UNKNOWN = "accepted", "rejected", "dropped_by_vendor", "unknown"
OTHER_SITE = replace(SITE, site=2)
REQUESTS = [
    OTHER_SITE.request(PAGEVIEW),
    SITE.request(PAGEVIEW),
    SITE.request(replace(PAGEVIEW, name='S"i\\gnup,"],')),
    OTHER_SITE.request(replace(PAGEVIEW, name="Other")),
]


def test_a_batch_stores_what_single_requests_store() -> None:
    one_by_one, together = (MatomoServer(token=TOKEN, sites=frozenset("12")) for _ in range(2))
    singles = [SITE.read(one_by_one.receive(request)) for request in REQUESTS]
    batch = SITE.batch_request(REQUESTS)

    assert SITE.read_batch(together.receive(batch), 4) == singles == [ACCEPTED] * 4
    assert together.kept == one_by_one.kept
    assert (together.sizes, one_by_one.sizes) == ([4], [1] * 4)
    assert batch.headers == REQUESTS[0].headers


def test_a_superuser_learns_which_events_are_invalid() -> None:
    server = MatomoServer(token=TOKEN, is_superusers=True)
    outcomes = SITE.read_batch(server.receive(SITE.batch_request(REQUESTS)), 4)

    assert [each.kind for each in outcomes] == [REJECT, ACCEPT, ACCEPT, REJECT]
    assert not any(each.pause for each in outcomes)


def test_others_learn_how_many_are_invalid() -> None:
    server = MatomoServer(token=TOKEN)
    outcomes = SITE.read_batch(server.receive(SITE.batch_request(REQUESTS)), 4)

    assert [each.kind for each in outcomes] == [ACCEPT, ACCEPT, REJECT, REJECT]


@pytest.mark.parametrize("number", [1, 4])
def test_where_all_are_invalid_the_settings_are_wrong(number: int) -> None:
    server = MatomoServer(token="another")
    outcomes = SITE.read_batch(server.receive(SITE.batch_request(REQUESTS[:number])), number)
    [outcome] = set(outcomes)

    assert (len(outcomes), server.kept) == (number, [])
    assert outcome == Outcome(
        kind=OutcomeKind.REJECTED,
        detail=(
            "the server finds the event invalid: most likely it has no website of this id, or the "
            "token's user may not write to it; compare both with its settings"
        ),
        pause=True,
        log_key="invalid",
    )


def test_what_is_neither_tracked_nor_invalid_was_thrown_away() -> None:
    server = MatomoServer(token=TOKEN, is_recording=False)
    outcomes = SITE.read_batch(server.receive(SITE.batch_request(REQUESTS)), 4)

    assert [(each.kind, each.log_key) for each in outcomes] == [(DROP, "not tracked")] * 4


def test_a_server_that_queues_answers_with_an_image() -> None:
    server = MatomoServer(token=TOKEN, is_queueing=True)

    assert SITE.read_batch(server.receive(SITE.batch_request(REQUESTS)), 4) == [ACCEPTED] * 4


def account(**fields: object) -> Response:
    return Response(status=200, body=json.dumps({"status": "success"} | fields).encode())


@pytest.mark.parametrize(
    ("response", "kinds"),
    [
        pytest.param(account(tracked=3, invalid=0), [ACCEPT] * 3, id="all"),
        pytest.param(account(tracked=1, invalid=1), [ACCEPT, DROP, REJECT], id="one of each"),
        pytest.param(
            account(tracked=1, invalid=1, invalid_indices=[0]), [REJECT, ACCEPT, DROP], id="named"
        ),
        pytest.param(
            account(tracked=2, invalid=1, invalid_indices=[3]),
            [ACCEPT] * 2 + [REJECT],
            id="no place",
        ),
        pytest.param(
            account(tracked=2, invalid=1, invalid_indices=[0, 1]),
            [ACCEPT] * 2 + [REJECT],
            id="too many places",
        ),
        pytest.param(account(tracked=4, invalid=0), [UNKNOWN] * 3, id="more than were sent"),
        pytest.param(account(tracked=-1, invalid=2), [UNKNOWN] * 3, id="less than none"),
        pytest.param(account(tracked="3", invalid=0), [UNKNOWN] * 3, id="no number"),
        pytest.param(account(tracked=True, invalid=0), [UNKNOWN] * 3, id="a truth"),
        pytest.param(account(status="error", tracked=3, invalid=0), [UNKNOWN] * 3, id="an error"),
        pytest.param(Response(status=204), [ACCEPT] * 3, id="a queue without an image"),
        pytest.param(Response(status=200, body=b"[]"), [UNKNOWN] * 3, id="another API"),
        pytest.param(Response(status=200, body=b"<html>"), [REJECT] * 3, id="a web page"),
        pytest.param(Response(status=500), [UNKNOWN] * 3, id="a failure"),
        pytest.param(Response(status=503), ["retry"] * 3, id="busy"),
        pytest.param(Response(status=404), [REJECT] * 3, id="another address"),
    ],
)
def test_a_response_is_an_account(response: Response, kinds: list[str]) -> None:
    assert [each.kind for each in SITE.read_batch(response, 3)] == kinds


def test_what_waits_goes_together_and_every_field_arrives() -> None:
    matomo = MatomoServer(token=TOKEN)
    with (
        vendor(responding(matomo.respond)) as server,
        watched_site(replace(SITE, endpoint=server.url)) as site,
    ):
        site.visits(200)
        assert wait_until(lambda: site.counts() == {"accepted": 200})

    assert sorted(matomo.kept, key=lambda each: int(each["url"].rpartition("/")[2])) == [
        {
            "idsite": "1",
            "url": f"https://example.com/{number}",
            "ua": BROWSER,
            "cip": f"198.51.0.{number + 1}",
        }
        for number in range(200)
    ]
    assert len(matomo.sizes) < 200
    assert max(matomo.sizes) <= 50
