"""Programs in a pseudo-terminal, as a person runs them."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from tests.support.waiting import MAX_SECONDS

# A program gets keys such as Ctrl-C as signals from the terminal of its session only.
_IN_SESSION = "import os, sys; os.login_tty(0); os.execvp(sys.argv[1], sys.argv[1:])"
_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Terminal:
    """A program whose input, output and errors are one terminal.

    Args:
        command: The program with its arguments.
        variables: The environment besides this process's, of which those of pytest are left out:
            the program shall not know that a test runs it. None removes one.
        folder: Where it runs.
        columns: How wide the terminal is.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        variables: Mapping[str, str | None] | None = None,
        columns: int = 80,
    ) -> None:
        self._text = b""
        self._controller, terminal = pty.openpty()
        termios.tcsetwinsize(terminal, (24, columns))
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _IN_SESSION, *command],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            cwd=folder,
            env=environment(variables or {}),
        )
        os.close(terminal)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # What it has started, too.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait(MAX_SECONDS)
        os.close(self._controller)

    @property
    def raw(self) -> str:
        """What it has shown so far, with the sequences that control the terminal."""
        return self._text.decode("utf-8", "replace").replace("\r\n", "\n")

    @property
    def text(self) -> str:
        """What it has shown so far, as a person reads it."""
        return _CONTROLS.sub("", self.raw)

    def read_until(self, expected: str) -> str:
        """Wait until it shows a text; return all that it has shown."""
        deadline = time.monotonic() + MAX_SECONDS
        while expected not in self.text:
            if not self._read(deadline):
                raise AssertionError(f"{expected!r} is not shown, but:\n{self.text}")
        return self.text

    def type(self, keys: str) -> None:
        """Type keys; `\\x03` is Ctrl-C."""
        os.write(self._controller, keys.encode())

    def wait(self) -> int:
        """Read until it ends; return its exit code."""
        deadline = time.monotonic() + MAX_SECONDS
        while self._read(deadline):
            pass
        return self.process.wait(MAX_SECONDS)

    def _read(self, deadline: float) -> bool:
        """Read what comes next; False at the end, or where nothing came in time."""
        ready, _, _ = select.select([self._controller], [], [], max(0, deadline - time.monotonic()))
        part = b""
        if ready:
            with contextlib.suppress(OSError):  # Linux reports the end so
                part = os.read(self._controller, 65_536)
        self._text += part
        return bool(part)


def environment(variables: Mapping[str, str | None]) -> dict[str, str]:
    """This process's environment without pytest's variables, and with these."""
    found = {name: text for name, text in os.environ.items() if not name.startswith("PYTEST_")}
    for name, text in variables.items():
        found.pop(name, None)
        if text is not None:
            found[name] = text
    return found
