"""What an import costs over a bare Python: `python benchmarks/start.py [--quick]`.

New processes in turn, with compiled bytecode: milliseconds from the start of a process to its end,
and its resident memory after the import.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from time import perf_counter
from typing import Final

ROWS: Final = {
    "bare Python": "pass",
    "import footfall": "import footfall",
    "import footfall.asgi": "import footfall.asgi",
    "import footfall.wsgi": "import footfall.wsgi",
    "import footfall.flask": "import footfall.flask",
    "import flask": "import flask",
    "import httpx2": "import httpx2",
}
RSS: Final = "print(open('/proc/self/statm').read().split()[1])"
MEGABYTES_OF_A_PAGE: Final = os.sysconf("SC_PAGE_SIZE") / 1e6


def environ_of(folder: str) -> dict[str, str]:
    """An environment in which Python keeps bytecode in this folder, as for installed packages."""
    environ = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    return environ


def run(statement: str, environ: dict[str, str]) -> tuple[float, float] | None:
    """Milliseconds and MB of a process that runs the statement; None where it fails."""
    command = [sys.executable, "-c", f"{statement}\n{RSS}"]
    started = perf_counter()
    done = subprocess.run(command, env=environ, capture_output=True, text=True)
    spent = (perf_counter() - started) * 1e3
    return None if done.returncode else (spent, int(done.stdout) * MEGABYTES_OF_A_PAGE)


def measured(rounds: int, environ: dict[str, str]) -> dict[str, list[tuple[float, float]]]:
    rows = {name: statement for name, statement in ROWS.items() if run(statement, environ)}
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in rows}
    for _ in range(rounds):
        for name, statement in rows.items():
            figures[name].append(run(statement, environ) or (0.0, 0.0))
    return figures


def line(name: str, values: list[tuple[float, float]], bare: list[tuple[float, float]]) -> str:
    spent, held = (statistics.median(column) for column in zip(*values, strict=True))
    pairs = list(zip(values, bare, strict=True))
    slower = statistics.median(value[0] - reference[0] for value, reference in pairs)
    larger = statistics.median(value[1] - reference[1] for value, reference in pairs)
    return f"| {name} | {spent:.0f} | {slower:+.0f} | {held:.1f} | {larger:+.1f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="5 rounds instead of 30")
    rounds = 5 if parser.parse_args().quick else 30
    with tempfile.TemporaryDirectory() as folder:
        figures = measured(rounds, environ_of(folder))
    print("| | ms | over bare | MB | over bare |\n|---|---:|---:|---:|---:|")
    for name, values in figures.items():
        print(line(name, values, figures["bare Python"]))
    for name in ROWS.keys() - figures.keys():
        print(f"| {name} | not installed | | | |")


if __name__ == "__main__":
    main()
