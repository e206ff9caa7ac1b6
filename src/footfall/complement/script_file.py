"""The script as it is served, and the name that its content gives it."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from footfall.config.complement import Part

__all__ = ["FOLLOWING", "INSERTS", "ScriptFile", "script_file", "source_of"]

_FOLDER: Final = Path(__file__).parent

INSERTS: Final[tuple[Part, ...]] = ("window", "hash_routes")
"""The parts whose text stands within `script.js`, at a comment with the file's name."""

FOLLOWING: Final[tuple[Part, ...]] = ("engagement", "heartbeat")
"""The parts that follow it."""


class ScriptFile(NamedTuple):
    """A script, and its name."""

    name: str
    body: bytes
    compressed: bytes


@lru_cache(maxsize=16)
def script_file(parts: frozenset[Part] = frozenset()) -> ScriptFile:
    """The script with the parts that are switched on."""
    # The first line says of which source it was made, which no browser needs.
    body = b"".join(
        (_FOLDER / f"{name}.min.js").read_bytes().partition(b"\n")[2] for name in _names(parts)
    )
    name = f"c.{hashlib.sha256(body).hexdigest()[:12]}.js"
    return ScriptFile(name, body, gzip.compress(body, mtime=0))


def source_of(parts: Iterable[Part]) -> bytes:
    """The same as people read it; `tools/minify_script.py` writes what is served."""
    return b"".join(map(_source, _names(parts)))


def _names(parts: Iterable[Part]) -> list[str]:
    inserts = [part for part in INSERTS if part in parts]
    return [".".join(["script", *inserts]), *(part for part in FOLLOWING if part in parts)]


def _source(name: str) -> bytes:
    first, *inserts = name.split(".")
    source = (_FOLDER / f"{first}.js").read_bytes()
    for each in inserts:
        text = (_FOLDER / f"{each}.js").read_bytes().strip()
        source = source.replace(b"/* %b.js */" % each.encode(), text)
    return source
