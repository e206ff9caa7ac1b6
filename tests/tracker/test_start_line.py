"""The line that a developer sees when the app starts."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from footfall.config import Config
from footfall.destinations import Only, Plausible, Webhook
from footfall.tracker import process_hooks, start_line
from tests.support.terminal import Terminal

SWETRIX = "swetrix://api.swetrix.com/abcdefghijkl"
HOOK = Webhook(url="https://hooks.test/s3cret", body=lambda _: {})
COLLECTOR = "collector://127.0.0.1:8321/example.com"
LOCAL = "pages on localhost do not count (track_localhost=True counts them)"

LINES: dict[str, tuple[dict[str, Any], str]] = {
    "a collector": (
        {"destinations": COLLECTOR},
        "counting for example.com; watch http://127.0.0.1:8321/live",
    ),
    "a vendor": (
        {"destinations": "plausible://plausible.io/example.com"},
        f"counting for example.com; events go to plausible.io; {LOCAL}",
    ),
    "a vendor, with pages on localhost": (
        {"destinations": "plausible://plausible.io/example.com", "track_localhost": True},
        "counting for example.com; events go to plausible.io",
    ),
    "a vendor and a collector": (
        {
            "destinations": f"{SWETRIX}, {COLLECTOR}",
            "track_localhost": True,
        },
        "counting for swetrix:abcdefghijkl and example.com; events go to api.swetrix.com; "
        "watch http://127.0.0.1:8321/live",
    ),
    "two sites of one vendor": (
        {
            "destinations": [
                Only(to=Plausible(domain="a.test"), hosts=["a.test"]),
                Only(to=Plausible(domain="b.test"), hosts=["b.test"]),
            ],
            "track_localhost": True,
        },
        "counting for a.test and b.test; events go to plausible.io",
    ),
    "a webhook, whose path is a secret": (
        {"destinations": HOOK, "track_localhost": True},
        "counting for webhook:hooks.test; events go to hooks.test",
    ),
    "a file": (
        {"destinations": "sqlite:///footfall.sqlite3"},
        "counting for each host; events go to the file footfall.sqlite3",
    ),
    "a file for one site": (
        {"destinations": "sqlite:////var/a.sqlite3?domain=example.com"},
        "counting for example.com; events go to the file /var/a.sqlite3",
    ),
    "a file with a dashboard": (
        {"destinations": "sqlite:///footfall.sqlite3", "dashboard": "/stats"},
        "counting for each host; events go to the file footfall.sqlite3; "
        "watch /stats/live of this site",
    ),
    "no destination": (
        {},
        "counting nothing, since no destination is configured. Set `destinations`, such as "
        '"plausible://plausible.io/example.com", or FOOTFALL_DESTINATIONS in the environment. '
        "`footfall collect` shows events here.",
    ),
    "switched off": (
        {"destinations": COLLECTOR, "enabled": False},
        "counting nothing, since the option `enabled` is off",
    ),
}


@pytest.mark.parametrize("case", LINES)
def test_the_line_says_what_is_counted_and_where_to_look(case: str) -> None:
    options, expected = LINES[case]
    assert start_line.line_for(Config(**options), {}) == f"footfall: {expected}"


# A command line; whether the line is wanted on a terminal, and elsewhere.
PROGRAMS = {
    "manage.py runserver": (True, True),
    "manage.py runserver 8001 --noreload": (True, True),
    "manage.py migrate": (False, False),
    "manage.py test": (False, False),
    "django-admin runserver": (True, True),
    "/venv/bin/flask --app shop run": (True, True),
    "/usr/lib/python3/site-packages/flask/__main__.py run": (True, True),
    "flask --app shop routes": (False, False),
    "fastapi dev": (True, True),
    "fastapi run": (True, False),
    "app.py": (True, False),
    "uvicorn app:app": (True, False),
    "gunicorn app:app": (True, False),
    "celery worker": (False, False),
    "/usr/lib/python3/unittest/__main__.py": (False, False),
    "footfall demo": (False, False),
    "-c": (False, False),
    "": (False, False),
}


@pytest.mark.parametrize("line", PROGRAMS)
def test_it_is_for_a_person_who_starts_a_server(line: str) -> None:
    def is_wanted(environ: dict[str, str], *, is_terminal: bool) -> bool:
        return start_line.is_wanted(
            environ,
            line.split(),
            is_terminal=is_terminal,
            is_reloading=False,
            is_later_worker=False,
        )

    found = is_wanted({}, is_terminal=True), is_wanted({}, is_terminal=False)
    assert found == PROGRAMS[line]
    for variable in ("FOOTFALL_QUIET", "PYTEST_VERSION"):
        assert not is_wanted({variable: "1"}, is_terminal=True)
    assert is_wanted({"FOOTFALL_QUIET": "0"}, is_terminal=True) == PROGRAMS[line][0]


def test_a_reloading_server_is_a_developers_and_a_later_worker_repeats_nothing() -> None:
    facts = {"is_terminal": False, "is_reloading": True}
    uvicorn = ["uvicorn", "app:app"]
    assert start_line.is_wanted({}, uvicorn, **facts, is_later_worker=False)
    assert not start_line.is_wanted({}, uvicorn, **facts, is_later_worker=True)


def test_the_workers_of_a_server_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def is_later(module: str, stand_in: object) -> bool:
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, module, stand_in)
            return process_hooks.is_later_worker()

    def process(name: str) -> SimpleNamespace:
        return SimpleNamespace(
            parent_process=lambda: "a parent", current_process=lambda: SimpleNamespace(name=name)
        )

    assert not process_hooks.is_later_worker()
    assert not is_later("multiprocessing.process", process("SpawnProcess-1"))
    assert is_later("multiprocessing.process", process("SpawnProcess-12"))
    assert not is_later("uwsgi", SimpleNamespace(worker_id=lambda: 1))
    assert is_later("uwsgi", SimpleNamespace(worker_id=lambda: 2))

    def spawn_worker(age: int) -> bool:
        worker = SimpleNamespace(age=age)
        return bool(worker) and is_later("gunicorn.arbiter", SimpleNamespace())

    assert not spawn_worker(1)
    assert spawn_worker(2)


def test_the_same_line_is_written_once_and_in_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(start_line._SHOWN, "")
    console = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    monkeypatch.setattr(sys, "stderr", console)
    for line in ("footfall: counting for bücher.test", "footfall: b") * 2:
        start_line.show(line)
    assert console.buffer.getvalue() == b"footfall: counting for b\\xfccher.test\nfootfall: b\n"


@pytest.mark.parametrize("stream", [None, io.StringIO()], ids=["none", "closed"])
def test_without_standard_error_nothing_happens(
    stream: io.StringIO | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if stream is not None:
        stream.close()
    monkeypatch.setenv(start_line._SHOWN, "")
    monkeypatch.setattr(sys, "stderr", stream)
    assert start_line.wanted_line(Config(), {}, is_reloading=False) == ""
    start_line.show("footfall: counting nothing")


# -- real servers ------------------------------------------------------------------------------

FLASK = """
from flask import Flask
from footfall.flask import Footfall

