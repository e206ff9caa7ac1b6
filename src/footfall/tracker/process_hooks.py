"""All trackers of this process: how it forks, freezes and ends.

A tracker registers itself here when it is made. Rules of the room:

- The fork hook only assigns: no thread, no log line, no waiting, no connection closed.
- Every exit hook may run twice, in any order, and in a child that has inherited it; a tracker whose
  events belong to another process is left alone.
- Nothing of a platform is imported: it is looked for among the modules that are there.
- No signal is caught unless the owner asks for it.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from footfall.common.clock import monotonic

if TYPE_CHECKING:
    from types import FrameType, ModuleType

    from footfall.tracker import Tracker

# A reloading development server wants its port back at once.
RELOAD_SHUTDOWN_SECONDS: Final = 0.5
# What a flush may take beyond its deadline where the signal has interrupted who holds a lock.
_SIGNAL_GRACE_SECONDS: Final = 0.5

_trackers: Final[weakref.WeakSet[Tracker]] = weakref.WeakSet()
_newest: weakref.ref[Tracker] | None = None
_is_hooked = False
_is_forked = False
# The interpreter ends: no thread lives long enough to deliver what is told from now on.
_is_over = False
# Somebody has pressed Ctrl-C while the last events were on their way.
_is_interrupted = False


def register(tracker: Tracker) -> None:
    """Let `tracker` forget after a fork and deliver at the end, for as long as it lives."""
    global _is_hooked, _newest
    _trackers.add(tracker)
    _newest = weakref.ref(tracker)
    if not _is_hooked:
        _is_hooked = True
        atexit.register(_at_interpreter_exit)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_forget_all)
        # It forks in C, and Python's own hooks only run under --py-call-uwsgi-fork-hooks.
        if (uwsgi := sys.modules.get("uwsgi")) is not None:
            _chain(uwsgi, "post_fork_hook", _forget_all)


def newest() -> Tracker | None:
    """The tracker made last: what `footfall.stats()` speaks of outside a request."""
    return _newest() if _newest is not None else None


def trackers() -> list[Tracker]:
    """All trackers of this process."""
    return list(_trackers)


def is_over() -> bool:
    """True once the interpreter ends: an event told now must be delivered by who tells it."""
    return _is_over


# -- together ----------------------------------------------------------------------------------


def flush(timeout: float | None = None) -> bool:
    """Deliver what waits in every tracker of this process; see `Tracker.flush`."""
    mine, deadline = _mine_until(timeout)
    lossless = [tracker.flush_until(deadline) for tracker in mine]
    return all(lossless)


def close(timeout: float | None = None) -> bool:
    """Deliver what waits, and let go of threads and connections; see `Tracker.close`."""
    mine, deadline = _mine_until(timeout)
    lossless = [tracker.close_until(deadline) for tracker in mine]
    return all(lossless)


def _mine_until(timeout: float | None) -> tuple[list[Tracker], float]:
    """The trackers whose events are this process's, and the moment by which all shall be done."""
    mine = [tracker for tracker in list(_trackers) if tracker.is_of_this_process]
    seconds = max((tracker.shutdown_seconds for tracker in mine), default=0.0)
    return mine, monotonic() + (seconds if timeout is None else timeout)


def settle() -> None:
    """Return once every tracker of this process has thought about what it was given."""
    for tracker in list(_trackers):
        tracker.settle()


# -- fork --------------------------------------------------------------------------------------


def _forget_all() -> None:
    global _is_forked
    _is_forked = True
    # The child of a `multiprocessing` program starts with an empty list of finalizers.
    _hooked.discard("multiprocessing.util")
    for tracker in list(_trackers):
        # uWSGI may call twice, and also where it has not forked.
        if not tracker.is_of_this_process:
            tracker.forget()


def master() -> str | None:
    """The server that loads the app in this process and is yet to fork its workers, or None."""
    if _is_in_gunicorn_master():
        return "gunicorn"
    worker_id = getattr(sys.modules.get("uwsgi"), "worker_id", None)
    return "uWSGI" if worker_id is not None and worker_id() == 0 and not _is_forked else None


def forbids_threads(master: str) -> bool:
    """True if `master` must not have a thread of ours when it forks.

    uWSGI tells Python nothing of its fork, so the worker inherits an interpreter lock that the
    thread may hold. And where gevent is yet to patch the workers of gunicorn, the thread would
    import `ssl` before, which breaks it.
    """
    return master == "uWSGI" or awaits_gevent()


