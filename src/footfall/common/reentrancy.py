"""Whether the running code is footfall's own work: its threads, and what it does in others.

What is told from there is not sent. A log handler, a `__del__` or a hook that calls `track()` on a
delivery thread would otherwise make an event of every event. Instruments that watch HTTP clients
are told to look away too: an app's traces are about the app.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


# By process and thread, asked anew each time: gevent may make greenlets of threads later, and a
# forked child gives the numbers of threads that it has not inherited to others.
_ours: Final[set[tuple[int, int]]] = set()


def is_inside() -> bool:
    """True on a delivery thread, and wherever footfall delivers in a thread of the app's."""
    return (os.getpid(), threading.get_ident()) in _ours


def suppress_tracking(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a function as footfall's own work, unseen by Sentry, OpenTelemetry and their kind.

    Costs a microsecond a call, so it stands around a thread's work and never around an event's.
    """

    @functools.wraps(function)
    def marked(*args: P.args, **kwargs: P.kwargs) -> R:
        me = os.getpid(), threading.get_ident()
        if me in _ours:
            return function(*args, **kwargs)
        _ours.add(me)
        try:
            with _unobserved():
                return function(*args, **kwargs)
        finally:
            _ours.discard(me)

    return marked


@contextmanager
def _unobserved() -> Iterator[None]:
    """Suppress the instruments that are loaded.

    ddtrace 4.16 and newrelic 14.1 need no word: they patch httpx2's client, and neither pycurl nor
    httpcore2, on which our doors stand (read 2026-11-21). Sentry and OpenTelemetry hand a request's
    trace on to the threads that it starts, so that a delivery thread would report into the trace of
    whichever request came first.
    """
    with ExitStack() as stack:
        otel = sys.modules.get("opentelemetry.instrumentation.utils")
        if otel is not None:
            stack.enter_context(otel.suppress_instrumentation())
        sentry = sys.modules.get("sentry_sdk")
        if sentry is not None:
            # Without a span, whatever is started below belongs to no trace and is not sent.
            stack.enter_context(sentry.isolation_scope())
            sentry.get_current_scope().span = None
        yield
