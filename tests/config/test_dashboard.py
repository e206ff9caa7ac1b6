"""The options of the dashboard in the app."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from footfall.config import Config
from footfall.destinations import Only, SQLite
from footfall.errors import ConfigError
from tests.dashboard.support import CHEAP_HASH, PASSWORD, TOKEN, options


def loaded(given: dict[str, Any], **environ: str) -> Config:
    return Config.load(given, environ=environ)


def faults(given: dict[str, Any], **environ: str) -> str:
    with pytest.raises(ConfigError) as raised:
        loaded(given, **environ)
    return str(raised.value)


def test_there_is_none_by_default(tmp_path: Path) -> None:
    assert loaded(options(tmp_path, dashboard=None)).dashboard_options is None


def test_it_shows_the_first_file(tmp_path: Path) -> None:
    first, second = SQLite(path=f"{tmp_path}/a"), SQLite(path=f"{tmp_path}/b")
    wrapped = Only(to=first, hosts=["example.com"])
    plausible = "plausible://plausible.io/example.com"
    config = loaded({"destinations": [plausible, wrapped, second], "dashboard": "stats/"})
    assert config.dashboard_options is not None
    assert config.dashboard_options.file is first
    assert config.dashboard_options.path == "/stats"
    assert not config.dashboard_options.has_rule


def test_the_environment_may_say_all_but_a_function() -> None:
    config = loaded(
        {},
        FOOTFALL_DESTINATIONS="sqlite:///footfall.sqlite3",
        FOOTFALL_DASHBOARD="/stats",
        FOOTFALL_DASHBOARD_TOKEN=TOKEN,
        FOOTFALL_DASHBOARD_PASSWORD=PASSWORD,
        FOOTFALL_DASHBOARD_ALLOW="staff",
    )
    found = config.dashboard_options
    assert found is not None
    assert (found.token, found.user, found.allow) == (TOKEN, "ada", "staff")


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"dashboard": "/"}, "dashboard='/': write a path such as \"/stats\""),
    ({"dashboard": ""}, "dashboard='': write a path"),
    ({"dashboard": 1}, "dashboard=1: write a path"),
    ({"dashboard": "/a b"}, "write a path such as /stats, of letters"),
    ({"dashboard_token": ""}, "dashboard_token=(hidden): is empty"),
    ({"dashboard_token": "short"}, "dashboard_token=(hidden): write a random text of 16"),
    ({"dashboard_allow": "stuff"}, "dashboard_allow='stuff': give a function of the request"),
    ({"dashboard_allow": True}, "dashboard_allow=True: give a function"),
    ({"dashboard_password": "secret"}, "dashboard_password=(hidden): is no user with a hash"),
    ({"dashboard_password": 7}, "is no user with a hash"),
    ({"dashboard_password": f":{CHEAP_HASH}"}, "is no user with a hash"),
    ({"dashboard_password": "ada:secret"}, "is no hash of scrypt: write USER:HASH, as `python -m"),
    ({"dashboard": None, "dashboard_token": TOKEN}, "dashboard_token=(hidden): goes with the"),
    ({"dashboard_share_token": "short"}, "dashboard_share_token=(hidden): write a random text of"),
    ({"dashboard_share_token": "a token of 16 characters"}, "of 16 letters, digits, dashes"),
    ({"dashboard_share_token": "x" * 15 + "\n"}, "of 16 letters, digits, dashes"),
    ({"dashboard_share_token": 7}, "of 16 letters, digits, dashes"),
    (
        {"dashboard_share_token": "x" * 20, "dashboard_token": "x" * 20},
        "dashboard_share_token=(hidden): opens all pages as dashboard_token",
    ),
    ({"dashboard_share_token": "x" * 20}, "shows the figures of one site; name it in the dest"),
    (
        {"dashboard": None, "dashboard_share_token": "x" * 20},
        "dashboard_share_token=(hidden): goes",
    ),
    ({"destinations": ()}, "dashboard='/stats': shows the file of a destination such as"),
    ({"destinations": "collector://localhost:8321/a"}, "a collector in another process has its"),
)


@pytest.mark.parametrize(("given", "text"), WRONG, ids=[text for _, text in WRONG])
def test_what_cannot_work_is_said_at_the_start(
    tmp_path: Path, given: dict[str, Any], text: str
) -> None:
    assert text in faults(options(tmp_path, **given))


def test_a_wrong_destination_is_the_only_fault() -> None:
    assert "dashboard" not in faults({"destinations": "sqlite://x", "dashboard": "/stats"})


def test_what_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("footfall.config.dashboard.find_spec", lambda name: None)
    text = 'needs starlette and jinja2: pip install "footfall[collector]"'
    assert text in faults(options(tmp_path))


def test_no_secret_is_shown(tmp_path: Path) -> None:
    given = options(tmp_path, dashboard_token=TOKEN, dashboard_password=PASSWORD)
    config = loaded(given)
    shown = f"{config!r} {config.dashboard_options!r}"
    wrong = faults({**given, "dashboard_token": "hunter2", "dashboard_password": "ada:hunter2"})
    for secret in (TOKEN, CHEAP_HASH, "hunter2"):
        assert secret not in shown + wrong
