"""The table of known sources: each key is one source's, and written as it is looked up."""

from __future__ import annotations

from collections import Counter

from footfall.collector.wire import known_sources
from footfall.collector.wire.known_sources import KINDS, NAMES


def test_a_key_has_one_name() -> None:
    keys = Counter(
        key for rows in known_sources._BY_KIND.values() for _, keys in rows for key in keys.split()
    )

    assert [key for key, number in keys.items() if number > 1] == []


def test_a_name_has_one_kind() -> None:
    names = Counter(name for rows in known_sources._BY_KIND.values() for name, _ in rows)

    assert [name for name, number in names.items() if number > 1] == []


def test_keys_are_in_lower_case_and_no_urls() -> None:
    assert [key for key in NAMES if key != key.lower() or "/" in key] == []


def test_a_country_is_left_out_once() -> None:
    assert NAMES["google."] == "Google"
    assert KINDS["Google"] == "search"
