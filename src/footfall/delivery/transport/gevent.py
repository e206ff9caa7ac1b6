"""Whether gevent's greenlets replace threads: a client written in C would block all of them."""

from __future__ import annotations

import os
import sys
import threading


def is_patched() -> bool:
    """True where gevent has patched sockets, or is about to in a worker of gunicorn."""
    if "gunicorn.workers.ggevent" in sys.modules:
        return True
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("socket"))


def may_be_greenlet() -> bool:
    """False in a real thread, which was started before gevent's patch: it blocks no greenlet."""
    return sys.platform != "linux" or threading.get_native_id() == os.getpid()
