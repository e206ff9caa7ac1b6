"""What the most likely mistakes say where they are made, as "My dashboard is empty" quotes it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import httpx2
import pytest

from footfall.collector import CollectorServer
from tests.e2e.chromium import NAVIGATION
from tests.e2e.nginx import Nginx
from tests.e2e.servers import Server, ServerSpec, gunicorn, running
from tests.support.documents import mistakes, parts_of
from tests.support.vendors import unused_port, wait_until
from tests.support.waiting import MAX_SECONDS

pytestmark = [pytest.mark.long, pytest.mark.server("gunicorn", "nginx")]

SAID: Final = mistakes()
# What a test below makes. A row of the table that has no test is missing here.
MADE: Final = {
    "Django: the middleware is not the first",
    "an option is misspelt",
    "no destination",
    "the collector does not run",
    "a vendor, and the app at `localhost`",
    "nginx sends no headers",
    "the site's name is misspelt",
    "static files are expected to count",
    "a server that restarts after each change",
    "the app listens on a unix socket",
}
APP: Final = """
from flask import Flask
from footfall.flask import Footfall

app = Flask(__name__)
Footfall(app{options})

@app.get("/")
def home():
    return "<h1>Home</h1>"
"""
FILE: Final = """, destinations=["sqlite:///site.sqlite3"], dashboard="/stats\""""
VENDOR: Final = "plausible://127.0.0.1:9/example.com"


def test_each_mistake_of_the_table_is_made() -> None:
    assert SAID.keys() == MADE
    assert all(SAID.values())


def unsaid(sentence: str, text: str) -> list[str]:
    """The parts of a sentence that are not in a text."""
    return [part for part in parts_of(sentence) if part not in text]


def assert_said(server: Server, sentences: Sequence[str]) -> None:
    def missing() -> list[str]:
        return [part for sentence in sentences for part in unsaid(sentence, server.log)]

    wait_until(lambda: not missing(), MAX_SECONDS)
    assert missing() == [], server.log


def visit(url: str, **headers: str) -> None:
    httpx2.get(url, headers={**NAVIGATION, **headers}).raise_for_status()


def flask_app(folder: Path, options: str = "") -> Path:
    (folder / "app.py").write_text(APP.format(options=options), encoding="utf-8")
    return folder


def flask_run(folder: Path, *options: str) -> ServerSpec:
    command = (sys.executable, "-m", "flask", "run", "--port", "{port}", *options)
    return ServerSpec(command=command, folder=folder)


def django_project(folder: Path, settings: str) -> ServerSpec:
    command = [sys.executable, "-m", "django", "startproject", "mysite", str(folder)]
    subprocess.run(command, check=True, timeout=60)
    with (folder / "mysite" / "settings.py").open("a") as file:
        file.write(settings)
    command = [sys.executable, "manage.py", "runserver", "127.0.0.1:{port}"]
    return ServerSpec(command=tuple(command), folder=folder)


@pytest.mark.parametrize("app", ['INSTALLED_APPS += ["footfall.django"]', ""])
def test_a_middleware_that_is_not_the_first(app: str, tmp_path: Path) -> None:
    order = 'MIDDLEWARE = [*MIDDLEWARE, "footfall.django.FootfallMiddleware"]'
    file = 'FOOTFALL = {"destinations": ["sqlite:///site.sqlite3"]}'
    spec = django_project(tmp_path, "\n".join([order, app, file]))
    with running(spec, tmp_path) as server:
        assert_said(server, SAID["Django: the middleware is not the first"])
        assert server.log.count("comes before footfall's middleware") == 1


def test_an_option_that_is_misspelt(tmp_path: Path) -> None:
    folder = flask_app(tmp_path, options=", destinaton=[]")
    done = subprocess.run(
        [sys.executable, "-m", "flask", "run", "--port", str(unused_port())],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=MAX_SECONDS,
    )
    assert done.returncode != 0
    [sentence] = SAID["an option is misspelt"]
    assert unsaid(sentence, done.stderr) == []


def test_no_destination(tmp_path: Path) -> None:
    at_start, at_first_page = SAID["no destination"]
    with running(flask_run(flask_app(tmp_path)), tmp_path) as server:
        assert_said(server, [at_start])
        visit(server.url, host="www.example.com")
        assert_said(server, [at_first_page])


