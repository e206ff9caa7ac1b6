"""`docs/frameworks.md`, whose code sets footfall up in every app of the table."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

# Takes names as the app's module has them, and returns them as that module has them at its end.
SetUp: TypeAlias = Callable[..., dict[str, Any]]

TEXT: Final = (Path(__file__).parents[2] / "docs" / "frameworks.md").read_text(encoding="utf-8")


def code_blocks(framework: str) -> list[str]:
    """The code of a framework's section: the set-up, and how it tells its route if it has to."""
    sections = dict(each.split("\n", 1) for each in TEXT.split("\n### ")[1:])
    section = sections.get(framework) or sections[framework.partition(",")[0]]
    return re.findall(r"^```python\n(.*?)^```", section, re.DOTALL | re.MULTILINE)


def set_up_as_written(framework: str) -> SetUp:
    """What runs the code of the framework's section on the names of an app."""

    def set_up(**names: Any) -> dict[str, Any]:
        for block in code_blocks(framework):
            exec(compile(block, f"frameworks.md, {framework}", "exec"), names)
        return names

    return set_up


def leave_as_it_is(**names: Any) -> dict[str, Any]:
    """The set-up of an app without footfall."""
    return names