def awaits_gevent() -> bool:
    """True if gevent is loaded and has not patched the standard library."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and not monkey.is_module_patched("threading")


def _is_in_gunicorn_master() -> bool:
    """True if the code that runs was called by gunicorn's master, as an app is under `--preload`.

    A worker's main thread was called by the master's code, too, but by way of `spawn_worker`.
    """
    if "gunicorn.arbiter" not in sys.modules:
        return False
    callers = set()
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__") == "gunicorn.arbiter":
            callers.add(frame.f_code.co_name)
        frame = frame.f_back
    return bool(callers) and "spawn_worker" not in callers


# -- end ---------------------------------------------------------------------------------------


def _at_exit(*_: object, **__: object) -> None:
    """What every exit hook calls, with whatever arguments: deliver and let go. Never raises."""
    global _is_interrupted
    if _is_interrupted:
        return
    try:
        close()
    except (KeyboardInterrupt, SystemExit):
        # A second signal means now; a traceback would tell its sender nothing new.
        _is_interrupted = True
    except Exception:  # noqa: BLE001 -- an interpreter in ruins; there is nobody left to be told
        return


def _at_interpreter_exit() -> None:
    global _is_over
    _is_over = True
    _at_exit()


_hooked: Final[set[str]] = set()


def hook_platforms() -> None:
    """Listen for the end where a platform announces it in a way of its own. Never raises.

    Called whenever a delivery thread is started, for a platform may be loaded after the tracker was
    made; each is hooked once.
    """
    for name, hook in _HOOKS.items():
        module = sys.modules.get(name)
        if module is None or name in _hooked:
            continue
        _hooked.add(name)
        # Some other module may have that name.
        with suppress(Exception):
            hook(module)


def _hook_multiprocessing(util: ModuleType) -> None:
    """A child runs its own finalizers and no exit hook of Python; it starts with none of them."""
    util.Finalize(None, _at_exit, exitpriority=100)


def _hook_uwsgi(uwsgi: ModuleType) -> None:
    """Called before Python's exit hooks, and without them under `--skip-atexit-teardown`."""
    _chain(uwsgi, "atexit", _at_exit)


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
    """Put `ours` before the only function that `module` calls by `name`."""
    previous = getattr(module, name, None)

    def both() -> None:
        ours()
        if previous is not None:
            previous()

    setattr(module, name, both)


def flush_on_sigterm() -> None:
    """Deliver what waits when SIGTERM comes, and then do what SIGTERM did before.

    For servers that end without telling Python: waitress, wsgiref, `uvicorn --lifespan off`. All
    others run an exit hook and need no signal. Call it in the main thread, where the app is made or
    before the server is started. A server that catches SIGTERM itself by then goes on with its own
    shutdown after the flush; what its last requests leave is delivered while that lasts.

    A second SIGTERM ends the process at once.

    Raises:
        ValueError: called in another thread than the main one.
    """
    previous = signal.getsignal(signal.SIGTERM)

    def on_sigterm(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        if not _is_over:
            _, deadline = _mine_until(None)
            # In a thread, for a lock it needs may be held by the very code that was interrupted.
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


# -- freeze ------------------------------------------------------------------------------------

# AWS Lambda; Google Cloud Functions; Cloud Run and Knative; Vercel. The names are the platforms'
# own (their manuals, read 2026-11-21).
_FREEZERS: Final = ("AWS_LAMBDA_FUNCTION_NAME", "FUNCTION_TARGET", "K_SERVICE", "VERCEL")


def serverless_variable(environ: Mapping[str, str]) -> str | None:
    """The variable that tells of a platform which stops the process between requests, or None."""
    return next((name for name in _FREEZERS if environ.get(name)), None)


# -- reload ------------------------------------------------------------------------------------


def is_reloaded(environ: Mapping[str, str], arguments: list[str]) -> bool:
    """True under a development server that starts anew with every change.

    Django and Werkzeug say so to their child in the environment; uvicorn, gunicorn, hypercorn and
    granian are told with one word on the command line, which their children share.
    """
    return "RUN_MAIN" in environ or "WERKZEUG_RUN_MAIN" in environ or "--reload" in arguments
