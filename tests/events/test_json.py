"""Events as lines of JSON: what is kept, what a later version may add, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from footfall.events.json import VERSION, from_json, to_json
from footfall.model import ENGAGEMENT, Engagement, Event, Revenue, Visitor

PLAIN = Event(url="https://example.com/", visitor=Visitor(client_ip="198.51.100.1"), time=1.5)
FULL = Event(
    name="Paid",
    url="https://example.com/a?utm_source=x",
    referrer="https://news.example/",
    previous="/before",
    visitor=Visitor(
        client_ip="2001:db8::1",
        user_agent="Mozilla/5.0 \udcff \N{GRINNING FACE}",
        language="en",
        headers={"sec-ch-ua": "x"},
    ),
    props={"plan": "pro", "seats": 3, "share": 0.5, "trial": False},
    revenue=Revenue("EUR", Decimal("19.90")),
    interactive=False,
    time=1_700_000_000.25,
    trimmed=("url", "referrer"),
)
VIEWED = replace(PLAIN, name=ENGAGEMENT, engagement=Engagement(0, 60))


@pytest.mark.parametrize("event", [PLAIN, FULL, VIEWED], ids=["plain", "full", "viewed"])
def test_an_event_comes_back_as_it_was(event: Event) -> None:
    line = to_json(event)
    assert line.isascii()
    assert "\n" not in line
    assert from_json(line) == event


def test_a_value_of_another_class_is_written_as_json_does() -> None:
    class Page(str):
        __slots__ = ()

    event = replace(PLAIN, url=Page("https://example.com/\u2028"), time=7)
    assert json.loads(to_json(event))["url"] == event.url
    assert from_json(to_json(event)) == event
    for endless in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="JSON"):
            to_json(replace(PLAIN, time=endless))


LEFT_OUT: dict[str, Any] = {
    "a list": [1],
    "a map": {"a": 1},
    "nothing": None,
    "no number": float("nan"),
    "an endless number": float("inf"),
    "an endless decimal": Decimal("Infinity"),
    "a number without measure": 1 << 300,
    "an object": object(),
}


@pytest.mark.parametrize("value", LEFT_OUT.values(), ids=LEFT_OUT.keys())
def test_props_that_no_vendor_takes_are_left_out(value: Any) -> None:
    event = replace(PLAIN, props={"bad": value, "good": "yes"})
    assert from_json(to_json(event)).props == {"good": "yes"}


@pytest.mark.parametrize(
    ("value", "text"), [("1.50", "1.50"), ("1E+2", "100"), ("1E+99", "1E+99")], ids=str
)
def test_an_exact_decimal_becomes_its_text(value: str, text: str) -> None:
    event = replace(PLAIN, props={"price": Decimal(value)})
    assert from_json(to_json(event)).props == {"price": text}


def test_a_field_that_is_not_known_is_ignored() -> None:
    later = {**json.loads(to_json(FULL)), "mood": "good"}
    assert from_json(json.dumps(later)) == FULL


def changed(**changes: Any) -> str:
    return json.dumps({**json.loads(to_json(FULL)), **changes})


NO_EVENTS = {
    "no JSON": "{",
    "nothing": "",
    "a list": "[]",
    "null": "null",
    "a number": "7",
    "no version": json.dumps({"url": "https://example.com/"}),
    "another version": changed(v=VERSION + 1),
    "no name": json.dumps({"v": VERSION}),
    "a number for a name": changed(name=5),
    "a number for a place": changed(url=5),
    "a list for an address": changed(ip=["198.51.100.1"]),
    "a word for the time": changed(time="noon"),
    "no amount": changed(revenue=["EUR", "much"]),
    "half a revenue": changed(revenue=["EUR"]),
    "a list of props": changed(props=["a"]),
    "a number in a header": changed(headers={"a": 5}),
    "depth without end": "[" * 100_000,
}


@pytest.mark.parametrize("line", NO_EVENTS.values(), ids=NO_EVENTS.keys())
def test_what_is_no_event_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"event|Expecting|convert"):
        from_json(line)