def test_a_collector_that_does_not_run(tmp_path: Path) -> None:
    destination = f"collector://127.0.0.1:{unused_port()}/example.com"
    spec = flask_run(flask_app(tmp_path))
    with running(spec, tmp_path, FOOTFALL_DESTINATIONS=destination) as server:
        visit(server.url)
        assert_said(server, SAID["the collector does not run"])


def test_a_vendor_and_the_app_at_localhost(tmp_path: Path) -> None:
    spec = flask_run(flask_app(tmp_path))
    destination = "plausible://plausible.io/example.com"
    with running(spec, tmp_path, FOOTFALL_DESTINATIONS=destination) as server:
        visit(server.url)
        assert_said(server, SAID["a vendor, and the app at `localhost`"])


def test_nginx_without_headers(tmp_path: Path) -> None:
    spec = gunicorn("app:app", folder=flask_app(tmp_path))
    destination = "plausible://plausible.io/example.com"
    without_host, without_address = SAID["nginx sends no headers"]
    # So that nothing reaches the vendor.
    settings = {"FOOTFALL_DESTINATIONS": destination, "HTTPS_PROXY": "http://127.0.0.1:9"}
    with running(spec, tmp_path, **settings) as server:
        nginx = Nginx(tmp_path)
        bare = nginx.add_hop(server.url, forwards="", host="")
        with_host = nginx.add_hop(server.url, forwards="")
        with nginx.running():
            visit(f"http://{bare}/", host="www.example.com")
            assert_said(server, [without_host])
            for number in range(60):
                agent = NAVIGATION["user-agent"] + f" Variant/{number % 10}"
                visit(f"http://{with_host}/", **{"host": "www.example.com", "user-agent": agent})
            assert_said(server, [without_address])


def test_a_site_whose_name_is_misspelt(tmp_path: Path) -> None:
    spec = flask_run(flask_app(tmp_path))
    with CollectorServer(domains=["example.com"]) as collector:
        netloc = collector.url.removeprefix("http://")
        destination = f"plausible+http://{netloc}/exmaple.com"
        with running(spec, tmp_path, FOOTFALL_DESTINATIONS=destination) as server:
            visit(server.url, host="www.example.com")
            assert_said(server, SAID["the site's name is misspelt"])


def test_static_files(tmp_path: Path) -> None:
    folder = flask_app(tmp_path, FILE)
    (folder / "static").mkdir()
    (folder / "static" / "style.css").write_text("a {}")
    [sentence] = SAID["static files are expected to count"]
    with running(flask_run(folder), tmp_path) as server, httpx2.Client() as http:
        visit(
            f"{server.url}/static/style.css",
            **{"sec-fetch-dest": "style", "sec-fetch-mode": "no-cors", "accept": "text/css"},
        )
        local = {"connection": "keep-alive"}

        def pages() -> str:
            live = http.get(f"{server.url}/stats/live", headers=local).text
            hits = [part.partition('"')[0] for part in live.split('href="/stats/live/')[1:]]
            details = [http.get(f"{server.url}/stats/live/{hit}", headers=local) for hit in hits]
            return "".join(page.text for page in details)

        assert wait_until(lambda: not unsaid(sentence, pages()), MAX_SECONDS), pages()


def test_a_server_that_restarts_after_each_change(tmp_path: Path) -> None:
    folder = flask_app(tmp_path, FILE)
    with running(flask_run(folder, "--debug"), tmp_path) as server:
        visit(server.url)
        assert_said(server, SAID["a server that restarts after each change"])
        local = {"connection": "keep-alive"}
        page = f"{server.url}/stats/"
        assert wait_until(
            lambda: "Pageviews" in httpx2.get(page, headers=local).text, MAX_SECONDS
        ), server.log
        # The parent of the reloader has loaded the app, too.
        assert server.log.count("footfall: counting for") == 1


def test_an_app_on_a_unix_socket(tmp_path: Path) -> None:
    socket = tmp_path / "app.sock"
    spec = gunicorn("app:app", "--bind", f"unix:{socket}", folder=flask_app(tmp_path))
    with running(spec, tmp_path, FOOTFALL_DESTINATIONS=VENDOR) as server:
        nginx = Nginx(tmp_path)
        address = nginx.add_hop(f"http://unix:{socket}", forwards="")
        with nginx.running():
            visit(f"http://{address}/", host="www.example.com")
            assert_said(server, SAID["the app listens on a unix socket"])
