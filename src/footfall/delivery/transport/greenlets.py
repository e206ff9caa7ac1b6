"""What gevent or eventlet has patched: where greenlets stand for threads, one wait blocks them all.

Either may have patched sockets, threads, or both; where greenlets stand for threads and sockets are
the system's, whatever waits for a vendor has to do so in a thread of the library's own.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Final, Literal, NamedTuple, ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")

_Part = Literal["sockets", "threads"]


class _Library(NamedTuple):
    """The module of a library that tells what it has patched, and how to ask it."""

    module: str
    question: str
    parts: dict[_Part, str]


_GEVENT: Final = _Library(
    "gevent.monkey", "is_module_patched", {"sockets": "socket", "threads": "threading"}
)
_EVENTLET: Final = _Library(
    "eventlet.patcher", "is_monkey_patched", {"sockets": "socket", "threads": "thread"}
)


def _has_patched(library: _Library, part: _Part) -> bool:
    # Another thread may be importing it at this moment.
    ask = getattr(sys.modules.get(library.module), library.question, None)
    return ask is not None and bool(ask(library.parts[part]))


def is_patched() -> bool:
    """True where one has patched sockets or threads.

    Or is about to, as gevent in a worker of gunicorn.
    """
    return "gunicorn.workers.ggevent" in sys.modules or any(
        _has_patched(library, "sockets") or _has_patched(library, "threads")
        for library in (_GEVENT, _EVENTLET)
    )


def awaits_gevent() -> bool:
    """True if gevent is loaded and has patched neither yet."""
    is_loaded = _GEVENT.module in sys.modules
    return is_loaded and not (_has_patched(_GEVENT, "threads") or _has_patched(_GEVENT, "sockets"))


def may_be_greenlet() -> bool:
    """False in a real thread, which was started before the patch: it blocks no greenlet."""
    return sys.platform != "linux" or threading.get_native_id() == os.getpid()


def call_blocking(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call what waits for a socket, so that no other greenlet waits for it, too."""
    if may_be_greenlet():
        if _has_only_threads(_GEVENT):
            import gevent

            return cast("T", gevent.get_hub().threadpool.apply(function, args, kwargs))
        if _has_only_threads(_EVENTLET):
            from eventlet import tpool

            return cast("T", tpool.execute(function, *args, **kwargs))
    return function(*args, **kwargs)


def _has_only_threads(library: _Library) -> bool:
    return _has_patched(library, "threads") and not _has_patched(library, "sockets")
