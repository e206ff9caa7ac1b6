"""The collector under each ASGI server, configured by the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import httpx2

from footfall.collector import Store
from footfall.collector.storage.stored_events import EventSearch
from tests.collector.support import FIREFOX, PAGEVIEW
from tests.e2e.servers import (
    ServerSpec,
    each_server,
    granian,
    gunicorn,
    hypercorn,
    running,
    uvicorn,
)

APP: Final = "footfall.collector.asgi:app"
TOKEN: Final = "correct horse battery staple"
SERVERS: Final = {
    "uvicorn": uvicorn(APP),
    "uvicorn-root-path": uvicorn(APP, "--root-path", "/stats"),
    "gunicorn": gunicorn(APP, "-k", "uvicorn_worker.UvicornWorker"),
    "gunicorn-preload": gunicorn(APP, "-k", "uvicorn_worker.UvicornWorker", "--preload"),
    "hypercorn": hypercorn(APP),
    "granian": granian(APP, "asgi"),
}


@each_server(SERVERS, always=())
def test_it_serves_and_closes_its_file(spec: ServerSpec, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    token = tmp_path / "token"
    token.write_text(TOKEN, encoding="utf-8")
    environment = {
        "FOOTFALL_COLLECTOR_TOKEN_FILE": str(token),
        "FOOTFALL_COLLECTOR_DATABASE": str(data / "events.sqlite3"),
        "FOOTFALL_COLLECTOR_DOMAIN": "a.test, b.test",
        "FOOTFALL_COLLECTOR_ALLOWED_HOST": "stats.test",
    }
    with running(spec, tmp_path, **environment) as server:
        with httpx2.Client(base_url=server.url, headers={"user-agent": FIREFOX}) as http:
            assert http.get("/api/v1/events").status_code == 401
            assert http.get("/api/v1/events", headers={"host": "evil.test"}).status_code == 403
            assert http.post("/api/event", json=PAGEVIEW).status_code == 202
            headers = {"authorization": f"Bearer {TOKEN}", "host": "stats.test"}
            assert http.get("/api/v1/events", headers=headers).json()["total"] == 1
            page = http.get("/live", headers=headers).text
            root = "/stats" if "--root-path" in spec.command else ""
            assert f'href="{root}/static/live.css"' in page
        server.stop()
    assert [each.name for each in data.iterdir()] == ["events.sqlite3"]
    store = Store(data / "events.sqlite3")
    assert store.count(EventSearch()) == 1
    store.close()


@each_server({"uvicorn": uvicorn(APP)})
def test_a_wrong_setting_ends_the_start_with_a_remedy(spec: ServerSpec, tmp_path: Path) -> None:
    environment = {"FOOTFALL_COLLECTOR_DATABASE": ":memory:", "FOOTFALL_COLLECTOR_KEEP": "0"}
    log = ""
    try:
        with running(spec, tmp_path, **environment):
            pass
    except AssertionError as error:
        log = str(error)
    assert "ended while starting" in log
    assert "is open to others: set a token" in log
    assert "Traceback" not in log


MOUNTED_APP: Final = """
from starlette.applications import Starlette
from starlette.routing import Mount
from footfall.collector.asgi import app as collector
app = Starlette(routes=[Mount("/stats", collector)], lifespan=collector.lifespan)
"""


@each_server({"uvicorn": uvicorn("mounted_collector:app", "--workers", "2")}, always=())
def test_worker_processes_share_a_file_and_close_it(spec: ServerSpec, tmp_path: Path) -> None:
    (tmp_path / "mounted_collector.py").write_text(MOUNTED_APP, encoding="utf-8")
    file = tmp_path / "data" / "events.sqlite3"
    file.parent.mkdir()
    environment = {
        "FOOTFALL_COLLECTOR_TOKEN": TOKEN,
        "FOOTFALL_COLLECTOR_DATABASE": str(file),
        "PYTHONPATH": str(tmp_path),
    }
    with running(spec, tmp_path, **environment) as server:
        for _ in range(20):
            # Each connection may reach another worker.
            headers = {"user-agent": FIREFOX}
            answer = httpx2.post(f"{server.url}/stats/api/event", json=PAGEVIEW, headers=headers)
            assert answer.status_code == 202
        server.stop()
    assert [each.name for each in file.parent.iterdir()] == ["events.sqlite3"]
    store = Store(file)
    assert store.count(EventSearch()) == 20
    store.close()
