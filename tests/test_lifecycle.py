"""Nothing is lost or doubled when processes fork, freeze and end.

The numbers in the ids are those of a catalogue of faults, which the tests of real servers in
`tests/e2e/test_lifecycle.py` share.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import footfall
from footfall.config import Config
from footfall.errors import NotSent
from footfall.model import Request, Response
from footfall.testing import MemoryTransport
from footfall.tracker import Tracker, process_hooks
from tests.support import vendors
from tests.support.adapters import PLAUSIBLE
from tests.support.faults import Scripted
from tests.support.vendors import Vendor, vendor, wait_until

VISITOR = {"ip": "198.51.100.7", "ua": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}

# What every program below begins with: a tracker for the vendor named as its first argument.
PRELUDE = """
import atexit, os, signal, sys, threading, time
import footfall
from footfall.tracker import process_hooks
from footfall.tracker import Tracker

def tell(name):
    tracker.track(name, url="https://example.com/", visitor={"ip": "198.51.100.7", "ua": name})

def make(**options):
    global tracker
    tracker = Tracker.from_options({"destinations": sys.argv[1], **options}, environ={})
"""


def dsn(server: Vendor) -> str:
    return server.url.replace("http://", "plausible+http://") + "/example.com"


def names(server: Vendor) -> list[str]:
    """The events that the vendor was told of, sorted."""
    return sorted(
        request.split(b'"name":"')[1].split(b'"')[0].decode() for request in server.requests
    )


@contextmanager
def program(code: str, server: Vendor, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run the prelude and `code` in an interpreter of its own."""
    environ = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", PRELUDE + code, dsn(server), *arguments],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[str], status: int = 0) -> float:
    """Wait for the end, which must be a quiet one; the seconds that took."""
    started = time.monotonic()
    out, errors = process.communicate(timeout=60)
    assert "Traceback" not in errors + out, errors + out
    assert process.returncode == status, errors + out
    return time.monotonic() - started


@pytest.fixture
def good() -> Iterator[Vendor]:
    with vendor(vendors.answering(vendors.answer())) as server:
        yield server


@pytest.fixture
def silent() -> Iterator[Vendor]:
    with vendor(vendors.hanging) as server:
        yield server


def tracker_over(transport: Any, **options: Any) -> Tracker:
    return Tracker(Config(destinations=[PLAUSIBLE], transport=transport, **options), environ={})


def tell(tracker: Tracker, name: str, agent: str = "") -> None:
    visitor = {**VISITOR, "ua": agent or name}
    tracker.track(name, url="https://example.com/", visitor=visitor)


def told(transport: Any) -> list[str]:
    return [r.body.split(b'"name":"')[1].split(b'"')[0].decode() for r in transport.requests]


# -- the end of a program ----------------------------------------------------------------------

ENDS = {
    "34-once": """
make()
tell("A")
""",
    "34-flushed and closed before": """
make()
tell("A")
assert footfall.flush() and tracker.close() and tracker.close() and footfall.flush()
""",
    "34-in an exit hook that runs first": """
make()
atexit.register(tell, "A")
""",
    "34-in an exit hook that runs last": """
atexit.register(tell, "A")
make()
""",
    "34-in exit hooks before and after": """
atexit.register(tell, "B")
make()
atexit.register(tell, "A")
""",
    "34-in a thread that outlives main": """
make()
threading.Thread(target=lambda: (time.sleep(0.2), tell("A"))).start()
""",
    "34-flushed by four threads": """
make()
for name in "ABCD":
    tell(name)
for _ in range(4):
    threading.Thread(target=footfall.flush).start()
""",
    "34-in a signal handler": """
make()
signal.signal(signal.SIGUSR1, lambda *_: (tell("A"), footfall.flush()))
signal.raise_signal(signal.SIGUSR1)
""",
    "34-by sys.exit": """
make()
tell("A")
sys.exit()
""",
    "47-the first event of all in an exit hook": """
make()
atexit.register(lambda: (tell("A"), tell("B")))
""",
}


