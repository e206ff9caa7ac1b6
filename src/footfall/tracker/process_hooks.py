"""All trackers of this process, and the hooks that run when it forks and ends.

A tracker registers itself here when it is made. The rules:

- The fork hook only assigns: no thread, no log line, no waiting, no connection closed.
- Every exit hook may run twice, in any order, and in a child that has inherited it; a tracker whose
  events belong to another process is left alone.
- No platform is imported: it is looked up among the modules that are loaded.
- No signal is caught unless the app asks for it.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from types import FrameType, ModuleType
from typing import Any, Final, Protocol

from footfall.common import background_thread, interpreters
from footfall.common.clock import monotonic
from footfall.delivery.transport.greenlets import awaits_gevent
from footfall.tracker.combined_stats import combined

# A reloading development server wants its port back at once.
RELOAD_SHUTDOWN_SECONDS: Final = 0.5
# A thread that has nothing to do ends at once; one whose vendor hangs is not worth more.
JOIN_SECONDS: Final = 0.25
# How long a flush may last beyond its deadline, where the interrupted code holds a lock.
_SIGNAL_GRACE_SECONDS: Final = 0.5


class ProcessTracker(Protocol):
    """A tracker as this module uses it; see `footfall.tracker.Tracker`."""

    shutdown_seconds: float
    is_inline: bool

    @property
    def is_of_this_process(self) -> bool: ...
    def reset_after_fork(self) -> None: ...
    def process_all(self) -> None: ...
    def flush_until(self, deadline: float) -> bool: ...
    def close_until(self, deadline: float) -> bool: ...
    def stats(self) -> dict[str, Any]: ...


class _State:
    """What this module knows of its process."""

    def __init__(self) -> None:
        # The keys, in the order in which they were made or asked for.
        self.trackers: weakref.WeakKeyDictionary[ProcessTracker, None] = weakref.WeakKeyDictionary()
        # The hooks of Python and of uWSGI are set; and those of these platforms.
        self.is_hooked = False
        self.hooked_platforms: set[str] = set()
        self.is_forked = False
        # The interpreter ends: no thread lives long enough to deliver what is tracked from now on.
        self.is_exiting = False
        # A second signal, such as Ctrl-C, came during the last delivery.
        self.is_interrupted = False


_state: Final = _State()


def register(tracker: ProcessTracker) -> None:
    """Reset `tracker` after a fork, and deliver its events at the end, for as long as it lives.

    Another call makes it the newest again.
    """
    if newest() is not tracker:
        unregister(tracker)
        _state.trackers[tracker] = None
    if not _state.is_hooked:
        _state.is_hooked = True
        atexit.register(_at_interpreter_exit)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_after_fork)
        # uWSGI forks in C and runs Python's own hooks only under --py-call-uwsgi-fork-hooks.
        if (uwsgi := sys.modules.get("uwsgi")) is not None:
            _chain(uwsgi, "post_fork_hook", _after_fork)


def unregister(tracker: ProcessTracker) -> None:
    """Undo `register`."""
    _state.trackers.pop(tracker, None)


def trackers() -> list[ProcessTracker]:
    """All trackers of this process, the newest last."""
    # In one step: another thread may make a tracker meanwhile.
    references = _state.trackers.keyrefs()
    return [tracker for reference in references if (tracker := reference()) is not None]


def newest() -> ProcessTracker | None:
    """The newest tracker: the one that `footfall.track()` uses outside a request."""
    return next(reversed(trackers()), None)


def stats() -> dict[str, Any]:
    """The counters of all trackers together, in the shape of `Tracker.stats`; {} of none."""
    return combined(tracker.stats() for tracker in trackers())


def is_exiting() -> bool:
    """True once the interpreter ends: an event tracked now must be delivered by its caller."""
    return _state.is_exiting


# -- all trackers ------------------------------------------------------------------------------


def flush(timeout: float | None = None) -> bool:
    """Deliver what waits in every tracker of this process; see `Tracker.flush`."""
    mine, deadline = _mine_until(timeout)
    lossless = [tracker.flush_until(deadline) for tracker in mine]
    return all(lossless)


def close(timeout: float | None = None) -> bool:
    """Deliver what waits, and release connections and threads; return when these have ended.

    The last step may take `JOIN_SECONDS` longer than `timeout`, where a vendor hangs.
    """
    mine, deadline = _mine_until(timeout)
    lossless = [tracker.close_until(deadline) for tracker in mine]
    # Also those of trackers that the app has dropped.
    background_thread.end_all(max(deadline, monotonic() + JOIN_SECONDS), monotonic)
    return all(lossless)


def shut_down() -> None:
    """Deliver what waits when a server says that it stops, and release threads and connections.

    Where requests wait for their own events, connections are kept: Mangum says so after every
    invocation of a function, and the process lives on.
    """
    mine, deadline = _mine_until(None)
    for tracker in mine:
        (tracker.flush_until if tracker.is_inline else tracker.close_until)(deadline)


def _mine_until(timeout: float | None) -> tuple[list[ProcessTracker], float]:
    """The trackers whose events are this process's, and their common deadline."""
    mine = [tracker for tracker in trackers() if tracker.is_of_this_process]
    seconds = max((tracker.shutdown_seconds for tracker in mine), default=0.0)
    return mine, monotonic() + (seconds if timeout is None else timeout)


