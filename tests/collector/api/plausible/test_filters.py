"""Filters and goals as conditions of a query."""

from __future__ import annotations

from typing import Any, Final

import pytest

from footfall.collector.api.plausible.filters import (
    goal_condition,
    parse_filter,
    parse_v1_filters,
)
from footfall.collector.storage.sites import RegisteredGoal
from footfall.collector.storage.stats import (
    AllOf,
    AnyGoal,
    AnyOf,
    Condition,
    Filter,
    Not,
    StatsQueryError,
)

SIGNUP: Final = RegisteredGoal(
    kind="event", name="Signup", display_name="Sign up", custom_props={"plan": "pro"}
)
BLOG: Final = RegisteredGoal(
    kind="page", name="/blog/*", display_name="Visit /blog/*", custom_props={}
)
GOALS: Final = [SIGNUP, BLOG]
ROOT: Final = Filter("is", "event:page", ("/",))


def test_a_goal_is_a_condition_on_its_events() -> None:
    assert goal_condition(SIGNUP) == AllOf(
        (Filter("is", "event:name", ("Signup",)), Filter("is", "event:props:plan", ("pro",)))
    )
    assert goal_condition(BLOG) == AllOf(
        (
            Filter("is", "event:name", ("pageview",)),
            Filter("matches_wildcard", "event:page", ("/blog/*",)),
        )
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["is", "event:page", ["/"]], ROOT),
        (["not", ["is", "event:page", ["/"]]], Not(ROOT)),
        (["and", [["is", "event:page", ["/"]]]], AllOf((ROOT,))),
        (["or", [["is", "event:page", ["/"]]]], AnyOf((ROOT,))),
        (
            ["contains", "event:page", ["A"], {"case_sensitive": False}],
            Filter("contains", "event:page", ("A",), True),
        ),
        (["is", "event:goal", ["Sign up"]], AnyGoal((goal_condition(SIGNUP),))),
        (["contains", "event:goal", ["blog"]], AnyGoal((goal_condition(BLOG),))),
        (
            ["is", "event:goal", ["SIGN UP"], {"case_sensitive": False}],
            AnyGoal((goal_condition(SIGNUP),)),
        ),
        (["contains", "visit:country", ["E"]], Filter("contains", "visit:country", ("E",))),
    ],
    ids=str,
)
def test_a_filter_of_version_2_is_parsed(value: Any, expected: Condition) -> None:
    assert parse_filter(value, GOALS) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("event:page==/", (ROOT,)),
        (" event:page == / ; ", (ROOT,)),
        ("event:page!=/", (Filter("is_not", "event:page", ("/",)),)),
        (
            "event:page==/blog/**|/a\\|b",
            (Filter("matches_wildcard", "event:page", ("/blog/**", "/a|b")),),
        ),
        ("event:page!=/b*", (Filter("matches_wildcard_not", "event:page", ("/b*",)),)),
        ("event:goal==Sign up;", (AnyGoal((goal_condition(SIGNUP),)),)),
        ("event:goal != Sign up", (Not(AnyGoal((goal_condition(SIGNUP),))),)),
    ],
)
def test_filters_of_version_1_are_parsed(text: str, expected: tuple[Condition, ...]) -> None:
    assert parse_v1_filters(text, GOALS) == expected


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("event:page", "a filter is a list"),
        (["is", "event:page", []], "by a list of texts"),
        (["matches", "event:page", ["^/"]], "no regular expressions"),
        (["is_odd", "event:page", ["/"]], "there is no operator 'is_odd'; choose from is"),
        (["is_not", "event:goal", ["Sign up"]], "with is or contains"),
        (["is", "visit:country", ["USA"]], "2-letter country codes"),
        (["is", "event:goal", ["Other"]], "the goal 'Other' is not configured"),
    ],
    ids=str,
)
def test_an_invalid_filter_is_refused_with_a_reason(value: Any, reason: str) -> None:
    with pytest.raises(StatsQueryError, match=reason):
        parse_filter(value, GOALS)


def test_an_invalid_filter_of_version_1_is_refused() -> None:
    with pytest.raises(StatsQueryError, match="a filter is a text such as"):
        parse_v1_filters("event:page", GOALS)
