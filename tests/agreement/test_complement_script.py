"""The complement's script in a browser: what it asks for, what it may do, and what it leaves."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from footfall.complement.script_file import script_file
from tests.agreement.scenarios import ScenarioRunner
from tests.agreement.user_actions import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Response

NO_NAVIGATION_API = "Object.defineProperty(window, 'navigation', { value: undefined });"


@pytest.mark.server("chromium")
def test_it_works_under_a_strict_policy_and_leaves_nothing(runner: ScenarioRunner) -> None:
    def go_back(visitor: Visitor) -> Any:
        page, faults = visitor.page, []
        page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        visitor.open("/strict/one")
        visitor.open("/strict/two")

        def is_report(response: Response) -> bool:
            return response.request.method == "POST"

        with page.expect_response(is_report) as answered:
            page.go_back(wait_until="commit")
        kept = "[document.cookie, localStorage.length, sessionStorage.length]"
        return faults, answered.value.status, page.evaluate(kept), page.context.cookies()

    expected = Counter({"/strict/one": 2, "/strict/two": 1})
    result, counted, requests = runner.visit(go_back, expected)
    assert result == ([], 204, ["", 0, 0], [])
    assert counted == expected
    # One request for all pages, and one for each report.
    assert sorted(line for line in requests if "/_stats" in line) == [
        f"GET /_stats/{script_file().name}",
        "POST /_stats/",
    ]


@pytest.mark.server("chromium")
def test_a_browser_without_the_navigation_api_shows_routes_too(runner: ScenarioRunner) -> None:
    def change_route(visitor: Visitor) -> None:
        visitor.open("/routed/one")
        assert visitor.page.evaluate("window.navigation") is None
        visitor.press("route", to="two")
        visitor.page.evaluate("history.replaceState({}, '', 'three')")
        visitor.back(to="one")
        visitor.open("/walk/one")

    expected = Counter({"/routed/one": 2, "/routed/two": 1, "/walk/one": 1})
    _, counted, _ = runner.visit(change_route, expected, NO_NAVIGATION_API)
    assert counted == expected
