"""The script as it is served, and the name that its content gives it."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from footfall.config.complement import PARTS, Part

__all__ = ["ScriptFile", "script_file", "source_of"]

_FOLDER: Final = Path(__file__).parent


class ScriptFile(NamedTuple):
    """A script, and its name."""

    name: str
    body: bytes
    compressed: bytes


@lru_cache(maxsize=4)
def script_file(parts: frozenset[Part] = frozenset()) -> ScriptFile:
    """The script with the parts that are switched on."""
    # The first line says of which source it was made, which no browser needs.
    body = b"".join(each.read_bytes().partition(b"\n")[2] for each in _files(parts, ".min.js"))
    name = f"c.{hashlib.sha256(body).hexdigest()[:12]}.js"
    return ScriptFile(name, body, gzip.compress(body, mtime=0))


def source_of(parts: Iterable[Part]) -> bytes:
    """The same as people read it; `tools/minify_script.py` writes what is served."""
    return b"".join(each.read_bytes() for each in _files(parts, ".js"))


def _files(parts: Iterable[Part], suffix: str) -> list[Path]:
    names = ["script", *(part for part in PARTS if part in parts)]
    return [_FOLDER / f"{name}{suffix}" for name in names]
