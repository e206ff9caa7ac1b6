"""Nothing is lost, and no process aborts, where an interpreter ends that is not the only one.

The numbers in the ids are those of the catalogue in `tests/FAULTS.md`.
"""

from __future__ import annotations

import importlib.util
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from footfall.delivery.transport.choose import why_unavailable
from footfall.testing import MemoryTransport
from tests.support.trackers import tracker_over, visit
from tests.support.vendors import Vendor
from tests.tracker.programs import PRELUDE, ended, names, program

# Ends with the interpreter: `Py_EndInterpreter` runs its exit hooks, and aborts the process if a
# thread is left then.
RUN = """
import _testcapi
assert _testcapi.run_in_subinterp(f"import sys; sys.argv = {sys.argv!r}\\n" + sys.argv[2]) == 0
"""

PROGRAMS = {
    "tracked and never flushed": """
make()
for name in "ABC":
    track(name)
""",
    "after a while without events": """
from footfall.tracker import worker_thread
worker_thread.AWAKE_SECONDS = 0.02
make()
track("A")
footfall.flush()
while tracker._inbox.awake_until != float("-inf"):
    time.sleep(0.01)
track("B")
track("C")
""",
    "by a tracker that the app has dropped": """
import gc
from footfall.tracker import worker_thread
worker_thread.AWAKE_SECONDS = 0.02
for name in "ABC":
    make()
    track(name)
    footfall.flush()
del tracker
while process_hooks.trackers():
    time.sleep(0.01)
    gc.collect()
""",
    "in an exit hook that runs last": """
atexit.register(track, "C")
atexit.register(track, "B")
make()
track("A")
""",
    "with an outbox": """
make(outbox=sys.argv[3] + "/outbox.db")
for name in "ABC":
    track(name)
""",
}


@pytest.mark.long
@pytest.mark.parametrize("code", PROGRAMS.values(), ids=PROGRAMS)
@pytest.mark.skipif(
    importlib.util.find_spec("_testcapi") is None, reason="this Python has no _testcapi"
)
def test_73_an_interpreter_that_ends_waits_for_the_threads(
    code: str, good: Vendor, tmp_path: Path
) -> None:
    with program(RUN, good, PRELUDE + code, str(tmp_path)) as process:
        ended(process)
    assert names(good) == ["A", "B", "C"]


ISOLATED = """
import _interpreters
isolated = _interpreters.create("isolated")
failed = _interpreters.run_string(isolated, f"import sys; sys.argv = {sys.argv!r}\\n" + sys.argv[2])
assert failed is None, failed
_interpreters.destroy(isolated)
"""

TRACKED = """
make()
track("A")
assert [*tracker.stats()["destinations"].values()][0]["accepted"] == 1, tracker.stats()
track("B")
"""


@pytest.mark.skipif(
    sys.version_info < (3, 14), reason="before Python 3.14 `import ssl` may corrupt its memory"
)
def test_73_an_isolated_interpreter_delivers_without_a_thread(good: Vendor) -> None:
    with program(ISOLATED, good, PRELUDE + TRACKED) as process:
        ended(process)
    assert names(good) == ["A", "B"]


def test_where_python_allows_no_daemon_thread_requests_deliver(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    init = threading.Thread.__init__

    def refuse(thread: threading.Thread, *args: Any, daemon: bool | None = None, **kw: Any) -> None:
        if daemon:
            raise RuntimeError("daemon threads are disabled in this (sub)interpreter")
        init(thread, *args, daemon=daemon, **kw)

    monkeypatch.setattr(threading.Thread, "__init__", refuse)
    transport = MemoryTransport()
    with caplog.at_level("INFO", logger="footfall"):
        tracker = tracker_over(transport)
    visit(tracker)
    assert len(transport.requests) == 1
    assert "delivers within each request" in caplog.text
    assert why_unavailable("curl") is not None
