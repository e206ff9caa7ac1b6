"""What all pages share."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Final

import httpx2

import footfall.collector

STATIC: Final = Path(footfall.collector.__file__).parent / "web" / "static"


def test_the_navigation_shows_where_one_is(http: httpx2.Client) -> None:
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