@pytest.mark.parametrize("code", ENDS.values(), ids=ENDS.keys())
def test_what_is_told_before_the_end_is_delivered_once(code: str, good: Vendor) -> None:
    with program(code, good) as process:
        ended(process)
    letters = {part for part in "ABCD" if f'"{part}"' in code or ("ABCD" in code)}
    assert names(good) == sorted(letters)


def test_a_vendor_that_hangs_holds_up_the_end_for_two_seconds_at_most(silent: Vendor) -> None:
    with program(
        'import multiprocessing.util\nmake()\ntell("A")\nprint("end", flush=True)', silent
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert 1.5 < ended(process) < 4.0


DRAINING = """
make(shutdown_timeout_seconds=20, timeout_seconds=30)
tell("A")

def say_when():
    while not process_hooks.is_over():
        time.sleep(0.01)
    # Not `print`: the end of the process may come within it, and its lock would be missed.
    os.write(1, b"draining\\n")

threading.Thread(target=say_when, daemon=True).start()
while not [*tracker.stats()["destinations"].values()][0]["queued"]:
    time.sleep(0.01)
import multiprocessing.util  # whose exit hook runs before ours, and flushes, too
"""


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 0), (signal.SIGTERM, -signal.SIGTERM)],
    ids=["32-SIGINT", "32-SIGTERM"],
)
def test_a_signal_during_the_last_delivery_ends_it_at_once(
    number: int, status: int, silent: Vendor
) -> None:
    with program(DRAINING, silent) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "draining\n"
        process.send_signal(number)
        assert ended(process, status) < 10


def test_32_a_signal_that_python_heeds_too_late_to_end_its_wait_is_not_lost(silent: Vendor) -> None:
    # As if it had come in the moment before the wait: the flag is set, and nothing is interrupted.
    code = DRAINING.replace(
        r'os.write(1, b"draining\n")', "time.sleep(0.5); import _thread; _thread.interrupt_main()"
    )
    assert code != DRAINING
    with program(code, silent) as process:
        assert ended(process) < 10


