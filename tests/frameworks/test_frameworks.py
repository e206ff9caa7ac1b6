"""Every framework that the documents name: answers with and without footfall, and the hits."""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import pytest

from tests.frameworks import site
from tests.frameworks.page import TEXT, code_blocks
from tests.frameworks.table import FRAMEWORKS, ROWS, Hit, skipped

ROOT: Final = Path(__file__).parents[2]


@pytest.fixture(params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> str:
    """A framework that is installed; where REQUIRE_FRAMEWORKS is 1, a missing one fails."""
    name: str = request.param
    if FRAMEWORKS[name].version() is None:
        reason = f"{FRAMEWORKS[name].distribution} is not installed"
        if os.environ.get("REQUIRE_FRAMEWORKS") == "1":
            pytest.fail(f"{reason} (required by REQUIRE_FRAMEWORKS)", pytrace=False)
        pytest.skip(reason)
    return name


@pytest.fixture
def results(framework: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What `drive.py` prints of a framework, which runs once for all workers of pytest-xdist."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    path = folder / f"{framework}.json"
    with (folder / f"{framework}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            path.write_text(driven(framework), encoding="utf-8")
    return json.loads(path.read_text(encoding="utf-8"))


def driven(framework: str) -> str:
    found = subprocess.run(
        [sys.executable, "-m", "tests.frameworks.drive", framework],
        cwd=ROOT,
        # Python's development mode would report faults of the frameworks, and takes a second each.
        env={**os.environ, "PYTHONDEVMODE": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert found.returncode == 0, found.stderr
    return found.stdout.splitlines()[-1]


def as_json(hit: Hit) -> Any:
    return {"events": [[*event] for event in hit.events], "reasons": hit.reasons}


def test_the_answers_are_the_same_to_the_byte(results: Any) -> None:
    assert results["counted"] == results["bare"]
    assert results["counted_in_sync"] == results["bare"]
    # So that it compares something.
    assert {*results["bare"]} == {*ROWS}


def test_each_request_counts_as_in_every_framework(framework: str, results: Any) -> None:
    rows = FRAMEWORKS[framework].rows()
    hits = results["hits"]
    assert {name: hits[name] for name in rows} == {
        name: as_json(row.hit) for name, row in rows.items()
    }


def test_an_ignored_view_responds(framework: str, results: Any) -> None:
    for name in {"ignored function", "ignored class"} & {*FRAMEWORKS[framework].rows()}:
        assert site.PAGE in json.dumps(results["bare"][name])


@pytest.fixture
def _tells_routes(framework: str) -> None:
    starlette = as_numbers(metadata.version("starlette"))
    if framework in {"Starlette", "FastAPI", "FastHTML"} and starlette < [1, 7]:
        pytest.skip("this Starlette sets no route in the scope")


@pytest.mark.usefixtures("_tells_routes")
def test_a_route_can_stand_for_its_paths(framework: str, results: Any) -> None:
    rows = FRAMEWORKS[framework].rows()
    assert {name: results["routes"][name] for name in rows} == {
        name: as_json(row.route or row.hit) for name, row in rows.items()
    }


@pytest.mark.usefixtures("_tells_routes")
def test_a_rule_can_name_a_route(results: Any) -> None:
    assert results["excluded"] == {"events": [], "reasons": {"excluded": 1}}


def test_a_missing_page_is_an_event_if_it_is_html(framework: str, results: Any) -> None:
    missing = Hit(events=(("404", "/missing", {"path": "/missing"}),), reasons={"not_found": 1})
    expected = {"counted": missing, "no HTML": skipped("not_html"), "not seen": Hit()}
    assert results["missing"] == as_json(expected[FRAMEWORKS[framework].missing_page])


# -- the page ----------------------------------------------------------------------------------


def page_rows() -> dict[str, list[str]]:
    """The cells of the page's first table, by framework."""
    lines = re.findall(r"^\| (.+) \|$", TEXT.partition("\n## Set-up\n")[0], re.MULTILINE)[1:]
    return {name: cells for name, *cells in (line.split(" | ") for line in lines)}


def test_the_page_has_every_framework_and_no_other() -> None:
    expected = {}
    for name, framework in FRAMEWORKS.items():
        route = "read" if len(code_blocks(name)) == 1 else "told by the app"
        classes = framework.ignored_class or "it has none"
        expected[name] = [framework.interface, route, framework.missing_page, classes]
    assert {name: cells[1:] for name, cells in page_rows().items()} == expected


def test_the_page_names_no_version_that_was_never_run(framework: str) -> None:
    """What is installed is one of the versions there, or was published after them."""
    installed = FRAMEWORKS[framework].version()
    assert installed is not None
    versions = page_rows()[framework][0].split(", ")
    assert as_numbers(installed) >= as_numbers(versions[0])


def as_numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def test_the_package_names_the_versions_of_django_that_the_page_has() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    beginning = "Framework :: Django :: "
    named = [
        each.removeprefix(beginning)
        for each in settings["project"]["classifiers"]
        if each.startswith(beginning)
    ]
    versions = page_rows()["Django, WSGI"][0].split(", ")
    assert named == [version.rpartition(".")[0] for version in versions]


def test_the_page_names_every_request() -> None:
    assert f"\n{', '.join(ROWS)}.\n" in TEXT
