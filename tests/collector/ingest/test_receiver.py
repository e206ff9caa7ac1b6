"""What becomes of an ingest request, whichever way it came."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from footfall.collector import Store
from footfall.collector.ingest.receiver import PLAUSIBLE_PATH, Receiver, RejectedRequests
from footfall.collector.storage.recent_hits import RecentHits
from footfall.collector.wire.messages import IngestResult, json_response
from tests.collector.support import NOON, incoming_event, received_hit


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store()
    yield store
    store.close()


def test_faulty_requests_are_kept_but_not_repeated_events(store: Store) -> None:
    rejected = RejectedRequests()
    receiver = Receiver(store, (), rejected, RecentHits())
    statuses = (202, 400, 403, 413)
    results = [IngestResult(json_response(status, {})) for status in statuses]
    assert receiver.writes_of(results, "/stats/api/event", NOON) == []
    kept = [(each.path, each.status) for each in rejected.newest]
    assert kept == [("/stats/api/event", 400), ("/stats/api/event", 413)]
    assert rejected.number == 2


def test_only_events_are_written_and_only_uncounted_hits_kept(store: Store) -> None:
    hits = RecentHits()
    receiver = Receiver(store, (), RejectedRequests(), hits)
    answer = json_response(202, {})
    event = incoming_event()
    results = [
        IngestResult(answer, [event], received_hit(is_tracked=True)),
        IngestResult(answer, hit=received_hit(reason="bot")),
    ]
    [write] = receiver.writes_of(results, PLAUSIBLE_PATH, NOON)
    assert write.events == [event]
    receiver.keep_hits(results)
    assert [hit.reason for hit in hits.search()] == ["bot"]


def test_a_domain_that_was_not_declared_is_told(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = Receiver(store, ("b.test",), RejectedRequests(), RecentHits())
    undeclared = incoming_event(domain="a.test", reason="undeclared", is_declared=False)
    receiver.writes_of([IngestResult(json_response(202, {}), [undeclared])], PLAUSIBLE_PATH, NOON)
    assert "start it with --domain 'a.test' too" in caplog.text


def test_every_endpoint_has_a_path_of_its_own(store: Store) -> None:
    endpoints = Receiver(store, (), RejectedRequests(), RecentHits()).endpoints
    assert {"/api/event", "/api/v1/hits", "/api/v1/events/batch", "/log", "/v1/log/hb"} <= {
        *endpoints
    }
    assert [path for path, each in endpoints.items() if not each.allows_any_origin] == [
        "/api/v1/hits",
        "/api/v1/events/batch",
    ]
