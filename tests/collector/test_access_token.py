"""Tokens in a header."""

from __future__ import annotations

import pytest

from footfall.collector.access_token import (
    COOKIE_NAME,
    cookie_value,
    has_cookie,
    has_token,
    is_same,
)

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


def test_one_of_several_cookies_may_be_that_of_the_token() -> None:
    right, wrong = (f"{COOKIE_NAME}={cookie_value(each)}" for each in ("secret", "other"))
    for header in (right, f"{right}; {wrong}", f"a=b;{wrong};  {right}"):
        assert has_cookie(header, "secret")
    for header in ("", "=", ";;", wrong, f"x{right}", COOKIE_NAME, f"{COOKIE_NAME}=secret"):
        assert not has_cookie(header, "secret")
