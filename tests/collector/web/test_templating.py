"""What all pages share."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

import footfall.collector
from footfall.collector.web.templating import clip, code, grouped, pretty

STATIC: Final = Path(footfall.collector.__file__).parent / "web" / "static"


def test_the_navigation_marks_the_current_page(http: httpx2.Client) -> None:
    links = re.findall(
        r'<a href="([^"]*)"( aria-current="page")?>([A-Z]\w+)<', http.get("/live").text
    )
    assert links[:2] == [("/", "", "Dashboard"), ("/live", ' aria-current="page"', "Live")]


def test_the_assets_are_small() -> None:
    """What a first visit loads: the page's own files, compressed."""
    files = [path for path in STATIC.iterdir() if path.suffix in (".css", ".js", ".svg")]
    size = sum(len(gzip.compress(path.read_bytes())) for path in files)
    assert {"base.css", "dashboard.css", "dashboard.js", "theme.js"} <= {
        each.name for each in files
    }
    assert size <= 60_000


@pytest.mark.parametrize(
    ("text", "length", "expected"),
    [("short", 5, "short"), ("longer", 5, "long…"), ("", 5, "")],
)
def test_a_long_text_is_clipped(text: str, length: int, expected: str) -> None:
    assert clip(text, length) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Set `dnt`.", "Set <code>dnt</code>."),
        ("`<b>` & <i>", "<code>&lt;b&gt;</code> &amp; &lt;i&gt;"),
        ("no code", "no code"),
    ],
)
def test_text_between_backticks_is_code_and_all_is_escaped(text: str, expected: str) -> None:
    assert code(text) == expected


def test_thousands_are_grouped() -> None:
    assert [grouped(number) for number in (0, 999, 12_345_678)] == ["0", "999", "12,345,678"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("a", "a"), ({"ä": [1]}, '{\n  "ä": [\n    1\n  ]\n}')],
    ids=["text", "json"],
)
def test_values_are_indented_json_and_texts_unchanged(value: Any, expected: str) -> None:
    assert pretty(value) == expected
