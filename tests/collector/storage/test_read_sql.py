"""Searches and totals over stored events."""

from __future__ import annotations

from dataclasses import replace

import pytest

from footfall.collector.storage import read_sql, sites
from footfall.collector.storage.stats.time_ranges import TimeRange, today
from footfall.collector.storage.store import Store
from footfall.collector.storage.stored_events import EventSearch, Period, TopRow
from footfall.collector.wire.messages import IncomingRequest
from footfall.collector.wire.sessions import DAY_SECONDS
from tests.collector.storage.support import enqueue, names
from tests.collector.support import NOON, incoming_event


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"[1,2]", [1, 2]),
        (b"pid=x&pg=/", "pid=x&pg=/"),
        (b"\xff", "\ufffd"),
        (b"x" * 20_000, None),
        (b"[" + b"[]," * 100 + b"1]", "[" + "[]," * 100 + "1]"),
    ],
    ids=["JSON", "a form", "no text", "too long to keep", "many lists"],
)
def test_bodies_are_shown_parsed(store: Store, body: bytes, shown: object) -> None:
    enqueue(store, [incoming_event(body=body)])
    assert store.flush()
    [event] = store.search(EventSearch()).events
    assert event.body == shown


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (EventSearch(), ["a", "b", "c", "d"]),
        (EventSearch(name="b"), ["b"]),
        (EventSearch(domain="b.test"), ["c"]),
        (EventSearch(path="/x"), ["b", "c"]),
        (EventSearch(status="dropped"), ["d"]),
        (EventSearch(status="accepted", path="/"), ["a"]),
        (EventSearch(after=2), ["c", "d"]),
        (EventSearch(limit=2), ["c", "d"]),
        (EventSearch(limit=2, is_newest=False), ["a", "b"]),
        (EventSearch(after=1, limit=1, is_newest=False), ["b"]),
        (EventSearch(name="'; DROP TABLE events; --"), []),
    ],
)
def test_searches(store: Store, wanted: EventSearch, expected: list[str]) -> None:
    enqueue(
        store,
        [
            incoming_event("a"),
            incoming_event("b", "/x"),
            incoming_event("c", "/x", domain="b.test"),
            incoming_event("d", reason="bot"),
        ],
    )
    assert names(store, wanted) == expected


def test_an_answer_has_a_size(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_sql, "MAX_SEARCH_BYTES", 50_000)
    enqueue(store, [incoming_event(f"{number:02}", body=b"x" * 10_000) for number in range(20)])
    assert store.flush()
    newest = store.search(EventSearch())
    shown = [event.name for event in newest.events]
    assert (shown, newest.total) == (["16", "17", "18", "19"], 20)
    oldest = store.search(EventSearch(is_newest=False))
    assert [event.name for event in oldest.events] == ["00", "01", "02", "03"]
    monkeypatch.setattr(read_sql, "MAX_SEARCH_BYTES", 1)
    # At least one, so that a reader who continues after it comes to an end.
    assert len(store.search(EventSearch()).events) == 1


def test_the_total_ignores_the_limit(store: Store) -> None:
    enqueue(store, [incoming_event() for _ in range(5)])
    assert store.flush()
    found = store.search(EventSearch(limit=2))
    assert (len(found.events), found.total, store.count(EventSearch())) == (2, 5, 5)


def test_domains_are_listed(store: Store) -> None:
    enqueue(store, [incoming_event(domain=each) for each in ("b.test", "a.test", "b.test")])
    assert store.flush()
    assert store.domains() == ["a.test", "b.test"]


