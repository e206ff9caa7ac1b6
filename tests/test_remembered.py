"""Bounded, whatever is asked; and always the function's own answer."""

from __future__ import annotations

from typing import Any

import pytest

from footfall.common.bounded_cache import MAX_REMEMBERED, MAX_TEXT, BoundedCache


def test_a_question_is_answered_once_and_looked_up_after_that() -> None:
    asked: list[str] = []

    def length(text: str) -> int:
        asked.append(text)
        return len(text)

    remembered = BoundedCache(length)
    assert [remembered["four"], remembered["four"], remembered["two"]] == [4, 4, 3]
    assert asked == ["four", "two"]


def test_with_too_many_the_old_ones_go_and_the_next_ones_are_remembered() -> None:
    remembered: BoundedCache[str, int] = BoundedCache(len)
    for number in range(10 * MAX_REMEMBERED):
        assert remembered[f"question {number}"] == len(f"question {number}")
        assert len(remembered) <= MAX_REMEMBERED
    assert f"question {10 * MAX_REMEMBERED - 1}" in remembered


@pytest.mark.parametrize(
    ("question", "is_kept"),
    [
        ("x" * MAX_TEXT, True),
        ("x" * (MAX_TEXT + 1), False),
        (b"x" * MAX_TEXT, True),
        (b"x" * (MAX_TEXT + 1), False),
        (("x" * 10, "y" * 10), True),
        (("x" * MAX_TEXT, "y"), False),
        (("HTTP_HOST", object()), False),
        (type("Text", (str,), {})("x"), False),
    ],
    ids=["text", "long text", "bytes", "long bytes", "texts", "long texts", "an object", "a kind"],
)
def test_only_short_and_plain_text_is_kept_in_memory(question: Any, is_kept: bool) -> None:
    remembered: BoundedCache[Any, int] = BoundedCache(lambda asked: len(asked))
    assert remembered[question] == len(question)
    assert (question in remembered) is is_kept
