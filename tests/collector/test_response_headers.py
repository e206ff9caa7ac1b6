"""The headers of every page."""

from __future__ import annotations

import httpx2

from footfall.collector import CollectorServer
from footfall.collector.response_headers import SECURITY_HEADERS


def test_every_answer_of_the_pages_has_them(collector: CollectorServer) -> None:
    for path in ("/", "/live", "/static/base.css", "/nothing"):
        headers = httpx2.get(f"{collector.url}{path}").headers
        assert {name: headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
