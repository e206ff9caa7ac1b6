"""The table of options in the manual; `python -m footfall.config` prints it."""

from __future__ import annotations

from collections.abc import Iterable

from footfall.config.declare import Option


def options_table(options: Iterable[Option]) -> str:
    """The table in Markdown, one line for each option."""
    rows = [f"| `{each.name}` | {_default(each)}| {each.text} |\n" for each in options]
    return "| option | default | what it does |\n|---|---|---|\n" + "".join(rows)


def _default(option: Option) -> str:
    """The second column, with a space behind it; empty where there is no default."""
    value = option.default
    if option.shown_default is not None:
        return f"{option.shown_default} "
    if value is None or value == ():
        return ""
    if isinstance(value, str):
        return f'`"{value}"` '
    return f"`{value:g}` " if isinstance(value, float) else f"`{value}` "