@pytest.mark.parametrize("fault", [KeyboardInterrupt, SystemExit, RuntimeError])
def test_32_an_exit_hook_raises_nothing_and_after_ctrl_c_none_waits_again(
    fault: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def close() -> bool:
        calls.append("close")
        raise fault

    monkeypatch.setattr(process_hooks, "_is_interrupted", False)
    monkeypatch.setattr(process_hooks, "_is_over", False)
    monkeypatch.setattr(process_hooks, "close", close)
    process_hooks._at_exit("with", whatever="arguments")
    process_hooks._at_interpreter_exit()
    assert process_hooks.is_over()
    assert len(calls) == (2 if fault is RuntimeError else 1)


def test_34_an_event_told_when_the_interpreter_is_over_is_delivered_by_who_tells_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    monkeypatch.setattr(process_hooks, "_is_over", True)
    tell(tracker, "A")
    assert told(transport) == ["A"]


# -- the signal, where the owner asks for it ---------------------------------------------------

SIGTERMS = {
    "ends the process as before": (
        'make()\nfootfall.flush_on_sigterm()\ntell("A")\nsignal.raise_signal(signal.SIGTERM)\n'
        'tell("never")',
        -signal.SIGTERM,
        ["A"],
    ),
    "does what the server wanted": (
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        'make()\nfootfall.flush_on_sigterm()\ntell("A")\nsignal.raise_signal(signal.SIGTERM)',
        7,
        ["A"],
    ),
    "is ignored as before": (
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        'make()\nfootfall.flush_on_sigterm()\ntell("A")\nsignal.raise_signal(signal.SIGTERM)\n'
        'signal.raise_signal(signal.SIGTERM)\ntell("B")',
        0,
        ["A", "B"],
    ),
    "comes while a lock of ours is held": (
        'make()\nfootfall.flush_on_sigterm()\ntell("A")\n'
        "with tracker._thinking.turn:\n    signal.raise_signal(signal.SIGTERM)",
        -signal.SIGTERM,
        None,
    ),
    "comes while a lane's lock is held": (
        'make(shutdown_timeout_seconds=0.5)\nfootfall.flush_on_sigterm()\ntell("A")\n'
        "[lane] = tracker._lanes.all\n"
        "with lane._delivery.changed:\n    signal.raise_signal(signal.SIGTERM)",
        -signal.SIGTERM,
        None,
    ),
    "comes to a child": (
        'make()\nfootfall.flush_on_sigterm()\ntell("A")\npid = os.fork()\n'
        'if pid == 0: tell("B"); signal.raise_signal(signal.SIGTERM)\n'
        "assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGTERM",
        0,
        ["A", "B"],
    ),
    "comes while the interpreter ends": (
        "atexit.register(signal.raise_signal, signal.SIGTERM)\n"
        'make()\nfootfall.flush_on_sigterm()\ntell("A")',
        -signal.SIGTERM,
        ["A"],
    ),
}


@pytest.mark.parametrize(("code", "status", "expected"), SIGTERMS.values(), ids=SIGTERMS.keys())
def test_flush_on_sigterm_delivers_and_passes_the_signal_on(
    code: str, status: int, expected: list[str] | None, good: Vendor
) -> None:
    with program(code, good) as process:
        ended(process, status)
    assert expected is None or names(good) == expected


def test_a_second_sigterm_ends_the_flush_of_the_first_at_once(silent: Vendor) -> None:
    code = """
make(shutdown_timeout_seconds=20, timeout_seconds=30)
footfall.flush_on_sigterm()
tell("A")
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()
print("now", flush=True)
signal.raise_signal(signal.SIGTERM)
"""
    with program(code, silent) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert ended(process, -signal.SIGTERM) < 10


SERVERS_OWN: dict[str, Any] = {
    "handled": lambda *_: None,
    "ignored": signal.SIG_IGN,
}


@pytest.mark.parametrize("previous", SERVERS_OWN.values(), ids=SERVERS_OWN.keys())
def test_after_the_flush_sigterm_means_what_it_meant_before(previous: Any) -> None:
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    original = signal.signal(signal.SIGTERM, previous)
    try:
        footfall.flush_on_sigterm()
        tell(tracker, "A")
        signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is previous
    finally:
        signal.signal(signal.SIGTERM, original)
    assert told(transport) == ["A"]


def test_flush_on_sigterm_is_for_the_main_thread() -> None:
    raised: list[Exception] = []

    def ask() -> None:
        try:
            footfall.flush_on_sigterm()
        except ValueError as error:
            raised.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert len(raised) == 1


def test_nobody_asked_and_no_signal_is_caught(good: Vendor) -> None:
    code = 'before = signal.getsignal(signal.SIGTERM)\nmake()\ntell("A")\nassert footfall.flush()\n'
    with program(code + "assert signal.getsignal(signal.SIGTERM) == before", good) as process:
        ended(process)


# -- closed and opened -------------------------------------------------------------------------


def threads_of_ours() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("footfall")}


def test_45_a_tracker_may_be_closed_and_used_again_a_hundred_times(good: Vendor) -> None:
    tracker = Tracker(Config(destinations=[dsn(good)]), environ={})
    for number in range(100):
        tell(tracker, f"E{number}")
        assert tracker.close(10)
    assert names(good) == sorted(f"E{number}" for number in range(100))
    assert good.connections == 100


def test_44_a_closed_tracker_keeps_no_thread_and_no_connection(good: Vendor) -> None:
    before = threads_of_ours()
    tracker = Tracker(Config(destinations=[dsn(good)]), environ={})
    tell(tracker, "A")
    assert wait_until(lambda: tracker.stats()["destinations"] and len(good.requests) == 1)
    assert threads_of_ours() - before
    assert tracker.close(5)
    assert wait_until(lambda: not threads_of_ours() - before, 5)
    tell(tracker, "B")
    assert tracker.close(5)
    assert good.connections == 2


def test_an_event_that_meets_the_closing_is_delivered(monkeypatch: pytest.MonkeyPatch) -> None:
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    flush_until = tracker.flush_until

    def flush_and_be_too_slow(deadline: float) -> bool:
        is_lossless = flush_until(deadline)
        tell(tracker, "late")
        return is_lossless

    monkeypatch.setattr(tracker, "flush_until", flush_and_be_too_slow)
    tell(tracker, "early")
    assert tracker.close(5)
    assert wait_until(lambda: told(transport) == ["early", "late"])


