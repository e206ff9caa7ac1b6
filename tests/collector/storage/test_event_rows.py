"""An event as a row, and back."""

from __future__ import annotations

from dataclasses import replace

from footfall.collector.storage.event_rows import COLUMNS, event_values, unwritten_event
from footfall.collector.storage.store import Store
from footfall.collector.storage.stored_events import EventSearch
from footfall.collector.wire.messages import Campaign
from tests.collector.storage.support import enqueue
from tests.collector.support import FIREFOX, NOON, SECRET_ADDRESS, incoming_event

EVENT = replace(
    incoming_event("Signup", "/x", reason="bot", body=b'{"a":1}'),
    url="https://a.test/x",
    hostname="a.test",
    referrer="https://b.test/",
    source="b.test",
    campaign=Campaign("s", "m", "c", None, "t"),
    props={"plan": "pro"},
    revenue=("EUR", "1.50"),
    user_agent=FIREFOX,
)


def test_each_column_has_a_value() -> None:
    row = dict(zip(COLUMNS, event_values(EVENT, "NZ"), strict=True))
    assert (row["received_at"], row["utm_term"], row["browser"]) == (NOON * 1_000, "t", "Firefox")
    assert (row["props"], row["amount"], row["country"]) == ('{"plan": "pro"}', "1.50", "NZ")


def test_an_event_in_memory_is_shown_as_one_of_the_file(store: Store) -> None:
    enqueue(store, [EVENT])
    assert store.flush()
    assert [unwritten_event(1, EVENT)] == store.search(EventSearch()).events
    shown = unwritten_event(7, EVENT)
    assert (shown.id, shown.client_ip, shown.body) == (7, SECRET_ADDRESS, {"a": 1})
