"""Wildcards."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.collector.storage.stats.wildcards import matches
from tests.support.waiting import no_long_wait


@pytest.mark.parametrize(
    ("wildcard", "text", "fits"),
    [
        ("/docs", "/docs", True),
        ("/docs", "/docs/a", False),
        ("/docs/*", "/docs/a", True),
        ("/docs/*", "/docs/", True),
        ("/docs/*", "/docs/a/b", False),
        ("/docs/**", "/docs/a/b", True),
        ("**a*b", "a/ab", True),
        ("*/b", "a/b", True),
        ("***", "/a/b", True),
        ("a.c", "abc", False),
        ("", "", True),
        ("", "a", False),
    ],
)
def test_wildcards(wildcard: str, text: str, fits: bool) -> None:
    assert matches(wildcard, text) == fits


@given(st.text("ab/*", max_size=8), st.text("ab/", max_size=8))
def test_wildcards_are_what_they_are_as_regular_expressions(wildcard: str, text: str) -> None:
    parts = re.split(r"(\*+)", wildcard)
    pattern = "".join(
        re.escape(part) if "*" not in part else "[^/]*" if part == "*" else ".*" for part in parts
    )
    assert matches(wildcard, text) == bool(re.fullmatch(pattern, text))


def test_no_text_makes_a_wildcard_slow() -> None:
    # Backtracking would try billions of divisions of the text.
    with no_long_wait():
        assert not matches("**a" * 20 + "b", "a" * 2_000)
