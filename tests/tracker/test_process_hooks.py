"""Nothing is lost or doubled when a process freezes and ends.

The numbers in the ids are those of the catalogue in `tests/FAULTS.md`, which the tests of real
servers in `tests/e2e/test_lifecycle.py` share.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import uvicorn

import footfall
from footfall.asgi import FootfallMiddleware
from footfall.common import background_thread
from footfall.config import Config
from footfall.testing import MemoryTransport
from footfall.tracker import Tracker, process_hooks
from footfall.tracker.worker_thread import worker
from tests.support import vendors
from tests.support.adapters import PLAUSIBLE
from tests.support.trackers import tracker_over, visit
from tests.support.vendors import Vendor, vendor, wait_until
from tests.support.waiting import LONG_SECONDS, no_long_wait
from tests.tracker.programs import ended, names, program, sent_names, track

# -- the end of a program ----------------------------------------------------------------------

ENDS = {
    "34-once": """
make()
track("A")
""",
    "34-flushed and closed before": """
make()
track("A")
assert footfall.flush() and tracker.close() and tracker.close() and footfall.flush()
""",
    "34-in an exit hook that runs first": """
make()
atexit.register(track, "A")
""",
    "34-in an exit hook that runs last": """
atexit.register(track, "A")
make()
""",
    "34-in exit hooks before and after": """
atexit.register(track, "B")
make()
atexit.register(track, "A")
""",
    "34-in a thread that outlives main": """
make()
threading.Thread(target=lambda: (time.sleep(0.2), track("A"))).start()
""",
    "34-flushed by four threads": """
make()
for name in "ABCD":
    track(name)
for _ in range(4):
    threading.Thread(target=footfall.flush).start()
""",
    "34-in a signal handler": """
make()
signal.signal(signal.SIGUSR1, lambda *_: (track("A"), footfall.flush()))
signal.raise_signal(signal.SIGUSR1)
""",
    "34-by sys.exit": """
make()
track("A")
sys.exit()
""",
    "47-the first event of all in an exit hook": """
make()
atexit.register(lambda: (track("A"), track("B")))
""",
}


@pytest.mark.parametrize("code", ENDS.values(), ids=ENDS.keys())
def test_what_is_tracked_before_the_end_is_delivered_once(code: str, good: Vendor) -> None:
    with program(code, good) as process:
        ended(process)
    letters = {part for part in "ABCD" if f'"{part}"' in code or ("ABCD" in code)}
    assert names(good) == sorted(letters)


def test_a_vendor_that_hangs_holds_up_the_end_for_two_seconds_at_most(silent: Vendor) -> None:
    code = """
import multiprocessing.util
options = {"destinations": sys.argv[1], "timeout_seconds": 60}
tracker = Tracker.from_options(options, environ={})
track("A")
print(flush=True)
"""
    with program(code, silent) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert ended(process) > 1.5


DRAINING = """
make(shutdown_timeout_seconds=60, timeout_seconds=60)
track("A")

def say_when():
    while not process_hooks.is_exiting():
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
        ended(process, status)


def test_32_a_signal_that_python_heeds_too_late_to_end_its_wait_is_not_lost(silent: Vendor) -> None:
    # As if it had come in the moment before the wait: the flag is set, and nothing is interrupted.
    code = DRAINING.replace(
        r'os.write(1, b"draining\n")', "time.sleep(0.5); import _thread; _thread.interrupt_main()"
    )
    assert code != DRAINING
    with program(code, silent) as process:
        ended(process)


