"""The collector as a server in a thread: where it listens, how it starts and stops."""

from __future__ import annotations

import http.client
import json
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
import uvicorn

from footfall.collector import CollectorServer, Store, server
from footfall.collector.storage.stored_events import EventSearch
from footfall.errors import ConfigError
from tests.collector.support import (
    FIREFOX,
    PAGEVIEW,
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
    text = rf"port={port}: cannot be used on \S+ \(Address already in use\); choose another"
    with pytest.raises(ConfigError, match=text):
        CollectorServer(port=port)


@pytest.mark.parametrize("host", ["203.0.113.77", "nohost.invalid", "a" * 300])
def test_a_host_that_is_no_address_of_this_machine_is_reported(host: str) -> None:
    with pytest.raises(ConfigError, match=r"host='.*is no address of this machine"):
        CollectorServer(host=host, token="x" * 16)


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


@contextmanager
def plain_responder() -> Iterator[str]:
    """The URL of a server that does as little as asyncio allows."""
    file = Path(__file__).parents[2] / "benchmarks" / "plain_responder.py"
    with subprocess.Popen(
        [sys.executable, str(file)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@pytest.mark.parametrize(("method", "path"), [("POST", "/api/event"), ("GET", "/api/health")])
def test_no_response_waits_for_a_delayed_acknowledgement(method: str, path: str) -> None:
    # Linux delays one by 40 ms, which is hundreds of times a plain exchange. Measured in turn, so
    # that a busy machine slows both.
    def seconds(connection: http.client.HTTPConnection) -> float:
        started = time.perf_counter()
        body = json.dumps(PAGEVIEW) if method == "POST" else None
        connection.request(method, path, body, {"user-agent": FIREFOX})
        assert connection.getresponse().read()
        return time.perf_counter() - started

    with CollectorServer() as collector, plain_responder() as plain_url:
        ours, plain = (
            http.client.HTTPConnection(urlsplit(url).netloc) for url in (collector.url, plain_url)
        )
        with closing(ours), closing(plain):
            pairs = [(seconds(ours), seconds(plain)) for _ in range(40)]
    our_median, plain_median = (statistics.median(each) for each in zip(*pairs, strict=True))
    assert our_median < 40 * plain_median
