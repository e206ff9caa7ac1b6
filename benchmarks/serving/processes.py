"""The processes of `server.py`: the servers on one core, everything else on the other."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any, Final

BENCHMARKS: Final = Path(__file__).parent.parent
START_SECONDS: Final = 15.0
STOP_SECONDS: Final = 10.0
# No program listens on port 1 without a special reason.
REFUSING_PORT: Final = 1
COMMANDS: Final = {
    "uvicorn": "serving.apps:asgi --factory --port {port} --no-access-log --log-level critical",
    "gunicorn": "serving.apps:wsgi() -b 127.0.0.1:{port} -k gthread --threads 8 --keep-alive 30"
    " --log-level critical --no-control-socket",
}


def cores() -> tuple[int, int]:
    """The core of the servers and that of all else; the same where there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[-1]


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def get(port: int, path: str) -> Any:
    """The JSON of the response, or None where none comes in time."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=2)) as connection:
        try:
            connection.request("GET", path, headers={"Host": "example.com"})
            return json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError):
            return None


class Endpoint:
    """The ports of the endpoint's process by mode, and how many requests each has answered."""

    def __init__(self, ports: dict[str, int]) -> None:
        self.ports = {**ports, "refusing": REFUSING_PORT}

    def answered(self, mode: str) -> int:
        return 0 if mode == "refusing" else int(get(self.ports[mode], "/count") or 0)


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    command = [sys.executable, str(BENCHMARKS / "serving" / "endpoint.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Endpoint(json.loads(process.stdout.readline()))
        finally:
            process.terminate()


def command_of(kind: str, port: int) -> list[str]:
    options = COMMANDS[kind].format(port=port).split()
    return [sys.executable, "-m", kind, *options]


def environ_of(row: str, address: str, folder: Path) -> dict[str, str]:
    return {
        "PYTHONPATH": os.pathsep.join([str(BENCHMARKS), os.environ.get("PYTHONPATH", "")]),
        # Bytecode is kept, so that a start takes no longer than with an installed package.
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        "PYTHONDONTWRITEBYTECODE": "",
        "BENCH_ROW": row,
        "BENCH_ENDPOINT": address,
    }


class Server:
    """A running server, its workers included."""

    def __init__(self, kind: str, row: str, address: str, log: Path) -> None:
        self.port = unused_port()
        env = {**os.environ, **environ_of(row, address, log.parent)}
        with log.open("wb") as errors:
            self.process = subprocess.Popen(
                command_of(kind, self.port), env=env, stdout=errors, stderr=errors
            )
        # Set before the server has threads or workers, which inherit it.
        os.sched_setaffinity(self.process.pid, {cores()[0]})
        self.log = log

    def wait(self) -> None:
        until = monotonic() + START_SECONDS
        while self.stats() is None:
            if self.process.poll() is not None or monotonic() > until:
                raise RuntimeError(f"the server did not start: {self.log.read_text()[-2000:]}")
            time.sleep(0.02)

    def stats(self) -> Any:
        return get(self.port, "/stats")

    def all_pids(self) -> list[int]:
        pids = [self.process.pid]
        for pid in pids:
            with suppress(OSError):
                for children in Path(f"/proc/{pid}/task").glob("*/children"):
                    pids += map(int, children.read_text().split())
        return pids

    def cpu_seconds(self) -> float:
        # /proc/PID/stat rounds this clock to ticks of 10 ms; its id is the kernel's
        # MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED).
        return sum(time.clock_gettime((~pid << 3) | 2) for pid in self.all_pids())

    def rss_mb(self) -> float:
        pages = (int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.all_pids())
        return sum(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def stop(self) -> float | None:
        """Seconds from SIGTERM to the end; None if it had to be killed."""
        all_pids, started = self.all_pids(), monotonic()
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
            return monotonic() - started
        except subprocess.TimeoutExpired:
            for pid in reversed(all_pids):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.wait()
            return None


@contextmanager
def serving(kind: str, row: str, address: str, folder: Path) -> Iterator[Server]:
    server = Server(kind, row, address, folder / "server.log")
    try:
        server.wait()
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()
