"""Plausible's own script and the middleware count the same user actions, in a real browser.

A server does not see all that a script sees, and a script does not see all that a server sees.
Every difference has a name in `DIFFERENCES` and its exact pages in `SCENARIOS`, so that a test
fails when a difference appears or goes away.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from tests.agreement import user_actions
from tests.agreement.comparison import Comparison
from tests.agreement.scenarios import Scenario, ScenarioRunner
from tests.support.documents import TEXTS

DIFFERENCES: Final[Mapping[str, str]] = {
    # Pages that only the script counts.
    "back-forward cache": "The browser shows a page from its memory and sends no request.",
    "browser cache": "The browser shows its copy without a request, on Back or while it is fresh.",
    "worker cache": "A service worker answers from its cache.",
    "prefetch used": "The page was prefetched and not counted; the click sends no request.",
    "snapshot": "Turbo or htmx 2 shows its own copy of a page on Back.",
    "client-side route": "A script changes the address and sends no request.",
    "hx-push-url attribute": "htmx changes the address, and no header of its request says so.",
    "answer to a POST": "A form is answered with a page instead of a redirect; only GET counts.",
    "frame": "A page within a page; the server counts only the outer one.",
    "error page": "The script counts a missing page as a pageview, beside the event `404`.",
    # Pages that only the server counts.
    "blocked script": "A content blocker has stopped the script.",
    "script redirect": "A page redirects the browser before its scripts have run.",
    "hidden tab": "A page was opened in a background tab that was never shown.",
    "same path": "A library opens the same path with another query; the script sees no change.",
    "unknown file": "A file is saved whose extension is not in the script's list.",
    "file without a click": "A file's address was opened without a click on a link.",
    "prefetch counted": "With prefetch='count' a prefetched page counts, opened or not.",
}

_PLAIN: Final = "plain.example"
_COUNT: Final = "count.example"
_REFUSE: Final = "refuse.example"
# The same sites with the complement.
_WHOLE: Final[Mapping[str, str]] = {
    "shop.example": "whole.example",
    _PLAIN: "bare.example",
    _COUNT: "ahead.example",
    _REFUSE: "strict.example",
}
_PREFETCH_AND_FOLLOW, _PREFETCH_AND_LEAVE = (
    user_actions.prefetch_and_follow,
    user_actions.prefetch_and_leave,
)


def _both(name: str, actions: user_actions.UserActions, pages: int, *hosts: str) -> list[Scenario]:
    """Both count these pages, on each of the hosts."""
    return [
        Scenario(name=name, actions=actions, host=host, expected=Comparison(in_both=pages))
        for host in hosts or ("shop.example",)
    ]


def _only_script(
    difference: str, name: str, actions: user_actions.UserActions, in_both: int, *pages: str
) -> Scenario:
    """Only the script counts these pages."""
    comparison = Comparison(in_both=in_both, script_only=pages)
    return Scenario(name=name, actions=actions, difference=difference, expected=comparison)


def _only_server(
    difference: str,
    name: str,
    actions: user_actions.UserActions,
    in_both: int,
    *pages: str,
    host: str = "shop.example",
) -> Scenario:
    """Only the server counts these pages."""
    comparison = Comparison(in_both=in_both, server_only=pages)
    return Scenario(
        name=name, actions=actions, host=host, difference=difference, expected=comparison
    )


_BOTH_HOSTS: Final = ("shop.example", _PLAIN)
_PREFETCHING: Final = ("prefetch", "prerender", "hinted")

SCENARIOS: Final = [
    *_both("campaign link, then links", user_actions.follow_campaign_link, 4, *_BOTH_HOSTS),
    *_both("reload and revisit, 304", user_actions.reload_and_revisit, 4, *_BOTH_HOSTS),
    *_both("addresses in other spellings", user_actions.open_other_spellings, 3),
    *_both("redirect, form and redirect", user_actions.follow_redirects, 3, *_BOTH_HOSTS),
    *_both("fetch(), PDF saved, PDF shown", user_actions.fetch_and_download, 3, *_BOTH_HOSTS),
    *_both("page in a frame", user_actions.open_page_with_frame, 2, _PLAIN),
    *_both("fetched ahead, not followed", partial(_PREFETCH_AND_LEAVE, _PREFETCHING), 3),
    *_both(
        "fetched ahead, followed", partial(_PREFETCH_AND_FOLLOW, _PREFETCHING), 6, _COUNT, _REFUSE
    ),
    *_both("prefetch by link element, followed", partial(_PREFETCH_AND_FOLLOW, ["hinted"]), 2),
    *_both("Turbo links and form", user_actions.turbo, 3),
    *_both("Turbo hover, not followed", user_actions.turbo_hover, 1),
    *_both("Turbo hover, followed", user_actions.turbo_hover_and_click, 2, _COUNT),
    *_both("htmx 2 links and fragments", partial(user_actions.htmx, "htmx2"), 3),
    *_both("htmx 4 links and fragments", partial(user_actions.htmx, "htmx4"), 3),
    *_both("htmx 4 back", partial(user_actions.htmx_back, "htmx4"), 3),
    *_both("service worker passes on", partial(user_actions.walk_with_worker, "passing-worker"), 4),
    *_both(
        "service worker preloads", partial(user_actions.walk_with_worker, "preloading-worker"), 4
    ),
    *_both("tab in the background, shown later", user_actions.show_tab, 2),
    _only_script(
        "back-forward cache",
        "back and forward",
        user_actions.go_back_and_forward,
        2,
        "/walk/one",
        "/walk/two",
    ),
    _only_script(
        "browser cache",
        "back to a page not kept alive",
        user_actions.go_back_to_page_not_kept,
        2,
        "/locked/one",
    ),
    _only_script(
        "browser cache", "revisit of a fresh page", user_actions.revisit_fresh, 2, "/cached/one"
    ),
    _only_script(
        "worker cache",
        "service worker answers",
        partial(user_actions.walk_with_worker, "caching-worker"),
        3,
        "/caching-worker/two",
    ),
    _only_script(
        "prefetch used",
        "prefetch and prerender rules, followed",
        partial(_PREFETCH_AND_FOLLOW, ["prefetch", "prerender"]),
        2,
        "/prefetch/two",
        "/prerender/two",
    ),
    _only_script(
        "prefetch used",
        "Turbo hover, followed",
        user_actions.turbo_hover_and_click,
        1,
        "/turbo/two",
    ),
    _only_script("snapshot", "Turbo back", user_actions.turbo_back, 2, "/calm-turbo/one"),
    _only_script(
        "snapshot", "htmx 2 back", partial(user_actions.htmx_back, "htmx2"), 2, "/htmx2/one"
    ),
    _only_script(
        "client-side route", "pushState route", user_actions.change_route, 1, "/routed/two"
    ),
    _only_script(
        "hx-push-url attribute",
        "htmx 2 hx-push-url",
        partial(user_actions.htmx_push_by_attribute, "htmx2"),
        1,
        "/htmx2/two",
    ),
    _only_script(
        "hx-push-url attribute",
        "htmx 4 hx-push-url",
        partial(user_actions.htmx_push_by_attribute, "htmx4"),
        1,
        "/htmx4/two",
    ),
    _only_script(
        "answer to a POST",
        "form without a redirect",
        user_actions.submit_form_without_redirect,
        1,
        "/walk/search",
    ),
    _only_script("frame", "page in a frame", user_actions.open_page_with_frame, 1, "/walk/one"),
    _only_script("error page", "missing page", user_actions.open_missing_page, 2, "/walk/missing"),
    _only_server(
        "blocked script", "content blocker", user_actions.block_script, 0, "/walk/one", "/walk/two"
    ),
    _only_server(
        "script redirect", "location.replace()", user_actions.follow_script_redirect, 2, "/walk/hop"
    ),
    _only_server(
        "hidden tab",
        "tab in the background, never shown",
        user_actions.open_hidden_tab,
        1,
        "/walk/two",
    ),
    _only_server(
        "same path", "Turbo, another query", user_actions.turbo_other_query, 1, "/calm-turbo/one"
    ),
    _only_server(
        "unknown file",
        "attachment without an extension",
        user_actions.download_without_extension,
        1,
        "File Download /walk/report",
    ),
    _only_server(
        "file without a click",
        "address of a PDF typed",
        user_actions.open_address_of_file,
        0,
        "File Download /walk/guide.pdf",
    ),
    _only_server(
        "prefetch counted",
        "prefetch rule, not followed",
        partial(_PREFETCH_AND_LEAVE, ["prefetch"]),
        1,
        "/prefetch/two",
        host=_COUNT,
    ),
    _only_server(
        "prefetch counted",
        "Turbo hover, not followed",
        user_actions.turbo_hover,
        1,
        "/turbo/two",
        host=_COUNT,
    ),
]

# Where the two differ with the complement, and why the server stays as it is.
BY_DESIGN: Final[Mapping[str, str]] = {
    "frame": "A page in a frame is a part of the page around it; `track_iframes` counts it.",
    "error page": "What is missing is no page; with `track_404` it is the event `404`.",
    "blocked script": "A content blocker has stopped that script; the pages were asked for.",
    "script redirect": "The page was asked for; it redirects before a script counts it.",
    "hidden tab": "The page was asked for; its tab was never looked at.",
    "same path": "Turbo asks for another query, which counts as where a browser asks for it.",
    "unknown file": "A file was downloaded; that script knows files by their extension.",
    "file without a click": "A file was downloaded; that script sees clicks alone.",
    "prefetch counted": 'With `prefetch="count"` a page counts once it is fetched ahead.',
}
# What the server with the complement does not count, since it is no page by its rules.
NO_PAGES: Final = frozenset({"frame", "error page"})
# Of the scenarios in which both agree without it, those in which a page could count twice.
_ALWAYS: Final = frozenset({"reload and revisit, 304", "Turbo links and form", "htmx 4 back"})


def _with_complement(scenario: Scenario) -> Scenario:
    """The same where the site has the complement's script."""
    expected, difference = scenario.expected, scenario.difference
    if expected.script_only and difference not in NO_PAGES:
        in_both = expected.in_both + len(expected.script_only)
        expected, difference = Comparison(in_both=in_both), ""
    host = _WHOLE[scenario.host]
    return replace(scenario, host=host, expected=expected, difference=difference)


