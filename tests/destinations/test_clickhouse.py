"""ClickHouse's wire: what is sent for an event, and what its responses mean.

From clickhouse.com/docs (HTTP interface, asynchronous inserts, insert deduplication, JSONEachRow)
and src/Server/HTTP/exceptionCodeToHTTPStatus.cpp, read 2026-11. The table and such rows were tried
with ClickHouse 26.9.
"""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from footfall.destinations import ClickHouse, request_at
from footfall.destinations._event_id import event_id
from footfall.errors import ConfigError
from footfall.model import ACCEPTED, Request, Response, Revenue, Visitor
from tests.destinations import support
from tests.destinations.support import FIREFOX, VISITOR
from tests.support.clickhouse import COLUMNS, ClickHouseServer
from tests.support.faults import BROWSER, watched_site
from tests.support.vendors import responding, vendor, wait_until

PASSWORD = "c0rrect horse: battery"
SITE = ClickHouse(
    table="footfall.events", user="web", password=PASSWORD, endpoint="https://ch.example.com:8443"
)
PAGEVIEW = replace(
    support.PAGEVIEW, url="https://example.com:8443/a?utm_source=n#b", time=1_800_000_000.125
)
ROW = {
    "time": "2027-01-15 08:00:00.125",
    "name": "pageview",
    "host": "example.com:8443",
    "path": "/a",
    "query": "utm_source=n",
    "user_agent": FIREFOX,
    "language": "de-CH",
}


def server() -> ClickHouseServer:
    return ClickHouseServer(user="web", password=PASSWORD)


def sent(request: Request) -> dict[str, Any]:
    """The row that the server reads."""
    clickhouse = server()
    assert SITE.read(clickhouse.receive(request)) == ACCEPTED
    [row] = clickhouse.kept
    return row


def test_a_pageview_is_an_insert_of_one_row_with_the_password_as_a_header() -> None:
    request = SITE.request(PAGEVIEW)
    url = urlsplit(request.url)

    assert f"{url.scheme}://{url.netloc}{url.path}" == "https://ch.example.com:8443/"
    assert dict(parse_qsl(url.query)) == {
        "query": "INSERT INTO footfall.events FORMAT JSONEachRow",
        "async_insert": "1",
        "wait_for_async_insert": "1",
        "input_format_skip_unknown_fields": "1",
        "insert_deduplication_token": url.query[-32:],
    }
    assert request.headers == {
        "content-type": "application/x-ndjson",
        "user-agent": "footfall",
        "x-clickhouse-user": "web",
        "x-clickhouse-key": PASSWORD,
    }
    row = json.loads(request.body)
    visitor = row.pop("visitor")
    assert 0 < visitor < 2**64
    assert row.pop("id") == event_id(PAGEVIEW, visitor)
    assert row == ROW


def test_no_address_is_sent() -> None:
    for address in ("203.0.113.7", "2001:db8::7"):
        request = SITE.request(replace(PAGEVIEW, visitor=replace(VISITOR, client_ip=address)))
        assert address not in f"{request.url} {dict(request.headers)} {request.body!r}"


def test_every_column_of_the_documented_table_can_be_filled() -> None:
    event = replace(
        PAGEVIEW,
        referrer="https://news.example.org/",
        previous="/home",
        profile_id="4711",
        props={"plan": "pro", "n": 1.50},
        revenue=Revenue("EUR", Decimal("19.90")),
        screen_width=1280,
        time_zone="Europe/Berlin",
    )
    row = sent(SITE.request(event))

    assert row.keys() == COLUMNS.keys()
    assert {name: row[name] for name in row if name not in (*ROW, "id", "visitor")} == {
        "referrer": "https://news.example.org/",
        "previous": "/home",
        "profile": "4711",
        "props": {"plan": "pro", "n": "1.5"},
        "currency": "EUR",
        "amount": "19.9000",
        "screen_width": 1280,
        "time_zone": "Europe/Berlin",
    }


@pytest.mark.parametrize(
    ("change", "added"),
    [
        pytest.param({"name": "Sign\nup"}, {"name": "Sign\nup"}, id="a custom event"),
        pytest.param({"url": "app://"}, {"host": None, "path": "/", "query": None}, id="no URL"),
        pytest.param({"time": 0.0}, {"time": None}, id="no time"),
        pytest.param({"time": 5e9}, {"time": None}, id="a clock that is wrong"),
        pytest.param({"time": float("nan")}, {"time": None}, id="no clock"),
        pytest.param(
            {"visitor": Visitor(client_ip="nobody", user_agent="\ud800\0")},
            {"user_agent": "\ufffd\ufffd", "language": None},
            id="an address that is none",
        ),
        pytest.param(
            {"revenue": Revenue("EUR", Decimal("-0.00005"))},
            {"currency": "EUR", "amount": "-0.0000"},
            id="a small amount",
        ),
        pytest.param({"screen_width": -1, "time_zone": "x y"}, {}, id="details that are none"),
    ],
)
def test_an_event_becomes_a_row(change: dict[str, Any], added: dict[str, Any]) -> None:
    row = sent(SITE.request(replace(PAGEVIEW, **change)))
    expected = {name: value for name, value in (ROW | added).items() if value is not None}

    assert {name: row[name] for name in row if name not in ("id", "visitor")} == expected


