"""The procedure: the rules are applied in their order, and each one leaves a step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final, Literal, ParamSpec, TypeVar

from footfall.model import Decision, Hit, Step
from footfall.rules.pageview.extra_event_rules import EXTRA_EVENT_RULES
from footfall.rules.pageview.header_values import CACHE_SIZE
from footfall.rules.pageview.navigation_rules import NAVIGATION_RULES, NO_NAVIGATION
from footfall.rules.pageview.options import DEFAULT_OPTIONS, PageviewOptions
from footfall.rules.pageview.request_rules import CUSTOM_EVENT_RULES, REQUEST_RULES
from footfall.rules.pageview.response_rules import RESPONSE_RULES, otherwise
from footfall.rules.pageview.rule_types import Navigation, RuleMatch

# People read steps in a terminal.
_MAX_SAW: Final = 80

_P = ParamSpec("_P")
_Match = TypeVar("_Match", RuleMatch, Navigation)


def decide(hit: Hit, options: PageviewOptions = DEFAULT_OPTIONS) -> Decision:
    """Decide whether a hit is a pageview, another event, or nothing. Never raises.

    Args:
        hit: Whatever a client sent. `hit.host`, as visitors see it, is compared with localhost.
        options: What the site owner wants counted.

    Returns:
        The decision. Its name is `pageview` or the event's, its reason is one of `REASONS`, and its
        steps are all the rules that were applied, the deciding one last.
    """
    steps: list[Step] = []
    match = None
    if options.track_feeds or options.is_api is not None:
        match = _first_match(EXTRA_EVENT_RULES, steps, hit, options)
    match = match or _first_match(REQUEST_RULES, steps, hit, options)
    if match is None:
        navigation = _first_match(NAVIGATION_RULES, steps, hit, options) or NO_NAVIGATION
        match = _first_match(RESPONSE_RULES, steps, hit, options, navigation)
    return _decision(match or _recorded("C.6 otherwise", otherwise(hit), steps), steps)


def decide_custom_event(hit: Hit, options: PageviewOptions = DEFAULT_OPTIONS) -> Decision:
    """Decide whether an event that the app tracked during this hit may be sent. Never raises.

    Only the rules about the visitor apply: no bots, no prefetches, no localhost, no objection. The
    path, the kind of request, the response and `ignore()` do not matter.

    Args:
        hit: The request during which the app called `track()`.
        options: What the site owner wants counted.

    Returns:
        The decision, of the kind `event` (reason `custom_event`) or `skip`.
    """
    steps: list[Step] = []
    # `bots="event"` makes an event of a bot's visit, not of what the app tracks during that visit.
    options = replace(options, bots="skip") if options.bots == "event" else options
    match = _first_match(CUSTOM_EVENT_RULES, steps, hit, options)
    return _decision(match or RuleMatch("custom_event", "", "event"), steps)


def _first_match(
    rules: Sequence[tuple[str, Callable[_P, str | _Match]]],
    steps: list[Step],
    *args: _P.args,
    **kwargs: _P.kwargs,
) -> _Match | None:
    """The result of the first rule that matches; adds a step for each rule that was applied."""
    for name, rule in rules:
        found = rule(*args, **kwargs)
        if not isinstance(found, str):
            return _recorded(name, found, steps)
        steps.append(_step(name, found[:_MAX_SAW], "pass"))
    return None


def _recorded(name: str, match: _Match, steps: list[Step]) -> _Match:
    steps.append(_step(name, match.saw[:_MAX_SAW], match.verdict))
    return match


@lru_cache(maxsize=CACHE_SIZE)
def _step(name: str, saw: str, verdict: Literal["pass", "stop", "count"]) -> Step:
    # A client's text must not move a terminal's cursor, nor fail to be printed.
    return Step(name, saw if saw.isprintable() else ascii(saw), verdict)


def _decision(match: RuleMatch, steps: list[Step]) -> Decision:
    kind, name, props = match.kind, match.name, match.props
    return Decision(kind=kind, reason=match.reason, steps=tuple(steps), name=name, props=props)
