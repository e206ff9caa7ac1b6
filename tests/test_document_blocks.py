"""Every block of code in the README and the manual runs, parses or compiles."""

from __future__ import annotations

import configparser
import json
import logging
import re
import shlex
import subprocess
import sys
import tomllib
import unittest
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import fastapi
import flask
import pytest
import yaml
from celery import _state as celery_state
from django.core.handlers.wsgi import WSGIHandler
from django.template import Engine
from django.test.utils import override_settings
from fastapi.responses import HTMLResponse
from starlette.applications import Starlette
from starlette.routing import Route

import footfall
from footfall.cli import COMMANDS, command_module, main
from footfall.testing import capture
from tests.conftest import program
from tests.support.adapters import PLAUSIBLE, call_asgi, call_wsgi, navigation, set_up_django
from tests.support.documents import BLOCKS, ROOT, TEXTS, Block, blocks_of

# Pages whose Python a test of their own runs, with what it needs around it.
RUN_ELSEWHERE: Final = {
    "docs/collector/asgi.md": "tests/collector/test_asgi.py",
    "docs/frameworks.md": "tests/frameworks/page.py",
    "docs/metrics.md": "tests/test_prometheus.py",
    "docs/relay.md": "tests/relay/test_deliver_pack.py",
    "docs/serverless.md": "tests/test_serverless.py",
}
PYTHON: Final = [block for block in blocks_of("python") if block.page not in RUN_ELSEWHERE]


def test_each_other_page_has_a_test_that_runs_its_code() -> None:
    for page, test in RUN_ELSEWHERE.items():
        assert Path(page).name in (ROOT / test).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", RUN_ELSEWHERE)
def test_all_code_of_these_pages_compiles(page: str) -> None:
    for block in blocks_of("python"):
        if block.page == page:
            compile(block.code, str(block), "exec")


# -- Python ------------------------------------------------------------------------------------

HTML: Final = [("Content-Type", "text/html")]


def wsgi_app(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", HTML)
    return [b"<h1>Page</h1>"]


async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in HTML]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"<h1>Page</h1>"})


def names_around(block: Block) -> dict[str, Any]:
    """What the code of a block takes for granted."""
    names: dict[str, Any] = {"__name__": "document", "footfall": footfall}
    if block.page.endswith("contexts.md"):
        executor = type("Executor", (), {"submit": lambda self, call, *args: call(*args)})()
        return names | {
            "app": flask.Flask("document"),
            "flask": flask,
            "executor": executor,
            "work": lambda: None,
        }
    is_wsgi = "footfall.wsgi" in block.code
    return names | {
        "MIDDLEWARE": [],
        "INSTALLED_APPS": [],
        "application": wsgi_app,
        "app": wsgi_app if is_wsgi else asgi_app,
    }


def run(block: Block) -> dict[str, Any]:
    """The names after the block has run."""
    names = names_around(block)
    if "django" in block.code:
        set_up_django()
    exec(compile(block.code, str(block), "exec"), names)
    return names


@pytest.fixture(autouse=True)
def no_shared_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo what Celery's tasks change: each app of a process gets them, and warns of doubles."""
    monkeypatch.setattr(celery_state, "_on_app_finalizers", {*celery_state._on_app_finalizers})