def test_a_transport_of_the_owners_own_is_not_closed() -> None:
    class Closing(MemoryTransport):
        is_closed = False

        def close(self) -> None:
            self.is_closed = True

    transport = Closing()
    tracker = tracker_over(transport)
    tell(tracker, "A")
    assert tracker.close(5)
    assert not transport.is_closed


# -- platforms that announce the end -----------------------------------------------------------


@pytest.fixture
def unhooked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_hooks, "_hooked", set())


@pytest.mark.usefixtures("unhooked")
def test_mod_wsgi_is_asked_to_tell_of_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    subscribed: list[Any] = []
    monkeypatch.setitem(
        sys.modules,
        "mod_wsgi",
        SimpleNamespace(subscribe_shutdown=subscribed.append),
    )
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    for _ in range(3):
        tell(tracker, "A")
        tracker.close(5)
    [hook] = subscribed
    tell(tracker, "B")
    hook("process_stopping", shutdown_reason="")
    assert told(transport) == ["A", "A", "A", "B"]


@pytest.mark.usefixtures("unhooked")
def test_the_exit_hook_of_uwsgi_is_shared_with_who_had_it_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called: list[str] = []
    uwsgi: Any = ModuleType("uwsgi")
    uwsgi.atexit = lambda: called.append("theirs")
    monkeypatch.setitem(sys.modules, "uwsgi", uwsgi)
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    tell(tracker, "A")
    uwsgi.atexit()
    assert (told(transport), called) == (["A"], ["theirs"])


@pytest.mark.parametrize("signal", ["worker_process_shutdown", "worker_shutdown"])
@pytest.mark.usefixtures("unhooked")
def test_41_a_signal_of_celery_delivers(signal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    signals = pytest.importorskip("celery.signals")
    for name in ("worker_process_shutdown", "worker_shutdown"):
        monkeypatch.setattr(signals, name, type(signals.worker_shutdown)(name=name))
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    with tracker._thinking.turn:  # so that the delivery thread is not first
        tell(tracker, "A")
        assert told(transport) == []
        getattr(signals, signal).send(sender=None)
        assert told(transport) == ["A"]


@pytest.mark.usefixtures("unhooked")
def test_a_module_that_only_has_the_name_of_a_platform_harms_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "mod_wsgi", ModuleType("mod_wsgi"))
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    tell(tracker, "A")
    assert tracker.flush(5)
    assert told(transport) == ["A"]


def test_no_platform_is_imported(good: Vendor) -> None:
    code = """
make()
tell("A")
assert footfall.flush()
assert not {"uwsgi", "mod_wsgi", "celery", "gevent", "multiprocessing", "gunicorn"} & {*sys.modules}
"""
    with program(code, good) as process:
        ended(process)


CHILDREN = """
import multiprocessing, multiprocessing.util, os, sys
from footfall.tracker import Tracker

TRACKER = Tracker.from_options({"destinations": sys.argv[1]}, environ={})

def tell(name):
    TRACKER.track(name, url="https://example.com/", visitor={"ip": "198.51.100.7", "ua": name})

def tell_at_the_end(name):
    from multiprocessing import util
    util.Finalize(None, tell, (name,), exitpriority=50)

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[2])
    tell("parent")
    children = [
        context.Process(target=work, args=(f"{work.__name__}{number}",))
        for work in (tell, tell_at_the_end) for number in range(2)
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
    assert names(good) == ["parent", "tell0", "tell1", "tell_at_the_end0", "tell_at_the_end1"]


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
        tell(f"visitor {number % 1000}")
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
        tell("child")
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
tell("A")
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
tell("A")
assert footfall.flush()
tell("B")

def look():
    assert threading.active_count() == 1

started = time.monotonic()
for number in range(50):
    subprocess.run(["/bin/true"], check=True, preexec_fn=look if number % 2 else None)
assert time.monotonic() - started < 10
"""
    with program(code, good) as process:
        ended(process)
    assert names(good) == ["A", "B"]


def test_38_no_fork_waits_for_a_vendor_that_hangs(silent: Vendor) -> None:
    code = """
import subprocess
make(shutdown_timeout_seconds=1.0)
started = time.monotonic()
for number in range(20):
    tell(f"{number}")
    subprocess.run(["/bin/true"], check=True, preexec_fn=os.getpid)
assert time.monotonic() - started < 10
"""
    with program(code, silent) as process:
        ended(process)