@pytest.mark.parametrize(
    ("change", "trimmed"),
    [
        pytest.param({}, (), id="nothing"),
        pytest.param({"referrer": "r" * 8193}, ("referrer",), id="the referrer"),
        pytest.param({"props": {"k": "v" * 8193}}, ("props",), id="a value"),
        pytest.param({"revenue": Revenue("EUR", Decimal(10**13))}, ("amount",), id="the amount"),
        pytest.param({"revenue": Revenue("EUR", Decimal("sNaN"))}, ("amount",), id="no amount"),
    ],
)
def test_what_it_cannot_take_is_listed(change: dict[str, Any], trimmed: tuple[str, ...]) -> None:
    request = SITE.request(replace(PAGEVIEW, **change))

    assert request.trimmed == trimmed
    assert sent(request)


# -- visitors and repeats --------------------------------------------------------------------------


def visitor_of(site: ClickHouse = SITE, **change: Any) -> int:
    row = json.loads(site.request(replace(PAGEVIEW, **change)).body)
    found: int = row.get("visitor", 0)
    return found


def test_a_visitor_is_an_address_and_a_browser_on_one_day() -> None:
    other_day = PAGEVIEW.time + 16 * 3600

    assert visitor_of() == visitor_of(url="https://b.example/", time=PAGEVIEW.time + 15 * 3600)
    assert visitor_of(visitor=Visitor(user_agent=FIREFOX)) == 0
    numbers = {
        visitor_of(),
        visitor_of(time=other_day),
        visitor_of(visitor=replace(VISITOR, client_ip="203.0.113.8")),
        visitor_of(visitor=replace(VISITOR, user_agent="x")),
        visitor_of(replace(SITE, password="another password")),
    }
    assert len(numbers) == 5


def test_two_visitors_at_one_moment_are_no_repeat() -> None:
    clickhouse, other = server(), replace(VISITOR, client_ip="203.0.113.8")
    events = [PAGEVIEW, replace(PAGEVIEW, visitor=other)]

    clickhouse.receive(SITE.batch_request([SITE.request(event) for event in events]))
    assert len(clickhouse.kept) == 2


def test_a_repeat_is_recognised_alone_and_in_other_company() -> None:
    clickhouse = server()
    first, second = (SITE.request(replace(PAGEVIEW, name=name)) for name in ("A", "B"))
    late = request_at(SITE, replace(PAGEVIEW, name="A"), 2e9)

    for request in (first, late, SITE.batch_request([first, second]), second):
        assert SITE.read(clickhouse.receive(request)) == ACCEPTED
    assert late == first
    # The same request is not stored again; what came with other rows is removed by its id.
    assert [len(rows) for rows in clickhouse.inserts.values()] == [1, 2, 1]
    assert [row["name"] for row in clickhouse.kept] == ["A", "B"]


# -- the options ---------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["", "a b", "a.b.c", "1a", "a;b", "é", None, 7], ids=repr)
def test_a_table_has_a_plain_name(table: Any) -> None:
    with pytest.raises(ConfigError, match=r"write database\.table, as in clickhouse://"):
        replace(SITE, table=table)


