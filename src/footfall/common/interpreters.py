"""The Python interpreters of this process: uWSGI has one for each app that it mounts.

The standard library reaches them by a module that has no public name (`concurrent.interpreters` of
Python 3.14 runs code only in those that it has made itself). Where it is missing, or refuses, there
is only the interpreter that runs.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from importlib import import_module
from typing import Any, Final

__all__ = ["allows_daemon_threads", "is_main", "run_in_main", "run_in_others"]

_MODULES: Final = ("_interpreters", "_xxsubinterpreters")
_MAIN: Final = 0


def is_main() -> bool:
    """True in the interpreter that the process began with."""
    module = _module()
    return module is None or _number(module.get_current()) == _MAIN


def allows_daemon_threads() -> bool:
    """False in an isolated interpreter (PEP 684), as `concurrent.interpreters` makes them."""
    try:
        threading.Thread(daemon=True)
    except RuntimeError:
        return False
    return True


def run_in_main(code: str) -> None:
    """Run `code` in the main interpreter, from another one. Never raises."""
    _run(_MAIN, code)


def run_in_others(code: str) -> None:
    """Run `code` in every other interpreter, in turn. Never raises."""
    module = _module()
    if module is None:
        return
    ours = _number(module.get_current())
    for number in map(_number, module.list_all()):
        if number != ours:
            _run(number, code)


def _run(number: int, code: str) -> None:
    # Python 3.11 refuses an interpreter that has a second thread.
    with suppress(Exception):
        _module().run_string(number, code)


def _module() -> Any:
    for name in _MODULES:
        with suppress(ImportError):
            return import_module(name)
    return None


def _number(found: Any) -> int:
    """Python 3.13 tells an interpreter as a pair of its number and of who made it."""
    return int(found[0] if isinstance(found, tuple) else found)
