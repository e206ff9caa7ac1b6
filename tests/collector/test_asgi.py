"""The collector as an ASGI app: when it opens its file, and when it closes it."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount

from footfall.collector import CollectorSettings, Store, asgi, create_asgi_app
from footfall.collector.asgi import CollectorApp
from footfall.collector.storage.stored_events import EventSearch
from tests.collector.support import (
    FIREFOX,
    PAGEVIEW,
    PID,
    served,
    stored_events,
    streamed_lines,
)
from tests.support.adapters import set_up_django

TOKEN = "correct horse battery staple"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TOKEN", "HOST", "DATABASE", "ROOT_PATH"):
        monkeypatch.delenv(f"FOOTFALL_COLLECTOR_{name}", raising=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "events.sqlite3"


@pytest.fixture
def collector(file: Path) -> Iterator[CollectorApp]:
    """An app that no server has started."""
    with closing(create_asgi_app(CollectorSettings(database=file))) as collector:
        yield collector


def client(url: str) -> httpx2.Client:
    return httpx2.Client(base_url=url, headers={"user-agent": FIREFOX})


def number_in(file: Path) -> int:
    with closing(Store(file)) as store:
        return store.count(EventSearch())


def test_a_server_opens_the_file_when_it_starts_and_closes_it_when_it_stops(
    file: Path, collector: CollectorApp
) -> None:
    assert not file.exists()
    for number in (1, 2):
        with served(collector) as url, client(url) as http:
            assert file.exists()
            assert http.post("/api/event", json=PAGEVIEW).status_code == 202
            # Woken by the write, and not by the poll of each second.
            with streamed_lines(http, "after=0") as lines:
                assert any(line.startswith("data: ") for line in lines)
        assert [each.name for each in file.parent.iterdir()] == ["events.sqlite3"]
        assert number_in(file) == number


@contextmanager
def in_starlette(collector: CollectorApp) -> Iterator[str]:
    with served(Starlette(routes=[Mount("/stats", collector)])) as url:
        yield f"{url}/stats"


@contextmanager
def in_fastapi(collector: CollectorApp) -> Iterator[str]:
    app = FastAPI()
    app.mount("/stats", collector)
    with served(app) as url:
        yield f"{url}/stats"


@contextmanager
def behind_a_path_check(collector: CollectorApp) -> Iterator[str]:
    """As beside Django's app, which knows no lifespan and no mounts."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise ValueError("Django can only handle ASGI/HTTP connections")
        assert scope["path"].startswith("/stats/")
        await collector({**scope, "root_path": "/stats"}, receive, send)

    with served(app) as url:
        yield f"{url}/stats"


MOUNTED = pytest.mark.parametrize("mounted", [in_starlette, in_fastapi, behind_a_path_check])


@MOUNTED
def test_an_app_around_it_opens_the_file_with_the_first_request(
    mounted: Any, file: Path, collector: CollectorApp
) -> None:
    others = store_threads()
    with mounted(collector) as url, client(url) as http:
        assert not file.exists()
        with ThreadPoolExecutor(4) as pool:
            posts = [pool.submit(http.post, "/api/event", json=PAGEVIEW) for _ in range(8)]
            assert {each.result().status_code for each in posts} == {202}
        assert len(stored_events(http)) == 8
        assert 'href="/stats/live"' in http.get("/").text
        assert len(store_threads() - others) == 1
    collector.close()
    assert [each.name for each in file.parent.iterdir()] == ["events.sqlite3"]
    assert number_in(file) == 8


def store_threads() -> set[threading.Thread]:
    return {each for each in threading.enumerate() if each.name == "footfall-store"}


def test_it_may_be_the_lifespan_of_the_app_around_it(file: Path, collector: CollectorApp) -> None:
    around = Starlette(routes=[Mount("/stats", collector)], lifespan=collector.lifespan)
    with served(around) as url, client(f"{url}/stats") as http:
        assert file.exists()
        assert http.post("/api/event", json=PAGEVIEW).status_code == 202
    assert [each.name for each in file.parent.iterdir()] == ["events.sqlite3"]


@pytest.mark.long
def test_what_an_app_around_it_has_opened_is_closed_at_exit(file: Path) -> None:
    program = (
        "import asyncio, os, sys\n"
        "from footfall.collector import CollectorSettings, create_asgi_app\n"
        "collector = create_asgi_app(CollectorSettings(database=sys.argv[1]))\n"
        "scope = {'type': 'http', 'method': 'GET', 'path': '/api/health', 'headers': [],\n"
        "         'query_string': b'', 'http_version': '1.1', 'scheme': 'http'}\n"
        "async def receive(): return {'type': 'http.request'}\n"
        "async def send(message): print(message.get('status', ''))\n"
        "asyncio.run(collector(scope, receive, send))\n"
        "print(*sorted(os.listdir(os.path.dirname(sys.argv[1]))))\n"
    )
    line = [sys.executable, "-W", "error", "-c", program, str(file)]
    # In development mode asyncio would write a line about each slow callback.
    environ = {**os.environ, "PYTHONDEVMODE": ""}
    done = subprocess.run(line, capture_output=True, text=True, check=True, timeout=60, env=environ)
    assert (done.stdout.split()[0], done.stderr) == ("200", "")
    assert "events.sqlite3-wal" in done.stdout
    assert [each.name for each in file.parent.iterdir()] == ["events.sqlite3"]


