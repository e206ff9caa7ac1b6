"""Nothing is lost or doubled when a process forks.

The numbers in the ids are those of the catalogue in `tests/FAULTS.md`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from footfall.config import Config
from footfall.testing import MemoryTransport
from footfall.tracker import Tracker, process_hooks
from footfall.tracker.worker_thread import PolledInbox, worker
from tests.support import vendors
from tests.support.trackers import tracker_over, visit
from tests.support.vendors import Vendor, vendor, wait_until
from tests.tracker.programs import dsn, ended, names, program, sent_names, track

# -- multiprocessing, and what is loaded late ---------------------------------------------------

CHILDREN = """
import multiprocessing, multiprocessing.util, os, sys
from footfall.tracker import Tracker

OPTIONS = {"destinations": sys.argv[1], "shutdown_timeout_seconds": 30}
TRACKER = Tracker.from_options(OPTIONS, environ={})

def track(name):
    TRACKER.track(name, url="https://example.com/", visitor={"ip": "198.51.100.7", "ua": name})

def track_at_the_end(name):
    from multiprocessing import util
    util.Finalize(None, track, (name,), exitpriority=50)

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[2])
    track("parent")
    children = [
        context.Process(target=work, args=(f"{work.__name__}{number}",))
        for work in (track, track_at_the_end) for number in range(2)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
        assert child.exitcode == 0
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"], ids="42-{}".format)
def test_children_of_multiprocessing_deliver_before_they_end(
    method: str, good: Vendor, tmp_path: Path
) -> None:
    file = tmp_path / "children.py"
    file.write_text(CHILDREN)
    environ = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(file), dsn(good), method],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "Traceback" not in done.stderr
    assert names(good) == ["parent", "track0", "track1", "track_at_the_end0", "track_at_the_end1"]


LOADS = """
import sys
from footfall.tracker import Tracker
tracker = Tracker.from_options({"destinations": sys.argv[1], "transport": sys.argv[2]}, environ={})
before = {*sys.modules}
tracker.track("A", url="https://example.com/", visitor={"ip": "198.51.100.7", "ua": "A"})
assert tracker.flush(10)
print(*{*sys.modules} - before)
"""


@pytest.mark.parametrize("transport", ["curl", "httpx"])
def test_delivery_loads_no_module_that_a_fork_could_leave_locked(
    transport: str, good: Vendor
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADS, dsn(good), transport],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == []


# -- fork --------------------------------------------------------------------------------------

FORKS = """
import itertools
from footfall.config import Config
from footfall.testing import MemoryTransport

transport = MemoryTransport(10**6)
config = Config(destinations=["plausible://plausible.io/example.com"], transport=transport)
tracker = Tracker(config, environ={})

def load():
    for number in itertools.count():
        track(f"visitor {number % 1000}")
        if number % 50 == 0:
            footfall.flush(0.01)
            tracker.stats()
        time.sleep(0.0001)

for _ in range(3):
    threading.Thread(target=load, daemon=True).start()
until = time.monotonic() + float(sys.argv[2])
forks, children = 0, set()
while children or time.monotonic() < until:
    if len(children) == 16 or time.monotonic() >= until:
        pid, status = os.wait()
        assert status == 0, (forks, status)
        children.remove(pid)
        continue
    pid = os.fork()
    if pid == 0:
        signal.alarm(20)
        transport.requests.clear()
        track("child")
        os._exit(0 if footfall.flush(15) and len(transport.requests) == 1 else 1)
    children.add(pid)
    forks += 1
print(forks, flush=True)
os._exit(0)
"""


def test_36_a_child_forked_at_any_moment_delivers_its_own_and_nothing_else(good: Vendor) -> None:
    with program(FORKS, good, "6") as process:
        out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert int(out) > 100


def test_36_what_delivery_needs_is_loaded_before_a_thread_can_be_forked_away(
    good: Vendor,
) -> None:
    code = """
import ssl
make()
before = {*sys.modules}

class TooLate:
    def __init__(self, *_):
        raise AssertionError("a TLS context is made on the delivery thread")

ssl.SSLContext = ssl.create_default_context = TooLate
track("A")
assert footfall.flush()
later = {name.partition(".")[0] for name in {*sys.modules} - before}
assert not later & {"httpx2", "httpcore2", "ssl", "h11", "encodings", "idna", "pycurl"}, later
"""
    with program(code, good) as process:
        ended(process)
    assert names(good) == ["A"]


def test_38_programs_started_by_the_app_have_no_threads_and_no_delay(good: Vendor) -> None:
    code = """
import subprocess
make()
track("A")
assert footfall.flush()
track("B")

def assert_alone():
    assert threading.active_count() == 1

started = time.monotonic()
for number in range(50):
    subprocess.run(["/bin/true"], check=True, preexec_fn=assert_alone if number % 2 else None)
assert time.monotonic() - started < 40  # of the two seconds that each might take
"""
    with program(code, good) as process:
        ended(process)
    assert names(good) == ["A", "B"]


def test_38_no_fork_waits_for_a_vendor_that_hangs(silent: Vendor) -> None:
    code = """
import subprocess
make(shutdown_timeout_seconds=5.0)
started = time.monotonic()
for number in range(20):
    track(f"{number}")
    subprocess.run(["/bin/true"], check=True, preexec_fn=os.getpid)
assert time.monotonic() - started < 40  # of the five seconds that each might take
os._exit(0)  # without the wait that an end may take
"""
    with program(code, silent) as process:
        ended(process)


