"""The documents for contributors stay true: what they name is there, and what is there is named."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parent
ROOT: Final = TESTS.parent

# `fault(17, ...)`, `def test_38_...` and the ids of servers and variants, such as "31-uvicorn".
CITATION: Final = re.compile(r"""\bfault\((\d+),|\bdef test_(\d+)_|["'](\d{1,2})-[a-z{]""")


def cited_faults() -> set[int]:
    text = "\n".join(path.read_text(encoding="utf-8") for path in TESTS.rglob("*.py"))
    return {int(number) for found in CITATION.findall(text) for number in found if number}


def test_every_fault_that_a_test_cites_is_in_the_catalogue() -> None:
    catalogue = (TESTS / "FAULTS.md").read_text(encoding="utf-8")
    numbers = [int(number) for number in re.findall(r"^\| (\d+) \|", catalogue, re.MULTILINE)]
    assert len({*numbers}) == len(numbers)
    assert cited_faults() - {*numbers} == set()
