"""The table of names: each has one class, and none that apps share decides."""

from __future__ import annotations

from typing import get_args

import pytest

from footfall.rules.bot_names import BOTS, DECISIVE_NAMES, RANKS, Kind


def test_a_name_is_one_word_in_lower_case() -> None:
    assert [name for name in BOTS if name != name.lower() or len(name.split()) != 1] == []


def test_the_order_of_the_names_is_their_rank() -> None:
    assert sorted(RANKS, key=RANKS.__getitem__) == list(BOTS)


def test_every_name_has_a_class() -> None:
    assert {bot.kind for bot in BOTS.values()} <= set(get_args(Kind))


@pytest.mark.parametrize(
    ("name", "decides"),
    [("googlebot", True), ("windowspowershell", True), ("whatsapp", False), ("curl", False)],
)
def test_names_that_apps_share_decide_nothing(name: str, decides: bool) -> None:
    assert name in BOTS
    assert (name in DECISIVE_NAMES) is decides
