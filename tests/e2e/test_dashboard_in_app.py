"""The dashboard as part of an app: real servers with several processes, and a real browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx2
import pytest

from tests.e2e.chromium import NAVIGATION, Chromium
from tests.e2e.servers import (
    DJANGO_SITE,
    Server,
    ServerSpec,
    each_server,
    gunicorn,
    running,
    script,
    uvicorn,
    waitress,
)
from tests.support.vendors import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

SERVERS: Final = {
    "gunicorn-4-preload": gunicorn("flask_app:app", "--preload", workers=4),
    "uvicorn-2": uvicorn("fastapi_app:app", "--workers", "2"),
    "waitress": waitress("flask_app:app"),
    "runserver": script("manage.py", "runserver", "--noreload", "{port}", folder=DJANGO_SITE),
}
TOKEN: Final = "correct-horse-battery"


@contextmanager
def site(spec: ServerSpec, folder: Path, **more: str) -> Iterator[Server]:
    """An example with a file and a dashboard; nothing else is started."""
    destination = f"sqlite:///{folder}/footfall.sqlite3?domain=site.test"
    variables = {"FOOTFALL_DESTINATIONS": destination, "FOOTFALL_DASHBOARD": "/stats", **more}
    with running(spec, folder, **variables) as server:
        yield server


def pageviews(http: httpx2.Client) -> str:
    """The page of today's figures, without what is no text of it."""
    return http.get("/stats/", params={"period": "today", "metric": "pageviews"}).text


@each_server(SERVERS, always=["gunicorn-4-preload"])
def test_every_process_shows_what_all_have_counted(spec: ServerSpec, tmp_path: Path) -> None:
    with site(spec, tmp_path) as server:
        for _ in range(30):
            with httpx2.Client(base_url=server.url, headers=NAVIGATION) as http:
                assert http.get("/pricing").status_code == 200

        def is_complete() -> bool:
            with httpx2.Client(base_url=server.url, headers=NAVIGATION) as http:
                assert http.get("/stats/static/dashboard.js").status_code == 200
                shown = http.get("/stats/?more=pages").text
            return "/pricing" in shown and ">30<" in shown

        assert wait_until(is_complete, 20), server.log
        server.stop()
        assert "Traceback" not in server.log


# -- in a browser ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with site(SERVERS["gunicorn-4-preload"], tmp_path_factory.mktemp("shop")) as server:
        yield server


@pytest.mark.server("chromium", "gunicorn")
def test_a_visitor_of_this_machine_sees_the_figures(shop: Server, chromium: Chromium) -> None:
    def visit(page: Page) -> list[str]:
        faults: list[str] = []
        page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
        page.goto(f"{shop.url}/pricing")
        page.goto(f"{shop.url}/stats")
        for _ in range(50):
            if page.get_by_role("link", name="/pricing").count():
                break
            page.wait_for_timeout(200)
            page.reload()
        page.get_by_role("link", name="/pricing").first.wait_for()
        page.get_by_role("link", name="Live", exact=True).click()
        page.locator("#state.live").wait_for()
        # Another visit appears without a reload.
        httpx2.get(f"{shop.url}/thanks", headers=NAVIGATION)
        row = page.locator("#rows li", has_text="/thanks").first
        row.wait_for()
        row.get_by_role("link").click()
        page.locator("h1", has_text="/thanks").wait_for()
        assert page.url.startswith(f"{shop.url}/stats/live/")
        return faults

    assert chromium.run(visit) == []


@contextmanager
def hostile_page(markup: str) -> Iterator[str]:
    """A site of somebody else on this machine, whose origin is another."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = markup.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# What a page tries of another origin; each returns what it could read, or the name of the error.
ATTACKS: Final = """
async (url) => {
  const tried = async (work) => {
    try { return await work(); } catch (error) { return error.name; }
  };
  const read = (path, init) => tried(async () => (await fetch(url + path, init)).text());
  const method = (name) => tried(async () =>
    (await fetch(url + "/stats/api/v1/events", { method: name, mode: "no-cors" })).type);
  const frame = document.createElement("iframe");
  frame.src = url + "/stats/";
  document.body.append(frame);
  await new Promise((done) => { frame.onload = done; });
  const script = document.createElement("script");
  script.src = url + "/stats/static/live.js";
  document.body.append(script);
  const loaded = await new Promise((done) => {
    script.onload = () => done("loaded"); script.onerror = () => done("refused");
  });
  const stream = new EventSource(url + "/stats/live/stream?after=0-0", { withCredentials: true });
  const streamed = await new Promise((done) => {
    stream.onmessage = () => done("read"); stream.onerror = () => done("refused");
  });
  stream.close();
  return [
    await read("/stats/"), await read("/stats/", { credentials: "include" }),
    await read("/stats/live/stream?after=0-0"), await method("POST"), await method("DELETE"),
    await tried(() => frame.contentDocument.body.textContent), loaded, streamed,
  ];
}
"""


@pytest.mark.server("chromium", "gunicorn")
def test_a_hostile_page_can_neither_read_nor_clear(shop: Server, chromium: Chromium) -> None:
    http = httpx2.Client(base_url=shop.url, headers=NAVIGATION)
    http.get("/pricing")
    assert wait_until(lambda: "/pricing" in pageviews(http), 20)
    before = http.get("/stats/live/stream?after=0-0").text.count("/pricing")

    def attack(origin: str, page: Page) -> Any:
        page.goto(f"{shop.url}/stats/")  # who may look is at it, in the same browser
        page.goto(origin)
        return page.evaluate(ATTACKS, shop.url)

    with hostile_page("<title>Win a prize</title>") as origin:
        found = chromium.run(lambda page: attack(origin, page))
    *_, framed, loaded, streamed = found
    assert found[:3] == ["TypeError"] * 3
    assert found[4] == "TypeError"  # a DELETE is asked for first, and refused
    assert (framed, loaded, streamed) == ("TypeError", "refused", "refused")
    assert http.get("/stats/live/stream?after=0-0").text.count("/pricing") == before > 0


@pytest.mark.long
@pytest.mark.server("chromium", "gunicorn")
def test_a_token_is_typed_once(tmp_path: Path, chromium: Chromium) -> None:
    spec = gunicorn("flask_app:app", workers=2)

    def visit(page: Page) -> tuple[Any, ...]:
        closed = page.goto(f"{server.url}/stats")
        page.goto(f"{server.url}/stats/live?token={TOKEN}")
        entry = page.url
        page.locator("#state.live").wait_for()
        cookies = page.evaluate("document.cookie")
        opened = page.goto(f"{server.url}/stats/")
        assert closed is not None
        assert opened is not None
        return closed.status, entry, cookies, opened.status

    with site(spec, tmp_path, FOOTFALL_DASHBOARD_TOKEN=TOKEN) as server:
        assert chromium.run(visit) == (401, f"{server.url}/stats/live", "", 200)
        assert TOKEN not in (tmp_path / "footfall.sqlite3").read_bytes().decode("latin-1")
