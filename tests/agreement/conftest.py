"""The site, the browser, and the book in which every journey's two counts are kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.agreement.book import Book
from tests.agreement.browser import Browser
from tests.conftest import program
from tests.e2e.servers import ROOT, running, uvicorn

_BOOK = pytest.StashKey[Book]()


@pytest.fixture(scope="session")
def book(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Book]:
    from footfall.collector import CollectorServer

    chromium = program("chromium")
    assert chromium is not None, "mark the test with server('chromium')"
    site = uvicorn("tests.agreement.site:app", "--log-level", "warning", folder=ROOT)
    folder = tmp_path_factory.mktemp("agreement")
    with CollectorServer() as collector, running(site, folder, COLLECTOR=collector.url) as server:
        browser = Browser(chromium)
        book = Book(collector.store, browser, server.port)
        request.config.stash[_BOOK] = book
        yield book
        book.close()
        browser.close()
        server.stop()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Show what both have counted, journey by journey."""
    book = config.stash.get(_BOOK, None)
    if book is not None:
        terminalreporter.section("agreement with the vendor's own script")
        terminalreporter.write_line(book.table())
