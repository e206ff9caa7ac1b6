"""What the commands print: nothing that came from outside controls the terminal."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Final, Literal, TextIO, TypeAlias

from footfall.common.printable import escaped_json, escaped_lines

Style: TypeAlias = Literal["", "good", "bad", "quiet"]

_CODES: Final[Mapping[str, str]] = {"good": "32", "bad": "31", "quiet": "2"}


def say(text: object = "", *, flush: bool = False, style: Style = "") -> None:
    """Print lines to standard output. Escape parts from outside first: they may hold line breaks.

    Args:
        text: All control characters but the line breaks in it are escaped.
        flush: Whether it is seen at once where the output is a pipe.
        style: How it looks on a terminal.

    Raises:
        BrokenPipeError: whoever read it has ended.
    """
    _print(_styled(escaped_lines(str(text)), style, sys.stdout), sys.stdout, flush=flush)


def say_json(found: object, *, indent: int | None = 2, flush: bool = False) -> None:
    """Print a value as JSON to standard output; on one line where `indent` is None."""
    text = escaped_json(json.dumps(found, indent=indent, ensure_ascii=False))
    if not _can_write(text, sys.stdout):
        text = json.dumps(found, indent=indent)
    _print(text, sys.stdout, flush=flush)


def complain(text: object, *, style: Style = "") -> None:
    """Print lines to standard error, in the same way. What it is about does not end with it."""
    try:
        _print(_styled(escaped_lines(str(text)), style, sys.stderr), sys.stderr, flush=True)
    except BrokenPipeError:
        discard(sys.stderr)


def discard(file: TextIO) -> None:
    """Whoever read it has ended, as `head` does. Nor shall the flush at the exit fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), file.fileno())


def _styled(text: str, style: Style, file: TextIO | None) -> str:
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if style and _has_colour(file) else text


def _has_colour(file: TextIO | None) -> bool:
    """Whether styles are shown: on a terminal, unless NO_COLOR is set (https://no-color.org)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    # Windows' old console shows the sequences themselves.
    obeys = sys.platform != "win32" or any(map(os.environ.get, ("WT_SESSION", "TERM")))
    return obeys and file is not None and file.isatty()


def _print(text: str, file: TextIO | None, *, flush: bool) -> None:
    if file is None:
        return  # as under pythonw
    if not _can_write(text, file):
        # As Python itself does on standard error: a console may have the code page 1252.
        encoding = file.encoding or "ascii"
        text = text.encode(encoding, "backslashreplace").decode(encoding)
    print(text, file=file, flush=flush)


def _can_write(text: str, file: TextIO | None) -> bool:
    try:
        text.encode(getattr(file, "encoding", None) or "utf-8", "strict")
    except UnicodeEncodeError:
        return False
    return True
