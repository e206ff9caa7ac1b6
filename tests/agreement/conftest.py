"""The runner of the scenarios, with its site and its browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.agreement.browser import Browser
from tests.agreement.scenarios import ScenarioRunner
from tests.conftest import program
from tests.e2e.servers import ROOT, running, uvicorn


@pytest.fixture(scope="session")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScenarioRunner]:
    from footfall.collector import CollectorServer

    chromium = program("chromium")
    assert chromium is not None, "mark the test with server('chromium')"
    spec = uvicorn("tests.agreement.shop_app:app", "--log-level", "warning", folder=ROOT)
    folder = tmp_path_factory.mktemp("agreement")
    with CollectorServer() as collector, running(spec, folder, COLLECTOR=collector.url) as server:
        browser = Browser(chromium)
        runner = ScenarioRunner(collector.store, browser, server.port)
        yield runner
        runner.close()
        browser.close()
        server.stop()
