"""What all pages share."""

from __future__ import annotations

import re

import httpx2


def test_the_navigation_shows_where_one_is(http: httpx2.Client) -> None:
    links = re.findall(
        r'<a href="([^"]*)"( aria-current="page")?>([A-Z]\w+)<', http.get("/live").text
    )
    assert links[:2] == [("/", "", "Dashboard"), ("/live", ' aria-current="page"', "Live")]
