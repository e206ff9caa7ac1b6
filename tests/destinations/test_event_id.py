"""The id by which a vendor recognises an event that arrives twice."""

from __future__ import annotations

import uuid
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from footfall.destinations._event_id import event_id
from footfall.events import json as event_json
from footfall.model import Event, Revenue
from tests.destinations.support import PAGEVIEW, VISITOR

EVENT = replace(
    PAGEVIEW,
    time=1_800_000_000.125,
    props={"plan": "pro", "price": Decimal("1.50"), "n": 1.5, "on": True},
    revenue=Revenue("EUR", Decimal("19.90")),
    profile_id="4711\ud800",
)


def test_it_is_a_uuid_that_stays_the_same() -> None:
    found = uuid.UUID(event_id(EVENT))

    assert (found.version, found.variant) == (8, uuid.RFC_4122)
    assert str(found) == event_id(EVENT) == event_id(replace(EVENT))


def test_it_outlasts_the_outbox() -> None:
    assert event_id(event_json.from_json(event_json.to_json(EVENT))) == event_id(EVENT)


@pytest.mark.parametrize(
    "change",
    [
        {"time": 1_800_000_000.125001},
        {"name": "Signup"},
        {"url": "https://example.com/"},
        {"referrer": "https://news.example.org/"},
        {"previous": "/"},
        {"visitor": replace(VISITOR, user_agent="")},
        {"visitor": replace(VISITOR, language="")},
        {"profile_id": ""},
        {"props": {}},
        {"revenue": None},
    ],
    ids=str,
)
def test_another_event_has_another(change: dict[str, Any]) -> None:
    assert event_id(replace(EVENT, **change)) != event_id(EVENT)


def test_no_address_can_be_guessed_from_it() -> None:
    other = replace(EVENT, visitor=replace(VISITOR, client_ip="198.51.100.1"))

    assert event_id(other) == event_id(EVENT)
    assert event_id(other, 1) != event_id(EVENT, 2)


def test_an_event_without_anything_has_one() -> None:
    nothing = Event(url="", visitor=replace(VISITOR, client_ip=None))

    assert str(uuid.UUID(event_id(nothing))) == event_id(nothing)
