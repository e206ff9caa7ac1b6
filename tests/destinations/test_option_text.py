"""The texts of options in a DSN."""

from __future__ import annotations

import pytest

from footfall.destinations import _option_text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        (" ON ", True),
        ("1", True),
        ("No", False),
        ("off", False),
        ("maybe", "maybe"),
    ],
)
def test_a_switch_may_be_written_in_several_ways(text: str, value: object) -> None:
    assert _option_text.boolean(text) == value


@pytest.mark.parametrize(
    ("text", "value"), [("12", 12), ("", ""), ("-1", "-1"), ("1" * 16, "1" * 16), ("²", "²")]
)
def test_a_number_has_few_digits(text: str, value: object) -> None:
    assert _option_text.whole_number(text) == value
