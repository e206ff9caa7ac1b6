"""For every test: the programs that it needs, no tracker left over, and a summary at the end."""

from __future__ import annotations

import gc
import logging
import os
import shutil
import signal
import sys
import threading
import weakref
from collections.abc import Generator, Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import Mock

import hypothesis
import pytest

from footfall.collector.site_file import SiteFile
from footfall.common.background_thread import BackgroundThread
from footfall.delivery import Lane, delivery_thread
from footfall.delivery.transport import HTTPXTransport
from footfall.tracker import Tracker, process_hooks, shared_tracker, worker_thread

if TYPE_CHECKING:
    from footfall.collector import CollectorServer

# These modules assert for the tests; without this line their failures show no values.
pytest.register_assert_rewrite(
    "tests.support.faults",
    "tests.support.transports",
    "tests.support.adapters",
    "tests.support.raw_requests",
    "tests.e2e.servers",
)

# pip installs programs beside the interpreter, which need not be on PATH.
_SEARCH_PATH: Final = os.pathsep.join(
    (str(Path(sys.executable).parent), os.environ.get("PATH", ""))
)


# Those that the present test has made.
_lanes: Final[list[weakref.ref[Lane]]] = []


def _note_lanes() -> None:
    init = Lane.__init__

    def noting(lane: Lane, *args: Any, **kwargs: Any) -> None:
        init(lane, *args, **kwargs)
        _lanes.append(weakref.ref(lane))

    Lane.__init__ = noting  # type: ignore[assignment, method-assign]


_note_lanes()

# Those too, and kept: what is forgotten before it is closed is a leak.
_files: Final[list[SiteFile]] = []


def _note_files() -> None:
    init = SiteFile.__init__

    def noting(file: SiteFile, *args: Any, **kwargs: Any) -> None:
        init(file, *args, **kwargs)
        _files.append(file)

    SiteFile.__init__ = noting  # type: ignore[assignment, method-assign]


_note_files()


def pytest_configure(config: pytest.Config) -> None:
    """Let the programs that tests start behave as if a person had started them.

    Coverage measures the workers of pytest-xdist, and not the programs that these start. A shell
    lets programs in the background ignore Ctrl-C, and a test's programs would inherit that.

    In Python's development mode asyncio logs each callback that took a tenth of a second, which on
    a busy machine is any. Programs get the rest of that mode.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    is_worker = hasattr(config, "workerinput")
    if is_worker or not config.getoption("numprocesses", None):
        os.environ.pop("COVERAGE_PROCESS_CONFIG", None)
        if os.environ.pop("PYTHONDEVMODE", ""):
            os.environ |= {"PYTHONWARNINGS": "default", "PYTHONFAULTHANDLER": "1"}
    logging.getLogger("asyncio").addFilter(
        lambda record: record.msg != "Executing %s took %.3f seconds"
    )


@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """How many workers `-n auto` starts: two more than the cores, for many tests wait."""
    return (os.cpu_count() or 1) + 2


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the file whose many tests take seconds to be made, unless they are to run."""
    is_run = config.pluginmanager.has_plugin("schemathesis")
    return None if is_run or collection_path.name != "test_openapi.py" else True


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the collected tests out of garbage collection, since they stay until the end.

    A collection that visits all of them takes a tenth of a second, within whatever a test measures.
    """
    gc.disable()
    result = yield
    gc.enable()
    gc.collect()
    gc.freeze()
    return result


def pytest_sessionfinish() -> None:
    """Undo that, for extension modules report frozen objects as leaks."""
    gc.unfreeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose programs are missing; fail it where REQUIRE_SERVERS is 1."""
    programs = {name for marker in item.iter_markers("server") for name in marker.args}
    missing = sorted(name for name in programs if program(name) is None)
    # Playwright is the Python package that drives Chromium in every test.
    if "chromium" in programs and find_spec("playwright") is None:
        missing.append("playwright (pip install playwright)")
    if not missing:
        return
    reason = f"not installed: {', '.join(missing)}"
    if os.environ.get("REQUIRE_SERVERS") == "1":
        pytest.fail(f"{reason} (required by REQUIRE_SERVERS)", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(autouse=True)
def _leave_no_tracker() -> Iterator[None]:
    """Stop what a test has left, so that no later test meets its events, log lines or threads."""
    before, threads = {*process_hooks.trackers()}, {*threading.enumerate()}
    # Those of a whole module stay.
    _lanes.clear()
    _files.clear()
    yield
    for tracker in {*process_hooks.trackers()} - before:
        assert isinstance(tracker, Tracker)
        with suppress(IndexError):
            while True:
                tracker._inbox.take()
        # A record that is processed right now would end in the next test's outbox.
        if tracker._pipeline.lock.acquire(timeout=1.0):
            tracker._pipeline.lock.release()
        tracker.close(0.0)
        process_hooks.unregister(tracker)
    shared_tracker._TRACKERS.clear()
    while _lanes:
        if (lane := _lanes.pop()()) is not None:
            lane._log = Mock()  # what is in flight ends later, unheard
            lane.wait(0.0)
            lane.close()
            if isinstance(lane._transport, HTTPXTransport):
                lane._transport.close()
    # The next test has threads of its own, and may count them.
    worker_thread._worker = None
    delivery_thread._thread = None
    started = [
        thread
        for thread in threading.enumerate()
        if isinstance(thread, BackgroundThread) and thread not in threads
    ]
    for thread in started:
        thread.end()
    for thread in started:
        thread.join(1.0)
    # Only now: a late event would open its file again.
    while _files:
        _files.pop().close()


@pytest.fixture
def collector() -> Iterator[CollectorServer]:
    """A collector for one test."""
    from footfall.collector import CollectorServer

    with CollectorServer() as running:
        yield running


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the vendor's script and the middleware have counted, from all workers."""
    found = [
        each
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, each in getattr(report, "user_properties", ())
        if name == "agreement" and report.when == "call"
    ]
    if found:
        from tests.agreement.comparison import Comparison
        from tests.agreement.scenarios import table

        terminalreporter.section("agreement with the vendor's own script")
        rows = [(label, Comparison(**counts), difference) for label, counts, difference in found]
        terminalreporter.write_line(table(rows))


def program(name: str) -> str | None:
    """The path of a program, or None where it is not installed; a path may be any file's."""
    if name.startswith("/"):
        return name if Path(name).exists() else None
    return shutil.which(name, path=_SEARCH_PATH)


# No deadline, for a busy machine may be slow in any example.
hypothesis.settings.register_profile("footfall", deadline=None)
hypothesis.settings.load_profile("footfall")
