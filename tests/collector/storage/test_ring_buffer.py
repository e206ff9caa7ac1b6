"""The ring buffer: bounded by its items and by their bytes."""

from __future__ import annotations

import pytest

from footfall.collector.storage.ring_buffer import RingBuffer


@pytest.mark.parametrize(
    ("sizes", "kept"),
    [
        ([1, 1, 1, 1], ["1", "2", "3"]),
        ([4, 4, 4], ["1", "2"]),
        ([1, 1, 9], ["1", "2"]),
        ([1, 1, 10], ["2"]),
        ([11], []),
    ],
    ids=["three items", "ten bytes", "all but one", "one that fills it", "one that is too large"],
)
def test_the_oldest_items_are_dropped(sizes: list[int], kept: list[str]) -> None:
    ring: RingBuffer[str] = RingBuffer(max_items=3, max_bytes=10)
    for number, size in enumerate(sizes):
        ring.put(number, str(number), size)
    assert ring.values() == kept
    assert [ring.get(number) for number in range(len(sizes))][len(sizes) - len(kept) :] == kept
    assert ring.get(99) is None


def test_a_cleared_ring_has_room_for_all_its_bytes_again() -> None:
    ring: RingBuffer[str] = RingBuffer(max_items=3, max_bytes=10)
    ring.put(1, "a", 10)
    ring.clear()
    assert (ring.values(), ring.get(1)) == ([], None)
    ring.put(2, "b", 5)
    ring.put(3, "c", 5)
    assert ring.values() == ["b", "c"]
