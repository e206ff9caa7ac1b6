"""Who came and was not counted: crawlers, AI assistants, monitors, by name and class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple

from footfall.rules.user_agent import NO_USER_AGENT, Kind, classify

_NAMELESS: Final = "no name"


class BotRow(NamedTuple):
    """A bot, its class, and how many events it sent."""

    name: str
    kind: Kind
    number: int


def named(rows: Iterable[tuple[str, int]]) -> list[BotRow]:
    """User-Agents and how often each came, by the name of the bot."""
    found: Counter[tuple[str, Kind]] = Counter()
    for user_agent, number in rows:
        bot = classify(user_agent) or NO_USER_AGENT
        found[bot.name or _NAMELESS, bot.kind] += number
    return [BotRow(name, kind, number) for (name, kind), number in found.most_common()]
