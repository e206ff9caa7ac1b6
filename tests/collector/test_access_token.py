"""Tokens in a header."""

from __future__ import annotations

import pytest

from footfall.collector.access_token import has_token, is_same

TOKENS = ("correct horse", "battery")


@pytest.mark.parametrize("value", ["Bearer battery", "bearer correct horse", "BEARER   battery  "])
def test_any_of_the_tokens_is_one(value: str) -> None:
    assert has_token(value, TOKENS)


@pytest.mark.parametrize(
    "value",
    [
        *("", "Bearer", "Bearer ", "battery", "Basic battery", "Bearer correct"),
        *("Bearer batterie", "Bearer batter\xf6", "Bearer \udcff"),
    ],
)
def test_everything_else_is_none(value: str) -> None:
    assert not has_token(value, TOKENS)


def test_without_tokens_nothing_is_one() -> None:
    assert not has_token("Bearer ", ())


def test_halves_of_a_pair_compare_as_different() -> None:
    assert not is_same("\ud800", "x")
    assert is_same("ä", "ä")
