"""Text from outside as a cell of a spreadsheet, which must not run it."""

from __future__ import annotations

from typing import Final

__all__ = ["as_text"]

# A spreadsheet program runs a cell that begins with one of these as a formula; the tab and the ends
# of lines it skips (OWASP, "CSV Injection", read 2026-11). The wide ones Excel reads alike.
_FORMULA_STARTS: Final = tuple("=+-@\t\r\n＝＋－＠")


def as_text(value: str) -> str:
    """The value, with an apostrophe in front where it could be run."""
    return f"'{value}" if value.startswith(_FORMULA_STARTS) else value
