"""What every test may use: the marker of those that drive real servers."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import hypothesis
import pytest

# Programs that pip installs stand beside the interpreter, wherever PATH leads.
_SEARCH_PATH = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose programs are missing; where servers are required, fail instead."""
    wanted = [name for marker in item.iter_markers("server") for name in marker.args]
    missing = [name for name in wanted if program(name) is None]
    if not missing:
        return
    reason = f"not on PATH: {', '.join(missing)}"
    if os.environ.get("REQUIRE_SERVERS") == "1":
        pytest.fail(f"{reason} (required by REQUIRE_SERVERS)", pytrace=False)
    pytest.skip(reason)


def program(name: str) -> str | None:
    """Where the program is, or None."""
    return shutil.which(name, path=_SEARCH_PATH)


# Machines that are busy with something else are slow; that is no fault of an example.
hypothesis.settings.register_profile("footfall", deadline=None)
hypothesis.settings.load_profile("footfall")
