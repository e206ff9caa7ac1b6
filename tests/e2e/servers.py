"""Real servers as child processes, each on its own port, stopped with SIGTERM.

Nothing here sleeps: a server is ready when it accepts a connection, and stopped when its process
has ended.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.support.vendors import unused_port, wait_until
from tests.support.waiting import MAX_SECONDS

ROOT: Final = Path(__file__).parents[2]
EXAMPLES: Final = ROOT / "examples"
DJANGO_SITE: Final = EXAMPLES / "django_site"
APPS: Final = Path(__file__).parent / "apps"

# Interpreters start slowly where several do at once.
_START_SECONDS: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class ServerSpec:
    """How a server is started: a command with `{port}` in it, its folder, the programs it needs."""

    command: tuple[str, ...]
    folder: Path = EXAMPLES
    programs: tuple[str, ...] = ()
    # Texts that its log has once it is ready, for a server that listens too early or never.
    ready_texts: tuple[str, ...] = ()
    # Texts that its log has once its workers have got SIGTERM, for a server that loses signals.
    stopping_texts: tuple[str, ...] = ()
    # False for several processes: they keep no order among the events of one visitor.
    is_ordered: bool = True


def uvicorn(app: str, *options: str, folder: Path = EXAMPLES) -> ServerSpec:
    return ServerSpec(
        command=(sys.executable, "-m", "uvicorn", "--port", "{port}", *options, app),
        folder=folder,
        programs=("uvicorn",),
    )


def gunicorn(app: str, *options: str, workers: int = 1, folder: Path = EXAMPLES) -> ServerSpec:
    return ServerSpec(
        command=(
            *(sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:{port}"),
            *("--config", str(APPS / "gunicorn_settings.py"), "--workers", str(workers)),
            *(*options, app),
        ),
        folder=folder,
        programs=("gunicorn",),
        # A worker has its master's signal handlers from the fork until `Worker.init_signals` has
        # run: a SIGTERM is then put into a copy of the master's queue, which nobody reads.
        ready_texts=tuple(f"Worker {number} is ready" for number in range(1, workers + 1)),
        is_ordered=workers == 1,
    )


def hypercorn(app: str, *options: str, folder: Path = EXAMPLES) -> ServerSpec:
    return ServerSpec(
        command=(sys.executable, "-m", "hypercorn", "--bind", "127.0.0.1:{port}", *options, app),
        folder=folder,
        programs=("hypercorn",),
    )


def daphne(app: str, *options: str, folder: Path = EXAMPLES) -> ServerSpec:
    return ServerSpec(
        command=(sys.executable, "-m", "daphne", "--port", "{port}", *options, app),
        folder=folder,
        programs=("daphne",),
    )


def granian(
    app: str, interface: str, *options: str, workers: int = 1, folder: Path = EXAMPLES
) -> ServerSpec:
    return ServerSpec(
        command=(
            *(sys.executable, "-m", "granian", "--port", "{port}"),
            *("--interface", interface, "--workers", str(workers), *options, app),
        ),
        folder=folder,
        programs=("granian",),
        # Seen twice in 1,500 stops, with all threads of the worker's app idle: the handler of the
        # signal has not run, and granian's main process waits for the worker for ever.
        stopping_texts=tuple(f"Stopping worker-{number}" for number in range(1, workers + 1)),
        is_ordered=workers == 1,
    )


def waitress(app: str, *options: str, folder: Path = EXAMPLES) -> ServerSpec:
    return ServerSpec(
        command=(
            *(sys.executable, "-m", "waitress", "--listen=127.0.0.1:{port}"),
            *(*options, app),
        ),
        folder=folder,
        programs=("waitress-serve",),
    )


def uwsgi(app: str, *options: str, workers: int = 2, folder: Path = EXAMPLES) -> ServerSpec:
    """uWSGI with a master. Without `--die-on-term` SIGTERM would only reload it."""
    return ServerSpec(
        command=(
            *(str(Path(sys.executable).parent / "uwsgi"), "--http-socket", "127.0.0.1:{port}"),
            *("--virtualenv", sys.prefix, "--master", "--die-on-term"),
            *("--processes", str(workers), *options, "--module", app),
        ),
        folder=folder,
        programs=("uwsgi",),
        # The workers serve before their master is ready for SIGTERM.
        ready_texts=(f"spawned uWSGI worker {workers}",),
    )


# Debian's module for Apache, which runs one version of Python.
_APACHE_MODULES: Final = "/usr/lib/apache2/modules"
_MOD_WSGI: Final = f"{_APACHE_MODULES}/mod_wsgi.so-{sys.version_info[0]}.{sys.version_info[1]}"


def mod_wsgi(app: str, *, daemon: str | None = None, folder: Path = EXAMPLES) -> ServerSpec:
    """Apache with mod_wsgi, which has this environment's packages and Debian's own Python.

    With the options of `WSGIDaemonProcess` the app runs in processes of its own, else in Apache's.
    These have one thread each (the MPM prefork): mod_wsgi 4.9.4 takes ten seconds to end those with
    more, whatever the app is, and three to destroy the interpreters of its own processes.
    """
    module, _, name = app.partition(":")
    python_path = f"{folder}:{sysconfig.get_path('purelib')}"
    lines: tuple[str, ...] = (
        "ServerRoot ${{HOME}}",
        "DefaultRuntimeDir ${{HOME}}",
        "ServerName 127.0.0.1",
        "Listen 127.0.0.1:{port}",
        "PidFile apache.pid",
        "ErrorLog /dev/stderr",
        f"LoadModule mpm_prefork_module {_APACHE_MODULES}/mod_mpm_prefork.so",
        "MaxRequestWorkers 2",
        f"LoadModule authz_core_module {_APACHE_MODULES}/mod_authz_core.so",
        f"LoadModule wsgi_module {_MOD_WSGI}",
        f"WSGIPythonPath {python_path}",
        "WSGISocketPrefix ${{HOME}}/wsgi",
        f"WSGICallableObject {name}",
        f"WSGIScriptAlias / {folder}/{module}.py",
    )
    if daemon is not None:
        process = f"WSGIDaemonProcess site python-path={python_path} {daemon}"
        lines = (*lines, process, "WSGIProcessGroup site", "WSGIDestroyInterpreter Off")
    # Neither Apache nor mod_wsgi runs as root, nor may another user read the folders of root's
    # tests: in a namespace where it has another number, root is an ordinary user who may.
    as_user = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
    return ServerSpec(
        command=(
            *(as_user if os.geteuid() == 0 else ()),
            *("apache2", "-D", "FOREGROUND", "-f", "/dev/null"),
            *(part for line in lines for part in ("-C", line)),
        ),
        folder=folder,
        programs=("apache2", _MOD_WSGI),
        ready_texts=("resuming normal operations",),
    )


def script(*arguments: str, folder: Path = EXAMPLES) -> ServerSpec:
    """A program that reads its port from PORT, or has it as an argument."""
    return ServerSpec(command=(sys.executable, *arguments), folder=folder)


def each_server(
    specs: Mapping[str, ServerSpec], *programs: str, always: Collection[str] | None = None
) -> pytest.MarkDecorator:
    """Run the test once for every server, where its programs and `programs` are installed.

    Args:
        always: The names of those that run in any case; the others do with `-m long`. All, if None.
    """
    assert always is None or {*always} <= specs.keys()
    found = []
    for name, spec in specs.items():
        marks = [pytest.mark.server(*spec.programs, *programs)]
        if always is not None and name not in always:
            marks.append(pytest.mark.long)
        found.append(pytest.param(spec, id=name, marks=marks))
    return pytest.mark.parametrize("spec", found)


class Server:
    """A running child process that listens on loopback."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        port: int,
        log_file: Path,
        spec: ServerSpec,
    ) -> None:
        self._process = process
        self._log_file = log_file
        self._ready_texts = spec.ready_texts
        self._stopping_texts = spec.stopping_texts
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    @property
    def log(self) -> str:
        """All that the process has written so far, to stdout and stderr."""
        return self._log_file.read_text("utf-8", "replace")

    @property
    def exit_status(self) -> int | None:
        """None while the process runs; minus the signal's number where one ended it."""
        return self._process.poll()

    def stop(self) -> None:
        """Send SIGTERM, and wait for the end.

        Raises:
            AssertionError: it waited for something that lasts long, or the log has a traceback.
        """
        self.terminate()
        if not wait_until(self._is_stopping, 10):
            # As systemd does, which signals every process of a service.
            for worker in self.workers():
                os.kill(worker, signal.SIGTERM)
        try:
            self._process.wait(MAX_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not end within {MAX_SECONDS} s:\n{self.log}") from None
        assert "Traceback" not in self.log, self.log

    def _is_stopping(self) -> bool:
        log = self.log
        return self._has_ended or all(text in log for text in self._stopping_texts)

    def terminate(self) -> None:
        """Send SIGTERM without waiting."""
        self._process.send_signal(signal.SIGTERM)

    def workers(self) -> list[int]:
        """The process ids of the children that run now. Linux only."""
        return _process_tree(self._process.pid)[1:]

    def resident_bytes(self) -> int:
        """The resident memory of the process and its children now. Linux only."""
        return sum(map(_resident_bytes, _process_tree(self._process.pid)))

    def wait_until_ready(self) -> None:
        if not wait_until(lambda: self._has_ended or self._is_ready(), _START_SECONDS):
            raise AssertionError(f"not ready within {_START_SECONDS} s:\n{self.log}")
        if self._has_ended:
            raise AssertionError(f"ended while starting:\n{self.log}")

    @property
    def _has_ended(self) -> bool:
        return self.exit_status is not None

    def _is_ready(self) -> bool:
        if not self._ready_texts:
            return self._accepts()
        log = self.log
        return all(text in log for text in self._ready_texts)

    def _accepts(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """Kill the process and its workers, which share its session."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@contextmanager
def running(spec: ServerSpec, folder: Path, **environment: str) -> Iterator[Server]:
    """Start a server with its log in `folder`, and kill what is left of it at the end."""
    port = unused_port()
    # A busy machine may need more than the default to deliver what comes last.
    settings = {"FOOTFALL_SHUTDOWN_TIMEOUT_SECONDS": "30", **environment}
    log_file = folder / f"server-{port}.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [part.format(port=port) for part in spec.command],
            cwd=spec.folder,
            env=_clean_environment(os.environ, HOME=str(folder), PORT=str(port), **settings),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(process, port, log_file, spec)
    try:
        server.wait_until_ready()
        yield server
    finally:
        server.kill()


def _clean_environment(environ: Mapping[str, str], **wanted: str) -> dict[str, str]:
    """The environment without the variables by which footfall recognises a test."""
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith(("FOOTFALL_", "PYTEST_"))
    }
    return {**kept, "PYTHONUTF8": "1", **wanted}


def _process_tree(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):  # it has just ended
        return []
    return [pid, *(grandchild for child in children for grandchild in _process_tree(int(child)))]


def _resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
