"""A packed record becomes the same hit."""

from __future__ import annotations

import enum
from typing import Any

import pytest
from hypothesis import given

from footfall import asgi
from footfall.events.details import check_details
from footfall.request.record import Record, hit_of
from footfall.rules import url
from footfall.tracker.custom_event import CustomEvent
from footfall.tracker.packed_record import pack
from tests.support.adapters import Raw, navigation
from tests.support.records import (
    ADAPTERS,
    EVERY_ADAPTER,
    REQUESTS,
    quiet_tracker,
    record_of,
    visit_by_asgi,
)


@given(raw=REQUESTS)
def test_a_hit_is_the_same_after_its_record_was_packed(raw: Raw) -> None:
    for visit in ADAPTERS.values():
        record = record_of(visit, raw)
        unpacked = pack(record).unpack()
        assert isinstance(unpacked, tuple)
        assert hit_of(unpacked, 1.5) == hit_of(record, 1.5)


LONG: dict[str, Raw] = {
    "a query": navigation("/page", "utm_source=a&" + "x" * 6_000 + "&ref=b&utm_campaign=c"),
    "a query that is cut": navigation("/page", "ref=a&" + "x" * 9_000 + "&utm_source=b"),
    "a path": navigation("/" + "a/" * 3_000),
    "a path with a secret at its cut": navigation("/a1B2c3D4" * 455 + "a1B2c3D4" * 40),
    "a path with escapes": navigation("/" + "%C3%A9/" * 1_500),
    "a path in another spelling": navigation("/" + "%7Ea/" * 500),
}


@EVERY_ADAPTER
@pytest.mark.parametrize("raw", LONG.values(), ids=LONG)
def test_a_long_url_is_the_same_after_its_record_was_packed(raw: Raw, visit: Any) -> None:
    record = record_of(visit, raw)
    unpacked = pack(record).unpack()
    assert isinstance(unpacked, tuple)
    now, later = (url.page_at("", hit_of(each, 0.0)) for each in (record, unpacked))
    assert now == later


def custom_event(record: Record | None) -> CustomEvent:
    return CustomEvent(
        name="Signup",
        props={"plan": "pro"},
        details=check_details({}),
        revenue=None,
        interactive=True,
        url=None,
        referrer=None,
        visitor=None,
        record=record,
        at=3.5,
    )


@pytest.mark.parametrize("record", [None, record_of(visit_by_asgi, navigation("/page"))])
def test_a_custom_event_is_the_same_after_it_was_packed(record: Record | None) -> None:
    event = custom_event(record)
    unpacked = pack(event).unpack()
    assert isinstance(unpacked, CustomEvent)
    assert (unpacked.name, unpacked.props, unpacked.at) == ("Signup", {"plan": "pro"}, 3.5)
    assert (unpacked.record is None) is (record is None)
    if record is not None and unpacked.record is not None:
        assert hit_of(unpacked.record, 0.0) == hit_of(record, 0.0)


class Code(enum.IntEnum):
    OK = 200


class Text(str):
    __slots__ = ()


class Length(float):
    __slots__ = ()


ODD_FACTS: dict[str, tuple[dict[str, Any], int]] = {
    "a status of http": ({}, Code.OK),
    "a method of a kind of text": ({"method": Text("GET")}, 200),
    "bytes that may change": ({"query_string": bytearray(b"a=1")}, 200),
    "a client with a time": ({"client": ("198.51.100.7", Length(1.5))}, 200),
    "a client with an object": ({"client": ("198.51.100.7", object())}, 200),
    "a list for a client": ({"client": ["198.51.100.7", 1]}, 200),
}


@pytest.mark.parametrize(("facts", "status"), ODD_FACTS.values(), ids=ODD_FACTS)
def test_values_of_other_types_are_packed_too(facts: dict[str, Any], status: int) -> None:
    tracker = quiet_tracker()
    scope = {
        "path": "/page",
        "method": "GET",
        "scheme": "https",
        "query_string": b"a=1",
        "headers": [(b"host", b"example.com"), (b"cookie", b"secret=1")],
        "client": ("198.51.100.7", 1),
        "server": ("internal", 8000),
        **facts,
    }
    exchange = asgi.exchange_of(tracker.recorder, scope)
    record = exchange.response_record(status, [(b"content-type", b"text/html")], 1.0)
    packed = pack(record)
    unpacked = packed.unpack()
    assert isinstance(unpacked, tuple)
    assert hit_of(unpacked, 0.0) == hit_of(record, 0.0)
    assert b"secret" not in packed.plain


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.support import raw_requests

    monkeypatch.setattr(raw_requests, "MARK", {"props": {"plan": "pro"}, "path": "/shown"})


@EVERY_ADAPTER
@pytest.mark.usefixtures("marked")
def test_a_mark_is_kept_while_a_record_waits(visit: Any) -> None:
    unpacked = pack(record_of(visit, navigation("/page"))).unpack()
    assert isinstance(unpacked, tuple)
    hit = hit_of(unpacked, 0.0)
    assert (hit.props, hit.shown_path) == ({"plan": "pro"}, "/shown")


@pytest.mark.parametrize("tail", ["", ", 203.0.113.9"], ids=["a long list", "a proxy's addition"])
@EVERY_ADAPTER
def test_the_client_ip_of_a_long_list_is_the_same_after_a_wait(visit: Any, tail: str) -> None:
    attackers = ", ".join(["192.0.2.66"] * 900)
    raw = navigation("/page", headers={"X-Forwarded-For": f"{attackers}{tail}"})
    record = record_of(visit, raw)
    unpacked = pack(record).unpack()
    assert isinstance(unpacked, tuple)
    tracker = quiet_tracker(trusted_proxies=["198.51.100.7", "10.0.0.0/8"])
    resolve = tracker.config.resolver.resolve
    addresses = [resolve("198.51.100.7", hit_of(each, 0.0).headers) for each in (record, unpacked)]
    assert addresses == [tail.strip(", ") or "192.0.2.66"] * 2
