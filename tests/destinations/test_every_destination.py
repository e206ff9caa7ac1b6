"""What holds for every destination, whatever an event or a response holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest
from hypothesis import given, settings

from footfall import destinations
from footfall.destinations import VISITOR_HEADERS, Destination, Swetrix
from footfall.model import Event, Request, Response, Visitor
from tests.destinations.strategies import ANY_EVENT, ANY_RESPONSE, ANY_VISITOR
from tests.destinations.support import (
    CLICKHOUSE,
    EVERY_DESTINATION,
    GOATCOUNTER,
    MATOMO,
    PID,
    PLAUSIBLE,
    POSTHOG,
    SWETRIX,
    UMAMI,
)
from tests.destinations.vendor_rules import (
    clickhouse_violations,
    goatcounter_violations,
    header_violations,
    matomo_violations,
    old_swetrix_violations,
    plausible_violations,
    posthog_violations,
    swetrix_violations,
    umami_violations,
)

OLD_SWETRIX = Swetrix(pid=PID, old_server=True)


def test_the_public_names_are_listed_and_there() -> None:
    assert destinations.__all__ == sorted(
        destinations.__all__, key=lambda name: (not name.isupper(), name)
    )
    assert [name for name in destinations.__all__ if not hasattr(destinations, name)] == []


def test_the_headers_wanted_of_a_visitor_are_in_lower_case_and_hold_no_secrets() -> None:
    assert "accept-language" in VISITOR_HEADERS
    assert [name for name in VISITOR_HEADERS if name != name.lower()] == []
    assert VISITOR_HEADERS.isdisjoint({"cookie", "authorization", "referer", "x-forwarded-for"})


@EVERY_DESTINATION
def test_a_destination_cannot_be_changed_and_equals_one_made_alike(destination: Any) -> None:
    with pytest.raises(FrozenInstanceError):
        destination.endpoint = "https://elsewhere.example"
    assert replace(destination) == destination
    assert hash(replace(destination)) == hash(destination)


RULES: tuple[tuple[Destination, Callable[[Request], list[str]]], ...] = (
    (PLAUSIBLE, plausible_violations),
    (SWETRIX, swetrix_violations),
    (OLD_SWETRIX, old_swetrix_violations),
    (UMAMI, umami_violations),
    (MATOMO, matomo_violations),
    (POSTHOG, posthog_violations),
    (GOATCOUNTER, goatcounter_violations),
    (CLICKHOUSE, clickhouse_violations),
)


@pytest.mark.long
@settings(deadline=None)
@given(ANY_EVENT)
def test_whatever_an_event_holds_every_vendor_would_take_the_request(event: Event) -> None:
    for destination, violations in RULES:
        request = destination.request(event)
        assert violations(request) + header_violations(request) == [], destination.name


@pytest.mark.long
@settings(deadline=None)
@given(ANY_VISITOR)
def test_whatever_a_visitor_holds_swetrix_would_take_the_heartbeat(visitor: Visitor) -> None:
    assert header_violations(SWETRIX.heartbeat(visitor)) == []


@pytest.mark.long
@EVERY_DESTINATION
@settings(deadline=None)
@given(response=ANY_RESPONSE)
def test_whatever_a_vendor_answers_is_read(destination: Destination, response: Response) -> None:
    outcome = destination.read(response)

    assert len(outcome.detail) < 600
    assert outcome.detail.isprintable()
    assert outcome.retry_after is None or 0 <= outcome.retry_after <= 60
