"""Cells of a spreadsheet that nobody's text can turn into formulas."""

from __future__ import annotations

import pytest

from footfall.common.spreadsheet import as_text


@pytest.mark.parametrize("value", ["=1", "+1", "-1", "@a", "\t=1", "\r=1", "\n=1", "＝1"])
def test_a_formula_becomes_text(value: str) -> None:
    assert as_text(value) == f"'{value}"


@pytest.mark.parametrize("value", ["", "a", "/=", " =1", "'=1"])
def test_other_text_stays(value: str) -> None:
    assert as_text(value) == value
