"""The script as it is served, and the name that its content gives it."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["SOURCE_FILE", "ScriptFile", "script_file"]

SOURCE_FILE: Final = Path(__file__).with_name("script.js")
"""The script as people read it; `tools/minify_script.py` writes the other one."""


class ScriptFile(NamedTuple):
    """A script, and its name."""

    name: str
    body: bytes
    compressed: bytes


def script_file() -> ScriptFile:
    """The script."""
    # The first line says of which source it was made, which no browser needs.
    body = SOURCE_FILE.with_suffix(".min.js").read_bytes().partition(b"\n")[2]
    name = f"c.{hashlib.sha256(body).hexdigest()[:12]}.js"
    return ScriptFile(name, body, gzip.compress(body, mtime=0))
