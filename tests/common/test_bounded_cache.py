"""The cache returns what its function returns, and is bounded whatever its keys are."""

from __future__ import annotations

from typing import Any

import pytest

from footfall.common.bounded_cache import MAX_ENTRIES, MAX_KEY_CHARS, BoundedCache


def test_a_value_is_computed_once_and_looked_up_after_that() -> None:
    computed: list[str] = []

    def length(text: str) -> int:
        computed.append(text)
        return len(text)

    cache = BoundedCache(length)
    assert [cache["four"], cache["four"], cache["two"]] == [4, 4, 3]
    assert computed == ["four", "two"]


def test_a_full_cache_is_emptied_and_keeps_the_next_ones() -> None:
    cache: BoundedCache[str, int] = BoundedCache(len)
    for number in range(10 * MAX_ENTRIES):
        assert cache[f"key {number}"] == len(f"key {number}")
        assert len(cache.known) <= MAX_ENTRIES
    assert f"key {10 * MAX_ENTRIES - 1}" in cache.known


@pytest.mark.parametrize(
    ("key", "is_kept"),
    [
        ("x" * MAX_KEY_CHARS, True),
        ("x" * (MAX_KEY_CHARS + 1), False),
        (b"x" * MAX_KEY_CHARS, True),
        (b"x" * (MAX_KEY_CHARS + 1), False),
        (("x" * 10, "y" * 10), True),
        (("x" * MAX_KEY_CHARS, "y"), False),
        (("HTTP_HOST", object()), False),
        (type("Text", (str,), {})("x"), False),
    ],
    ids=["text", "long text", "bytes", "long bytes", "texts", "long texts", "an object", "a kind"],
)
def test_only_short_and_plain_text_is_kept_in_memory(key: Any, is_kept: bool) -> None:
    cache: BoundedCache[Any, int] = BoundedCache(lambda key: len(key))
    assert cache[key] == len(key)
    assert (key in cache.known) is is_kept
