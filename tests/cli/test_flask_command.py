"""`flask footfall`: the commands with the settings of the app that Flask has loaded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.support.terminal import environment
from tests.support.waiting import MAX_SECONDS

APP = """
from flask import Flask
from footfall.flask import Footfall

def create_app():
    app = Flask(__name__)
    Footfall(app, destinations="plausible+http://127.0.0.1:9/example.com")
    return app
"""


def test_it_reads_the_app_and_ends_with_the_commands_code(tmp_path: Path) -> None:
    (tmp_path / "wsgi.py").write_text(APP)
    done = subprocess.run(
        [sys.executable, "-m", "flask", "footfall", "check", "--json"],
        cwd=tmp_path,
        env=environment({}),
        capture_output=True,
        text=True,
        timeout=MAX_SECONDS,
    )
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    assert found["settings"] == "this app"
    assert found["destinations"][0]["name"] == "plausible:example.com@127.0.0.1:9"