WITH_COMPLEMENT: Final = [*map(_with_complement, SCENARIOS)]
WHOLE_AGREEMENT: Final = "119 of 130 pages, 91.5%"


def _cases() -> list[Any]:
    """Each scenario; those that take long and show little are left to `-m long`."""
    return [
        pytest.param(
            whole,
            id=whole.label,
            marks=()
            if without.difference != whole.difference
            or (without.name in _ALWAYS and without.host == "shop.example")
            else pytest.mark.long,
        )
        for without, whole in zip(SCENARIOS, WITH_COMPLEMENT, strict=True)
    ]


# Most scenarios provoke a difference; the visitors of a real site meet few of these.
AGREEMENT: Final = "105 of 130 pages, 80.8%"


@pytest.mark.server("chromium")
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.label)
def test_both_count_what_is_declared(
    scenario: Scenario, runner: ScenarioRunner, record_property: Callable[[str, object], None]
) -> None:
    comparison = runner.run(scenario)
    record_property("agreement", (scenario.label, asdict(comparison), scenario.difference))
    assert comparison == scenario.expected, runner.requests_of(scenario)


@pytest.mark.server("chromium")
@pytest.mark.parametrize("scenario", _cases())
def test_with_the_complement_every_page_counts_once(
    scenario: Scenario, runner: ScenarioRunner
) -> None:
    assert runner.run(scenario) == scenario.expected, runner.requests_of(scenario)