def process_all() -> None:
    """Return once every tracker of this process has processed what is in its inbox."""
    for tracker in trackers():
        tracker.process_all()


# -- fork --------------------------------------------------------------------------------------


def _after_fork() -> None:
    """What the fork hooks call in the child: no SIGINT may leave a tracker half reset."""
    interrupt = None
    while True:
        try:
            _reset_trackers()
            break
        except KeyboardInterrupt as error:
            interrupt = error
    if interrupt is None:
        return
    if "uwsgi" in sys.modules:
        # uWSGI stops its workers with SIGINT. At this moment that is still Python's signal, whose
        # exception uWSGI would print and forget; the worker has served nothing, so it may end.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.raise_signal(signal.SIGINT)
    raise interrupt


def _reset_trackers() -> None:
    _state.is_forked = True
    # The child of a `multiprocessing` program starts with an empty list of finalizers.
    _state.hooked_platforms.discard("multiprocessing.util")
    for tracker in trackers():
        # uWSGI may call twice, and also where it has not forked.
        if not tracker.is_of_this_process:
            tracker.reset_after_fork()


def master() -> str | None:
    """The server that loads the app in this process and has yet to fork its workers, or None."""
    if _is_in_gunicorn_master():
        return "gunicorn"
    worker_id = getattr(sys.modules.get("uwsgi"), "worker_id", None)
    is_master = worker_id is not None and worker_id() == 0 and not _state.is_forked
    return "uWSGI" if is_master else None


def forbids_threads(master: str) -> bool:
    """True if `master` must not have a thread of ours when it forks.

    uWSGI calls no hook of Python at its fork, so the worker inherits an interpreter lock that the
    thread may hold. And where gevent has yet to patch the workers of gunicorn, the thread would
    import `ssl` before that, which breaks it.
    """
    return master == "uWSGI" or awaits_gevent()


def _is_in_gunicorn_master() -> bool:
    """True if gunicorn's master called the running code, as it loads an app under `--preload`.

    A worker's main thread was called by the master's code, too, but by way of `spawn_worker`.
    """
    if "gunicorn.arbiter" not in sys.modules:
        return False
    callers = {
        frame.f_code.co_name
        for frame in _callers()
        if frame.f_globals.get("__name__") == "gunicorn.arbiter"
    }
    return bool(callers) and "spawn_worker" not in callers


def is_later_worker() -> bool:
    """True in a worker that its server has started after another one."""
    processes = sys.modules.get("multiprocessing.process")
    if processes is not None and processes.parent_process() is not None:
        # uvicorn, hypercorn and granian start each worker so: `SpawnProcess-1`.
        return not processes.current_process().name.endswith("-1")
    uwsgi = sys.modules.get("uwsgi")
    if (worker_id := getattr(uwsgi, "worker_id", None)) is not None:
        return bool(worker_id() > 1)
    # gunicorn counts its workers, from 1.
    return "gunicorn.arbiter" in sys.modules and any(
        getattr(frame.f_locals.get("worker"), "age", 1) > 1
        for frame in _callers()
        if frame.f_code.co_name == "spawn_worker"
    )


def _callers() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        yield frame
        frame = frame.f_back


# -- exit --------------------------------------------------------------------------------------


def _at_exit(*_: object, **__: object) -> None:
    """What every exit hook calls, with any arguments: deliver and close. Never raises."""
    if _state.is_interrupted:
        return
    try:
        close()
    except (KeyboardInterrupt, SystemExit):
        # A second signal asks for the end at once; its sender needs no traceback.
        _state.is_interrupted = True
    except Exception:  # noqa: BLE001 -- the interpreter is half torn down; no one can be warned
        return


def _at_interpreter_exit() -> None:
    _state.is_exiting = True
    _at_exit()
    # What exit hooks of the app track after this one is delivered by their own thread.
    background_thread.refuse_new()


def hook_platforms() -> None:
    """Register exit hooks with the platforms that have some of their own. Never raises.

    Called at each start of a worker thread, as platforms may be loaded late; each is hooked once.
    """
    for name, hook in _HOOKS.items():
        module = sys.modules.get(name)
        if module is None or name in _state.hooked_platforms:
            continue
        _state.hooked_platforms.add(name)
        # Some other module may have that name.
        with suppress(Exception):
            hook(module)


def _hook_multiprocessing(util: ModuleType) -> None:
    """A child runs its own finalizers and no exit hook of Python; it starts with none of them."""
    util.Finalize(None, _at_exit, exitpriority=100)


def _hook_uwsgi(uwsgi: ModuleType) -> None:
    """Called before Python's exit hooks, and without them under `--skip-atexit-teardown`.

    uWSGI calls that of the main interpreter alone. The others end later, when their threads cannot
    run any more, so these have to end before.
    """
    if interpreters.is_main():
        _chain(uwsgi, "atexit", _at_uwsgi_exit)
    else:
        interpreters.run_in_main(_HOOK_PLATFORMS)