@pytest.mark.parametrize("fault", [KeyboardInterrupt, SystemExit, RuntimeError])
def test_32_an_exit_hook_raises_nothing_and_after_ctrl_c_none_waits_again(
    fault: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def close() -> bool:
        calls.append("close")
        raise fault

    monkeypatch.setattr(process_hooks._state, "is_interrupted", False)
    monkeypatch.setattr(process_hooks._state, "is_exiting", False)
    monkeypatch.setattr(background_thread._registry, "is_refusing", False)
    monkeypatch.setattr(process_hooks, "close", close)
    process_hooks._at_exit("with", whatever="arguments")
    process_hooks._at_interpreter_exit()
    assert process_hooks.is_exiting()
    assert len(calls) == (2 if fault is RuntimeError else 1)


def test_34_an_event_tracked_when_the_interpreter_ends_is_delivered_by_its_caller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    monkeypatch.setattr(process_hooks._state, "is_exiting", True)
    track(tracker, "A")
    assert sent_names(transport) == ["A"]


# -- the signal, where the owner asks for it ---------------------------------------------------

SIGTERMS = {
    "ends the process as before": (
        'make()\nfootfall.flush_on_sigterm()\ntrack("A")\nsignal.raise_signal(signal.SIGTERM)\n'
        'track("never")',
        -signal.SIGTERM,
        ["A"],
    ),
    "does what the server wanted": (
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        'make()\nfootfall.flush_on_sigterm()\ntrack("A")\nsignal.raise_signal(signal.SIGTERM)',
        7,
        ["A"],
    ),
    "is ignored as before": (
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        'make()\nfootfall.flush_on_sigterm()\ntrack("A")\nsignal.raise_signal(signal.SIGTERM)\n'
        'signal.raise_signal(signal.SIGTERM)\ntrack("B")',
        0,
        ["A", "B"],
    ),
    "comes while a lock of ours is held": (
        'make(shutdown_timeout_seconds=0.5)\nfootfall.flush_on_sigterm()\ntrack("A")\n'
        "with tracker._pipeline.lock:\n    signal.raise_signal(signal.SIGTERM)",
        -signal.SIGTERM,
        None,
    ),
    "comes while a lane's lock is held": (
        'make(shutdown_timeout_seconds=0.5)\nfootfall.flush_on_sigterm()\ntrack("A")\n'
        "[lane] = tracker._dispatcher.lanes\n"
        "with lane._changed:\n    signal.raise_signal(signal.SIGTERM)",
        -signal.SIGTERM,
        None,
    ),
    "comes to a child": (
        'make()\nfootfall.flush_on_sigterm()\ntrack("A")\npid = os.fork()\n'
        'if pid == 0: track("B"); signal.raise_signal(signal.SIGTERM)\n'
        "assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGTERM",
        0,
        ["A", "B"],
    ),
    "comes while the interpreter ends": (
        "atexit.register(signal.raise_signal, signal.SIGTERM)\n"
        'make()\nfootfall.flush_on_sigterm()\ntrack("A")',
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
make(shutdown_timeout_seconds=60, timeout_seconds=60)
footfall.flush_on_sigterm()
track("A")
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()
print("now", flush=True)
signal.raise_signal(signal.SIGTERM)
"""
    with program(code, silent) as process:
        assert process.stdout is not None
        process.stdout.readline()
        ended(process, -signal.SIGTERM)


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
        track(tracker, "A")
        signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is previous
    finally:
        signal.signal(signal.SIGTERM, original)
    assert sent_names(transport) == ["A"]


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


def test_no_signal_is_caught_unless_the_owner_asks(good: Vendor) -> None:
    code = (
        'before = signal.getsignal(signal.SIGTERM)\nmake()\ntrack("A")\nassert footfall.flush()\n'
    )
    with program(code + "assert signal.getsignal(signal.SIGTERM) == before", good) as process:
        ended(process)


# -- platforms that announce the end -----------------------------------------------------------


@pytest.fixture
def unhooked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_hooks._state, "hooked_platforms", set())


@pytest.mark.usefixtures("unhooked")
def test_mod_wsgi_calls_our_hook_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    subscribed: list[Any] = []
    monkeypatch.setitem(
        sys.modules,
        "mod_wsgi",
        SimpleNamespace(subscribe_shutdown=subscribed.append),
    )
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    for _ in range(3):
        track(tracker, "A")
        tracker.close(5)
    [hook] = subscribed
    track(tracker, "B")
    hook("process_stopping", shutdown_reason="")
    assert sent_names(transport) == ["A", "A", "A", "B"]


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
    track(tracker, "A")
    uwsgi.atexit()
    assert (sent_names(transport), called) == (["A"], ["theirs"])


@pytest.mark.parametrize("signal", ["worker_process_shutdown", "worker_shutdown"])
@pytest.mark.usefixtures("unhooked")
def test_41_a_signal_of_celery_delivers(signal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    signals = pytest.importorskip("celery.signals")
    for name in ("worker_process_shutdown", "worker_shutdown"):
        monkeypatch.setattr(signals, name, type(signals.worker_shutdown)(name=name))
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    with tracker._pipeline.lock:  # so that the worker thread is not first
        track(tracker, "A")
        assert sent_names(transport) == []
        getattr(signals, signal).send(sender=None)
        assert sent_names(transport) == ["A"]


@pytest.mark.usefixtures("unhooked")
def test_a_module_that_only_has_the_name_of_a_platform_harms_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "mod_wsgi", ModuleType("mod_wsgi"))
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    track(tracker, "A")
    assert tracker.flush(30)
    assert sent_names(transport) == ["A"]


def test_no_platform_is_imported(good: Vendor) -> None:
    code = """
make()
track("A")
assert footfall.flush()
assert not {"uwsgi", "mod_wsgi", "celery", "gevent", "multiprocessing", "gunicorn"} & {*sys.modules}
"""
    with program(code, good) as process:
        ended(process)


# -- fork --------------------------------------------------------------------------------------


def test_39_uwsgi_calls_the_fork_hook_and_may_do_so_without_a_fork(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    uwsgi: Any = ModuleType("uwsgi")
    monkeypatch.setitem(sys.modules, "uwsgi", uwsgi)
    monkeypatch.setattr(process_hooks._state, "is_forked", False)
    monkeypatch.setattr(process_hooks._state, "is_hooked", False)
    monkeypatch.setattr("atexit.register", lambda hook: None)
    monkeypatch.setattr("os.register_at_fork", lambda *, after_in_child: None)
    monkeypatch.setattr(threading.Thread, "start", lambda self: None)
    tracker = tracker_over(MemoryTransport())
    track(tracker, "A")
    uwsgi.post_fork_hook()
    assert tracker.stats()["captured"] == 1
    tracker._process_id = os.getppid()
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
def test_a_master_that_is_yet_to_fork_is_recognised(
    server: str, calls: list[Any], expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_hooks._state, "is_forked", False)
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
    track(tracker, "A")
    assert worker().current is None
    assert "tracked in uWSGI's master" in caplog.text


# -- freeze ------------------------------------------------------------------------------------

SERVERLESS = {
    "AWS Lambda": {"AWS_LAMBDA_FUNCTION_NAME": "site"},
    "Cloud Functions": {"FUNCTION_TARGET": "main"},
    "Cloud Run": {"K_SERVICE": "site"},
    "Vercel": {"VERCEL": "1"},
}


@pytest.mark.parametrize("environ", SERVERLESS.values(), ids=SERVERLESS.keys())
def test_a_serverless_platform_is_recognised_and_logged(
    environ: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    transport = MemoryTransport()
    with caplog.at_level("INFO", logger="footfall"):
        tracker = Tracker(Config(destinations=[PLAUSIBLE], transport=transport), environ=environ)
    track(tracker, "A")
    assert sent_names(transport) == ["A"]
    assert f"since {next(iter(environ))} is set by" in caplog.text


def test_the_option_mode_wins_over_the_platform(caplog: pytest.LogCaptureFixture) -> None:
    transport = MemoryTransport()
    config = Config(destinations=[PLAUSIBLE], transport=transport, mode="thread")
    with caplog.at_level("INFO", logger="footfall"):
        tracker = Tracker(config, environ={"K_SERVICE": "site"})
    with tracker._pipeline.lock:
        track(tracker, "A")
        assert sent_names(transport) == []
    assert wait_until(lambda: sent_names(transport) == ["A"])
    assert "within each request" not in caplog.text


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


APP = """
import sys
from footfall.asgi import FootfallMiddleware

async def page(scope, receive, send): ...

app = FootfallMiddleware(page, destinations="plausible://plausible.io/example.com")
seconds = app.tracker.shutdown_seconds
"""


@pytest.mark.parametrize(("reload", "seconds"), [(True, 0.5), (False, 2.0)])
def test_a_program_that_reloads_by_uvicorn_is_recognised(
    reload: bool, seconds: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "reloaded_app.py").write_text(APP)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "argv", ["main.py"])
    config = uvicorn.Config(
        "reloaded_app:app", reload=reload, reload_dirs=[str(tmp_path)], log_config=None
    )
    try:
        config.load()
        assert sys.modules["reloaded_app"].seconds == seconds
    finally:
        sys.modules.pop("reloaded_app", None)


@pytest.mark.parametrize(("reload", "seconds"), [(True, 0.5), (False, 2.0)])
def test_so_is_one_where_the_middleware_is_made_as_the_server_starts(
    reload: bool, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[float] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        # As Starlette does with what `add_middleware` got.
        made = FootfallMiddleware(app, destinations=PLAUSIBLE)
        found.append(made.tracker.shutdown_seconds)
        await send({"type": "lifespan.startup.failed", "message": "That was all"})

    monkeypatch.setattr(sys, "argv", ["main.py"])
    config = uvicorn.Config(app, reload=reload, lifespan="on", log_config=None, port=0)
    with pytest.raises(SystemExit):
        uvicorn.Server(config).run()
    assert found == [seconds]


EXIT = """
import sys
from footfall.config import Config
from footfall.tracker import Tracker

config = Config(
    destinations=[sys.argv[1]], timeout_seconds=60, shutdown_timeout_seconds=float(sys.argv[2])
)
tracker = Tracker(config, environ={})
tracker.track("Bye", url="https://example.com/", visitor={"ip": "198.51.100.7", "ua": "x"})
"""


def test_what_waits_at_the_end_of_the_program_is_delivered() -> None:
    with vendor(vendors.answering(vendors.answer())) as server:
        dsn = server.url.replace("http://", "plausible+http://") + "/example.com"
        subprocess.run([sys.executable, "-c", EXIT, dsn, "30"], check=True, timeout=60)
        assert len(server.requests) == 1


def test_a_hanging_vendor_does_not_hold_up_the_end_of_the_program() -> None:
    with vendor(vendors.hanging) as server:
        dsn = server.url.replace("http://", "plausible+http://") + "/example.com"
        line = [sys.executable, "-c", EXIT, dsn, "2"]
        with no_long_wait():
            subprocess.run(line, check=True, timeout=LONG_SECONDS)


def test_all_trackers_share_the_time_of_one_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    with vendor(vendors.hanging) as server:
        dsn = server.url.replace("http://", "plausible+http://") + "/example.com"
        trackers = [Tracker(Config(destinations=[dsn]), environ={}) for _ in range(3)]
        for tracker in trackers:
            visit(tracker)
        flush_until = Tracker.flush_until
        deadlines = []

        def record(self: Tracker, deadline: float) -> bool:
            if self in trackers:  # others of this process are another test's
                deadlines.append(deadline)
            return flush_until(self, deadline)

        monkeypatch.setattr(Tracker, "flush_until", record)
        assert not footfall.flush(0.5)
        assert len(deadlines) == 3
        assert len({*deadlines}) == 1
