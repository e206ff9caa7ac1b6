"""What a rule returns: a match that decides the hit, how the browser requested it, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from footfall.model import NO_PROPS, Hit
from footfall.rules.pageview.options import PageviewOptions


class RuleMatch(NamedTuple):
    """The result of a rule that decides a hit; `saw` is the value that the rule read."""

    reason: str
    saw: str
    kind: Literal["pageview", "event", "skip"] = "skip"
    name: str = ""
    props: Mapping[str, Any] = NO_PROPS

    @property
    def verdict(self) -> Literal["stop", "count"]:
        return "stop" if self.kind == "skip" else "count"


class Navigation(NamedTuple):
    """How the browser requested a hit, and whether it requested a page."""

    reason: str
    saw: str
    is_page: bool = False
    # A match in B decides nothing yet: a fetch may still save a file.
    verdict: Literal["pass"] = "pass"


# A rule that does not match returns the value that it read, for the step.
RequestRule: TypeAlias = Callable[[Hit, PageviewOptions], str | RuleMatch]
NavigationRule: TypeAlias = Callable[[Hit, PageviewOptions], str | Navigation]
ResponseRule: TypeAlias = Callable[[Hit, PageviewOptions, Navigation], str | RuleMatch]
