"""The scripted visits of `footfall demo --once`, and their comparison with what was counted."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from footfall.cli import main
from footfall.cli.demo import scripted_visits
from footfall.cli.demo.scripted_visits import VISITS
from footfall.rules.pageview import REASONS
from tests.support.json_schemas import validate


def test_the_scripted_visits_come_out_as_expected() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "footfall", "demo", "--once"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Everything as expected." in done.stdout
    assert done.stdout.count("\n! ") == 0
    assert all(visit.what in done.stdout for visit in VISITS)


def test_a_visit_that_comes_out_otherwise_is_marked_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = scripted_visits.DemoVisit(what="a page taken for a bot", path="/", reason="bot")
    monkeypatch.setattr(scripted_visits, "VISITS", (wrong,))
    assert main(["demo", "--once"]) == 1
    assert "! a page taken for a bot" in capsys.readouterr().out
    assert main(["demo", "--once", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    validate("demo", found)
    [visit] = found["visits"]
    assert (found["ok"], visit["ok"]) == (False, False)
    assert (visit["expected"], visit["reason"]) == ("bot", "navigation")


@pytest.mark.parametrize("visit", VISITS, ids=[visit.what for visit in VISITS])
def test_a_visit_expects_a_known_reason(visit: scripted_visits.DemoVisit) -> None:
    assert visit.reason in REASONS
