"""The collector as a server in a thread: where it listens, how it starts and stops."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
import uvicorn

from footfall.collector import CollectorServer, Store, server
from footfall.collector.storage.stored_events import EventSearch
from footfall.errors import ConfigError
from tests.collector.support import (
    post,
    stored_events,
    streamed_lines,
)
from tests.support.vendors import unused_port
from tests.support.waiting import no_long_wait


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "stats.example"])
def test_an_open_address_needs_a_token(host: str) -> None:
    with pytest.raises(ConfigError, match="token"):
        CollectorServer(host=host)


@pytest.mark.parametrize(
    ("host", "start"),
    [
        ("127.0.0.1", "http://127.0.0.1:"),
        ("localhost", "http://localhost:"),
        ("::1", "http://[::1]:"),
    ],
)
def test_the_url_is_where_it_listens(host: str, start: str) -> None:
    with CollectorServer(host=host) as collector:
        assert collector.url.startswith(start)
        assert collector.url in repr(collector)
        assert httpx2.get(f"{collector.url}/live").status_code == 200


def test_a_port_in_use_is_reported(collector: CollectorServer) -> None:
    port = urlsplit(collector.url).port or 0
    with pytest.raises(ConfigError, match=f"127.0.0.1:{port}.*choose another port"):
        CollectorServer(port=port)


@pytest.mark.parametrize("port", [-1, 65_536, 99_999])
def test_an_invalid_port_is_refused(port: int) -> None:
    with pytest.raises(ConfigError, match="choose one up to 65535"):
        CollectorServer(port=port)


def test_a_database_that_cannot_be_opened_frees_the_port(tmp_path: Path) -> None:
    port = unused_port()
    with pytest.raises(ConfigError, match="database"):
        CollectorServer(tmp_path / "nowhere" / "x.sqlite3", port=port)
    CollectorServer(port=port).close()


@pytest.mark.parametrize("never", [True, False])
def test_a_server_that_does_not_start_is_reported(
    monkeypatch: pytest.MonkeyPatch, never: bool
) -> None:
    def run(self: uvicorn.Server, sockets: list[socket.socket]) -> None:
        sockets[0].close()
        while never and not self.should_exit:
            time.sleep(0.01)

    monkeypatch.setattr(server, "_START_SECONDS", 0.1)
    monkeypatch.setattr(uvicorn.Server, "run", run)
    with pytest.raises(RuntimeError, match="did not start"):
        CollectorServer()


def test_closing_writes_what_was_answered(tmp_path: Path) -> None:
    with (
        CollectorServer(tmp_path / "events.sqlite3") as collector,
        httpx2.Client(base_url=collector.url) as http,
    ):
        for _ in range(20):
            post(http)
    assert collector.close() == 0
    with closing(Store(tmp_path / "events.sqlite3")) as store:
        assert store.count(EventSearch()) == 20


def test_closing_ends_open_streams_and_waiting_requests(tmp_path: Path) -> None:
    collector = CollectorServer()
    with httpx2.Client(base_url=collector.url) as http, streamed_lines(http) as lines:
        next(lines)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(stored_events, http, wait=5, timeout=60)
            time.sleep(0.2)
            with no_long_wait():
                collector.close()
            assert waiting.result() == []
        assert list(lines) == []


def test_a_token_that_can_be_guessed_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigError, match="16 characters or more") as caught:
        CollectorServer(host="0.0.0.0", token="hunter2")
    assert "hunter2" not in str(caught.value)
