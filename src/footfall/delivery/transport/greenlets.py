"""Whether gevent or eventlet replaces threads by greenlets: a client in C would block them all."""

from __future__ import annotations

import os
import sys
import threading
from typing import Final

_PATCHES: Final = (
    ("gevent.monkey", "is_module_patched"),
    ("eventlet.patcher", "is_monkey_patched"),
)


def is_patched() -> bool:
    """True where one has patched sockets, or is about to, as gevent in a worker of gunicorn."""
    if "gunicorn.workers.ggevent" in sys.modules:
        return True
    return any(
        # Another thread may be importing it at this moment.
        (is_module_patched := getattr(sys.modules.get(module), name, None)) is not None
        and is_module_patched("socket")
        for module, name in _PATCHES
    )


def may_be_greenlet() -> bool:
    """False in a real thread, which was started before the patch: it blocks no greenlet."""
    return sys.platform != "linux" or threading.get_native_id() == os.getpid()
