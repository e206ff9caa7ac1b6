"""The newest hits that do not count, in memory."""

from __future__ import annotations

from itertools import count

import pytest

from footfall.collector.storage import recent_hits
from footfall.collector.storage.recent_hits import HitSearch, RecentHits, time_ids
from tests.collector.support import received_hit


@pytest.fixture
def hits() -> RecentHits:
    hits = RecentHits()
    hits.add(received_hit(url="https://a.test/x"))
    hits.add(received_hit(url="https://a.test/y", reason="xhr"))
    hits.add(received_hit(url="https://b.test/x", domain="b.test"))
    return hits


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (HitSearch(), [1, 2, 3]),
        (HitSearch(domain="b.test"), [3]),
        (HitSearch(path="/x"), [1, 3]),
        (HitSearch(reason="xhr"), [2]),
        (HitSearch(after=1), [2, 3]),
        (HitSearch(after=1, path="/x", reason="bot"), [3]),
        (HitSearch(domain="c.test"), []),
    ],
)
def test_hits_are_found_by(hits: RecentHits, wanted: HitSearch, ids: list[int]) -> None:
    assert [hit.id for hit in hits.search(wanted)] == ids


def test_a_hit_gets_an_id_and_is_found_by_it(hits: RecentHits) -> None:
    hit = hits.get(2)
    assert hit is not None
    assert (hit.id, hit.path) == (2, "/y")
    assert hits.get(4) is None


def test_ids_go_on_after_clearing(hits: RecentHits) -> None:
    hits.clear()
    assert hits.search() == []
    hits.add(received_hit())
    assert [hit.id for hit in hits.search()] == [4]


def test_each_new_hit_calls_the_listener_after_it_was_added(hits: RecentHits) -> None:
    seen: list[int] = []
    hits.on_change = lambda: seen.append(len(hits.search()))
    hits.add(received_hit())
    hits.add(received_hit())
    assert seen == [4, 5]


def test_only_the_newest_hits_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_hits, "_KEEP", 2)
    hits = RecentHits()
    for _ in range(3):
        hits.add(received_hit())
    assert [hit.id for hit in hits.search()] == [2, 3]


def test_a_hit_of_one_process_is_never_that_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time_ns", count(1_800_000_000_000_000_000, 1_000).__next__)
    here, elsewhere = RecentHits(time_ids()), RecentHits(time_ids())
    here.add(received_hit(url="https://a.test/x"))
    [shown] = here.search()
    elsewhere.add(received_hit(url="https://a.test/y"))
    assert elsewhere.get(shown.id) is None
    assert len(elsewhere.search(HitSearch(after=shown.id))) == 1, "what is newer is found"
    assert len(str(shown.id)) < 19, "as the page reads it"


def test_ids_rise_while_the_clock_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time_ns", lambda: 5_000)
    assert [next(ids) for ids in [time_ids()] * 3] == [5, 6, 7]
