"""The list of AI agents, as the tool writes it."""

from __future__ import annotations

from collections import Counter

from footfall.rules.ai_agents import AI_AGENTS


def test_an_agent_has_one_class() -> None:
    names = Counter(name.lower() for names in AI_AGENTS.values() for name in names)

    assert [name for name, number in names.items() if number > 1] == []
    assert len(names) > 100
