"""The complement's script in a browser: what it asks for, what it may do, and what it leaves."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from footfall.complement.script_file import script_file
from tests.agreement.scenarios import ScenarioRunner
from tests.agreement.user_actions import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Response, Route

NO_NAVIGATION_API = "Object.defineProperty(window, 'navigation', { value: undefined });"

BLOCKING = """performance.getEntriesByType("resource")
  .filter((each) => /_stats.*[.]js$/.test(each.name))
  .map((each) => each.renderBlockingStatus)"""


def _is_report(response: Response) -> bool:
    return response.request.method == "POST" and "/_stats/" in response.url


@pytest.mark.server("chromium")
def test_it_works_under_a_strict_policy_and_leaves_nothing(runner: ScenarioRunner) -> None:
    def go_back(visitor: Visitor) -> Any:
        page, faults = visitor.page, []
        page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        visitor.open("/strict/one")
        visitor.open("/strict/two")

        with page.expect_response(_is_report) as answered:
            page.go_back(wait_until="commit")
        blocking = page.evaluate(BLOCKING)
        kept = page.evaluate("[document.cookie, localStorage.length, sessionStorage.length]")
        return faults, answered.value.status, blocking, kept, page.context.cookies()

    expected = Counter({"/strict/one": 2, "/strict/two": 1})
    result, counted, requests = runner.visit(go_back, expected)
    assert result == ([], 204, ["non-blocking"], ["", 0, 0], [])
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


@pytest.mark.server("chromium")
def test_a_page_that_was_fetched_ahead_and_left_hides_no_other(runner: ScenarioRunner) -> None:
    def leave_a_prefetch(visitor: Visitor) -> None:
        visitor.open("/turbo/one")
        visitor.hover("two")
        visitor.wait_for_request("/turbo/two")
        visitor.follow("two")
        visitor.hover("three")
        visitor.wait_for_request("/turbo/three")
        # Or the link would be fetched once more when page one is back.
        visitor.page.mouse.move(0, 0)
        visitor.back(to="one")

    # Pages that were fetched ahead count at once here, so the copy of page one alone is reported.
    expected = Counter({"/turbo/one": 2, "/turbo/two": 1, "/turbo/three": 1})
    _, counted, requests = runner.visit(leave_a_prefetch, expected, site="ahead.example")
    assert counted == expected, requests


# Time that passes when a test says so.
CLOCK = """
  const now = performance.now.bind(performance);
  const timers = [];
  const start = setTimeout;
  let ahead = 0;
  performance.now = () => now() + ahead;
  window.setTimeout = (run, delay) =>
    delay > 100 ? timers.push({ run, at: performance.now() + delay }) : start(run, delay);
  window.pass = (time) => {
    ahead += time;
    timers.filter(({ at }) => at <= performance.now()).forEach(({ run }) => run());
  };
"""

# The address changes before its page is asked for, as jquery-pjax does it.
PJAX = """() => {
  history.pushState({}, "", "two");
  heading.textContent = "two";
  window.asked = fetch("two", { headers: { "X-PJAX": "true" } }).then((answer) => answer.text());
}"""


@pytest.mark.server("chromium")
def test_a_slow_answer_to_a_changed_address_counts_once(runner: ScenarioRunner) -> None:
    def wait_for_an_answer(visitor: Visitor) -> None:
        page = visitor.page
        held: list[Route] = []
        visitor.open("/walk/one")
        page.route("**/walk/two", lambda route: held.append(route))
        with page.expect_request("**/walk/two"):
            page.evaluate(PJAX)
        page.evaluate("pass(4000)")
        held[0].continue_()
        page.evaluate("asked")
        page.wait_for_function("performance.getEntriesByName(new URL('two', location)).length")
        page.evaluate("pass(4000)")

    expected = Counter({"/walk/one": 1, "/walk/two": 1})
    _, counted, requests = runner.visit(wait_for_an_answer, expected, CLOCK)
    assert counted == expected
    assert "POST /_stats/" not in requests


@pytest.mark.server("chromium")
def test_a_page_that_is_left_does_not_send_its_report_again(runner: ScenarioRunner) -> None:
    reports: list[Route] = []

    def reload_at_once(visitor: Visitor) -> None:
        page = visitor.page
        page.route("**/_stats/", lambda route: reports.append(route))
        visitor.open("/calm-turbo/one")
        visitor.follow("two")
        with page.expect_request("**/_stats/"):
            visitor.back(to="one")
        # The browser tells the page that its request has failed, though it is under way.
        page.reload()
        visitor.open("/walk/one")

    expected = Counter({"/calm-turbo/one": 3, "/calm-turbo/two": 1, "/walk/one": 1})
    _, counted, _ = runner.visit(reload_at_once, expected)
    assert counted == expected
    assert len(reports) == 1


# The first look finds no network, and the next one that it has come back.
COMING_BACK = """
  let looks = 0;
  Object.defineProperty(navigator, "onLine", { get: () => looks++ > 0 });
"""


@pytest.mark.server("chromium")
def test_a_report_is_sent_again_where_the_network_came_back_meanwhile(
    runner: ScenarioRunner,
) -> None:
    attempts: list[str] = []

    def lose_the_first(route: Route) -> None:
        attempts.append(route.request.method)
        route.abort() if len(attempts) == 1 else route.continue_()

    def search(visitor: Visitor) -> None:
        visitor.page.route("**/_stats/", lose_the_first)
        visitor.open("/walk/one")
        with visitor.page.expect_response(_is_report):
            visitor.press("search", to="results")

    expected = Counter({"/walk/one": 1, "/walk/search": 1})
    _, counted, _ = runner.visit(search, expected, COMING_BACK)
    assert (counted, attempts) == (expected, ["POST", "POST"])
