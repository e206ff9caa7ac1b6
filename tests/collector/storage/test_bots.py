"""Bots that were not counted, by name."""

from __future__ import annotations

from footfall.collector.storage.bots import BotRow, count_bots
from tests.collector.support import FIREFOX, GOOGLEBOT


def test_the_user_agents_of_one_bot_are_counted_together() -> None:
    rows = [("Googlebot/2.1", 2), ("curl/8.0", 6), (GOOGLEBOT, 5)]
    google, curl = count_bots(rows)
    assert (google.name, google.number) == ("Googlebot", 7)
    assert (curl.name.lower(), curl.kind, curl.number) == ("curl", "library", 6)


def test_user_agents_that_name_no_bot_share_a_row() -> None:
    assert count_bots([("", 2), (FIREFOX, 1)]) == [BotRow("no name", "other", 3)]
    assert count_bots([]) == []
