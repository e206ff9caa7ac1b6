"""Whether greenlets stand in for threads: a client written in C would hold up all of them."""

from __future__ import annotations

import os
import sys
import threading


def is_cooperative() -> bool:
    """True where gevent has taken over sockets, or is about to in a worker of gunicorn."""
    if "gunicorn.workers.ggevent" in sys.modules:
        return True
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("socket"))


def runs_greenlets() -> bool:
    """False in a real thread, which was started before gevent took over: it holds up nobody."""
    return sys.platform != "linux" or threading.get_native_id() == os.getpid()