@pytest.fixture
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory for the files that the code names."""
    monkeypatch.chdir(tmp_path)


IN_A_REQUEST: Final = re.compile(r"^(token = )?footfall\.(track|current_visitor)", re.MULTILINE)


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_python_runs_without_a_warning(
    block: Block, caplog: pytest.LogCaptureFixture, in_a_folder: None
) -> None:
    caplog.set_level(logging.WARNING, logger="footfall")
    if IN_A_REQUEST.search(block.code):

        def view(environ: Any, start_response: Any) -> list[bytes]:
            run(block)
            return wsgi_app(environ, start_response)

        with capture() as outbox:
            call_wsgi(footfall_around(view), navigation())
        assert [event.name for event in outbox][1:] == ["pageview"]
    else:
        run(block)
    assert [line.getMessage() for line in caplog.records if line.name == "footfall"] == []


def footfall_around(app: Any) -> Any:
    from footfall.wsgi import FootfallMiddleware

    return FootfallMiddleware(app, destinations=[PLAUSIBLE])


def page(*_: Any) -> Any:
    return HTMLResponse("<h1>Page</h1>")


def visit(names: dict[str, Any]) -> None:
    """Open a page of the app that a block has set up."""
    app = names["app"]
    if names["MIDDLEWARE"]:
        # With the setting Django makes its tracker anew.
        options = names["FOOTFALL"]
        with override_settings(MIDDLEWARE=names["MIDDLEWARE"], FOOTFALL=options):
            call_wsgi(WSGIHandler(), navigation())
    elif names["application"] is not wsgi_app:
        call_wsgi(names["application"], navigation())
    elif isinstance(app, flask.Flask):
        app.get("/page")(lambda: "<h1>Page</h1>")
        call_wsgi(app, navigation())
    else:
        if isinstance(app, fastapi.FastAPI):
            app.get("/page")(lambda: HTMLResponse("<h1>Page</h1>"))
        elif isinstance(app, Starlette):
            app.router.routes.append(Route("/page", page))
        call_asgi(app, navigation())


SET_UP: Final = re.compile(
    r"^(MIDDLEWARE =|Footfall\(|app(lication)? = (Footfall|Starlette)|app\.add_middleware)",
    re.MULTILINE,
)
SET_UPS: Final = [
    block
    for block in PYTHON
    if block.page.startswith(("README", "docs/start")) and SET_UP.search(block.code)
]


@pytest.mark.parametrize("block", SET_UPS, ids=str)
def test_each_set_up_counts_a_page(block: Block, in_a_folder: None) -> None:
    with capture() as outbox:
        visit(run(block))
    assert [event.url for event in outbox] == ["https://example.com/page"]


def test_the_set_up_of_each_framework_is_shown_on_the_front_page_and_on_its_own() -> None:
    pages = [block.page for block in SET_UPS]
    assert pages.count("README.md") == 4
    assert {*pages} == {
        "README.md",
        *(f"docs/start/{name}.md" for name in ("asgi", "django", "fastapi", "flask", "wsgi")),
    }


# -- what the examples of the page on privacy do -----------------------------------------------


class SignedIn:
    """A middleware in place of Django's AuthenticationMiddleware."""

    is_staff = False

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        request.user = self
        return self.get_response(request)


class Staff(SignedIn):
    is_staff = True


