"""What a rule may find: that it settles a hit, how the browser came for it, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from footfall.model import NO_PROPS, Hit
from footfall.rules.pageview.options import PageviewOptions


class Ruling(NamedTuple):
    """The word of a rule that settles a hit."""

    reason: str
    saw: str
    kind: Literal["pageview", "event", "skip"] = "skip"
    name: str = ""
    props: Mapping[str, Any] = NO_PROPS

    @property
    def verdict(self) -> Literal["stop", "count"]:
        return "stop" if self.kind == "skip" else "count"


class Navigation(NamedTuple):
    """How the browser came for a hit, and whether it came for a page."""

    reason: str
    saw: str
    is_page: bool = False
    # What B finds settles nothing yet: a fetch may still save a file.
    verdict: Literal["pass"] = "pass"


# A rule that lets pass returns what it looked at, for the step's record.
RequestRule: TypeAlias = Callable[[Hit, PageviewOptions], str | Ruling]
NavigationRule: TypeAlias = Callable[[Hit, PageviewOptions], str | Navigation]
ResponseRule: TypeAlias = Callable[[Hit, PageviewOptions, Navigation], str | Ruling]