@pytest.mark.parametrize(
    "password", ["", "fifteen letters", " " * 16, "sixteen\nletters!", "sixteen lettérs!", None]
)
def test_a_password_that_can_be_guessed_or_not_be_sent_is_refused(password: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        replace(SITE, password=password, user="us\ner")

    assert [(fault.option, fault.value) for fault in caught.value.faults] == [
        ("user", "(hidden)"),
        ("password", "(hidden)"),
    ]
    assert "letters" not in str(caught.value)


def test_the_name_tells_targets_apart_and_nothing_shows_the_password() -> None:
    own = replace(SITE, table="events", endpoint="http://CH.example.com:8123/ch/")

    assert own.name == "clickhouse:events@ch.example.com:8123"
    assert own.endpoint == "http://ch.example.com:8123/ch/"
    assert own.warnings == (
        "http://ch.example.com:8123/ch/ is plain http: the password travels unencrypted.",
    )
    assert SITE.warnings == replace(SITE, endpoint="http://127.0.0.1:8123").warnings == ()
    assert own.secrets == (PASSWORD,)
    assert PASSWORD not in own.name + repr(own) + str(own.warnings) + repr(own.request(PAGEVIEW))


# -- batches and responses -------------------------------------------------------------------------

REQUESTS = [
    SITE.request(PAGEVIEW),
    SITE.request(replace(PAGEVIEW, name='S"i\\gn\nup', props={"a": "é\u2028"})),
    SITE.request(replace(PAGEVIEW, visitor=replace(VISITOR, client_ip="2001:DB8::7"))),
    SITE.request(replace(PAGEVIEW, visitor=Visitor())),
]


def test_a_batch_stores_what_single_requests_store() -> None:
    one_by_one, together = server(), server()
    singles = [SITE.read(one_by_one.receive(request)) for request in REQUESTS]
    batch = SITE.batch_request(REQUESTS)

    assert SITE.read_batch(together.receive(batch), 4) == singles == [ACCEPTED] * 4
    assert together.kept == one_by_one.kept
    assert (together.sizes, one_by_one.sizes) == ([4], [1] * 4)
    assert batch.headers == REQUESTS[0].headers


def test_a_wrong_password_pauses_the_destination_and_says_what_to_grant() -> None:
    outcome = SITE.read(ClickHouseServer(user="web", password="another").receive(REQUESTS[0]))

    assert (outcome.kind, outcome.pause) == ("rejected", True)
    assert outcome.detail == (
        "HTTP 403: the server does not know this user and password, or the user may not insert: "
        "GRANT INSERT ON footfall.events TO web (it says: Code: 516. DB::Exception: some words. "
        "(AUTHENTICATION_FAILED) (version 26.9))"
    )


def test_a_missing_table_pauses_the_destination_and_says_where_its_definition_is() -> None:
    site = replace(SITE, table="footfall.other")
    outcome = site.read(server().receive(site.request(PAGEVIEW)))

    assert (outcome.kind, outcome.pause) == ("rejected", True)
    assert "has no table footfall.other, or it lacks something; docs/destinations.md" in (
        outcome.detail
    )


@pytest.mark.parametrize(
    ("status", "code", "kind", "pause"),
    [
        pytest.param(200, "", "accepted", False, id="stored"),
        pytest.param(200, "241", "unknown", False, id="an error after the head of the answer"),
        pytest.param(400, "27", "rejected", False, id="a row that cannot be read"),
        pytest.param(401, "194", "rejected", True, id="no password"),
        pytest.param(404, "", "rejected", True, id="another server"),
        pytest.param(408, "159", "unknown", False, id="waited for too long"),
        pytest.param(408, "", "retry", False, id="a proxy that waited for the request"),
        pytest.param(500, "202", "retry", False, id="too many queries"),
        pytest.param(500, "242", "retry", False, id="read-only"),
        pytest.param(500, "252", "retry", False, id="too many parts"),
        pytest.param(500, "241", "unknown", False, id="out of memory"),
        pytest.param(500, "", "unknown", False, id="a failure"),
        pytest.param(503, "209", "unknown", False, id="a time-out between servers"),
        pytest.param(503, "", "retry", False, id="a proxy that finds no server"),
    ],
)
def test_a_response_is_that_of_every_row(status: int, code: str, kind: str, pause: bool) -> None:
    headers = {"x-clickhouse-exception-code": code} if code else {}
    outcomes = SITE.read_batch(Response(status=status, headers=headers), 3)

    assert [(each.kind, each.pause) for each in outcomes] == [(kind, pause)] * 3
    assert bool(outcomes[0].detail) is (kind != "accepted")


def test_what_waits_goes_together_and_every_column_arrives() -> None:
    clickhouse = server()
    with (
        vendor(responding(clickhouse.respond)) as endpoint,
        watched_site(replace(SITE, endpoint=endpoint.url)) as site,
    ):
        site.visits(200)
        assert wait_until(lambda: site.counts() == {"accepted": 200})

    rows = sorted(clickhouse.kept, key=lambda each: int(each["path"][1:]))
    own = ("id", "visitor", "time")
    assert [{name: row[name] for name in row if name not in own} for row in rows] == [
        {"name": "pageview", "host": "example.com", "path": f"/{number}", "user_agent": BROWSER}
        for number in range(200)
    ]
    assert all(len({row[name] for row in rows}) == 200 for name in ("id", "visitor"))
    assert all("time" in row for row in rows)
    assert max(clickhouse.sizes) <= 500
    assert len(clickhouse.sizes) < 200


def test_the_definition_is_the_documented_one() -> None:
    missing = Response(status=404, headers={"x-clickhouse-exception-code": "60"})
    database, table, _ = SITE.setup_for(missing).split("\n\n")
    document = (Path(__file__).parents[2] / "docs" / "destinations.md").read_text("utf-8")
    assert f"{database}\n\n{table}\n\n" in document
    short = replace(SITE, table="events").setup_for(missing)
    assert short.startswith("CREATE TABLE events\n")
