"""The page "My dashboard is empty" quotes what the code writes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

import pytest

from tests.support.documents import ROOT, TEXTS

PAGE: Final = TEXTS["docs/troubleshooting.md"]
QUOTES: Final = [*dict.fromkeys(re.findall(r"^> (.+)$", PAGE, re.MULTILINE))]


def _texts() -> Iterator[str]:
    """Every text of the package's code, and the parts of those that hold values."""
    for path in (ROOT / "src" / "footfall").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


CODE: Final = "\0".join(_texts())


@pytest.mark.parametrize("quote", QUOTES)
def test_a_quoted_line_is_in_the_code(quote: str) -> None:
    parts = [part.strip() for part in quote.split("...") if len(part.strip()) > 2]
    assert parts
    assert [part for part in parts if part not in CODE] == []


def test_it_has_many_lines() -> None:
    assert len(QUOTES) > 25
