"""Plausible's own script and the middleware count the same journeys, in a real browser.

A server cannot see all that a script sees, nor the other way round. Every difference has a name in
`DIFFERENCES` and its exact pages in `SCENARIOS`, so that a test fails when reality changes, in
either direction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from tests.agreement import journeys
from tests.agreement.book import Book, Scenario
from tests.agreement.reckoning import Verdict

DIFFERENCES: Final[Mapping[str, str]] = {
    # What only the script counts.
    "back-forward cache": "The browser shows a page that it has kept alive, and asks nobody.",
    "browser cache": "The browser shows its copy without asking, on Back or while it is fresh.",
    "worker cache": "A service worker answers from its cache.",
    "prefetch used": "The page was fetched ahead and skipped; the click sends no request.",
    "snapshot": "Turbo or htmx 2 shows its copy of a page on Back.",
    "client-side route": "A script changes the address, and asks the server for nothing.",
    "hx-push-url attribute": "htmx changes the address, and its request does not say so.",
    "answer to a POST": "A page that answers a form without a redirect; only GET counts.",
    "frame": "A page within a page; for the server only the outer one is looked at.",
    "error page": "The script counts a missing page as a page, beside the event.",
    # What only the server counts.
    "blocked script": "A content blocker has stopped the script.",
    "script redirect": "A page sends the browser on before its scripts have run.",
    "hidden tab": "A page was opened in the background, and nobody has looked at it.",
    "same path": "A library visits the same path with another query; the script sees no change.",
    "unknown file": "A file is saved whose name is not in the script's list.",
    "file without a click": "A file's address was opened, and no link was clicked.",
    "prefetch counted": "prefetch='count' counts what was fetched ahead and never looked at.",
}

_PLAIN: Final = "plain.example"
_COUNT: Final = "count.example"
_REFUSE: Final = "refuse.example"
_FOLLOW, _LEAVE = journeys.follow_ahead, journeys.leave_ahead


def _same(name: str, journey: journeys.Journey, pages: int, *hosts: str) -> list[Scenario]:
    """Both count these pages, on each of the hosts."""
    return [
        Scenario(name=name, journey=journey, host=host, expected=Verdict(alike=pages))
        for host in hosts or ("shop.example",)
    ]


def _script_sees(
    difference: str, name: str, journey: journeys.Journey, alike: int, *pages: str
) -> Scenario:
    """Only the script counts these pages."""
    verdict = Verdict(alike=alike, script_only=pages)
    return Scenario(name=name, journey=journey, difference=difference, expected=verdict)


def _server_sees(
    difference: str,
    name: str,
    journey: journeys.Journey,
    alike: int,
    *pages: str,
    host: str = "shop.example",
) -> Scenario:
    """Only the server counts these pages."""
    verdict = Verdict(alike=alike, server_only=pages)
    return Scenario(name=name, journey=journey, host=host, difference=difference, expected=verdict)


_BOTH: Final = ("shop.example", _PLAIN)
_AHEAD: Final = ("prefetch", "prerender", "hinted")

SCENARIOS: Final = [
    *_same("campaign link, then links", journeys.arrive_and_walk, 4, *_BOTH),
    *_same("reload and revisit, 304", journeys.ask_again, 4, *_BOTH),
    *_same("redirect, form and redirect", journeys.be_sent_on, 3, *_BOTH),
    *_same("fetch(), PDF saved, PDF shown", journeys.fetch_and_save, 3, *_BOTH),
    *_same("page in a frame", journeys.frame, 2, _PLAIN),
    *_same("fetched ahead, not followed", partial(_LEAVE, _AHEAD), 3),
    *_same("fetched ahead, followed", partial(_FOLLOW, _AHEAD), 6, _COUNT, _REFUSE),
    *_same("prefetch by link element, followed", partial(_FOLLOW, ["hinted"]), 2),
    *_same("Turbo links and form", journeys.turbo, 3),
    *_same("Turbo hover, not followed", journeys.turbo_hover, 1),
    *_same("Turbo hover, followed", journeys.turbo_hover_and_click, 2, _COUNT),
    *_same("htmx 2 links and fragments", partial(journeys.htmx, "htmx2"), 3),
    *_same("htmx 4 links and fragments", partial(journeys.htmx, "htmx4"), 3),
    *_same("htmx 4 back", partial(journeys.htmx_back, "htmx4"), 3),
    *_same("service worker passes on", partial(journeys.work, "passing-worker"), 4),
    *_same("service worker preloads", partial(journeys.work, "preloading-worker"), 4),
    *_same("tab in the background, shown later", journeys.show_tab, 2),
    _script_sees(
        "back-forward cache",
        "back and forward",
        journeys.back_and_forward,
        2,
        "/walk/one",
        "/walk/two",
    ),
    _script_sees(
        "browser cache", "back to a page not kept alive", journeys.back_to_locked, 2, "/locked/one"
    ),
    _script_sees(
        "browser cache", "revisit of a fresh page", journeys.revisit_fresh, 2, "/cached/one"
    ),
    _script_sees(
        "worker cache",
        "service worker answers",
        partial(journeys.work, "caching-worker"),
        3,
        "/caching-worker/two",
    ),
    _script_sees(
        "prefetch used",
        "prefetch and prerender rules, followed",
        partial(_FOLLOW, ["prefetch", "prerender"]),
        2,
        "/prefetch/two",
        "/prerender/two",
    ),
    _script_sees(
        "prefetch used", "Turbo hover, followed", journeys.turbo_hover_and_click, 1, "/turbo/two"
    ),
    _script_sees("snapshot", "Turbo back", journeys.turbo_back, 2, "/calm-turbo/one"),
    _script_sees("snapshot", "htmx 2 back", partial(journeys.htmx_back, "htmx2"), 2, "/htmx2/one"),
    _script_sees("client-side route", "pushState route", journeys.route, 1, "/routed/two"),
    _script_sees(
        "hx-push-url attribute",
        "htmx 2 hx-push-url",
        partial(journeys.htmx_push_by_attribute, "htmx2"),
        1,
        "/htmx2/two",
    ),
    _script_sees(
        "hx-push-url attribute",
        "htmx 4 hx-push-url",
        partial(journeys.htmx_push_by_attribute, "htmx4"),
        1,
        "/htmx4/two",
    ),
    _script_sees("answer to a POST", "form without a redirect", journeys.search, 1, "/walk/search"),
    _script_sees("frame", "page in a frame", journeys.frame, 1, "/walk/one"),
    _script_sees("error page", "missing page", journeys.missing, 2, "/walk/missing"),
    _server_sees(
        "blocked script", "content blocker", journeys.block_script, 0, "/walk/one", "/walk/two"
    ),
    _server_sees("script redirect", "location.replace()", journeys.hop, 2, "/walk/hop"),
    _server_sees(
        "hidden tab", "tab in the background, never shown", journeys.leave_tab, 1, "/walk/two"
    ),
    _server_sees("same path", "Turbo, another query", journeys.turbo_more, 1, "/calm-turbo/one"),
    _server_sees(
        "unknown file",
        "attachment without an extension",
        journeys.download_without_extension,
        1,
        "File Download /walk/report",
    ),
    _server_sees(
        "file without a click",
        "address of a PDF typed",
        journeys.type_address_of_file,
        0,
        "File Download /walk/guide.pdf",
    ),
    _server_sees(
        "prefetch counted",
        "prefetch rule, not followed",
        partial(_LEAVE, ["prefetch"]),
        1,
        "/prefetch/two",
        host=_COUNT,
    ),
    _server_sees(
        "prefetch counted",
        "Turbo hover, not followed",
        journeys.turbo_hover,
        1,
        "/turbo/two",
        host=_COUNT,
    ),
]

# Most scenarios are here because they are hard; nobody's visitors behave so.
AGREEMENT: Final = "102 of 127 pages, 80.3%"


@pytest.mark.server("chromium")
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.label)
def test_both_count_what_is_declared(
    scenario: Scenario, book: Book, record_property: Callable[[str, object], None]
) -> None:
    verdict = book.verdict_of(scenario)
    record_property("agreement", (scenario.label, asdict(verdict), scenario.difference))
    assert verdict == scenario.expected, book.requests_of(scenario)


def test_all_in_all_they_agree_as_declared() -> None:
    total = sum((each.expected for each in SCENARIOS), Verdict())
    assert f"{total.alike} of {total.pages} pages, {total.agreement}" == AGREEMENT


def test_what_only_one_counts_has_a_name() -> None:
    assert {each.difference for each in SCENARIOS} == {"", *DIFFERENCES}
    for scenario in SCENARIOS:
        has_difference = scenario.expected.pages != scenario.expected.alike
        assert has_difference == bool(scenario.difference), scenario.label


def test_scenarios_have_names_of_their_own() -> None:
    labels = [each.label for each in SCENARIOS]
    assert sorted(set(labels)) == sorted(labels)


def test_vendored_files_are_as_they_were_published() -> None:
    folder = Path(__file__).parent / "vendored"
    listed = (folder / "README.md").read_text()
    for file in folder.glob("*.js"):
        assert hashlib.sha256(file.read_bytes()).hexdigest() in listed, file.name
