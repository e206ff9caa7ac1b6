"""Code can be run in the other interpreters of a process, where Python has a way to reach them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from footfall.common import interpreters

PROGRAM = """
import sys
try:
    import _interpreters as made
    other = made.create("legacy")
except ImportError:
    import _xxsubinterpreters as made
    other = made.create(isolated=False)
from footfall.common.interpreters import is_main, run_in_main, run_in_others

print("main", is_main(), flush=True)
made.run_string(other, f"import sys; sys.path[:] = {sys.path!r}" + '''
import sys
from footfall.common import interpreters
print("other", interpreters.is_main(), flush=True)
# Refused, since it runs a program; the main interpreter of uWSGI only waits for requests.
interpreters.run_in_main("raise SystemError('ignored')")
''')
run_in_others("print('ran in', interpreters.__name__, flush=True)")
run_in_others("raise SystemError('ignored')")
"""


def test_code_runs_in_each_other_interpreter_and_never_raises() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines() == [
        "main True",
        "other False",
        "ran in footfall.common.interpreters",
    ]


def test_where_python_has_no_way_the_only_interpreter_is_the_main_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in interpreters._MODULES:
        monkeypatch.setitem(sys.modules, name, None)
    assert interpreters.is_main()
    interpreters.run_in_main("raise SystemError")
    interpreters.run_in_others("raise SystemError")
