"""Whether a benchmark runs in the environment that users have: one made by the README's command.

A developer's environment has packages that change the figures: uvicorn takes uvloop, for instance,
wherever it is installed.
"""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions

# What `python -m venv` installs.
_OF_VENV = {"pip", "setuptools"}
_REQUIREMENT = re.compile(r"\s*([\w.-]+)\s*(?:\[([^\]]*)\])?")
_EXTRA = re.compile(r"""extra\s*==\s*["']([\w.-]+)["']""")


def faults(extra: str) -> list[str]:
    """What differs from the environment that `pip install ".[extra]"` makes."""
    found = []
    if _is_editable(distribution("footfall")):
        found.append("footfall is installed as editable")
    expected = _closure("footfall", {extra})
    installed = {_normal(each.name) for each in distributions()}
    if foreign := sorted(installed - expected - _OF_VENV):
        found.append(f"other packages are installed: {', '.join(foreign)}")
    return found


def description() -> str:
    """The Python, the machine's load and the packages that the collector runs on, in a line."""
    packages = ["footfall", "uvicorn", "httptools", "uvloop", "starlette"]
    versions = [f"{name} {_version(name)}" for name in packages]
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{python}, {', '.join(versions)}; {os.cpu_count()} cores, load {load:.1f}"


def _is_editable(package: Distribution) -> bool:
    text = package.read_text("direct_url.json")
    return bool(text and json.loads(text).get("dir_info", {}).get("editable"))


def _closure(name: str, extras: set[str]) -> set[str]:
    """The names of a package and of all that it requires with these extras, on any system."""
    found: set[str] = set()
    waiting = [(name, frozenset(extras))]
    seen = set(waiting)
    while waiting:
        name, wanted = waiting.pop()
        found.add(_normal(name))
        for requirement in {*_requirements(name, wanted)} - seen:
            seen.add(requirement)
            waiting.append(requirement)
    return found


def _requirements(name: str, extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    try:
        lines = distribution(name).requires or []
    except PackageNotFoundError:  # required on other systems only
        return
    for line in lines:
        if (extra := _EXTRA.search(line)) and extra[1] not in extras:
            continue
        if required := _REQUIREMENT.match(line):
            more = {each.strip() for each in (required[2] or "").split(",")} - {""}
            yield required[1], frozenset(more)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _version(name: str) -> str:
    try:
        return distribution(name).version
    except PackageNotFoundError:
        return "(not installed)"