FORK_WITHOUT_HOOKS = """
make()
track("parent")
assert footfall.flush()
while tracker._inbox.awake_until != float("-inf"):
    time.sleep(0.05)
# As uWSGI forks where it calls no hook.
hooks = process_hooks._state.trackers
process_hooks._state.trackers = type(hooks)()
pid = os.fork()
process_hooks._state.trackers = hooks
if pid == 0:
    track("child")
    footfall.flush()
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
"""


def test_39_a_child_whose_fork_ran_no_hook_delivers_its_own(good: Vendor) -> None:
    with program(FORK_WITHOUT_HOOKS, good) as process:
        ended(process)
    assert names(good) == ["child", "parent"]


def test_39_two_threads_of_such_a_child_start_it_anew_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    transport = MemoryTransport()
    tracker = tracker_over(transport)

    def polled_inbox(*parts: Any) -> PolledInbox:
        monkeypatch.undo()
        track(tracker, "other thread")  # it is scheduled in the midst of the reset
        return PolledInbox(*parts)

    monkeypatch.setattr("footfall.tracker.tracker.PolledInbox", polled_inbox)
    tracker._process_id = os.getppid()
    track(tracker, "first")
    visit(tracker)
    assert tracker.close(10)
    assert sent_names(transport) == ["other thread", "first", "pageview"]


def test_39_a_start_anew_that_is_interrupted_leaves_the_tracker_the_parents(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tracker = tracker_over(MemoryTransport())

    def interrupted(*parts: Any) -> PolledInbox:
        raise KeyboardInterrupt

    monkeypatch.setattr("footfall.tracker.tracker.PolledInbox", interrupted)
    tracker._process_id = os.getppid()
    with pytest.raises(KeyboardInterrupt):
        track(tracker, "first")
    assert not tracker.is_of_this_process


def test_35_what_waits_in_the_parent_is_not_delivered_by_its_child(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(threading.Thread, "start", lambda self: None)
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    track(tracker, "parent")
    tracker._process_id = os.getppid()
    assert process_hooks.flush(1)
    assert process_hooks.close(1)
    assert tracker.flush(1)
    assert tracker.close(1)
    assert sent_names(transport) == []


UWSGI_FORK = """
import types
uwsgi = sys.modules["uwsgi"] = types.ModuleType("uwsgi")
order = []
uwsgi.post_fork_hook = lambda: order.append("theirs")
make()
track("parent")
time.sleep(0.05)  # the parent's thread is awake, and polls the inbox by itself

# As uWSGI forks: none of Python's own hooks run in the child.
hooks = process_hooks._state.trackers
process_hooks._state.trackers = type(hooks)()
pid = os.fork()
process_hooks._state.trackers = hooks
if pid == 0:
    uwsgi.post_fork_hook()
    for name in ("first", "second"):
        track(name)
    footfall.flush()
    assert order == ["theirs"]
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
"""


FORK_INTERRUPTED = """
from footfall.tracker import tracker as module

interruptions = []

class Interrupted(module.Inbox):
    def __init__(self, *arguments):
        if os.getpid() != parent and not interruptions:
            interruptions.append(1)
            signal.raise_signal(signal.SIGINT)
        super().__init__(*arguments)

parent = os.getpid()
make()
module.Inbox = Interrupted
start, threading.Thread.start = threading.Thread.start, lambda self: None
track("parent")  # waits in the inbox, for no thread takes it
pid = os.fork()
threading.Thread.start = start
if pid == 0:
    assert interruptions
    track("child")
    os._exit(0 if footfall.flush() else 1)
assert os.waitpid(pid, 0)[1] == int(sys.argv[2])
"""


def test_38_a_ctrl_c_during_the_fork_leaves_no_tracker_half_reset(good: Vendor) -> None:
    with program(FORK_INTERRUPTED, good, "0") as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    # As Python reports of each exception of such a hook.
    assert "KeyboardInterrupt" in errors
    assert names(good) == ["child", "parent"]


def test_39_a_worker_of_uwsgi_that_is_stopped_during_its_fork_ends_quietly(good: Vendor) -> None:
    code = "import types\nsys.modules['uwsgi'] = types.ModuleType('uwsgi')\n" + FORK_INTERRUPTED
    with program(code, good, f"{int(signal.SIGINT)}") as process:
        ended(process)
    assert names(good) == ["parent"]


def test_39_a_child_of_uwsgi_loses_nothing_of_its_first_second(good: Vendor) -> None:
    with program(UWSGI_FORK, good) as process:
        ended(process)
    assert names(good) == ["first", "parent", "second"]


def in_a_child(work: Callable[[], bool]) -> int:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if work() else 1
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_after_a_fork_each_process_sends_its_own_once() -> None:
    with vendor(vendors.answering(vendors.answer())) as server:
        dsn = server.url.replace("http://", "plausible+http://") + "/example.com"
        tracker = Tracker(Config(destinations=[dsn], track_localhost=True), environ={})
        visit(tracker, "/parent-first")
        assert wait_until(lambda: len(server.requests) == 1)
        visit(tracker, "/parent-waiting")

        def child() -> bool:
            visit(tracker, "/child")
            return tracker.flush(5) and tracker.stats()["captured"] == 1

        assert in_a_child(child) == 0
        assert tracker.flush(30)
        paths = sorted(
            request.split(b"example.com/")[1].split(b'"')[0] for request in server.requests
        )
        assert paths == [b"child", b"parent-first", b"parent-waiting"]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_that_runs_no_hook_is_noticed_by_the_process_id() -> None:
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    visit(tracker)
    tracker.flush(5)
    owner = tracker._process_id

    def child() -> bool:
        tracker._process_id = owner  # undo what the hook of os.fork did
        worker().current = threading.Thread()
        tracker._inbox.awake_until = float("-inf")
        visit(tracker, "/child")
        return wait_until(lambda: len(transport.requests) == 2)

    assert in_a_child(child) == 0
