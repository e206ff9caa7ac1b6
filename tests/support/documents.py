"""The README and the pages of `docs/` for users, and the blocks of code in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"

# By their paths below the root. Those for contributors have tests of their own.
TEXTS: Final = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", *sorted(DOCS.rglob("*.md")))
    if path.parent.name != "contributing"
}
README: Final = TEXTS["README.md"]

_BLOCK: Final = re.compile(r"^```([\w{}-]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    """A block of code: the page, the line of its fence, its language and what it holds."""

    page: str
    line: int
    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def _blocks() -> Iterator[Block]:
    for page, text in TEXTS.items():
        for found in _BLOCK.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            yield Block(page, line, found[1], found[2])


BLOCKS: Final = tuple(_blocks())


def blocks_of(*languages: str) -> list[Block]:
    """The blocks of these languages, of all pages; an empty one is of output."""
    return [block for block in BLOCKS if block.language in languages]


def mistakes() -> dict[str, list[str]]:
    """The mistakes of the table in "My dashboard is empty", each with the sentences that it quotes.

    In a sentence `...` stands for a value.
    """
    _, _, rest = TEXTS["docs/troubleshooting.md"].partition("\n| what you did |")
    table, _, _ = rest.partition("\n\n")
    rows = [row.strip("| ").split(" | ") for row in table.splitlines()[2:]]
    return {what: re.findall('"([^"]+)"', said) for what, said, _ in rows}


def parts_of(quote: str) -> list[str]:
    """The texts between the values of a sentence that a page quotes."""
    return [part.strip() for part in quote.split("...") if len(part.strip()) > 2]
