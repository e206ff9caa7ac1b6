"""Whether the running code is footfall's own work, in its own threads or in the app's.

Events from there are not sent: a log handler, a `__del__` or a hook that calls `track()` on a
delivery thread would make an event of every event. Instrumentation of HTTP clients is suppressed
there too, since an app's traces are about the app.
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

# Process and thread ids. They are read on each call: gevent may replace threads by greenlets later,
# and a forked child reuses the ids of threads that it did not inherit.
_suppressed: Final[set[tuple[int, int]]] = set()


def is_suppressed() -> bool:
    """True on footfall's threads, and where footfall delivers in a thread of the app."""
    return (os.getpid(), threading.get_ident()) in _suppressed


def suppress_tracking(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function as footfall's own work, which Sentry and OpenTelemetry do not record.

    It costs a microsecond a call, so it decorates what runs once a thread, never once an event.
    """

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        me = os.getpid(), threading.get_ident()
        if me in _suppressed:
            return function(*args, **kwargs)
        _suppressed.add(me)
        try:
            with _without_instrumentation():
                return function(*args, **kwargs)
        finally:
            _suppressed.discard(me)

    return wrapper


@contextmanager
def _without_instrumentation() -> Iterator[None]:
    """Suppress the instrumentation that is loaded.

    ddtrace 4.16 and newrelic 14.1 need nothing: they patch httpx2's client, and neither pycurl nor
    httpcore2, which our transports use (read 2026-11-21). Sentry and OpenTelemetry pass a request's
    trace on to the threads that it starts, so that a delivery thread would report into the trace of
    the first request.
    """
    with ExitStack() as stack:
        otel = sys.modules.get("opentelemetry.instrumentation.utils")
        if otel is not None:
            stack.enter_context(otel.suppress_instrumentation())
        sentry = sys.modules.get("sentry_sdk")
        if sentry is not None:
            # Without a span, nothing that starts below belongs to a trace, so it is not sent.
            stack.enter_context(sentry.isolation_scope())
            sentry.get_current_scope().span = None
        yield
