"""Whose settings `footfall check` and `footfall explain` read."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from footfall.cli import main

FLASK = """
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix
from footfall.flask import Footfall
app = Flask(__name__)
app.config["TRUSTED_HOSTS"] = ["localhost"]
app.wsgi_app = ProxyFix(app.wsgi_app)
Footfall(app, {options}, trusted_proxies=0)
"""
FACTORY = """
from flask import Flask
from footfall.flask import Footfall
class shop:
    @staticmethod
    def create():
        app = Flask(__name__)
        Footfall(app, {options})
        return app
"""
STARLETTE = """
from starlette.applications import Starlette
from starlette.middleware.trustedhost import TrustedHostMiddleware
from footfall.starlette import FootfallMiddleware
app = Starlette()
app.add_middleware(FootfallMiddleware, {options})
app.add_middleware(TrustedHostMiddleware, allowed_hosts=["*.internal", "localhost"])
"""
TRACKER = """
import footfall
from starlette.applications import Starlette
from footfall.starlette import FootfallMiddleware
app = Starlette()
app.add_middleware(FootfallMiddleware, tracker=footfall.Tracker.from_options(dict({options})))
"""
ASGI = """
from footfall.asgi import FootfallMiddleware
async def site(scope, receive, send): ...
app = FootfallMiddleware(site, {options})
"""
# What wraps ours hides it.
HIDDEN = """
from footfall.wsgi import FootfallMiddleware
def outer(inner):
    return lambda environ, start_response: inner(environ, start_response)
app = outer(made := FootfallMiddleware(lambda environ, start_response: [], {options}))
"""

# Of each app: its path, and what is found.
APPS: dict[str, tuple[str, str, list[str]]] = {
    "Flask": (FLASK, "app", ["W006", "W007"]),
    "a factory": (FACTORY, "shop.create()", []),
    "Starlette": (STARLETTE, "app", ["W008"]),
    "a tracker": (TRACKER, "app", []),
    "ASGI": (ASGI, "app", []),
    "one that hides it": (HIDDEN, "app", []),
}
OPTIONS = 'destinations="plausible+http://127.0.0.1:9/example.com", exclude=["/admin/**"]'


@pytest.fixture(autouse=True)
def _in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])


def write_app(monkeypatch: pytest.MonkeyPatch, code: str, options: str = OPTIONS) -> str:
    """A module with this app; its name."""
    name = f"app_{abs(hash(code))}"
    monkeypatch.delitem(sys.modules, name, raising=False)
    Path(f"{name}.py").write_text(code.format(options=options))
    return name


@pytest.mark.parametrize(("code", "path", "expected"), APPS.values(), ids=APPS)
def test_the_settings_are_those_of_the_middleware_in_the_app(
    code: str,
    path: str,
    expected: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # A destination elsewhere, since one on this machine counts pages on localhost.
    if expected:
        monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    options = OPTIONS.replace("plausible+http://127.0.0.1:9", "plausible://plausible.invalid")
    name = write_app(monkeypatch, code, options if expected else OPTIONS)
    assert main(["check", "--app", f"{name}:{path}", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["settings"] == f"the app {name}:{path}"
    assert [each["id"] for each in found["findings"]] == expected
    assert found["destinations"][0]["steps"][-1]["ok"] is False


def test_a_request_is_explained_with_the_settings_of_the_app(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = f"{write_app(monkeypatch, STARLETTE)}:app"
    # The admin is excluded by the app alone.
    for page, code in (("/", 0), ("/admin/", 1)):
        assert main(["explain", "GET", f"https://example.com{page}", "--app", app]) == code


WRONG: dict[str, tuple[str, str, str]] = {
    "no such module": ("", "no_such_module:app", "ModuleNotFoundError: No module named"),
    "no such name": ("app = 1", "{}:shop", "has no attribute 'shop'"),
    "code that fails": ("app = 1 / 0", "{}:app", "ZeroDivisionError: division by zero ("),
    "no middleware": ("def app(environ, start): ...", "{}:app", "has no footfall middleware"),
    "a wrong option": (ASGI, "{}:app", "did you mean 'bots'"),
}


@pytest.mark.parametrize(("code", "path", "message"), WRONG.values(), ids=WRONG)
def test_an_app_that_cannot_be_read_is_an_error(
    code: str,
    path: str,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = write_app(monkeypatch, code, "bost=1")
    for command in (["check"], ["explain", "GET", "https://example.com/"]):
        assert main([*command, "--app", path.format(name)]) == 2
        assert message in capsys.readouterr().err
