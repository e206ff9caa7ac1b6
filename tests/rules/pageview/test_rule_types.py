"""A match of a rule says whether the hit counts; how the browser requested decides nothing yet."""

from __future__ import annotations

from typing import Any

import pytest

from footfall.model import NO_PROPS
from footfall.rules.pageview.rule_types import Navigation, RuleMatch


@pytest.mark.parametrize(
    ("kind", "verdict"), [("skip", "stop"), ("pageview", "count"), ("event", "count")]
)
def test_a_match_counts_unless_it_skips(kind: Any, verdict: str) -> None:
    assert RuleMatch("bot", "GPTBot", kind).verdict == verdict


def test_a_match_skips_by_default_and_carries_nothing() -> None:
    match = RuleMatch("method", "POST")
    assert (match.kind, match.name, match.props) == ("skip", "", NO_PROPS)


def test_a_navigation_lets_the_hit_pass() -> None:
    assert Navigation("fetch", "empty").verdict == "pass"
    assert not Navigation("fetch", "empty").is_page
