"""Sizes in bytes as people write them."""

from __future__ import annotations

import pytest

from footfall.common.byte_size import parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [("500MB", 500_000_000), ("2GB", 2_000_000_000), ("1.5 kb", 1_500), ("7B", 7), ("1TB", 10**12)],
)
def test_a_size_is_a_number_with_a_unit(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "5", "MB", "-1MB", "1 PB", "1,5MB"])
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="write it like 500MB or 2GB"):
        parse_size(text)
