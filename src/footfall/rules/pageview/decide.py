"""The procedure: every rule is asked in its order, and each leaves a step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final, Literal, ParamSpec, TypeVar

from footfall.model import Decision, Hit, Step
from footfall.rules.pageview.header_values import CACHE_SIZE
from footfall.rules.pageview.navigation_rules import ARRIVAL_RULES, NO_NAVIGATION
from footfall.rules.pageview.options import DEFAULT_OPTIONS, PageviewOptions
from footfall.rules.pageview.request_rules import CUSTOM_EVENT_RULES, REQUEST_RULES
from footfall.rules.pageview.response_rules import ANSWER_RULES, otherwise
from footfall.rules.pageview.rule_types import Navigation, Ruling

# Steps are read by people, in a terminal.
_MAX_SAW: Final = 80


_P = ParamSpec("_P")
_Found = TypeVar("_Found", Ruling, Navigation)


def decide(hit: Hit, options: PageviewOptions = DEFAULT_OPTIONS) -> Decision:
    """What this hit is, and why.

    The decision's name is `pageview` or the event's; its reason is one of `REASONS`; its steps are
    all the rules that were asked, the settling one last. Nothing raises, whatever a client sent.
    """
    steps: list[Step] = []
    ruling = _ask(REQUEST_RULES, steps, hit, options)
    if ruling is None:
        arrival = _ask(ARRIVAL_RULES, steps, hit, options) or NO_NAVIGATION
        ruling = _ask(ANSWER_RULES, steps, hit, options, arrival)
    return _decision(ruling or _noted("C.6 otherwise", otherwise(hit), steps), steps)


def decide_custom_event(hit: Hit, options: PageviewOptions = DEFAULT_OPTIONS) -> Decision:
    """Whether an event that the app told with `track()` during this hit may be sent, and why not.

    The rules about the visitor hold: no bots, no prefetches, no localhost. The path, how the page
    was asked for, what was answered, and `ignore()`, do not matter. The kind is `event` or `skip`.
    """
    steps: list[Step] = []
    # An event told on a bot's visit is not the bot's visit.
    options = replace(options, bots="skip") if options.bots == "event" else options
    ruling = _ask(CUSTOM_EVENT_RULES, steps, hit, options) or Ruling("custom_event", "", "event")
    return _decision(ruling, steps)


def _ask(
    rules: Sequence[tuple[str, Callable[_P, str | _Found]]],
    steps: list[Step],
    *args: _P.args,
    **kwargs: _P.kwargs,
) -> _Found | None:
    """What the first rule that does not let pass has found; notes a step for each one asked."""
    for name, rule in rules:
        found = rule(*args, **kwargs)
        if not isinstance(found, str):
            return _noted(name, found, steps)
        steps.append(_step(name, found[:_MAX_SAW], "pass"))
    return None


def _noted(name: str, found: _Found, steps: list[Step]) -> _Found:
    steps.append(_step(name, found.saw[:_MAX_SAW], found.verdict))
    return found


@lru_cache(maxsize=CACHE_SIZE)
def _step(name: str, saw: str, verdict: Literal["pass", "stop", "count"]) -> Step:
    # What a client wrote must not move a terminal's cursor, nor fail to be printed.
    return Step(name, saw if saw.isprintable() else ascii(saw), verdict)


def _decision(ruling: Ruling, steps: list[Step]) -> Decision:
    return Decision(
        kind=ruling.kind,
        reason=ruling.reason,
        steps=tuple(steps),
        name=ruling.name,
        props=ruling.props,
    )
