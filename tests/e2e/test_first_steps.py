"""The first steps of each framework, as its page tells them: the app shows its own figures."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

import httpx2
import pytest

from tests.e2e.chromium import NAVIGATION
from tests.e2e.servers import Server, ServerSpec, running
from tests.support.documents import blocks_of
from tests.support.vendors import wait_until
from tests.support.waiting import MAX_SECONDS

pytestmark = [pytest.mark.long, pytest.mark.server]

# A newcomer's own lines: before the set-up where that wraps the app, or behind it.
WSGI: Final = """
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b"<h1>Home</h1>"]

"""
ASGI: Final = """
async def app(scope, receive, send):
    if scope["type"] == "http":
        headers = [(b"content-type", b"text/html")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"<h1>Home</h1>"})

"""
FLASK: Final = """
@app.get("/")
def home():
    return "<h1>Home</h1>"
"""
FASTAPI: Final = """
from fastapi.responses import HTMLResponse


@app.get("/")
def home():
    return HTMLResponse("<h1>Home</h1>")
"""
STARLETTE: Final = """
from starlette.responses import HTMLResponse
from starlette.routing import Route

app.router.routes.append(Route("/", lambda request: HTMLResponse("<h1>Home</h1>")))
"""
OWN_LINES: Final = {
    "wsgi": (WSGI, ""),
    "asgi": (ASGI, ""),
    "flask": ("", FLASK),
    "fastapi": ("", FASTAPI),
    "starlette": ("", STARLETTE),
}
# Starlette is on the page of FastAPI, whose first lines are its own with these names.
PAGES: Final = {"starlette": "fastapi"}
STARLETTE_NAMES: Final = {
    "from fastapi import FastAPI": "from starlette.applications import Starlette",
    "footfall.fastapi": "footfall.starlette",
    "FastAPI()": "Starlette()",
}
# What the commands of the pages have for the address, with a free port.
PORTS: Final = {
    "flask run": "flask run --port {port}",
    "uvicorn app:app": "uvicorn --port {port} app:app",
    "gunicorn app:application": "gunicorn --bind 127.0.0.1:{port} app:application",
    "python manage.py runserver": "python manage.py runserver 127.0.0.1:{port}",
}


def set_up_of(framework: str) -> str:
    """The first Python of a framework's page."""
    [first, *_] = blocks_on("python", framework)
    if framework == "starlette":
        for name, other in STARLETTE_NAMES.items():
            first = first.replace(name, other)
    return first


def blocks_on(language: str, framework: str) -> list[str]:
    """The blocks of a language on a framework's page."""
    page = f"docs/start/{PAGES.get(framework, framework)}.md"
    return [block.code for block in blocks_of(language) if block.page == page]


def server_of(framework: str, folder: Path) -> ServerSpec:
    """What the shell of a framework's page runs."""
    [code] = blocks_on("sh", framework)
    program, *arguments = PORTS[code.strip()].split()
    if program != "python":
        arguments = ["-m", program, *arguments]
    return ServerSpec(command=(sys.executable, *arguments), folder=folder)


def write_app(framework: str, folder: Path) -> None:
    if framework == "django":
        command = [sys.executable, "-m", "django", "startproject", "mysite", str(folder)]
        subprocess.run(command, check=True, timeout=60)
        with (folder / "mysite" / "settings.py").open("a") as settings:
            settings.write(set_up_of(framework))
        return
    before, after = OWN_LINES[framework]
    (folder / "app.py").write_text(before + set_up_of(framework) + after, encoding="utf-8")


def visitors_of(server: Server) -> str:
    """The visitors of today, as the dashboard in the app shows them; empty if it shows none."""
    page = httpx2.get(f"{server.url}/stats/", headers={"connection": "keep-alive"})
    found = re.search(r"Visitors\D+(\d+)", page.raise_for_status().text)
    return found[1] if found else ""


@pytest.mark.parametrize("framework", ["django", *OWN_LINES])
def test_the_first_steps_lead_to_figures(framework: str, tmp_path: Path) -> None:
    write_app(framework, tmp_path)
    with running(server_of(framework, tmp_path), tmp_path) as server:
        httpx2.get(server.url, headers=NAVIGATION).raise_for_status()
        assert wait_until(lambda: visitors_of(server) == "1", MAX_SECONDS), server.log
        live = httpx2.get(f"{server.url}/stats/live", headers={"connection": "keep-alive"})
    assert live.status_code == 200


@pytest.mark.parametrize("framework", ["django", *OWN_LINES])
def test_the_same_app_shows_its_first_page_with_footfall_run(
    framework: str, tmp_path: Path
) -> None:
    write_app(framework, tmp_path)
    own = server_of(framework, tmp_path)
    run = (sys.executable, "-m", "footfall", "run", "--port", "0", "--")
    with running(replace(own, command=(*run, *own.command)), tmp_path) as server:
        httpx2.get(server.url, headers=NAVIGATION).raise_for_status()
        assert wait_until(lambda: "pageview       /\n" in server.log, MAX_SECONDS), server.log
        [live] = re.findall(r"footfall: watch (http://\S+/live)\n", server.log)
        assert httpx2.get(live).status_code == 200
    # Its own file is none of the destinations then.
    assert not (tmp_path / "footfall.sqlite3").exists()
