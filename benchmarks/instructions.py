"""Counts the instructions of one call with valgrind; a busy machine does not change them.

A row runs twice in a process of its own, with few calls and with many; the difference is what the
calls alone took. Everything that a process does counts, its other threads included.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

PROGRAM: Final = Path(__file__).with_name("request_path.py")
# After the first few hundred calls the interpreter has specialised its code and filled its caches.
FEW: Final = 300
MANY: Final = 8_300
MANY_QUICK: Final = 1_300

# The same hashes in each process, and a heap that is not given back to the system and taken again
# at the end of each call, as the layout of the memory may have it.
STEADY: Final = {
    "PYTHONHASHSEED": "0",
    "MALLOC_TOP_PAD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(128 << 20),
}


def counted(program: Sequence[str], calls: int) -> int | None:
    """Instructions of a whole process that makes so many calls; None where it does not run."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable]
    command += [*program, str(calls)]
    environ = {**os.environ, **STEADY}
    done = subprocess.run(command, env=environ, capture_output=True, text=True)
    match = re.search(r"Collected : (\d+)", done.stderr)
    return int(match[1]) if match and done.returncode == 0 else None


def per_call(program: Sequence[str], *, is_quick: bool) -> float | None:
    """Instructions of one call of a program that takes their number as its last argument."""
    if shutil.which("valgrind") is None:
        sys.exit("--instructions needs valgrind: apt install valgrind")
    many = MANY_QUICK if is_quick else MANY
    few, all_of_them = counted(program, FEW), counted(program, many)
    if few is None or all_of_them is None:
        return None
    return (all_of_them - few) / (many - FEW)


def table(adapter: str, names: Iterable[str], *, is_quick: bool) -> str:
    figures = {
        name: per_call([str(PROGRAM), "--row", adapter, name], is_quick=is_quick) for name in names
    }
    noop = figures["no-op"] or 0.0
    lines = [f"| {adapter} | instructions | over no-op |", "|---|---:|---:|"]
    for name, figure in figures.items():
        columns = "does not run | " if figure is None else f"{figure:,.0f} | {figure - noop:+,.0f}"
        lines.append(f"| {name} | {columns} |")
    return "\n".join(lines)
