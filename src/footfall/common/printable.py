"""Text from outside, made safe for a terminal and a log: no control character, no forged line.

A terminal obeys escape sequences (it moves the cursor, renames the window, answers as if somebody
had typed), a line break forges a line of output, and the Unicode controls of direction show text in
another order than it has. Everything that Python does not call printable is shown as the escape by
which Python writes it: `\\x1b`, `\\n`, `\\u202e`.
"""

from __future__ import annotations

import json
import re
from typing import Final

__all__ = ["escaped", "escaped_json", "escaped_lines"]

# Persian, Arabic and Indian scripts, and emoji, need the two joiners; a space may be of any width.
_HARMLESS: Final = frozenset("\u200c\u200d")
_LINE_BREAKS: Final = re.compile(r"(\n)")


def escaped(text: str) -> str:
    """Any text on one line, for a terminal or a log; a backslash in it stays as it is."""
    return text if text.isprintable() else "".join(map(_shown, text))


def escaped_lines(text: str) -> str:
    """Text of several lines: each `\\n` stays. Parts from outside must have been `escaped`."""
    return "".join(part if part == "\n" else escaped(part) for part in _LINE_BREAKS.split(text))


def escaped_json(text: str) -> str:
    """JSON with the same meaning, in which JSON's own escapes stand for what is not printable."""
    return "".join(
        char if char == "\n" or _is_shown(char) else json.dumps(char)[1:-1] for char in text
    )


def _shown(char: str) -> str:
    return char if _is_shown(char) else char.encode("unicode_escape").decode()


def _is_shown(char: str) -> bool:
    return char.isprintable() or char in _HARMLESS
