"""The line that describes chaos, and the random choices."""

from __future__ import annotations

from collections import Counter

import pytest

from footfall.collector.ingest.chaos import Chaos, ChaosFault, parse_chaos
from footfall.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "faults", "seed"),
    [
        ("503", [ChaosFault("status", status=503)], None),
        ("503:0.2", [ChaosFault("status", 0.2, status=503)], None),
        (
            "429:.5, 301",
            [ChaosFault("status", 0.5, status=429), ChaosFault("status", status=301)],
            None,
        ),
        ("slow:2s", [ChaosFault("slow", seconds=2.0)], None),
        ("slow:250ms:0.1", [ChaosFault("slow", 0.1, seconds=0.25)], None),
        ("slow:1.5s:1", [ChaosFault("slow", seconds=1.5)], None),
        ("hang:0", [ChaosFault("hang", 0.0)], None),
        ("drop,reset:0.3,", [ChaosFault("drop"), ChaosFault("reset", 0.3)], None),
        ("seed:7,hang", [ChaosFault("hang")], 7),
    ],
)
def test_a_line_describes_chaos(text: str, faults: list[ChaosFault], seed: int | None) -> None:
    assert parse_chaos(text) == Chaos(faults=tuple(faults), seed=seed)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("", "name a kind of fault"),
        (" , ", "name a kind of fault"),
        ("seed:7", "name a kind of fault"),
        ("boom", "the kinds are a status, slow, hang, drop and reset"),
        ("5²3", "the kinds are"),
        ("200", "a status is between 300 and 599"),
        ("600", "a status is between"),
        ("9" * 5_000, "a status is between"),
        ("503:2", "a share is a number up to 1"),
        ("503:-1", "a share is a number up to 1"),
        ("503:nan", "a share is a number up to 1"),
        ("503:0.1:0.1", "a share is a number up to 1"),
        ("hang:", "a share is a number up to 1"),
        ("slow", "say how slow, up to an hour"),
        ("slow:2", "say how slow"),
        ("slow:0.2:2s", "say how slow"),
        ("slow:3601s", "say how slow"),
        ("seed:x,hang", "a seed is a whole number"),
    ],
    ids=lambda text: str(text)[:20] or "(empty)",
)
def test_an_invalid_line_is_answered_with_its_remedy(text: str, remedy: str) -> None:
    with pytest.raises(ConfigError, match=remedy):
        parse_chaos(text)


def test_all_invalid_items_are_named_together() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_chaos("boom,503:9,seed:x,hang")
    assert [fault.value for fault in caught.value.faults] == ["boom", "503:9", "seed:x"]


def test_a_seed_repeats_the_choices() -> None:
    chaos = parse_chaos("503:0.2,drop:0.5,seed:7")
    first, second = chaos.chooser(), chaos.chooser()
    chosen = [first() for _ in range(1_000)]
    assert chosen == [second() for _ in range(1_000)]
    number = Counter(each.kind if each else "none" for each in chosen)
    # 200, then half of what is left; four standard deviations.
    assert abs(number["status"] - 200) < 51
    assert abs(number["drop"] - 400) < 62


def test_without_a_seed_the_choices_differ() -> None:
    chaos = parse_chaos("503:0.5")
    first, second = chaos.chooser(), chaos.chooser()
    assert [first() for _ in range(100)] != [second() for _ in range(100)]


def test_chaos_has_a_readable_text() -> None:
    text = str(parse_chaos("503:0.2,slow:250ms,reset:0.05"))
    assert text == "503 for 20%, slow by 0.25 s for 100%, reset for 5%"
