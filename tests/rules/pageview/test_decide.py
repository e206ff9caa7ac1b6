"""The rules are applied in the documented order, and each decision has its steps."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given

from footfall.model import Hit, Step
from footfall.rules import pageview
from footfall.rules.pageview import REASONS, PageviewOptions, decide, decide_custom_event
from tests.rules.pageview.hits import (
    GPTBOT,
    HTMX,
    JSON,
    OLD_SAFARI,
    WITH_404S,
    Row,
    no_admin,
    requested,
    summary,
)
from tests.rules.pageview.strategies import HITS, OPTIONS
from tests.rules.pageview.tables import ROWS
from tests.support.header_sets import chromium, script


def test_the_steps_of_a_pageview_are_all_the_rules() -> None:
    assert decide(requested(chromium(), "/a")).steps == (
        Step("A.0 ignored", "ignore() was not called", "pass"),
        Step("A.1 websocket", "no upgrade", "pass"),
        Step("A.2 method", "GET", "pass"),
        Step("A.3 localhost", "example.com", "pass"),
        Step("A.4 prefetch", "no prefetch header", "pass"),
        Step("A.5 bot", "a browser", "pass"),
        Step("A.6 excluded", "no rule objects", "pass"),
        Step("A.7 privacy", "no objection that is respected", "pass"),
        Step("A.8 spam", "no known spam", "pass"),
        Step("B.1 library", "no library's header", "pass"),
        Step("B.2 xhr", "no X-Requested-With", "pass"),
        Step("B.3 destination", "document", "pass"),
        Step("C.1 download", "no file", "pass"),
        Step("C.2 navigation", "navigation", "pass"),
        Step("C.3 not_found", "not a 404", "pass"),
        Step("C.4 not_modified", "not a 304", "pass"),
        Step("C.5 page", "text/html", "count"),
    )


@pytest.mark.parametrize(
    ("row", "step"),
    [
        ("owner: excluded", Step("A.6 excluded", "/admin/**", "stop")),
        ("owner: a bot that reads a page", Step("A.5 bot", "GPTBot (ai-training)", "count")),
        ("owner: no user agent", Step("A.5 bot", "no User-Agent", "stop")),
        (
            "prefetch: prerender, chrome",
            Step("A.4 prefetch", "sec-purpose: prefetch;prerender", "stop"),
        ),
        ("navigation: PUT", Step("A.2 method", "PUT", "stop")),
        ("part: script", Step("C.2 navigation", "script", "stop")),
        ("library: turbo frame", Step("C.2 navigation", "turbo-frame", "stop")),
        ("part: no Accept at all", Step("C.2 navigation", "nothing asks for a page", "stop")),
        ("answer: 404", Step("C.3 not_found", "/blog/a-post", "count")),
        ("answer: 503", Step("C.6 otherwise", "status 503", "stop")),
    ],
)
def test_the_last_step_is_the_rule_that_decided(row: str, step: Step) -> None:
    hit, _, options = ROWS[row]

    assert decide(hit, options).steps[-1] == step


def test_the_module_describes_the_rules_in_their_order() -> None:
    described = re.findall(r"^    ([ABC]\.\d \w+)  ", pageview.__doc__ or "", re.MULTILINE)
    applied = [step.rule for step in decide(requested(OLD_SAFARI, status=204), WITH_404S).steps]

    assert applied == [*described[: described.index("C.1 download")], *described[-6:]]
    assert applied == described


CUSTOM_EVENTS: dict[str, Row] = {
    "in a page": Row(requested(chromium()), "event custom_event"),
    "in a form's answer": Row(
        requested(chromium(), method="POST", status=303), "event custom_event"
    ),
    "in an API": Row(requested(script(), response_headers=JSON), "event custom_event"),
    "in a fragment": Row(requested(HTMX), "event custom_event"),
    "in a request that is ignored": Row(requested(chromium(), ignored=True), "event custom_event"),
    "by a bot": Row(requested(GPTBOT), "skip bot"),
    "by a bot, whose visits are events": Row(
        requested(GPTBOT), "skip bot", PageviewOptions(bots="event")
    ),
    "by a bot that is counted": Row(
        requested(GPTBOT), "event custom_event", PageviewOptions(bots="count")
    ),
    "by the silent": Row(requested({}), "skip no_user_agent"),
    "in a prefetch": Row(requested(chromium(sec_purpose="prefetch")), "skip prefetch"),
    "in a prefetch that is counted": Row(
        requested(chromium(sec_purpose="prefetch")),
        "event custom_event",
        PageviewOptions(prefetch="count"),
    ),
    "on localhost": Row(requested(chromium(), host="localhost"), "skip localhost"),
    "on an excluded path": Row(
        requested(chromium(), "/admin/"),
        "event custom_event",
        PageviewOptions(excluded_by=no_admin),
    ),
    "against DNT": Row(requested(chromium(dnt="1")), "skip dnt", PageviewOptions(respect_dnt=True)),
    "against GPC": Row(
        requested(chromium(sec_gpc="1")), "skip gpc", PageviewOptions(respect_gpc=True)
    ),
}


@pytest.mark.parametrize("row", CUSTOM_EVENTS.values(), ids=CUSTOM_EVENTS)
def test_a_custom_event_depends_only_on_the_visitor(row: Row) -> None:
    assert summary(decide_custom_event(row.hit, row.options)) == row.expected


def test_a_custom_event_gets_the_rules_about_the_visitor() -> None:
    assert [step.rule for step in decide_custom_event(requested(chromium())).steps] == [
        "A.3 localhost",
        "A.4 prefetch",
        "A.5 bot",
        "A.7 privacy",
        "A.8 spam",
    ]


@given(HITS, OPTIONS)
@example(Hit(), PageviewOptions())
def test_any_hit_has_one_decision_with_a_reason(hit: Hit, options: PageviewOptions) -> None:
    for decide_one in (decide, decide_custom_event):
        decision = decide_one(hit, options)

        assert decide_one(hit, options) == decision
        assert decision.reason in REASONS
        assert bool(decision.name) is (
            decision.kind != "skip" and decision.reason != "custom_event"
        )
        assert bool(decision.props) <= (decision.kind == "event")
        assert all(step.verdict == "pass" for step in decision.steps[:-1])
        assert all(len(step.saw) <= 1_000 and step.saw.isprintable() for step in decision.steps)


@given(HITS, OPTIONS)
def test_the_last_step_stops_what_is_skipped_and_counts_the_rest(
    hit: Hit, options: PageviewOptions
) -> None:
    decision = decide(hit, options)

    assert decision.steps[-1].verdict == ("count" if decision.is_counted else "stop")