_HOOK_PLATFORMS: Final = """
import uwsgi
from footfall.tracker import process_hooks
process_hooks.hook_platforms()
"""
_EXIT: Final = """
import sys
hooks = sys.modules.get("footfall.tracker.process_hooks")
if hooks is not None:
    hooks._at_interpreter_exit()
"""


def _at_uwsgi_exit() -> None:
    _at_exit()
    interpreters.run_in_others(_EXIT)


def _hook_mod_wsgi(mod_wsgi: ModuleType) -> None:
    """Called while all threads still run; Python's exit hooks come late there, or not at all."""
    mod_wsgi.subscribe_shutdown(_at_exit)


def _hook_celery(signals: ModuleType) -> None:
    """A child of the prefork pool ends with `os._exit`; other pools end with the worker."""
    for each in (signals.worker_process_shutdown, signals.worker_shutdown):
        each.connect(_at_exit, weak=False, dispatch_uid="footfall")


_HOOKS: Final[Mapping[str, Callable[[ModuleType], None]]] = {
    "multiprocessing.util": _hook_multiprocessing,
    "uwsgi": _hook_uwsgi,
    "mod_wsgi": _hook_mod_wsgi,
    "celery.signals": _hook_celery,
}


def _chain(module: ModuleType, name: str, ours: Callable[[], None]) -> None:
    """Call `ours` before the only function that `module` calls by `name`."""
    previous = getattr(module, name, None)

    def both() -> None:
        ours()
        if previous is not None:
            previous()

    setattr(module, name, both)


def flush_on_sigterm() -> None:
    """Deliver what waits when SIGTERM comes, and then do what SIGTERM did before.

    For servers that end without an exit hook of Python: waitress, wsgiref, `uvicorn --lifespan
    off`. All others need no signal. Call it in the main thread, where the app is made or before the
    server is started. A server that catches SIGTERM itself by then continues its own shutdown after
    the flush; the events of its last requests are delivered while that lasts.

    A second SIGTERM ends the process at once.

    Raises:
        ValueError: called in another thread than the main one.
    """
    previous = signal.getsignal(signal.SIGTERM)

    def on_sigterm(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        if not _state.is_exiting:
            _, deadline = _mine_until(None)
            # In a thread, for the very code that was interrupted may hold a lock that it needs.
            thread = threading.Thread(target=flush, name="footfall flush", daemon=True)
            thread.start()
            thread.join(deadline + _SIGNAL_GRACE_SECONDS - monotonic())
        _pass_on(number, frame, previous)

    signal.signal(signal.SIGTERM, on_sigterm)


def _pass_on(number: int, frame: FrameType | None, previous: Any) -> None:
    """Do with a signal what would have been done without us."""
    if callable(previous):
        signal.signal(number, previous)
        previous(number, frame)
    elif previous == signal.SIG_IGN:
        signal.signal(number, previous)
    else:
        signal.raise_signal(number)


# -- what the environment shows ----------------------------------------------------------------

# AWS Lambda; Google Cloud Functions; Cloud Run and Knative; Vercel (manuals, read 2026-11-21).
_SERVERLESS: Final = ("AWS_LAMBDA_FUNCTION_NAME", "FUNCTION_TARGET", "K_SERVICE", "VERCEL")


def serverless_variable(environ: Mapping[str, str]) -> str | None:
    """The variable of a platform that stops the process between requests, or None."""
    return next((name for name in _SERVERLESS if environ.get(name)), None)


def why_inline(mode: str, environ: Mapping[str, str]) -> str | None:
    """Why requests deliver their own events, unless the option `mode` says so; None elsewhere."""
    if not interpreters.allows_daemon_threads():
        return "this Python interpreter is an isolated one, without daemon threads"
    variable = serverless_variable(environ) if mode == "auto" else None
    if variable is None:
        return None
    return (
        f'{variable} is set by a platform that stops the process in between; mode="thread" does not'
    )


def is_reloading_server(environ: Mapping[str, str], arguments: list[str]) -> bool:
    """True under a development server that restarts after every change.

    Django and Werkzeug mark their child in the environment; uvicorn, gunicorn, hypercorn and
    granian have one option on the command line, which their children share. `fastapi dev`, and a
    program that calls `uvicorn.run(reload=True)`, show only in uvicorn, which calls the app.
    """
    is_marked = "RUN_MAIN" in environ or "WERKZEUG_RUN_MAIN" in environ
    return is_marked or "--reload" in arguments or _is_called_by_reloading_uvicorn()


def _is_called_by_reloading_uvicorn() -> bool:
    if "uvicorn.config" not in sys.modules:
        return False
    # Its `Config` itself, and what has one: `Server`, and `LifespanOn`.
    owners = (
        frame.f_locals.get("self")
        for frame in _callers()
        if frame.f_globals.get("__name__", "").startswith("uvicorn.")
    )
    return any(getattr(getattr(each, "config", each), "reload", False) is True for each in owners)
