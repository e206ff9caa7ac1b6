"""The memory that values take."""

from __future__ import annotations

from dataclasses import fields
from sys import getsizeof
from typing import Any

import pytest

from footfall.client_ip import Hop, Trace
from footfall.collector.storage.memory_size import memory_size
from footfall.collector.storage.recent_events import RecentEvent
from footfall.collector.wire.messages import HitExchange, IncomingEvent
from tests.collector.support import incoming_event, received_hit

LONG = "x" * 10_000


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("é", ()),
        (LONG, ()),
        ("😀" * 100, ()),
        (b"x" * 100, ()),
        (None, ()),
        ((1, ("a", 2.5)), (1, ("a", 2.5), "a", 2.5)),
        ({"k": "v"}, ("k", "v")),
        ([LONG], ()),
    ],
)
def test_the_size_of_a_value_and_of_what_is_in_it(value: object, parts: tuple[object, ...]) -> None:
    assert memory_size(value) == sum(map(getsizeof, (value, *parts)))


TEXTS = [
    each.name for each in fields(IncomingEvent) if each.type in ("str", "str | None", "Vendor")
]


@pytest.mark.parametrize("name", TEXTS)
def test_every_text_of_an_event_has_weight(name: str) -> None:
    values = {each.name: getattr(incoming_event(), each.name) for each in fields(IncomingEvent)}
    assert_heavy(RecentEvent(IncomingEvent(**{**values, name: LONG})))


def test_every_part_of_a_hit_has_weight() -> None:
    exchange: dict[str, Any] = {
        "method": "GET",
        "status": 200,
        "host": "",
        "route": None,
        "peer": None,
        "request_headers": {"a": LONG},
        "response_headers": {},
    }
    hop = Hop("peer", LONG, "127.0.0.1", "trusted")
    for hit in (
        received_hit(url=LONG),
        received_hit(exchange=HitExchange(**exchange)),
        received_hit(trace=Trace(client_ip="", source="", reason="", hops=(hop,))),
    ):
        assert_heavy(RecentEvent(incoming_event(), hit=hit))


def assert_heavy(recent: RecentEvent) -> None:
    assert memory_size(recent) > len(LONG) + memory_size(RecentEvent(incoming_event())) / 2
