"""Whether gevent or eventlet replaces threads by greenlets: a client in C would block them all."""

from __future__ import annotations

import os
import sys
import threading


def is_patched() -> bool:
    """True where one has patched sockets, or is about to, as gevent in a worker of gunicorn."""
    if "gunicorn.workers.ggevent" in sys.modules:
        return True
    gevent = sys.modules.get("gevent.monkey")
    if gevent is not None and gevent.is_module_patched("socket"):
        return True
    eventlet = sys.modules.get("eventlet.patcher")
    return eventlet is not None and bool(eventlet.is_monkey_patched("socket"))


def may_be_greenlet() -> bool:
    """False in a real thread, which was started before the patch: it blocks no greenlet."""
    return sys.platform != "linux" or threading.get_native_id() == os.getpid()
