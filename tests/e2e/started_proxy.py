"""A proxy in front of an app, as a program of its own."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.vendors import wait_until
from tests.support.waiting import MAX_SECONDS


@contextmanager
def started(command: list[str], port: int, folder: Path) -> Iterator[None]:
    """A proxy that runs until the end, and listens on the port."""
    log = folder / "proxy.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        assert wait_until(lambda: accepts(port)), log.read_text("utf-8")
        yield
    finally:
        process.terminate()
        process.wait(MAX_SECONDS)


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
