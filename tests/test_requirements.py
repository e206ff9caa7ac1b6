"""The packages that footfall needs: lower bounds above known advisories, and a zone database."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

_ROOT = Path(__file__).parents[1]
_PROJECT = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]
_LISTS = {"": _PROJECT["dependencies"], **_PROJECT["optional-dependencies"]}

# The first version without the fault, of each advisory on what footfall serves or reads with the
# package (read 2026-11). Other advisories on these packages are fixed in earlier versions.
ADVISORIES = [
    # Decompression was not bounded. PlausibleAPI reads compressed responses.
    ("", "httpx2", "GHSA-8xx6-hgc6-gc2m", "2.12.0"),
    # Quadratic time for Range headers; /static is a StaticFiles.
    ("collector", "starlette", "CVE-2025-62727", "0.49.1"),
    # A malformed Host header changes `request.url.path`.
    ("collector", "starlette", "CVE-2026-48710", "1.0.1"),
    # On Windows, StaticFiles followed UNC paths.
    ("collector", "starlette", "CVE-2026-48818", "1.1.0"),
    # The limits of `request.form()` did not hold for URL-encoded forms, which the API reads.
    ("collector", "starlette", "CVE-2026-54283", "1.3.1"),
    # llhttp below 9.2.1 let a request hide in another.
    ("collector", "httptools", "CVE-2024-27982", "0.6.3"),
    # Templates escaped their sandbox. The collector's are its own; scanners report it all the same.
    ("collector", "jinja2", "CVE-2025-27516", "3.1.6"),
]


@pytest.mark.parametrize(("extra", "package", "advisory", "fixed_in"), ADVISORIES)
def test_lower_bounds_stand_above_known_advisories(
    extra: str, package: str, advisory: str, fixed_in: str
) -> None:
    [found] = [each for line in _LISTS[extra] if (each := Requirement(line)).name == package]
    [bound] = [each for each in found.specifier if each.operator == ">="]
    assert Version(bound.version) >= Version(fixed_in), advisory


def test_time_zones_are_known_where_the_system_has_no_zone_database() -> None:
    code = "from footfall.collector import Store; print(Store(timezone='Europe/Berlin').zone)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        # No folder to look in, so that only the package tzdata is left.
        env={**os.environ, "PYTHONTZPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("Europe/Berlin\n", "")
