"""The script as it is served: its text without comments, and the name that its content gives it."""

from __future__ import annotations

import gzip
import hashlib
import re
import string
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["SOURCE_FILE", "ScriptFile", "minified", "script_file"]

SOURCE_FILE: Final = Path(__file__).with_name("script.js")
"""The script as people read it."""

_COMMENT: Final = re.compile(r"^\s*//.*$", re.MULTILINE)
# No text or regex of the script has such a sign with spaces around it.
_SPACES: Final = re.compile(r" ?([=+<>?:|&{}(),;!-]+) ?")
# What the script declares: its constants and variables, and the parameters of its functions.
_DECLARED: Final = re.compile(r"\b(?:const|let) (\w+)|\(([\w, .]*)\) =>|function \(\.{3}(\w+)\)")
_ONE_PARAMETER: Final = re.compile(r"\((\w)\)=>")
_NEEDLESS: Final = re.compile(r"[;,](?=})|,(?=\))")
_LETTERS: Final = string.ascii_lowercase + string.ascii_uppercase


class ScriptFile(NamedTuple):
    """A script, and its name."""

    name: str
    body: bytes
    compressed: bytes


def script_file() -> ScriptFile:
    """The script."""
    body = minified(SOURCE_FILE.read_text(encoding="utf-8")).encode()
    name = f"c.{hashlib.sha256(body).hexdigest()[:12]}.js"
    return ScriptFile(name, body, gzip.compress(body, mtime=0))


def minified(source: str) -> str:
    """The script without comments and needless spaces, and with short names.

    Each of its statements ends with a semicolon or a brace, so it needs no lines. It has no name
    that is also a word in one of its texts, which the tests check by running it.
    """
    code = "".join(filter(None, map(str.strip, _COMMENT.sub("", source).splitlines())))
    found = [
        name for each in _DECLARED.findall(code) for name in re.findall(r"\w+", " ".join(each))
    ]
    short = dict(zip(dict.fromkeys(found), _LETTERS, strict=False))
    # Neither a property nor the key of one.
    names = re.compile(rf"(?:(?<![\w.])|(?<=\.\.\.))({'|'.join(short)})\b(?!:)")
    code = _SPACES.sub(r"\1", names.sub(lambda match: short[match[0]], code))
    return _ONE_PARAMETER.sub(r"\1=>", _NEEDLESS.sub("", code)) + "\n"
