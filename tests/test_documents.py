"""The documents for contributors stay true: what they name is there, and what is there is named."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

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


ARCHITECTURE: Final = (ROOT / "docs" / "contributing" / "architecture.md").read_text("utf-8")


def described_files() -> list[str]:
    """The files of the tables in architecture.md, each with its folder."""
    files = []
    for section in ARCHITECTURE.split("\n### `")[1:]:
        folder, _, text = section.partition("`")
        files += [folder + name for name in re.findall(r"^\| `([\w.]+)` \|", text, re.MULTILINE)]
    return files


def test_every_module_is_described_in_the_architecture() -> None:
    source = ROOT / "src" / "footfall"
    modules = {
        path.relative_to(ROOT).as_posix()
        for path in source.rglob("*.py")
        if path.name != "__init__.py" or path.parent == source
    }
    folders = {
        f"{path.parent.relative_to(ROOT).as_posix()}/" for path in source.rglob("__init__.py")
    }
    described = described_files()
    assert sorted(described) == sorted(modules)
    assert {*re.findall(r"^### `(.+)`$", ARCHITECTURE, re.MULTILINE)} == folders


def layers() -> list[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts: list[dict[str, Any]] = settings["tool"]["importlinter"]["contracts"]
    [found] = [each["layers"] for each in contracts if each.get("containers") == ["footfall"]]
    return [*found]


def test_the_layers_are_those_that_are_enforced() -> None:
    assert "```\n" + "\n".join(layers()) + "\n```" in ARCHITECTURE


# A path in backticks: it has a slash or a known extension, and no placeholder.
PATH: Final = re.compile(r"`((?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:py|md|toml|ini|yaml))`")
DOCUMENTS: Final = [
    "SECURITY.md",
    "docs/contributing/architecture.md",
    "tests/FAULTS.md",
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_that_it_names_exists(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = {path for path in PATH.findall(text) if "\n" not in path}
    places = [ROOT, ROOT / "src" / "footfall", *(path.parent for path in ROOT.rglob("src/**/*.py"))]
    missing = {path for path in named if not any((place / path).exists() for place in places)}
    assert missing == set()