@pytest.mark.parametrize(
    ("name", "user", "headers", "is_counted"),
    [
        ("OnlyWithConsent", "SignedIn", {}, False),
        ("OnlyWithConsent", "SignedIn", {"Cookie": "statistics=no"}, False),
        ("OnlyWithConsent", "SignedIn", {"Cookie": "statistics=yes"}, True),
        ("StaffDoesNotCount", "SignedIn", {}, True),
        ("StaffDoesNotCount", "Staff", {}, False),
    ],
)
def test_a_middleware_decides_who_is_counted(
    name: str, user: str, headers: dict[str, str], is_counted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up_django()
    [block] = [each for each in PYTHON if f"class {name}:" in each.code]
    module = ModuleType("documented_middleware")
    exec(block.code, vars(module))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    middleware = [
        "footfall.django.FootfallMiddleware",
        f"{__name__}.{user}",
        f"{module.__name__}.{name}",
    ]
    with (
        override_settings(MIDDLEWARE=middleware, FOOTFALL={"destinations": [PLAUSIBLE]}),
        capture() as outbox,
    ):
        call_wsgi(WSGIHandler(), navigation(headers=headers))
    assert [event.name for event in outbox] == ["pageview"] * is_counted


@pytest.mark.parametrize(("end", "is_counted"), [(" my-own-visit", False), ("", True)])
def test_a_hook_leaves_out_a_marked_browser(end: str, is_counted: bool) -> None:
    [block] = [each for each in PYTHON if "my-own-visit" in each.code]
    should_track = run(block)["should_track"]
    assert should_track(footfall.Hit(headers={"user-agent": f"Mozilla/5.0{end}"})) is is_counted


def test_a_task_counts_for_the_visitor_of_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTFALL_DESTINATIONS", PLAUSIBLE)
    [block] = [each for each in PYTHON if "def invoice_paid" in each.code]
    names = run(block)
    with capture() as outbox:
        names["invoice_paid"]("pro", {"ip": "203.0.113.9", "ua": "Firefox", "lang": "de"})
    [event] = outbox
    assert (event.name, event.props) == ("Paid", {"plan": "pro"})
    assert event.visitor.client_ip == "203.0.113.9"


def test_the_tests_of_an_app_pass() -> None:
    [whole] = [run(each) for each in PYTHON if "class Pages" in each.code]
    app = whole["app"]

    def signup() -> str:
        footfall.track("Signup")
        return "<h1>Thanks</h1>"

    app.post("/signup")(signup)
    result = unittest.TestResult()
    whole["Pages"]("test_the_home_page_counts").run(result)
    assert (result.testsRun, result.failures, result.errors) == (1, [], [])
    for block in PYTHON:
        if "def test_signup" in block.code:
            with capture() as outbox:
                run(block)["test_signup_is_tracked"](app.test_client(), outbox)


# -- commands ----------------------------------------------------------------------------------

SHELL: Final = blocks_of("sh")


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_shell_commands_parse(block: Block) -> None:
    done = subprocess.run(["bash", "-n"], input=block.code, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


# In a block, at the beginning of a line or behind another command; in a text, between backticks.
IN_BLOCKS: Final = re.compile(r"^(?:\$ |.*&& )?(?:[\w./]+/)?footfall ((?!cannot).+)$", re.MULTILINE)
IN_TEXTS: Final = re.compile(r"`footfall ([a-z]+ [^`]+)`")


def commands() -> list[str]:
    """The arguments of each `footfall ...` in a block or a text."""
    found = {
        line.partition(" #")[0].strip()
        for block in (*SHELL, *blocks_of(""))
        for line in IN_BLOCKS.findall(block.code)
    }
    for text in TEXTS.values():
        found.update(IN_TEXTS.findall(text))
    return sorted(line for line in found if "..." not in line)


@pytest.mark.parametrize("line", commands())
def test_footfall_has_each_command_with_its_options(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in COMMANDS:
        monkeypatch.setattr(command_module(name), "run", lambda arguments: 0)
    assert main(shlex.split(line)) == 0


def test_footfall_has_each_command_that_is_named() -> None:
    named = {name for text in TEXTS.values() for name in re.findall(r"`footfall ([a-z]+)`", text)}
    assert named - COMMANDS.keys() == set()


# -- what is read by other programs ------------------------------------------------------------

PARSERS: Final[dict[str, Any]] = {
    "ini": lambda text: configparser.ConfigParser(strict=False, interpolation=None).read_string(
        text
    ),
    "json": json.loads,
    "toml": tomllib.loads,
    "yaml": yaml.safe_load,
}


@pytest.mark.parametrize("block", blocks_of(*PARSERS), ids=str)
def test_files_of_settings_parse(block: Block) -> None:
    PARSERS[block.language](block.code)


@pytest.mark.parametrize("block", blocks_of("html"), ids=str)
def test_templates_of_django_compile(block: Block) -> None:
    names = ("footfall_dashboard", "footfall_script")
    tags = {name: f"footfall.django.templatetags.{name}" for name in names}
    Engine(libraries=tags).from_string(block.code)


# Parsed by a test, or not a language: what a terminal shows, Sphinx's own, and SQL, which
# tests/destinations/test_clickhouse.py and tests/relay/test_deliver_pack.py run.
PROXIES: Final = {"apache", "caddy", "haproxy", "nginx"}
KNOWN: Final = {"python", "sh", *PARSERS, *PROXIES, "html", "", "text", "sql"}
SPHINX: Final = {"{toctree}", "{include}", "{eval-rst}"}


def test_every_block_has_a_language_that_is_tested() -> None:
    assert {block.language for block in BLOCKS} - KNOWN - SPHINX == set()


def assert_takes(command: list[str], file: Path) -> None:
    """Whether a program takes a file of its settings."""
    found = program(command[0])
    assert found is not None
    done = subprocess.run([found, *command[1:], str(file)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


NGINX: Final = (
    "pid {folder}/nginx.pid; error_log {folder}/error.log; events {{}}"
    " http {{ access_log off; {paths} {code} }}"
)


@pytest.mark.server("nginx")
@pytest.mark.parametrize("block", blocks_of("nginx"), ids=str)
def test_nginx_takes_its_settings(block: Block, tmp_path: Path) -> None:
    paths = "".join(
        f"{name}_temp_path {tmp_path}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = tmp_path / "nginx.conf"
    file.write_text(NGINX.format(folder=tmp_path, paths=paths, code=block.code), encoding="utf-8")
    assert_takes(["nginx", "-t", "-q", "-c"], file)


@pytest.mark.server("caddy")
@pytest.mark.parametrize("block", blocks_of("caddy"), ids=str)
def test_caddy_takes_its_settings(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "Caddyfile"
    file.write_text(block.code, encoding="utf-8")
    assert_takes(["caddy", "adapt", "--adapter", "caddyfile", "--config"], file)


@pytest.mark.server("haproxy")
@pytest.mark.parametrize("block", blocks_of("haproxy"), ids=str)
def test_haproxy_takes_its_settings(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "haproxy.cfg"
    file.write_text(block.code, encoding="utf-8")
    assert_takes(["haproxy", "-c", "-q", "-f"], file)


APACHE_MODULES: Final = Path("/usr/lib/apache2/modules")


@pytest.mark.server("apache2")
@pytest.mark.parametrize("block", blocks_of("apache"), ids=str)
def test_apache_takes_its_settings(block: Block, tmp_path: Path) -> None:
    modules = "".join(
        f"LoadModule {name}_module {APACHE_MODULES}/mod_{name}.so\n"
        for name in ("mpm_event", "authz_core", "proxy", "proxy_http", "headers")
    )
    head = f"ServerName example.com\nErrorLog {tmp_path}/error.log\n"
    file = tmp_path / "apache.conf"
    file.write_text(modules + head + block.code, encoding="utf-8")
    assert_takes(["apache2", "-t", "-f"], file)
