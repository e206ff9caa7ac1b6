"""Bots that came and were not counted: crawlers, AI assistants, monitors, by name and kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple

from footfall.rules.bot_detection import NO_USER_AGENT, Kind, classify

_NAMELESS: Final = "no name"


class BotRow(NamedTuple):
    """A bot, its kind, and how many events it sent."""

    name: str
    kind: Kind
    number: int


def count_bots(rows: Iterable[tuple[str, int]]) -> list[BotRow]:
    """Counts by bot, the busiest first, from User-Agents and how many events each sent."""
    found: Counter[tuple[str, Kind]] = Counter()
    for user_agent, number in rows:
        bot = classify(user_agent) or NO_USER_AGENT
        found[bot.name or _NAMELESS, bot.kind] += number
    return [BotRow(name, kind, number) for (name, kind), number in found.most_common()]
