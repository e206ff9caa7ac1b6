"""What holds for every test: servers that it may need, and what is told at the end."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import hypothesis
import pytest

from footfall.tracker import process_hooks

# What asserts for the tests; without this its failures show no values.
pytest.register_assert_rewrite(
    "tests.support.faults",
    "tests.support.transports",
    "tests.support.adapters",
    "tests.e2e.servers",
)

# Programs that pip installs stand beside the interpreter, wherever PATH leads.
_SEARCH_PATH = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))


def pytest_configure(config: pytest.Config) -> None:
    """Make us a parent like any other, whose programs are as a person would start them.

    Coverage measures the workers of pytest-xdist, and nobody below them. And a shell lets what it
    starts in the background ignore Ctrl-C, which is handed down to programs that a test interrupts.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    is_worker = hasattr(config, "workerinput")
    if is_worker or not config.getoption("numprocesses", None):
        os.environ.pop("COVERAGE_PROCESS_CONFIG", None)


@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """How many `-n auto` are: one more than the cores, for many a test waits for a server."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """Spare the collector of garbage thousands of tests, which are none.

    A look at all of them takes a tenth of a second, in whichever visit it comes.
    """
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    """What is frozen would be a leak to extension modules, which say so."""
    gc.unfreeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose programs are missing; where servers are required, fail instead."""
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
    """Let no later test meet the threads, or wait for the events, of a tracker that was left."""
    before = {*process_hooks._trackers}
    yield
    for tracker in {*process_hooks._trackers} - before:
        with suppress(IndexError):
            while True:
                tracker._inbox.take()
        # What is being thought about now would end in the next test's outbox.
        if tracker._thinking.turn.acquire(timeout=1.0):
            tracker._thinking.turn.release()
        tracker.close(0.0)
        process_hooks._trackers.discard(tracker)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what the vendor's script and we have counted, whichever worker saw it."""
    lines = [
        (label, verdict, difference)
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, (label, verdict, difference) in getattr(report, "user_properties", ())
        if name == "agreement" and report.when == "call"
    ]
    if lines:
        from tests.agreement.book import table
        from tests.agreement.reckoning import Verdict

        terminalreporter.section("agreement with the vendor's own script")
        told = [(label, Verdict(**verdict), difference) for label, verdict, difference in lines]
        terminalreporter.write_line(table(told))


def program(name: str) -> str | None:
    """Where the program is, or None."""
    return shutil.which(name, path=_SEARCH_PATH)


# Machines that are busy with something else are slow; that is no fault of an example.
hypothesis.settings.register_profile("footfall", deadline=None)
hypothesis.settings.load_profile("footfall")
