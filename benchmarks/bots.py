"""How often the bot filter errs, and what it costs: `python benchmarks/bots.py`.

Needs `pip install crawler-user-agents fake-useragent`. The first lists user agents that crawlers
have sent (MIT), the second those of people's browsers with their shares of visits (Apache-2.0).
"""

from __future__ import annotations

import json
import statistics
import sys
import timeit
from collections import Counter
from functools import partial
from importlib.resources import files
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import crawleruseragents

from footfall.rules.bot_detection import _classify, classify

uncached = _classify.__wrapped__


def crawlers() -> list[str]:
    entries = crawleruseragents.CRAWLER_USER_AGENTS_DATA
    return sorted({agent for entry in entries for agent in entry.get("instances", ())})


def people() -> dict[str, float]:
    lines = (files("fake_useragent") / "data" / "browsers.jsonl").read_text().splitlines()
    shares: Counter[str] = Counter()
    for entry in map(json.loads, lines):
        shares[entry["useragent"]] += entry["percent"]
    return dict(shares)


def microseconds(agents: list[str]) -> tuple[float, float]:
    """Medians per call: the first time that a user agent is classified, and again."""
    sample = agents[:: max(1, len(agents) // 500)]
    first = [timeit.timeit(partial(uncached, agent), number=200) / 200 for agent in sample]
    for agent in sample:
        classify(agent)
    again = [timeit.timeit(partial(classify, agent), number=200) / 200 for agent in sample]
    return statistics.median(first) * 1e6, statistics.median(again) * 1e6


def main() -> None:
    bots, humans = crawlers(), people()
    missed = [agent for agent in bots if classify(agent) is None]
    wrong = {agent: share for agent, share in humans.items() if classify(agent) is not None}
    wrong_share = sum(wrong.values()) / sum(humans.values())
    rows = [
        ("crawlers", len(bots), f"{len(missed)} taken for people", *microseconds(bots)),
        (
            "people",
            len(humans),
            f"{len(wrong)} taken for bots ({wrong_share:.3%} of visits)",
            *microseconds(list(humans)),
        ),
    ]
    print("| user agents of | distinct | errors | first seen, µs | again, µs |")
    print("|---|---:|---|---:|---:|")
    for name, count, errors, first, again in rows:
        print(f"| {name} | {count:,} | {errors} | {first:.1f} | {again:.2f} |")
    if "-v" in sys.argv:
        print(*missed, *wrong, sep="\n")


if __name__ == "__main__":
    main()
