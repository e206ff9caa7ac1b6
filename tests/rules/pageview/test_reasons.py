"""Every reason is given, is explained, and is one word."""

from __future__ import annotations

import re

from footfall.rules.pageview import BOT_VISIT, DOWNLOAD, NOT_FOUND, REASONS, decide
from tests.rules.pageview.tables import ROWS


def test_events_have_the_names_that_dashboards_know() -> None:
    assert (BOT_VISIT, DOWNLOAD, NOT_FOUND) == ("Bot Visit", "File Download", "404")


def test_every_reason_is_given_and_every_given_reason_is_explained() -> None:
    given_reasons = {decide(hit, options).reason for hit, _, options in ROWS.values()}

    assert given_reasons | {"complement", "custom_event", "engagement", "heartbeat"} == set(REASONS)


def test_every_reason_is_one_word_with_one_sentence() -> None:
    for word, sentence in REASONS.items():
        assert re.fullmatch(r"[a-z0-9_]+", word)
        assert sentence.endswith(".")
