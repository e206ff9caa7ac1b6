"""The disk is full, or the file may not be written any more, while the collector runs."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from footfall.collector import Store
from tests.collector.durability.support import (
    Running,
    collector_process,
    is_refused,
    kill,
    post,
    stop,
    until_writable,
    written,
)

# More than the file with its tables, its write-ahead log and the index of that.
_DISK_BYTES = 3_000_000
# Less than what one test posts, and more than a few posts need.
_FREE_BYTES = 120_000


class Fault(NamedTuple):
    """A file in a place that can be made unwritable and writable again."""

    file: Path
    begin: Callable[[Running], None]
    end: Callable[[Running], None]


def _run(*line: str) -> None:
    """Run a program that changes the file system; skip the test where this is not allowed."""
    try:
        done = subprocess.run(line, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        pytest.skip(f"no {error.filename}")
    if done.returncode:
        pytest.skip(f"not allowed here: {' '.join(line)}: {done.stderr.strip()}")


@contextmanager
def full_file_system(folder: Path) -> Iterator[Fault]:
    """A file system of its own that another file fills."""
    _run("mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "tmpfs", str(folder))
    filler = folder / "filler"

    def fill(running: Running) -> None:
        usage = subprocess.run(
            ["stat", "-f", "-c", "%a %S", str(folder)], capture_output=True, text=True, check=True
        )
        blocks, size = map(int, usage.stdout.split())
        filler.write_bytes(b"x" * (blocks * size - _FREE_BYTES))

    try:
        yield Fault(folder / "events.sqlite3", fill, lambda running: filler.unlink())
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def limited_file_size(folder: Path) -> Iterator[Fault]:
    """The system lets no file of the process grow past a size."""
    if not hasattr(resource, "prlimit"):
        pytest.skip("only Linux limits other processes")
    file = folder / "events.sqlite3"

    def limit(running: Running) -> None:
        largest = max(each.stat().st_size for each in folder.iterdir())
        _limit(running, largest + _FREE_BYTES)

    yield Fault(file, limit, lambda running: _limit(running, resource.RLIM_INFINITY))


def _limit(running: Running, size: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # After a kill there is nothing to limit.
    with suppress(ProcessLookupError):
        resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (size, hard))


@contextmanager
def immutable_files(folder: Path) -> Iterator[Fault]:
    """The files are made immutable; the superuser cannot write these either."""
    files = [str(folder / f"events.sqlite3{end}") for end in ("", "-wal")]
    (folder / "probe").touch()
    _run("chattr", "+i", str(folder / "probe"))
    _run("chattr", "-i", str(folder / "probe"))

    def make(running: Running) -> None:
        _run("chattr", "+i", *files)

    def end(running: Running) -> None:
        _run("chattr", "-i", *files)

    try:
        yield Fault(folder / "events.sqlite3", make, end)
    finally:
        subprocess.run(["chattr", "-i", *files], check=False)


FAULTS = [full_file_system, limited_file_size, immutable_files]


@pytest.fixture(params=FAULTS, ids=lambda make: make.__name__)
def fault(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fault]:
    with request.param(tmp_path) as fault:
        yield fault


def post_until_refused(running: Running, answered: list[str]) -> str:
    """Post until an event is refused, note the others, and return its path."""
    for number in range(2_000):
        path = f"/{number:04}"
        if is_refused(post(running, path)):
            return path
        answered.append(path)
    raise AssertionError("nothing was refused")


@pytest.mark.long
def test_what_was_answered_before_a_kill_is_in_the_file(fault: Fault) -> None:
    answered = ["/before"]
    with collector_process(fault.file) as running:
        assert not is_refused(post(running, "/before"))
        fault.begin(running)
        refused = post_until_refused(running, answered)
        assert is_refused(post(running, refused))
        assert not running.is_writable
        kill(running)
        fault.end(running)
    assert written(fault.file) == dict.fromkeys(answered, 1)


@pytest.mark.long
def test_refused_events_are_written_once_by_their_retries(fault: Fault) -> None:
    answered = ["/before"]
    with collector_process(fault.file) as running:
        assert not is_refused(post(running, "/before"))
        fault.begin(running)
        refused = post_until_refused(running, answered)
        fault.end(running)
        until_writable(running)
        assert not is_refused(post(running, refused))
        code, errors = stop(running)
    assert (code, "could not be written" in errors) == (0, False)
    assert written(fault.file) == dict.fromkeys([*answered, refused], 1)


# -- files that cannot be written from the start -----------------------------------------------


@contextmanager
def read_only_file_system(folder: Path) -> Iterator[None]:
    """The folder is mounted on itself, to be read only."""
    _run("mount", "--bind", str(folder), str(folder))
    try:
        _run("mount", "-o", "remount,bind,ro", str(folder))
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def immutable_file(folder: Path) -> Iterator[None]:
    _run("chattr", "+i", str(folder / "events.sqlite3"))
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", str(folder / "events.sqlite3")], check=True)


@pytest.mark.long
@pytest.mark.parametrize("protect", [read_only_file_system, immutable_file])
def test_a_collector_whose_file_cannot_be_written_does_not_start(
    tmp_path: Path, protect: Callable[[Path], AbstractContextManager[None]]
) -> None:
    file = tmp_path / "events.sqlite3"
    Store(file).close()
    with protect(tmp_path):
        line = [sys.executable, "-m", "footfall", "collect", "-p", "0", "--database", str(file)]
        done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--database='" in done.stderr
    assert "/events.sqlite3': " in done.stderr


def test_a_file_in_a_folder_that_became_immutable_is_written(tmp_path: Path) -> None:
    with collector_process(tmp_path / "events.sqlite3") as running:
        assert not is_refused(post(running, "/before"))
        _run("chattr", "+i", str(tmp_path))
        try:
            assert not is_refused(post(running, "/after"))
            kill(running)
        finally:
            subprocess.run(["chattr", "-i", str(tmp_path)], check=True)
    assert written(running.file) == {"/before": 1, "/after": 1}
