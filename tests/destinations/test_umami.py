"""Umami's wire: what is sent for an event, and what its responses mean."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from footfall.destinations import Umami, request_at
from footfall.errors import ConfigError
from footfall.model import (
    ACCEPTED,
    Event,
    Outcome,
    OutcomeKind,
    Request,
    Response,
    Revenue,
    Visitor,
)
from tests.destinations import support
from tests.destinations.support import FIREFOX, VISITOR, WEBSITE
from tests.support.faults import watched_site
from tests.support.umami import UmamiServer
from tests.support.vendors import responding, vendor, wait_until

SITE = Umami(website=WEBSITE)
PAGEVIEW = replace(support.PAGEVIEW, url="https://example.com:8443/pricing?utm_source=news")
NAN = float("nan")
FIELDS = {
    "website": WEBSITE,
    "hostname": "example.com",
    "url": "/pricing?utm_source=news",
    "language": "de-CH",
    "ip": "203.0.113.7",
}


def test_a_pageview_is_one_post_with_the_visitors_address_and_browser() -> None:
    request = SITE.request(PAGEVIEW)

    assert replace(request, body=b"") == Request(
        url="https://cloud.umami.is/api/send",
        headers={
            "content-type": "application/json",
            "user-agent": FIREFOX,
            "x-forwarded-for": "203.0.113.7",
        },
        body=b"",
    )
    assert json.loads(request.body) == {"type": "event", "payload": FIELDS}


@pytest.mark.parametrize(
    ("change", "added"),
    [
        pytest.param({"name": "Signup"}, {"name": "Signup"}, id="a custom event"),
        pytest.param({"name": "=+-@ Signup"}, {"name": " Signup"}, id="a name like a formula"),
        pytest.param({"name": "+"}, {"name": "(none)"}, id="nothing but a sign"),
        pytest.param({"name": "a=b+c-d@e"}, {"name": "a=b+c-d@e"}, id="signs inside a name"),
        pytest.param({"url": "https://example.com"}, {"url": "/"}, id="no path"),
        pytest.param({"url": "https://example.com//a//b"}, {"url": "/a//b"}, id="no second host"),
        pytest.param({"url": "app:///a?b#c"}, {"url": "/a?b", "hostname": None}, id="no host"),
        pytest.param(
            {"referrer": "https://news.example.org/a"},
            {"referrer": "https://news.example.org/a"},
            id="a referrer",
        ),
        pytest.param({"previous": "/home"}, {}, id="a page of this site before it"),
        pytest.param(
            {"props": {"commerce": "x", "plan": "pro", "none": None}},
            {"data": {"plan": "pro"}},
            id="props",
        ),
        pytest.param(
            {"revenue": Revenue("EUR", Decimal("19.90")), "props": {"revenue": "x"}},
            {"data": {"revenue": 19.9, "currency": "EUR"}},
            id="revenue",
        ),
        pytest.param(
            {"props": {"n": 3, "zero": 0, "f": 1.5, "b": True, "no": False, "t": "4", "nan": NAN}},
            {"data": {"n": 3, "zero": 0, "f": 1.5, "b": True, "no": False, "t": "4"}},
            id="numbers and booleans",
        ),
        pytest.param(
            {"props": {"id": 2**53, "price": Decimal("19.90")}},
            {"data": {"id": "9007199254740992", "price": "19.90"}},
            id="numbers that JavaScript would round",
        ),
        pytest.param(
            {"name": "\U0001f600" * 26, "profile_id": "\U0001f600" * 25},
            {"name": "\U0001f600" * 25, "id": "\U0001f600" * 25},
            id="lengths in UTF-16 units",
        ),
        pytest.param({"profile_id": "\U0001f600" * 26}, {}, id="a profile of 52 units"),
        pytest.param({"revenue": Revenue("EUR", Decimal("NaN"))}, {}, id="no amount"),
        pytest.param({"revenue": Revenue("EUR", Decimal("sNaN"))}, {}, id="no amount, loudly"),
        pytest.param({"revenue": Revenue("EUR", Decimal("1E+400"))}, {}, id="no float"),
        pytest.param({"profile_id": "4711"}, {"id": "4711"}, id="a profile"),
        pytest.param(
            {"visitor": Visitor(client_ip="nobody")},
            {"ip": None, "language": None},
            id="an address that is none",
        ),
    ],
)
def test_an_event_becomes_a_body(change: dict[str, Any], added: dict[str, Any]) -> None:
    sent = json.loads(SITE.request(replace(PAGEVIEW, **change)).body)["payload"]

    assert sent == {key: value for key, value in (FIELDS | added).items() if value is not None}


def test_without_an_address_none_is_sent() -> None:
    headers = SITE.request(replace(PAGEVIEW, visitor=Visitor())).headers

    assert headers == {"content-type": "application/json", "user-agent": ""}


@pytest.mark.parametrize(
    ("change", "trimmed"),
    [
        pytest.param({"revenue": Revenue("EUR", Decimal("NaN"))}, ("revenue",), id="no amount"),
        pytest.param(
            {"revenue": Revenue("EUR", Decimal(1)), "props": {"currency": "x"}},
            ("data",),
            id="a prop of its name",
        ),
        pytest.param({}, (), id="nothing"),
        pytest.param({"name": "n" * 51}, ("name",), id="the name"),
        pytest.param({"url": "https://a.example/" + "p" * 500}, ("url",), id="the path"),
        pytest.param({"url": "https://a.example/?q=" + "p" * 500}, (), id="no query"),
        pytest.param(
            {"url": "https://a.example/?utm_term=" + "%C3%A9" * 255}, (), id="no campaign value"
        ),
        pytest.param(
            {"url": "https://a.example/?utm_term=" + "%C3%A9" * 256},
            ("url",),
            id="a campaign value",
        ),
        pytest.param({"url": f"https://{'a' * 101}/"}, ("hostname",), id="the host"),
        pytest.param({"referrer": "r" * 501}, ("referrer",), id="the referrer"),
        pytest.param({"profile_id": "p" * 51}, ("id",), id="the profile"),
        pytest.param({"props": {f"k{n}": n for n in range(51)}}, ("data",), id="one prop"),
        pytest.param({"props": {"k": "v" * 501}}, ("data",), id="a value"),
        pytest.param({"props": {"commerce": "x"}}, ("data",), id="a prop that would be refused"),
        pytest.param({"name": "+1"}, ("name",), id="a sign before the name"),
    ],
)
def test_trimmed_fields_are_listed(change: dict[str, Any], trimmed: tuple[str, ...]) -> None:
    assert SITE.request(replace(PAGEVIEW, **change)).trimmed == trimmed


def test_a_refusal_names_the_fields() -> None:
    faults = {"name": {"errors": ["Too big"]}, "url": {"errors": ["Invalid", "Too long"]}}
    tree = {"errors": [], "properties": {"payload": {"errors": [], "properties": faults}}}
    body = json.dumps({"error": {"message": "Bad request", "status": 400, **tree}}).encode()

    assert SITE.read(Response(status=400, body=body)) == Outcome(
        kind=OutcomeKind.REJECTED,
        detail=(
            "HTTP 400: the vendor refuses the event "
            "(it says: payload.name: Too big; payload.url: Invalid, Too long)"
        ),
    )


@pytest.mark.parametrize(
    ("change", "field", "sent"),
    [
        pytest.param(
            {"url": "https://a.example/" + "%C3%A9" * 100}, "url", "/" + "%C3%A9" * 83, id="a path"
        ),
        pytest.param(
            {"referrer": "https://a.example/" + "%C3%A9" * 100},
            "referrer",
            "https://a.example/" + "%C3%A9" * 80,
            id="a referrer",
        ),
        pytest.param(
            {"url": "https://a.example/é/?utm_term=" + "%F0%9F%98%80" * 128 + "&ref=b"},
            "url",
            "/%C3%A9/?utm_term=" + "%F0%9F%98%80" * 127 + "&ref=b",
            id="a campaign value in UTF-16 units",
        ),
    ],
)
def test_no_cut_splits_a_character(change: dict[str, Any], field: str, sent: str) -> None:
    body = json.loads(SITE.request(replace(PAGEVIEW, **change)).body)
    assert body["payload"][field] == sent


@pytest.mark.parametrize(
    "body", [b'{"cache":"x","sessionId":"y"}', b'"eyJhbGciOi"', b"eyJhbGciOi", b""]
)
def test_an_event_that_was_kept_is_accepted(body: bytes) -> None:
    assert SITE.read(Response(status=200, body=body)) == ACCEPTED


@pytest.mark.parametrize(
    ("user_agent", "why"),
    [(FIREFOX, ""), ("curl/8", ". Most likely its user agent matches a bot's (curl, library)")],
)
def test_a_beep_means_that_a_bot_was_thrown_away(user_agent: str, why: str) -> None:
    outcome = SITE.read(Response(status=200, body=b'{"beep":"boop"}'))
    event = replace(PAGEVIEW, visitor=replace(VISITOR, user_agent=user_agent))
    detail = "it took the visitor for a bot and threw the event away"

    assert outcome == Outcome(kind=OutcomeKind.DROPPED, detail=detail, log_key="bot")
    assert SITE.why_dropped(outcome, event, has_kept=True).detail.startswith(detail + why)


@pytest.mark.parametrize(
    "body",
    [b"Website not found.", b'{"error":{"message":"Website not found.","status":400}}'],
    ids=["text", "an object"],
)
def test_any_other_refusal_is_read_by_the_common_table(body: bytes) -> None:
    assert SITE.read(Response(status=400, body=body)) == Outcome(
        kind=OutcomeKind.REJECTED,
        detail="HTTP 400: the vendor refuses the event (it says: Website not found.)",
    )


@pytest.mark.parametrize(
    "body",
    [b'{"error":{"message":"Forbidden","code":"forbidden","status":403}}', b"Forbidden"],
    ids=["an object", "text"],
)
def test_an_address_that_the_server_ignores_does_not_pause_the_destination(body: bytes) -> None:
    assert SITE.read(Response(status=403, body=body)) == Outcome(
        kind=OutcomeKind.REJECTED,
        detail=(
            "HTTP 403: the server's IGNORE_IP keeps a visitor's address out; nothing to do if that "
            "is meant (it says: Forbidden)"
        ),
        log_key="ignored",
    )


@pytest.mark.parametrize("body", [b"<h1>Blocked</h1>", b""], ids=["a web page", "silence"])
def test_a_403_of_anything_else_pauses_the_destination(body: bytes) -> None:
    assert SITE.read(Response(status=403, body=body)).pause


@pytest.mark.parametrize("website", [None, 7, "", WEBSITE + "0", WEBSITE.replace("-", "")])
def test_an_invalid_id_is_refused(website: Any) -> None:
    with pytest.raises(ConfigError, match="a UUID such as"):
        Umami(website=website)


def test_an_id_may_have_blanks_around_it() -> None:
    assert Umami(website=f" {WEBSITE}\n") == SITE


def test_the_id_and_the_endpoint_are_checked_together() -> None:
    with pytest.raises(ConfigError) as caught:
        Umami(website="example.com", endpoint="stats.example.com")

    assert [fault.option for fault in caught.value.faults] == ["website", "endpoint"]


def test_the_name_distinguishes_targets_and_plain_http_is_warned_of() -> None:
    own = Umami(website=WEBSITE.upper(), endpoint="http://stats.example.com")

    assert own.name == f"umami:{WEBSITE}@stats.example.com"
    assert own.endpoint == "http://stats.example.com/api/send"
    assert ("plain http" in own.warnings[0], SITE.warnings) == (True, ())


# -- late events -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("waited", "timestamp"),
    [
        pytest.param(0.0, {}, id="now"),
        pytest.param(5.0, {}, id="a moment"),
        pytest.param(5.1, {"timestamp": 1_000_000}, id="late"),
        pytest.param(90_000.0, {"timestamp": 1_000_000}, id="a day late"),
        pytest.param(-3.0, {}, id="a clock that was set back"),
    ],
)
def test_a_late_event_keeps_its_time(waited: float, timestamp: dict[str, int]) -> None:
    event = replace(PAGEVIEW, time=1_000_000.9)
    request = request_at(SITE, event, 1_000_000.9 + waited)

    assert json.loads(request.body)["payload"] == FIELDS | timestamp


def test_an_event_without_a_time_is_never_late() -> None:
    assert request_at(SITE, PAGEVIEW, 2e9) == SITE.request(PAGEVIEW)


# -- batches -------------------------------------------------------------------------------------

GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
OTHER = replace(VISITOR, client_ip="2001:DB8::7", user_agent="Mozilla/5.0 (Other)\xe9")
BATCH = [
    PAGEVIEW,
    replace(PAGEVIEW, visitor=OTHER, name="Signup", props={"plan": 'p"r\no\u2028', "a": "é"}),
    replace(PAGEVIEW, visitor=replace(OTHER, client_ip=None)),
    replace(PAGEVIEW, profile_id="4711", referrer="https://news.example.org/a"),
]
UNKNOWN_AGENT = replace(PAGEVIEW, visitor=replace(VISITOR, user_agent=""))
VERSIONS = pytest.mark.parametrize("version", [(2, 17, 0), (2, 18, 0), (2, 20, 2), (3, 1, 0)])


def test_a_batch_is_a_list_with_the_user_agent_in_each_item() -> None:
    request = SITE.batch_request([SITE.request(event) for event in (PAGEVIEW, UNKNOWN_AGENT)])

    assert replace(request, body=b"") == Request(
        url="https://cloud.umami.is/api/batch",
        headers={"content-type": "application/json", "user-agent": ""},
        body=b"",
    )
    assert json.loads(request.body) == [
        {"type": "event", "payload": FIELDS | {"userAgent": FIREFOX}},
        {"type": "event", "payload": FIELDS},
    ]


@VERSIONS
@pytest.mark.parametrize(
    "events",
    [
        pytest.param(BATCH, id="visitors"),
        pytest.param([*BATCH, UNKNOWN_AGENT], id="one without a user agent"),
        pytest.param([UNKNOWN_AGENT] * 2, id="none has one"),
    ],
)
def test_a_batch_stores_what_single_requests_store(
    version: tuple[int, ...], events: list[Event]
) -> None:
    one_by_one, together = (
        UmamiServer(version=version, websites=frozenset({WEBSITE})) for _ in range(2)
    )
    requests = [SITE.request(event) for event in events]
    singles = [SITE.read(one_by_one.receive(request)) for request in requests]
    outcomes = SITE.read_batch(together.receive(SITE.batch_request(requests)), len(requests))

    def stored(server: UmamiServer) -> list[dict[str, Any]]:
        return [{"userAgent": None} | each for each in server.kept]

    assert stored(together) == stored(one_by_one)
    assert len(together.kept) == len(events)
    assert outcomes == singles == [ACCEPTED] * len(events)


@pytest.mark.parametrize("version", [(2, 17, 0), (3, 1, 0)])
def test_a_bot_in_a_batch_costs_no_other_event(version: tuple[int, ...]) -> None:
    server = UmamiServer(version=version, websites=frozenset({WEBSITE}))
    bot = replace(PAGEVIEW, visitor=replace(VISITOR, user_agent=GOOGLEBOT))
    requests = [SITE.request(event) for event in (bot, PAGEVIEW)]
    outcomes = SITE.read_batch(server.receive(SITE.batch_request(requests)), 2)

    assert FIREFOX in [each["userAgent"] for each in server.kept]
    # The server does not say which.
    assert outcomes == [ACCEPTED] * 2


@VERSIONS
def test_each_event_of_a_batch_has_its_own_error(version: tuple[int, ...]) -> None:
    server = UmamiServer(
        version=version, websites=frozenset({WEBSITE}), ignored=frozenset({"2001:db8::7"})
    )
    other_site = Umami(website="0" + WEBSITE[1:])
    requests = [SITE.request(BATCH[1]), SITE.request(PAGEVIEW), other_site.request(PAGEVIEW)]
    singles = [SITE.read(server.receive(request)) for request in requests]
    outcomes = SITE.read_batch(server.receive(SITE.batch_request(requests)), 3)

    assert outcomes == singles
    assert [each.log_key for each in singles] == ["ignored", "", ""]
    assert [each.kind for each in singles] == [
        OutcomeKind.REJECTED,
        OutcomeKind.ACCEPTED,
        OutcomeKind.REJECTED,
    ]


def result(*details: object, size: int = 2) -> Response:
    return Response(status=200, body=json.dumps({"size": size, "details": [*details]}).encode())


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        pytest.param({"status": 400}, OutcomeKind.REJECTED, id="a refusal"),
        pytest.param(["payload: Invalid"], OutcomeKind.REJECTED, id="a refusal of version 2"),
        pytest.param({"status": 500}, OutcomeKind.UNKNOWN, id="a failure"),
        pytest.param({"name": "PrismaError"}, OutcomeKind.UNKNOWN, id="a failure of version 2"),
        pytest.param({"status": 503}, OutcomeKind.RETRY, id="busy"),
        pytest.param({"status": "x"}, OutcomeKind.UNKNOWN, id="no status"),
        pytest.param({"status": 200}, OutcomeKind.UNKNOWN, id="no status of an error"),
    ],
)
def test_an_error_in_a_batch_has_the_outcome_of_its_status(error: object, kind: str) -> None:
    response = result({"index": 1, "response": {"error": error}})
    first, second = SITE.read_batch(response, 2) or ()

    assert (first, second.kind) == (ACCEPTED, kind)


@pytest.mark.parametrize(
    "item", [{"index": 2, "response": {}}, {"index": -1}, {"index": "0"}, {}, None, 7], ids=str
)
def test_an_error_of_no_event_changes_nothing(item: object) -> None:
    assert SITE.read_batch(result(item), 2) == [ACCEPTED, ACCEPTED]


def test_an_error_without_a_response_is_a_refusal() -> None:
    first, second = SITE.read_batch(result({"index": 0}), 2) or ()

    assert (first.kind, second) == (OutcomeKind.REJECTED, ACCEPTED)


@pytest.mark.parametrize(
    "response",
    [
        result(size=3),
        Response(status=200, body=b'{"size":2,"details":"cut o'),
        Response(status=200, body=b'{"size":2}'),
        Response(status=202, body=b"ok"),
        Response(status=504, body=b"<h1>Gateway Timeout</h1>"),
        Response(status=500, body=b"<h1>Oops</h1>"),
    ],
    ids=["another size", "cut off", "no details", "a queue", "a gateway", "a proxy's failure"],
)
def test_where_the_answer_is_no_account_nothing_is_known(response: Response) -> None:
    outcomes = SITE.read_batch(response, 2) or ()

    assert [each.kind for each in outcomes] == [OutcomeKind.UNKNOWN] * 2


def test_a_busy_server_gets_the_batch_again() -> None:
    outcomes = SITE.read_batch(Response(status=503), 2) or ()

    assert [each.kind for each in outcomes] == [OutcomeKind.RETRY] * 2


@pytest.mark.parametrize("version", [None, (2, 16, 1), (3, 0, 1)], ids=["cloud", "2.16", "3.0.1"])
def test_a_server_without_batches_gets_single_events(version: tuple[int, ...] | None) -> None:
    server = UmamiServer(version=version, websites=frozenset({WEBSITE}))
    requests = [SITE.request(PAGEVIEW)] * 2

    assert SITE.read_batch(server.receive(SITE.batch_request(requests)), 2) is None
    assert server.kept == []


@pytest.mark.parametrize("status", [301, 400, 401, 403, 413])
def test_who_refuses_a_batch_gets_single_events(status: int) -> None:
    assert SITE.read_batch(Response(status=status), 2) is None


@pytest.mark.parametrize("version", [(2, 16, 1), (3, 0, 1), (3, 1, 0)])
def test_what_waits_for_a_server_goes_together(version: tuple[int, ...]) -> None:
    umami = UmamiServer(version=version, websites=frozenset({WEBSITE}))
    with (
        vendor(responding(umami.respond)) as server,
        watched_site(Umami(website=WEBSITE, endpoint=server.url)) as site,
    ):
        site.visits(200)
        assert wait_until(lambda: site.counts() == {"accepted": 200})

    assert len(umami.kept) == 200
    assert {(each["ip"], each["url"]) for each in umami.kept} == {
        (f"198.51.0.{number + 1}", f"/{number}") for number in range(200)
    }
    assert (len(umami.paths) < 200) is (version == (3, 1, 0))