app = Flask(__name__)
Footfall(app, destinations="collector://127.0.0.1:8321/example.com")
print("loaded", flush=True)
"""
DJANGO = """
SECRET_KEY = "of a test"
DEBUG = True
ROOT_URLCONF = "site_settings"
INSTALLED_APPS = ["footfall.django"]
MIDDLEWARE = ["footfall.django.FootfallMiddleware"]
FOOTFALL = {"destinations": ["collector://127.0.0.1:8321/example.com"]}
urlpatterns = []
"""
LINE = "footfall: counting for example.com; watch http://127.0.0.1:8321/live"
PROGRAM = str(Path(sys.executable).parent)


def test_a_reloader_and_its_child_show_it_once(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(FLASK)
    flask = [f"{PROGRAM}/flask", "run", "--port", "0", "--debug"]
    with Terminal(flask, folder=tmp_path) as terminal:
        # Both have loaded the app.
        terminal.read_until("Debugger PIN")
        assert (terminal.text.count("loaded"), terminal.text.count(LINE)) == (2, 1)
        terminal.type("\x03")
        terminal.wait()


def test_djangos_server_shows_it_once(tmp_path: Path) -> None:
    (tmp_path / "site_settings.py").write_text(DJANGO)
    variables = {"DJANGO_SETTINGS_MODULE": "site_settings", "PYTHONPATH": str(tmp_path)}
    server = [sys.executable, "-m", "django", "runserver", "127.0.0.1:0"]
    with Terminal(server, folder=tmp_path, variables=variables) as terminal:
        terminal.read_until("Quit the server")
        assert terminal.text.count(LINE) == 1
        terminal.type("\x03")
        terminal.wait()
