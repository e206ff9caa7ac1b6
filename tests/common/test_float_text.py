"""Floats as each vendor's own language writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.common import float_text

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("value", "elixir", "javascript"),
    [
        (0.0, "0.0", "0"),
        (-0.0, "-0.0", "0"),
        (1.5, "1.5", "1.5"),
        (100.0, "100.0", "100"),
        (1500.0, "1.5e3", "1500"),
        (0.0001, "0.0001", "0.0001"),
        (0.00012, "1.2e-4", "0.00012"),
        (1e-7, "1.0e-7", "1e-7"),
        (-1.5e-7, "-1.5e-7", "-1.5e-7"),
        (2.0**53 - 1, "9007199254740991.0", "9007199254740991"),
        (2.0**53, "9.007199254740992e15", "9007199254740992"),
        (1e21, "1.0e21", "1e+21"),
    ],
)
def test_a_float_is_written_as_its_language_writes_it(
    value: float, elixir: str, javascript: str
) -> None:
    assert (float_text.elixir(value), float_text.javascript(value)) == (elixir, javascript)


@given(FINITE)
def test_every_float_reads_back_as_the_same_number(value: float) -> None:
    assert float(float_text.elixir(value)) == value
    assert float(float_text.javascript(value)) == value
