"""The line that describes chaos, and the random choices."""

from __future__ import annotations

from collections import Counter

import pytest

from footfall.collector.ingest.chaos import Chaos, ChaosFault, parse_chaos
from footfall.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "troubles", "seed"),
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
def test_a_line_describes_chaos(text: str, troubles: list[ChaosFault], seed: int | None) -> None:
    assert parse_chaos(text) == Chaos(troubles=tuple(troubles), seed=seed)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("", "name some trouble"),
        (" , ", "name some trouble"),
        ("seed:7", "name some trouble"),
        ("boom", "the kinds are a status, slow, hang, drop and reset"),
        ("5²3", "the kinds are"),
        ("200", "a status that is trouble is between 300 and 599"),
        ("600", "a status that is trouble"),
        ("9" * 5_000, "a status that is trouble"),
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
def test_what_describes_none_is_told_what_to_write(text: str, remedy: str) -> None:
    with pytest.raises(ConfigError, match=remedy):
        parse_chaos(text)


def test_all_that_is_wrong_is_told_together() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_chaos("boom,503:9,seed:x,hang")
    assert [fault.value for fault in caught.value.faults] == ["boom", "503:9", "seed:x"]


def test_a_seed_repeats_the_choices() -> None:
    chaos = parse_chaos("503:0.2,drop:0.5,seed:7")
    first, second = chaos.dice(), chaos.dice()
    thrown = [first() for _ in range(1_000)]
    assert thrown == [second() for _ in range(1_000)]
    number = Counter(each.kind if each else "none" for each in thrown)
    # 200, then half of what is left; four standard deviations.
    assert abs(number["status"] - 200) < 51
    assert abs(number["drop"] - 400) < 62


def test_without_a_seed_the_choices_differ() -> None:
    chaos = parse_chaos("503:0.5")
    first, second = chaos.dice(), chaos.dice()
    assert [first() for _ in range(100)] != [second() for _ in range(100)]


def test_chaos_is_told_in_words() -> None:
    said = str(parse_chaos("503:0.2,slow:250ms,reset:0.05"))
    assert said == "503 for 20%, slow by 0.25 s for 100%, reset for 5%"