def test_totals(store: Store) -> None:
    hour = 3_600
    enqueue(
        store,
        [
            incoming_event(path="/", at=NOON - 23.5 * hour, source="n", starts_session=True),
            incoming_event(path="/x", at=NOON - 23.4 * hour),
            incoming_event(path="/x", visitor="v2", session="s2", starts_session=True),
            incoming_event("Signup", visitor="v2", session="s2"),
            incoming_event("engagement", visitor="v2", session="s2"),
            incoming_event(reason="bot"),
            incoming_event(
                path="/old", at=NOON - 25 * hour, visitor="v0", session="s0", starts_session=True
            ),
            incoming_event(
                path="/b", domain="b.test", visitor="v3", session="s3", starts_session=True
            ),
        ],
    )
    assert store.flush()
    stats = store.totals(domain="a.test")
    assert (stats.visitors, stats.visits, stats.pageviews) == (2, 2, 3)
    assert (stats.events, stats.dropped) == (1, 1)
    assert stats.pages == [TopRow("/x", 2, 2), TopRow("/", 1, 1)]
    assert stats.sources == [TopRow("Direct / None", 1, 1), TopRow("n", 1, 1)]
    assert stats.names == [TopRow("Signup", 1, 1)]
    assert stats.reasons == [TopRow("bot", 0, 1)]
    assert stats.bars == [2, *[0] * 22, 1]
    assert stats.as_json()["pages"] == [
        {"path": "/x", "visitors": 2, "pageviews": 2},
        {"path": "/", "visitors": 1, "pageviews": 1},
    ]


@pytest.mark.parametrize(
    ("period", "pageviews", "bars"),
    [("day", 1, 24), ("week", 2, 28), ("month", 3, 30), ("all", 4, 30)],
)
def test_periods_reach_back(store: Store, period: Period, pageviews: int, bars: int) -> None:
    enqueue(store, [incoming_event(at=NOON - days * DAY_SECONDS) for days in (400, 20, 5, 0)])
    assert store.flush()
    stats = store.totals(period)
    assert (stats.pageviews, len(stats.bars), sum(stats.bars)) == (pageviews, bars, pageviews)
    assert stats.bars[-1] >= 1


@pytest.mark.parametrize("period", ["day", "all"])
def test_an_empty_store_has_totals_too(store: Store, period: Period) -> None:
    stats = store.totals(period)
    assert (stats.visitors, stats.pages, set(stats.bars)) == (0, [], {0})


def test_current_visitors_are_those_of_the_last_five_minutes(store: Store) -> None:
    enqueue(
        store,
        [
            incoming_event(at=NOON - 301, visitor="gone", session="s0"),
            incoming_event(at=NOON - 299),
            incoming_event(at=NOON - 10),
            incoming_event(visitor="v2", session="s2", domain="b.test"),
        ],
    )
    store.flush()
    assert (store.current_visitors(), store.current_visitors("b.test")) == (2, 1)
    assert store.last_event_at("a.test") == int((NOON - 10) * 1_000)
    assert store.last_event_at() == int(NOON * 1_000)
    assert store.last_event_at("c.test") is None


def test_props_are_those_of_an_events_newest(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sends an event with thousands of names can neither slow this down nor hide others."""
    monkeypatch.setattr(read_sql, "_PROP_EVENTS", 3)
    old = [replace(incoming_event("Signup"), props={"old": "1"}) for _ in range(5)]
    new = [replace(incoming_event("Signup"), props={"plan": "pro", f"x{n}": "1"}) for n in range(3)]
    other = [replace(incoming_event("Seen"), props={"other": "1"}) for _ in range(5)]
    enqueue(store, [replace(each, request=at(NOON - 60)) for each in old])
    enqueue(store, [*new, *other])
    assert store.flush()
    day = today(NOON, store.zone)
    span = TimeRange.of_days(day, day, store.zone)
    assert store.prop_names(span, "a.test", "Signup") == ["plan", "x0", "x1", "x2"]
    monkeypatch.setattr(sites, "_PROP_EVENTS", 6)
    assert store.registry.seen_props("a.test") == {"Seen": ["other"], "Signup": ["plan", "x2"]}


def at(moment: float) -> IncomingRequest:
    return incoming_event(at=moment).request
