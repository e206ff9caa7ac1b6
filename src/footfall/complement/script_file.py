"""The script as it is served, and the name that its content gives it."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from footfall.config.complement import PARTS, Part

__all__ = ["WINDOW_MARK", "ScriptFile", "script_file", "source_of"]

_FOLDER: Final = Path(__file__).parent

WINDOW_MARK: Final = b"/* window.js */"
"""Where `script.js` has the text of `window.js`, if that is switched on."""


class ScriptFile(NamedTuple):
    """A script, and its name."""

    name: str
    body: bytes
    compressed: bytes


@lru_cache(maxsize=4)
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
    base = "script.window" if "window" in parts else "script"
    return [base, *(part for part in PARTS if part in parts and part != "window")]


def _source(name: str) -> bytes:
    if name != "script.window":
        return (_FOLDER / f"{name}.js").read_bytes()
    inserted = (_FOLDER / "window.js").read_bytes().strip()
    return (_FOLDER / "script.js").read_bytes().replace(WINDOW_MARK, inserted)
