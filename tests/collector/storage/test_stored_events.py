"""Stored events, searches and totals as values and as JSON."""

from __future__ import annotations

from footfall.collector.storage.store import Store
from footfall.collector.storage.stored_events import EventSearch
from footfall.collector.wire.messages import Campaign, IncomingEvent, IncomingRequest
from tests.collector.storage.support import enqueue
from tests.collector.support import NOON, SECRET_ADDRESS


def test_an_event_is_stored_whole(store: Store) -> None:
    event = IncomingEvent(
        vendor="plausible",
        domain="a.test",
        name="Signup",
        url="https://a.test/x?utm_source=n",
        hostname="a.test",
        path="/x",
        referrer="https://b.test/",
        source="n",
        campaign=Campaign("n", "m", "c", "o", "t"),
        props={"plan": "pro"},
        revenue=("EUR", "19.990"),
        user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        client_ip=SECRET_ADDRESS,
        visitor="v",
        session="s",
        request=IncomingRequest(
            headers={"host": "stats.test", "x-real-ip": SECRET_ADDRESS},
            peer="127.0.0.1",
            body=b'{"n":"Signup"}',
            at=NOON + 0.25,
        ),
    )
    assert enqueue(store, [event])
    assert store.flush()
    [stored] = store.search(EventSearch()).events
    assert stored.as_json() == {
        "id": 1,
        "received_at": "2026-11-21T12:00:00.250Z",
        "vendor": "plausible",
        "domain": "a.test",
        "name": "Signup",
        "url": "https://a.test/x?utm_source=n",
        "path": "/x",
        "hostname": "a.test",
        "referrer": "https://b.test/",
        "utm": {"source": "n", "medium": "m", "campaign": "c", "content": "o", "term": "t"},
        "props": {"plan": "pro"},
        "revenue": {"currency": "EUR", "amount": "19.990"},
        "user_agent": event.user_agent,
        "client_ip": SECRET_ADDRESS,
        "visitor": "v",
        "session": "s",
        "status": "accepted",
        "reason": None,
        "headers": {"host": "stats.test"},
        "body": {"n": "Signup"},
    }
    assert (stored.browser, stored.os, stored.device) == ("Firefox", "GNU/Linux", "Desktop")
    assert SECRET_ADDRESS not in repr(stored)
