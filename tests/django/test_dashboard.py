"""The dashboard in a Django project: its own users decide, under WSGI and ASGI."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the visitors of the project get, and what is in its log."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("dashboard_project.py"))],
        cwd=tmp_path_factory.mktemp("project"),
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout), "log": done.stderr}


LOGIN = "/admin/login/?next=%2Fstats%2F%3Fperiod%3D7d"
SHOWN = {"status": 200, "location": None, "is_shown": True}
REFUSED = {"status": 403, "location": None, "is_shown": False}
TO_LOGIN = {"status": 302, "location": LOGIN, "is_shown": False}


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_staff_may_look(project: Any, kind: str) -> None:
    assert project[kind] == {"nobody": TO_LOGIN, "ada": SHOWN, "bob": REFUSED, "eve": TO_LOGIN}


def test_a_function_gets_the_user(project: Any) -> None:
    assert project["function"] == {
        "nobody": REFUSED,
        "ada": REFUSED,
        "bob": SHOWN,
        "eve": REFUSED,
    }


def test_without_users_nobody_is_staff(project: Any) -> None:
    assert project["without_users"] == REFUSED
    assert 'dashboard_allow="staff" needs "django.contrib.auth' in project["log"]


def test_nothing_is_changed_by_a_form(project: Any) -> None:
    assert project["posted"] == 405


def test_the_rest_of_the_project_is_as_before(project: Any) -> None:
    assert (project["page"], project["missing"]) == ("<h1>Page</h1>", 404)


def test_a_project_below_a_path(project: Any) -> None:
    assert project["mounted"]


def test_no_project_has_it_by_itself(project: Any) -> None:
    assert project["none"] == 404


def test_the_admin_links_to_it(project: Any) -> None:
    assert project["admin"]


def test_no_page_is_in_the_cache_of_the_site(project: Any) -> None:
    assert project["cached"] == [200, 403]