def test_a_file_that_cannot_be_opened_is_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "later" / "events.sqlite3"
    with (
        closing(create_asgi_app(CollectorSettings(database=file))) as collector,
        in_starlette(collector) as url,
        client(url) as http,
    ):
        for _ in range(3):
            answer = http.get("/api/system/health/ready")
            assert (answer.status_code, "its log says why" in answer.text) == (503, True)
        file.parent.mkdir()
        assert http.get("/api/system/health/ready").status_code == 200
    [line] = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert "name a file in a directory that can be written to" in line


def started(collector: CollectorApp) -> list[dict[str, Any]]:
    """What a server is told that starts the app and stops it at once."""
    told: list[dict[str, Any]] = []
    events = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> Any:
        return next(events)

    async def send(message: Any) -> None:
        told.append(message)

    asyncio.run(collector({"type": "lifespan"}, receive, send))
    return told


def test_a_server_that_starts_it_learns_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    [failed] = started(create_asgi_app())
    assert failed["type"] == "lifespan.startup.failed"
    assert "is open to others: set a token" in failed["message"]
    monkeypatch.setenv("FOOTFALL_COLLECTOR_TOKEN", TOKEN)
    monkeypatch.setenv("FOOTFALL_COLLECTOR_DATABASE", str(tmp_path / "nowhere" / "x.sqlite3"))
    [failed] = started(create_asgi_app())
    assert "FOOTFALL_COLLECTOR_DATABASE=" in failed["message"]


@pytest.mark.parametrize("variable", ["FOOTFALL_COLLECTOR_TOKEN", "FOOTFALL_COLLECTOR_HOST"])
def test_a_token_or_a_loopback_host_lets_it_start(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "127.0.0.1" if variable.endswith("HOST") else TOKEN)
    monkeypatch.setenv("FOOTFALL_COLLECTOR_DATABASE", ":memory:")
    told = [message["type"] for message in started(create_asgi_app())]
    assert told == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


@pytest.mark.parametrize(
    ("variables", "is_warned"),
    [
        ({"TOKEN": TOKEN}, True),
        ({"TOKEN": TOKEN, "DOMAIN": "a.test"}, False),
        ({"HOST": "127.0.0.1"}, False),
        ({"HOST": "127.0.0.1", "ALLOWED_HOST": "stats.example.com"}, True),
    ],
    ids=["open", "with a domain", "loopback", "behind a proxy"],
)
def test_a_public_one_without_domains_warns_at_the_start(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    variables: dict[str, str],
    is_warned: bool,
) -> None:
    for name, text in {"DATABASE": ":memory:", **variables}.items():
        monkeypatch.setenv(f"FOOTFALL_COLLECTOR_{name}", text)
    started(create_asgi_app())
    assert ("name yours with --domain or FOOTFALL_COLLECTOR_DOMAIN" in caplog.text) == is_warned
    has_no_token = "ALLOWED_HOST" in variables
    assert ("whoever reaches the collector as stats.example.com" in caplog.text) == has_no_token


def test_the_app_of_the_module_is_not_open_yet() -> None:
    assert isinstance(asgi.app, CollectorApp)
    program = "import footfall.collector.asgi, threading; print(threading.active_count())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"1"


DOCUMENT = Path(__file__).parents[2] / "docs" / "collector" / "asgi.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("code", EXAMPLES, ids=["starlette", "django"])
def test_the_documented_apps_serve_it_below_their_path(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up_django()
    monkeypatch.setenv("FOOTFALL_COLLECTOR_TOKEN", TOKEN)
    monkeypatch.setenv("FOOTFALL_COLLECTOR_DATABASE", ":memory:")
    names: dict[str, Any] = {}
    exec(code, names)
    with (
        closing(names["collector"]),
        served(names.get("application") or names["app"]) as url,
        client(f"{url}/stats") as http,
    ):
        assert http.post("/api/event", json=PAGEVIEW).status_code == 202
        page = http.get("/live", headers={"authorization": f"Bearer {TOKEN}"}).text
        assert 'href="/stats/static/live.css"' in page


# -- several processes on one file ------------------------------------------------------------


def test_a_visit_goes_on_in_another_process(file: Path) -> None:
    settings = CollectorSettings(database=file)
    with (
        closing(create_asgi_app(settings)) as one,
        closing(create_asgi_app(settings)) as two,
        in_starlette(one) as first_url,
        in_starlette(two) as second_url,
        client(first_url) as first,
        client(second_url) as second,
    ):
        for number, http in enumerate((first, second, first, second)):
            event = PAGEVIEW | {"url": f"https://a.test/{number}"}
            assert http.post("/api/event", json=event).status_code == 202
        events = stored_events(second)
        assert [each["path"] for each in events] == ["/0", "/1", "/2", "/3"]
        assert len({each["session"] for each in events}) == 1
        assert len({each["visitor"] for each in events}) == 1
        assert first.get("/api/v1/stats").json()["visits"] == 1


def test_each_process_has_its_own_memory_of_unique_events(file: Path) -> None:
    settings = CollectorSettings(database=file)
    event = {"pid": PID, "ev": "Signup", "unique": True}
    with (
        closing(create_asgi_app(settings)) as one,
        closing(create_asgi_app(settings)) as two,
        in_starlette(one) as first_url,
        in_starlette(two) as second_url,
        client(first_url) as first,
        client(second_url) as second,
    ):
        found = [
            http.post("/log/custom", json=event).status_code for http in (first, first, second)
        ]
        assert found == [201, 403, 201]
