"""Many events in one request: how each is read, and its result."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footfall.collector.wire import batch, hit_reports, limits, plausible
from footfall.collector.wire.messages import IncomingEvent, IncomingRequest, IngestResult
from footfall.collector.wire.sessions import Sessions
from tests.collector.support import FIREFOX, GOOGLEBOT
from tests.collector.wire.support import NOON, PAGE, new_sessions
from tests.support.hit_reports import report_body

VISITOR = {"user_agent": FIREFOX, "client_ip": "203.0.113.9"}
EVENT = {**PAGE, **VISITOR}
REPORT = report_body()
LINES = "application/x-ndjson"


def posted(
    body: object, content_type: str = LINES, headers: Mapping[str, str] = {}
) -> IncomingRequest:
    """A batch: the lines of a list, or any bytes."""
    if isinstance(body, list):
        is_lines = content_type != "application/json"
        text = "\n".join(map(json.dumps, body)) if is_lines else json.dumps(body)
        body = text.encode()
    assert isinstance(body, bytes)
    return IncomingRequest(
        headers={"content-type": content_type, "user-agent": "script", **headers},
        peer="127.0.0.1",
        body=body,
        at=NOON,
    )


def results(
    request: IncomingRequest, *, domains: Collection[str] = (), sessions: Sessions | None = None
) -> list[IngestResult]:
    found = batch.receive(request, domains=frozenset(domains), sessions=sessions or new_sessions())
    assert not isinstance(found, IngestResult), found.response.body
    return [*found]


def answer(request: IncomingRequest, **options: Any) -> Any:
    response = batch.response(results(request, **options))
    assert response.status == 200
    return json.loads(response.body)


def refusal(request: IncomingRequest) -> tuple[int, str]:
    found = batch.receive(request, domains=frozenset(), sessions=new_sessions())
    assert isinstance(found, IngestResult)
    return found.response.status, json.loads(found.response.body)["error"]


ITEMS: dict[str, tuple[Any, dict[str, Any]]] = {
    "a report": (REPORT, {"status": 202}),
    "a report of a hit that does not count": (
        {**REPORT, "tracked": False, "request": None},
        {"status": 202},
    ),
    "an event": (EVENT, {"status": 202}),
    "an event with all fields": (
        EVENT
        | {"referrer": "https://b.test/", "props": {"plan": "pro"}, "interactive": False}
        | {"revenue": {"currency": "EUR", "amount": "19.90"}, "language": "de"}
        | {"headers": {"Sec-CH-UA": '"x"', "Accept": "text/html", "Content-Type": "text/html"}},
        {"status": 202},
    ),
    "of a bot": (EVENT | {"user_agent": GOOGLEBOT}, {"status": 202, "dropped": "bot"}),
    "for another site": (EVENT | {"domain": "b.test"}, {"status": 202, "dropped": "not_found"}),
    "for two sites, one of them unknown": (
        EVENT | {"domain": "a.test,b.test"},
        {"status": 202, "dropped": "not_found"},
    ),
    "without a URL": (
        {**VISITOR, "name": "pageview", "domain": "a.test"},
        {"status": 400, "error": "url: is required"},
    ),
    "with two faults": (
        EVENT | {"name": "", "url": "data:,x"},
        {"status": 400, "error": "event_name: can't be blank; url: scheme is not allowed"},
    ),
    "without a user agent": (
        {**PAGE, "client_ip": "203.0.113.9"},
        {"status": 400, "error": "user_agent must be a text"},
    ),
    "without an address": (
        {**PAGE, "user_agent": FIREFOX},
        {"status": 400, "error": "client_ip must be a text"},
    ),
    "with an empty address": (
        EVENT | {"client_ip": ""},
        {"status": 400, "error": "client_ip must not be empty"},
    ),
    "with a list of headers": (
        EVENT | {"headers": ["x"]},
        {"status": 400, "error": "headers must be an object"},
    ),
    "a report of another version": (
        {**REPORT, "version": 2},
        {"status": 400, "error": "this collector reads reports of version 1; use one footfall"},
    ),
    "a report with a fault": (
        {**REPORT, "times": []},
        {"status": 400, "error": "times must be an object"},
    ),
    "a report of a request with a fault": (
        {**REPORT, "request": {**REPORT["request"], "body": "{}"}},
        {
            "status": 400,
            "error": "event_name: can't be blank; url: is required; domain: can't be blank",
        },
    ),
    "a text": ("x", {"status": 400, "error": "an item must be an object"}),
    "null": (None, {"status": 400, "error": "an item must be an object"}),
    "a list": ([], {"status": 400, "error": "an item must be an object"}),
}


@pytest.mark.parametrize("kind", [LINES, "application/jsonl; charset=utf-8", "application/json"])
@pytest.mark.parametrize(("item", "expected"), ITEMS.values(), ids=ITEMS.keys())
def test_each_item_has_the_result_of_a_post_by_itself(
    item: Any, expected: dict[str, Any], kind: str
) -> None:
    found = answer(posted([EVENT, item, EVENT], kind), domains=["a.test"])
    good = {"status": 202}
    assert found["results"] == [good, expected, good]
    dropped, rejected = "dropped" in expected, expected["status"] >= 400
    assert found["dropped"] == dropped
    assert found["rejected"] == rejected
    assert found["accepted"] == 3 - dropped - rejected


def test_the_counts_and_the_results_cover_all_items() -> None:
    found = answer(posted([item for item, _ in ITEMS.values()]), domains=["a.test"])
    assert found["results"] == [expected for _, expected in ITEMS.values()]
    assert found["accepted"] + found["dropped"] + found["rejected"] == len(ITEMS)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"{", "Expecting property name"),
        (b'{"name": "pageview"} {}', "Extra data"),
        (b"\xff", "can't decode byte 0xff"),
        (b"[" * 5_000 + b"]" * 5_000, "nested too deeply"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"version": 1e' + b"9" * 5_000 + b"}", "1e999"),
    ],
    ids=["cut off", "two on a line", "no UTF-8", "deep", "NaN", "too large a number"],
)
def test_a_malformed_line_refuses_no_other(line: bytes, error: str) -> None:
    good = json.dumps(EVENT).encode()
    found = answer(posted(b"\n".join([good, line, good])))
    assert [each["status"] for each in found["results"]] == [202, 400, 202]
    text = found["results"][1]["error"]
    assert error in text
    assert len(text) <= 200


@pytest.mark.parametrize("body", [b"", b"\n", b" \r\n\n", b"[]"])
def test_an_empty_batch_has_no_results(body: bytes) -> None:
    request = posted(body, "application/json" if body == b"[]" else LINES)
    assert answer(request) == {"accepted": 0, "dropped": 0, "rejected": 0, "results": []}


def test_lines_end_as_any_system_ends_them_and_nowhere_else() -> None:
    """JSON texts may hold U+2028, U+2029 and U+0085, at which Python ends lines, too."""
    event = EVENT | {"props": {"text": "a\u2028b\u2029c\u0085d\re"}}
    line = json.dumps(event, ensure_ascii=False).encode()
    [first, second] = results(posted(b"\r\n".join([line, b"", line, b""])))
    assert [*first.events[0].props.values()] == ["a\u2028b\u2029c\u0085d\re"]
    assert second.response.status == 202


REFUSED: dict[str, tuple[bytes, str, int, str]] = {
    "another media type": (b"{}", "text/plain", 415, "application/x-ndjson"),
    "no media type": (b"{}", "", 415, "application/x-ndjson"),
    "no JSON": (b"[{]", "application/json", 400, "the array: "),
    "no UTF-8": (b"\xff", "application/json", 400, "the array: "),
    "no body": (b"", "application/json", 400, "the array: "),
    "an object": (b"{}", "application/json", 400, "the body must be a list"),
    "too many lines": (b"{}\n" * 1_001, LINES, 413, "at most 1000 events"),
    "too many items": (b"[" + b"{}," * 1_000 + b"{}]", "application/json", 413, "1000 events"),
    "too long": (b" " * 1_000_001, LINES, 413, "at most 1000000 bytes"),
}


@pytest.mark.parametrize(("body", "kind", "status", "error"), REFUSED.values(), ids=REFUSED.keys())
def test_a_batch_that_cannot_be_read_is_refused_as_a_whole(
    body: bytes, kind: str, status: int, error: str
) -> None:
    found_status, found_error = refusal(posted(body, kind))
    assert found_status == status
    assert error in found_error


def test_the_most_items_are_taken() -> None:
    found = answer(posted([EVENT] * limits.BATCH_ITEMS))
    assert (found["accepted"], len(found["results"])) == (1_000, 1_000)


def test_few_items_may_not_become_many_events() -> None:
    sites = ",".join(f"s{number}.test" for number in range(100))
    found = results(posted([EVENT | {"domain": sites}] * 20))
    assert sum(len(each.events) for each in found) == limits.BATCH_ITEMS
    assert [each.response.status for each in found] == [202] * 10 + [413] * 10


def test_duplicates_are_two_events_of_one_visit() -> None:
    [first], [second] = (each.events for each in results(posted([EVENT, EVENT])))
    assert (first.starts_session, second.starts_session) == (True, False)
    assert first.session == second.session


def test_the_visitor_is_the_one_of_the_item() -> None:
    headers = {"x-plausible-ip": "192.0.2.1", "cf-connecting-ip": "192.0.2.2", "host": "c.test"}
    item = EVENT | {"headers": headers, "language": "de-AT"}
    outer = {"x-forwarded-for": "192.0.2.3", "accept-language": "en", "host": "stats.test:8321"}
    [result] = results(posted([item], headers=outer))
    [event] = result.events
    assert (event.client_ip, event.user_agent) == ("203.0.113.9", FIREFOX)
    found = event.request.headers
    assert (found["accept-language"], found["host"]) == ("de-AT", "stats.test:8321")
    # As anybody posts it; the address is in no body that is stored.
    assert json.loads(event.request.body) == PAGE


def test_credentials_of_the_visitor_are_not_kept() -> None:
    secrets = {"Authorization": "x", "Cookie": "x", "Proxy-Authorization": "x", "X-API-Key": "x"}
    [result] = results(posted([EVENT | {"headers": secrets | {"DNT": "1"}}]))
    assert {*result.events[0].request.headers} == {
        *("content-type", "user-agent", "x-plausible-ip", "dnt")
    }


def test_a_visitor_s_headers_ask_nothing_of_the_collector() -> None:
    headers = {"accept": "text/html", "x-debug-request": "true", "content-type": "text/plain"}
    assert answer(posted([EVENT | {"headers": headers}]))["results"] == [{"status": 202}]


def test_the_events_of_another_collector_are_known_as_such() -> None:
    [result] = results(posted([EVENT], headers={"via": "1.1 footfall"}))
    assert result.events[0].request.headers["via"] == "1.1 footfall"


# -- the same as one by one ---------------------------------------------------------------------


def one_by_one(items: Sequence[Any], domains: Collection[str]) -> list[IngestResult]:
    """What the items come to where each is posted by itself."""
    sessions = new_sessions()
    return [_single(item, frozenset(domains), sessions) for item in items]


def _single(item: dict[str, Any], domains: frozenset[str], sessions: Sessions) -> IngestResult:
    if "version" in item:
        headers = {"content-type": "application/json"}
        body = json.dumps(item).encode()
        request = IncomingRequest(headers=headers, peer="127.0.0.1", body=body, at=NOON)
        return hit_reports.receive(request, domains=domains, sessions=sessions)
    fields = {name: value for name, value in item.items() if name not in VISITOR}
    request = IncomingRequest(
        headers={
            "content-type": "application/json",
            "user-agent": item["user_agent"],
            "x-forwarded-for": item["client_ip"],
        },
        peer="127.0.0.1",
        body=json.dumps(fields).encode(),
        at=NOON,
    )
    return plausible.receive(request, domains=domains, sessions=sessions)


def shown(found: Sequence[IngestResult]) -> list[Any]:
    """Results without what is random, with numbered sessions, and without how the events came."""
    numbers: dict[str | None, int] = {}
    nothing = IncomingRequest(headers={}, peer="", body=b"", at=NOON)

    def plain(event: IncomingEvent) -> IncomingEvent:
        session = numbers.setdefault(event.session, len(numbers))
        return replace(event, session=str(session), request=nothing)

    return [(each.response, [*map(plain, each.events)], each.hit) for each in found]


any_event = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["pageview", "Signup", "engagement", "", 7]),
        "url": st.sampled_from(["https://a.test/x?utm_source=n", "https://b.test/", "/", "data:,"]),
        "domain": st.sampled_from(["a.test", "b.test", "a.test,b.test", ""]),
        "user_agent": st.sampled_from([FIREFOX, GOOGLEBOT, ""]),
        "client_ip": st.sampled_from(["203.0.113.9", "2001:db8::1", "x"]),
    },
    optional={
        "referrer": st.text() | st.none(),
        "props": st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=3),
        "interactive": st.booleans(),
        "revenue": st.fixed_dictionaries({"currency": st.just("EUR"), "amount": st.integers()}),
    },
)
any_report = st.builds(
    lambda tracked, page: {
        **REPORT,
        "tracked": tracked,
        "request": {
            **REPORT["request"],
            "body": json.dumps(PAGE | {"url": f"https://a.test/{page}"}),
        },
    },
    st.booleans(),
    st.text(max_size=5),
)


@settings(max_examples=60, deadline=None)
@given(items=st.lists(any_event | any_report, max_size=8), is_array=st.booleans())
def test_a_batch_comes_to_what_its_items_come_to(items: list[Any], is_array: bool) -> None:
    request = posted(items, "application/json" if is_array else LINES)
    domains = ["a.test"]
    assert shown(results(request, domains=domains)) == shown(one_by_one(items, domains))


@settings(max_examples=60, deadline=None)
@given(
    body=st.binary(max_size=60)
    | st.lists(any_event).map(lambda each: json.dumps(each).encode())
    | st.lists(st.text(st.characters()), max_size=4).map(lambda each: json.dumps(each).encode()),
    kind=st.sampled_from([LINES, "application/json", "x"]),
)
def test_any_body_gets_a_response(body: bytes, kind: str) -> None:
    found = batch.receive(posted(body, kind), domains=frozenset(), sessions=new_sessions())
    if isinstance(found, IngestResult):
        assert found.response.status in (400, 415)
    else:
        assert batch.response([*found]).status == 200
