"""Nothing is lost, and no process aborts, where an interpreter ends that is not the only one.

The numbers in the ids are those of the catalogue in `tests/FAULTS.md`.
"""

from __future__ import annotations

import importlib.util

import pytest

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
import tempfile
make(outbox=tempfile.mkdtemp() + "/outbox.db")
for name in "ABC":
    track(name)
""",
}


@pytest.mark.parametrize("code", PROGRAMS.values(), ids=PROGRAMS)
@pytest.mark.skipif(
    importlib.util.find_spec("_testcapi") is None, reason="this Python has no _testcapi"
)
def test_73_an_interpreter_that_ends_waits_for_the_threads(code: str, good: Vendor) -> None:
    with program(RUN, good, PRELUDE + code) as process:
        ended(process)
    assert names(good) == ["A", "B", "C"]