def test_the_total_agreement_is_as_declared() -> None:
    total = sum((each.expected for each in SCENARIOS), Comparison())
    assert f"{total.in_both} of {total.pages} pages, {total.agreement}" == AGREEMENT


def test_with_the_complement_the_total_is_as_declared() -> None:
    total = sum((each.expected for each in WITH_COMPLEMENT), Comparison())
    found = f"{total.in_both} of {total.pages} pages, {total.agreement}"
    assert found == WHOLE_AGREEMENT


def test_the_differences_that_stay_are_in_the_documents() -> None:
    script_only, server_only = Counter[str](), Counter[str]()
    for each in WITH_COMPLEMENT:
        script_only[each.difference] += len(each.expected.script_only)
        server_only[each.difference] += len(each.expected.server_only)
    rows = [
        f"| {why} | {number} | {who} | {BY_DESIGN[why]} |"
        for who, pages in (("script", script_only), ("server", server_only))
        for why, number in pages.items()
        if number
    ]
    text = TEXTS["docs/complement.md"]
    assert "\n".join(rows) in text
    both, of, total, *_ = WHOLE_AGREEMENT.split()
    assert f"both count {both} {of} {total} pages" in text


def test_every_difference_has_a_name() -> None:
    assert {each.difference for each in SCENARIOS} == {"", *DIFFERENCES}
    for scenario in SCENARIOS:
        has_difference = scenario.expected.pages != scenario.expected.in_both
        assert has_difference == bool(scenario.difference), scenario.label


def test_no_two_scenarios_have_one_label() -> None:
    labels = [each.label for each in SCENARIOS]
    assert sorted(set(labels)) == sorted(labels)


def test_vendored_files_are_as_they_were_published() -> None:
    folder = Path(__file__).parent / "vendored"
    listed = (folder / "README.md").read_text()
    for file in folder.glob("*.js"):
        assert hashlib.sha256(file.read_bytes()).hexdigest() in listed, file.name