UNTOLD_FORK = """
make()
tell("parent")
assert footfall.flush()
while tracker._inbox.awake_until != float("-inf"):
    time.sleep(0.05)
# As uWSGI forks where it tells nobody.
hooks = process_hooks._trackers
process_hooks._trackers = type(hooks)()
pid = os.fork()
process_hooks._trackers = hooks
if pid == 0:
    tell("child")
    footfall.flush()
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
"""


def test_39_a_child_that_nobody_told_of_its_fork_delivers_its_own(good: Vendor) -> None:
    with program(UNTOLD_FORK, good) as process:
        ended(process)
    assert names(good) == ["child", "parent"]


def test_35_what_waits_in_the_parent_is_not_delivered_by_its_child(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(threading.Thread, "start", lambda self: None)
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    tell(tracker, "parent")
    tracker._owner = os.getppid()
    assert process_hooks.flush(1)
    assert process_hooks.close(1)
    assert tracker.flush(1)
    assert tracker.close(1)
    assert told(transport) == []


UWSGI_FORK = """
import types
uwsgi = sys.modules["uwsgi"] = types.ModuleType("uwsgi")
order = []
uwsgi.post_fork_hook = lambda: order.append("theirs")
make()
tell("parent")
time.sleep(0.05)  # the parent's thread is awake, and looks for events by itself

# As uWSGI forks: none of Python's own hooks run in the child.
hooks = process_hooks._trackers
process_hooks._trackers = type(hooks)()
pid = os.fork()
process_hooks._trackers = hooks
if pid == 0:
    uwsgi.post_fork_hook()
    for name in ("first", "second"):
        tell(name)
    footfall.flush()
    assert order == ["theirs"]
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
"""


def test_39_a_child_of_uwsgi_loses_nothing_of_its_first_second(good: Vendor) -> None:
    with program(UWSGI_FORK, good) as process:
        ended(process)
    assert names(good) == ["first", "parent", "second"]


def test_39_uwsgi_tells_of_its_fork_and_may_do_so_without_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    uwsgi: Any = ModuleType("uwsgi")
    monkeypatch.setitem(sys.modules, "uwsgi", uwsgi)
    monkeypatch.setattr(process_hooks, "_is_forked", False)
    monkeypatch.setattr(process_hooks, "_is_hooked", False)
    monkeypatch.setattr("atexit.register", lambda hook: None)
    monkeypatch.setattr("os.register_at_fork", lambda *, after_in_child: None)
    monkeypatch.setattr(threading.Thread, "start", lambda self: None)
    tracker = tracker_over(MemoryTransport())
    tell(tracker, "A")
    uwsgi.post_fork_hook()
    assert tracker.stats()["captured"] == 1
    tracker._owner = os.getppid()
    uwsgi.post_fork_hook()
    assert tracker.stats()["captured"] == 0


MASTERS = {
    "gunicorn, loading the app": ("gunicorn", ["setup"], "gunicorn"),
    "gunicorn, in a worker": ("gunicorn", ["setup", "spawn_worker"], None),
    "gunicorn, in a thread of a worker": ("gunicorn", [], None),
    "uWSGI, loading the app": ("uwsgi", [0], "uWSGI"),
    "uWSGI, in a worker": ("uwsgi", [1], None),
    "neither": ("", [], None),
}


@pytest.mark.parametrize(("server", "calls", "expected"), MASTERS.values(), ids=MASTERS.keys())
def test_a_master_that_is_yet_to_fork_is_known(
    server: str, calls: list[Any], expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_hooks, "_is_forked", False)
    ask: Any = process_hooks.master
    if server == "gunicorn":
        arbiter: Any = ModuleType("gunicorn.arbiter")
        monkeypatch.setitem(sys.modules, "gunicorn.arbiter", arbiter)
        for name in reversed(calls):
            exec(f"def {name}(ask): return ask()", arbiter.__dict__)
            ask = partial(getattr(arbiter, name), ask)
    elif server == "uwsgi":
        uwsgi: Any = ModuleType("uwsgi")
        uwsgi.worker_id = lambda: calls[0]
        monkeypatch.setitem(sys.modules, "uwsgi", uwsgi)
    assert ask() == expected


def test_in_the_master_of_uwsgi_no_thread_is_started(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(process_hooks, "master", lambda: "uWSGI")
    tracker = tracker_over(MemoryTransport())
    tell(tracker, "A")
    assert tracker._thread.current is None
    assert "told in uWSGI's master" in caplog.text


# -- freeze ------------------------------------------------------------------------------------

FREEZERS = {
    "AWS Lambda": {"AWS_LAMBDA_FUNCTION_NAME": "site"},
    "Cloud Functions": {"FUNCTION_TARGET": "main"},
    "Cloud Run": {"K_SERVICE": "site"},
    "Vercel": {"VERCEL": "1"},
}


@pytest.mark.parametrize("environ", FREEZERS.values(), ids=FREEZERS.keys())
def test_a_platform_that_freezes_is_known_and_said(
    environ: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    transport = MemoryTransport()
    with caplog.at_level("INFO", logger="footfall"):
        tracker = Tracker(Config(destinations=[PLAUSIBLE], transport=transport), environ=environ)
    tell(tracker, "A")
    assert told(transport) == ["A"]
    assert f"since {next(iter(environ))} tells" in caplog.text


def test_what_the_owner_says_of_freezing_wins(caplog: pytest.LogCaptureFixture) -> None:
    transport = MemoryTransport()
    config = Config(destinations=[PLAUSIBLE], transport=transport, mode="thread")
    with caplog.at_level("INFO", logger="footfall"):
        tracker = Tracker(config, environ={"K_SERVICE": "site"})
    with tracker._thinking.turn:
        tell(tracker, "A")
        assert told(transport) == []
    assert wait_until(lambda: told(transport) == ["A"])
    assert "within each request" not in caplog.text


def sync_tracker(transport: Any, **options: Any) -> Tracker:
    return tracker_over(transport, mode="sync", **options)


def counts(tracker: Tracker) -> dict[str, int]:
    [found] = tracker.stats()["destinations"].values()
    return {name: value for name, value in found.items() if value and type(value) is int}


class Slow:
    """Takes its time for the event of one name; remembers all."""

    def __init__(self, name: str) -> None:
        self._name = name.encode()
        self.requests: list[Request] = []
        self.go_on = threading.Event()

    def send(self, request: Request) -> Response:
        self.requests.append(request)
        if b'"name":"' + self._name in request.body:
            self.go_on.wait(10)
        return Response(status=202, body=b"ok")


def test_in_sync_mode_a_request_waits_for_its_own_event_alone() -> None:
    transport = Slow("held")
    tracker = sync_tracker(transport)
    other = threading.Thread(target=tell, args=(tracker, "held"))
    other.start()
    assert wait_until(lambda: told(transport) == ["held"])
    started = time.monotonic()
    for number in range(3):
        tell(tracker, f"quick {number}")
    assert time.monotonic() - started < 1.0
    # The thread of the other one takes along what it finds while it still thinks.
    assert wait_until(lambda: counts(tracker) == {"submitted": 4, "accepted": 3, "queued": 1})
    transport.go_on.set()
    other.join()
    assert wait_until(lambda: counts(tracker) == {"submitted": 4, "accepted": 4})


def test_in_sync_mode_a_request_waits_for_a_second_at_most() -> None:
    transport = Slow("held")
    tracker = sync_tracker(transport)
    started = time.monotonic()
    tell(tracker, "held")
    assert 0.9 < time.monotonic() - started < 3.0
    assert counts(tracker) == {"submitted": 1, "queued": 1}
    transport.go_on.set()


def test_in_sync_mode_an_event_has_one_try() -> None:
    transport = Scripted(NotSent("refused"))
    tracker = sync_tracker(transport)
    tell(tracker, "A")
    assert counts(tracker) == {"submitted": 1, "failed": 1}


def test_in_sync_mode_nobody_waits_for_a_vendor_that_is_left_alone() -> None:
    transport = Scripted(*[NotSent("refused")] * 5)
    tracker = sync_tracker(transport)
    for number in range(5):
        tell(tracker, f"{number}")
    started = time.monotonic()
    tell(tracker, "later")
    assert time.monotonic() - started < 0.9
    assert counts(tracker) == {"submitted": 6, "failed": 5, "queued": 1}


def test_72_after_a_thaw_nothing_stale_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    transport = Scripted(*[NotSent("refused")] * 5)
    tracker = sync_tracker(transport)
    for number in range(6):  # the last one is kept: the vendor is left alone for a while
        tell(tracker, f"stale {number}")
    wall_clock = time.time
    monkeypatch.setattr(time, "time", lambda: wall_clock() + 600)
    [lane] = tracker._lanes.all
    lane._delivery.ledger._wall_clock = time.time
    lane._delivery.breaker.open_until = 0.0
    tell(tracker, "fresh")
    assert told(transport)[5:] == ["fresh"]
    assert counts(tracker) == {"submitted": 7, "failed": 5, "expired": 1, "accepted": 1}


def test_72_after_a_thaw_a_new_connection_is_made(
    good: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker = Tracker(Config(destinations=[dsn(good)], mode="sync"), environ={})
    tell(tracker, "A")
    tell(tracker, "B")
    assert good.connections == 1
    wall_clock = time.time
    monkeypatch.setattr(time, "time", lambda: wall_clock() + 2)
    tell(tracker, "C")
    assert (good.connections, names(good)) == (2, ["A", "B", "C"])


def test_in_sync_mode_no_thread_to_be_had_is_no_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    transport = MemoryTransport()
    tracker = sync_tracker(transport)
    tell(tracker, "A")
    assert told(transport) == ["A"]


# -- reload ------------------------------------------------------------------------------------

RELOADERS: dict[str, tuple[dict[str, str], list[str]]] = {
    "Django": ({"RUN_MAIN": "true"}, []),
    "Werkzeug": ({"WERKZEUG_RUN_MAIN": "true"}, []),
    "uvicorn": ({}, ["uvicorn", "--reload", "site:app"]),
}


@pytest.mark.parametrize(("environ", "arguments"), RELOADERS.values(), ids=RELOADERS.keys())
def test_a_reloading_server_gets_its_port_back_soon(
    environ: dict[str, str], arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", arguments)
    tracker = Tracker(Config(destinations=[PLAUSIBLE]), environ={"PYTEST_VERSION": "9", **environ})
    assert tracker.shutdown_seconds == 0.5


# -- gevent ------------------------------------------------------------------------------------

GEVENT = """
def patch():
    from gevent import monkey
    monkey.patch_all()

def use():
    make()
    tell("first")
    assert footfall.flush(10)

if sys.argv[2] == "import-after": patch()
if sys.argv[2] == "import-before": make(); patch()
use()
if sys.argv[2] == "thread-before":
    patch()
import gevent

gaps = []
def tick():
    last = time.perf_counter()
    while True:
        gevent.sleep(0.01)
        now = time.perf_counter()
        gaps.append(now - last)
        last = now

gevent.spawn(tick)
for number in range(10):
    gevent.spawn(tell, f"greenlet {number}")
    gevent.sleep(0.02)
gevent.sleep(0)
assert footfall.flush(15), tracker.stats()
print(len(gaps), *sorted(gaps)[-2:], flush=True)
# gevent may crash when an interpreter ends whose threads are older than its patch.
os._exit(0)
"""


@pytest.mark.parametrize(
    "order", ["import-after", "import-before", "thread-before"], ids="43-{}".format
)
def test_under_gevent_everything_is_delivered_and_the_hub_goes_on(order: str) -> None:
    pytest.importorskip("gevent")
    with vendor(vendors.slow(0.4, vendors.answer())) as server:
        with program(GEVENT, server, order) as process:
            out, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        # gevent itself complains of every thread that was started before the patch and ends later.
        assert "footfall/" not in errors
        assert names(server) == ["first", *sorted(f"greenlet {number}" for number in range(10))]
    # Of eleven answers each would be such a gap; one alone is a hiccup of the machine.
    ticks, second_longest, _ = out.split()
    assert int(ticks) > 10
    assert float(second_longest) < 0.35, "the hub stood still while the vendor took its time"
