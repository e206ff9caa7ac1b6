"""The site, the browser, and the book that makes the journeys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.agreement.book import Book
from tests.agreement.browser import Browser
from tests.conftest import program
from tests.e2e.servers import ROOT, running, uvicorn


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    from footfall.collector import CollectorServer

    chromium = program("chromium")
    assert chromium is not None, "mark the test with server('chromium')"
    site = uvicorn("tests.agreement.site:app", "--log-level", "warning", folder=ROOT)
    folder = tmp_path_factory.mktemp("agreement")
    with CollectorServer() as collector, running(site, folder, COLLECTOR=collector.url) as server:
        browser = Browser(chromium)
        book = Book(collector.store, browser, server.port)
        yield book
        book.close()
        browser.close()
        server.stop()
