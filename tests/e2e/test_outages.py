"""The events endpoint is down, and the visitors of the site do not notice."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import httpx2
import pytest

from tests.e2e.chromium import NAVIGATION
from tests.e2e.servers import ServerSpec, each_server, gunicorn, running, uvicorn
from tests.support.vendors import hanging, unused_port, vendor, wait_until

pytestmark = pytest.mark.long

if TYPE_CHECKING:
    from pathlib import Path

Endpoint: TypeAlias = Callable[[], AbstractContextManager[str]]

SERVERS: Final = {
    "uvicorn-fastapi": uvicorn("fastapi_app:app", "--no-access-log"),
    "gunicorn-gthread-flask": gunicorn(
        "flask_app:app", "--worker-class", "gthread", "--threads", "8"
    ),
}

REQUESTS: Final = 300
THREADS: Final = 8
# 300 events take far less than this; a leak of responses or sockets would take far more.
MAX_GROWTH_BYTES: Final = 32 * 1024 * 1024
# How long a silent endpoint holds up whoever waits for it.
TIMEOUT_SECONDS: Final = 2.0


class Load(NamedTuple):
    """The distinct responses to many visitors, and the seconds that each took, sorted."""

    responses: set[tuple[int, str]]
    seconds: list[float]

    def __str__(self) -> str:
        return f"median {self.median * 1e3:.2f} ms, p99 {self.p99 * 1e3:.2f} ms"

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def p99(self) -> float:
        return self.seconds[len(self.seconds) * 99 // 100]


@contextmanager
def refusing() -> Iterator[str]:
    """The address of a port on which nothing listens."""
    yield f"127.0.0.1:{unused_port()}"


@contextmanager
def silent() -> Iterator[str]:
    """The address of an endpoint that accepts every request and never answers."""
    with vendor(hanging) as server:
        yield server.url.removeprefix("http://")


@pytest.mark.parametrize("endpoint", [refusing, silent])
@each_server(SERVERS)
def test_visitors_notice_nothing_of_an_outage(
    spec: ServerSpec, endpoint: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(spec, tmp_path, FOOTFALL_ENABLED="0") as server:
        bare = _load(server.url)
        server.stop()
    with endpoint() as address, running(spec, tmp_path, **_settings(address)) as server:
        _load(server.url)
        before = server.resident_bytes()
        watched = _load(server.url)
        growth = server.resident_bytes() - before
        assert wait_until(lambda: _warnings(server.log)), "an outage must not be silent"
        server.stop()
    with capsys.disabled():
        print(  # noqa: T201 -- the figures, of which the assertions check only the order
            f"\n{endpoint.__name__}: {watched}; without footfall: {bare}; {growth / 1e6:+.1f} MB"
        )

    assert watched.responses == bare.responses
    assert [status for status, _ in watched.responses] == [200]
    warnings = _warnings(server.log)
    assert len(warnings) == len({*warnings}), warnings
    assert growth < MAX_GROWTH_BYTES
    # Half of what each page would take at least that waited for the endpoint.
    assert watched.median < bare.median + TIMEOUT_SECONDS / 2


def _settings(address: str) -> dict[str, str]:
    return {
        "FOOTFALL_DESTINATIONS": f"collector://{address}/site.test",
        "FOOTFALL_TIMEOUT_SECONDS": str(TIMEOUT_SECONDS),
    }


def _load(url: str) -> Load:
    """Send REQUESTS requests from THREADS visitors at a time, each with its own connection."""

    def visit(_number: int) -> list[tuple[int, str, float]]:
        with httpx2.Client(base_url=url, headers=NAVIGATION) as client:
            return [_get(client) for _ in range(REQUESTS // THREADS)]

    with ThreadPoolExecutor(THREADS) as pool:
        results = [each for visitor in pool.map(visit, range(THREADS)) for each in visitor]
    return Load({each[:2] for each in results}, sorted(each[2] for each in results))


def _get(client: httpx2.Client) -> tuple[int, str, float]:
    started = time.perf_counter()
    response = client.get("/")
    return response.status_code, response.text, time.perf_counter() - started


def _warnings(log: str) -> list[str]:
    """The warnings in a log, with digits replaced, so that two of one kind are equal."""
    return [re.sub(r"\d+", "#", line) for line in log.splitlines() if "WARNING" in line]
