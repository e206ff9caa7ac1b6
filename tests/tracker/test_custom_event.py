"""Custom events are checked while their caller can still get an error."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

import footfall
from footfall import asgi
from footfall.config import Config, Options
from footfall.destinations import Only, Queue, Swetrix
from footfall.errors import ConfigError, EventError
from footfall.testing import MemoryTransport, Outbox
from footfall.tracker import Tracker
from tests.support.adapters import CHROME, PLAUSIBLE, call_asgi, navigation
from tests.support.trackers import page, tracker_over
from tests.support.waiting import LONG_SECONDS

BAD_EVENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "a reserved name": ("engagement", {}),
    "no name": ("", {}),
    "a revenue of one": ("Paid", {"revenue": 5}),
    "a revenue without number": ("Paid", {"revenue": ("EUR", "much")}),
    "a revenue of the wrong shape": ("Paid", {"revenue": {"currency": "EUR", "amount": 5}}),
    "an endless revenue": ("Paid", {"revenue": ("EUR", "Infinity")}),
    "a currency that is none": ("Paid", {"revenue": ("Euro", 5)}),
    "a currency of foreign letters": ("Paid", {"revenue": ("\u0395UR", 5)}),
    "props that are none": ("Paid", {"props": "plan=pro"}),
    "a visitor that is none": ("Paid", {"visitor": "203.0.113.9"}),
    "a place that is none": ("Paid", {"url": 17}),
    "nowhere": ("Paid", {"url": None}),
    "a relative place outside a request": ("Paid", {"url": "/invoices"}),
    "no visitor": ("Paid", {"visitor": None}),
}


@pytest.mark.parametrize(
    ("given", "exact"),
    [
        (("EUR", "19.90"), ("EUR", "19.90")),
        (("eur", 19.99), ("EUR", "19.99")),
        (["JPY", 1500], ("JPY", "1500")),
        (("EUR", Decimal("-0.005")), ("EUR", "-0.005")),
    ],
    ids=["text", "a float", "a whole number", "a refund"],
)
def test_revenue_is_exact(given: Any, exact: tuple[str, str], footfall_outbox: Outbox) -> None:
    visitor = {"ip": "203.0.113.7", "ua": CHROME}
    tracker = tracker_over(MemoryTransport())
    tracker.track("Paid", revenue=given, url="https://example.com/", visitor=visitor)
    tracker.process_all()
    [event] = footfall_outbox
    assert event.revenue is not None
    assert (event.revenue.currency, str(event.revenue.amount)) == exact


@pytest.mark.parametrize(("name", "options"), BAD_EVENTS.values(), ids=BAD_EVENTS.keys())
def test_a_bad_event_raises_in_development_and_is_counted_in_production(
    name: str, options: dict[str, Any]
) -> None:
    complete = {"url": "https://example.com/", "visitor": {"ip": "198.51.100.7"}, **options}
    with pytest.raises(EventError):
        tracker_over(MemoryTransport(), debug=True).track(name, **complete)
    tracker = tracker_over(MemoryTransport())
    tracker.track(name, **complete)
    assert tracker.stats()["reasons"] == {"bad_event": 1}


SWETRIX = "swetrix://api.swetrix.com/abcdefghijkl"
UMAMI = "umami://stats.example/94db1cb1-74f4-4a40-ad6c-962362670409"
LIMITS: dict[str, tuple[list[Any], int]] = {
    "Plausible": ([PLAUSIBLE], 120),
    "Swetrix": ([SWETRIX], 256),
    "an older Swetrix": ([f"{SWETRIX}?old_server=true"], 120),
    "both": ([PLAUSIBLE, SWETRIX], 256),
    "Swetrix for some hosts": ([Only(to=Swetrix(pid="abcdefghijkl"), hosts=["a.example"])], 256),
    "a queue": ([Queue(put=print)], 256),
    "a vendor that takes less": ([UMAMI], 120),
}


@pytest.mark.parametrize(("destinations", "limit"), LIMITS.values(), ids=LIMITS)
def test_a_name_may_be_as_long_as_a_destination_takes_it(
    destinations: list[Any], limit: int
) -> None:
    options: Options = {
        "destinations": destinations,
        "transport": MemoryTransport(),
        "debug": True,
    }
    tracker = Tracker.from_options(options)
    told: dict[str, Any] = {"url": "https://example.com/", "visitor": {"ip": "198.51.100.7"}}
    tracker.track("n" * limit, **told)
    with pytest.raises(EventError, match=f"{limit} is the most"):
        tracker.track("n" * (limit + 1), **told)


def test_a_name_that_a_hook_writes_may_be_as_long() -> None:
    options: Options = {
        "destinations": [PLAUSIBLE, SWETRIX],
        "transport": (transport := MemoryTransport()),
        "before_send": lambda event: replace(event, name="n" * 256),
    }
    tracker = Tracker.from_options(options)
    tracker.track("a", url="https://example.com/", visitor={"ip": "198.51.100.7", "ua": CHROME})
    tracker.flush(LONG_SECONDS)
    sent = [json.loads(request.body) for request in transport.requests]
    assert sorted(len(each.get("ev") or each["name"]) for each in sent) == [120, 256]
    assert sorted(each["trimmed"] for each in tracker.stats()["destinations"].values()) == [0, 1]


@pytest.mark.parametrize("details", [{"colour": "red"}, {"screen_width": "wide"}], ids=str)
def test_a_wrong_detail_raises_in_development_alone(details: dict[str, Any]) -> None:
    complete = {"url": "https://example.com/", "visitor": {"ip": "198.51.100.7"}, **details}
    with pytest.raises(EventError, match=next(iter(details))):
        tracker_over(MemoryTransport(), debug=True).track("Paid", **complete)
    tracker = tracker_over(MemoryTransport())
    tracker.track("Paid", **complete)
    tracker.process_all()
    assert tracker.stats()["reasons"] == {"custom_event": 1}


class WithoutText:
    def __str__(self) -> str:
        raise ValueError("no text")


def test_props_of_other_types_are_sent_as_text(footfall_outbox: Outbox) -> None:
    plan = uuid.UUID(int=7)

    async def view(scope: Any, receive: Any, send: Any) -> None:
        values = {"plan": plan, "day": date(2026, 11, 21), "n": 1.5, "bad": WithoutText()}
        footfall.set_props(**values)
        footfall.track("Order", props=values)
        await page(scope, receive, send)

    tracker = tracker_over(MemoryTransport())
    call_asgi(asgi.FootfallMiddleware(view, tracker=tracker), navigation("/page"))
    expected = {"plan": str(plan), "day": "2026-11-21", "n": 1.5, "bad": None}
    assert [event.props for event in footfall_outbox] == [expected, expected]


SECRET = "a secret of this app alone"


def test_with_a_secret_only_signed_tokens_are_taken(footfall_outbox: Outbox) -> None:
    tokens: list[dict[str, str]] = []

    async def view(scope: Any, receive: Any, send: Any) -> None:
        tokens.append(footfall.current_visitor())
        await page(scope, receive, send)

    tracker = tracker_over(MemoryTransport(), token_secret=SECRET)
    call_asgi(asgi.FootfallMiddleware(view, tracker=tracker), navigation("/page"))
    [token] = tokens
    for visitor in (token, token | {"ip": "203.0.113.9"}, {"ip": "203.0.113.9"}):
        tracker.track("Paid", url="https://example.com/order", visitor=visitor)
    seen, paid = footfall_outbox
    assert paid.visitor.identity == seen.visitor.identity
    assert tracker.stats()["reasons"]["bad_event"] == 2


def test_a_secret_is_shown_nowhere() -> None:
    tracker = tracker_over(MemoryTransport(), token_secret=SECRET)
    assert SECRET not in repr(tracker.config) + repr(tracker) + repr(tracker.stats())
    for environ in ({"FOOTFALL_TOKEN_SECRETS": SECRET}, {"FOOTFALL_TOKEN_SECRET": "short secret"}):
        with pytest.raises(ConfigError) as caught:
            Config.load({}, environ=environ)
        assert "(hidden)" in str(caught.value)
        assert SECRET not in str(caught.value)
        assert "short secret" not in str(caught.value)


class Lazy:
    @property  # type: ignore[misc]  # as Django's lazy objects do
    def __class__(self) -> type:
        raise RuntimeError("not in an async context")

    def __str__(self) -> str:
        raise RuntimeError("not in an async context")


def test_a_lazy_prop_that_fails_does_not_fail_the_view(footfall_outbox: Outbox) -> None:
    async def view(scope: Any, receive: Any, send: Any) -> None:
        footfall.set_props(user=Lazy())
        await page(scope, receive, send)

    tracker = tracker_over(MemoryTransport())
    call_asgi(asgi.FootfallMiddleware(view, tracker=tracker), navigation("/page"))
    assert [event.props for event in footfall_outbox] == [{"user": None}]


def test_an_address_as_a_wrong_argument_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    tracker = tracker_over(MemoryTransport())
    wrong: Any = "203.0.113.77"
    tracker.track("Paid", url="https://example.com/", visitor=wrong)
    assert "visitor is a str" in caplog.text
    assert "203.0.113.77" not in caplog.text
