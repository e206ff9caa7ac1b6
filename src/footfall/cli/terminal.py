"""What the commands print: nothing that came from outside controls the terminal."""

from __future__ import annotations

import sys

from footfall.common.printable import escaped_lines


def say(text: object = "", *, flush: bool = False) -> None:
    """Print lines to standard output. Escape parts from outside first: they may hold line breaks.

    Args:
        text: All control characters but the line breaks in it are escaped.
        flush: Whether it is seen at once where the output is a pipe.
    """
    print(escaped_lines(str(text)), flush=flush)


def complain(text: object) -> None:
    """Print lines to standard error, in the same way."""
    print(escaped_lines(str(text)), file=sys.stderr, flush=True)
