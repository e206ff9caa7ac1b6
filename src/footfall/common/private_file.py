"""SQLite files that no other user of the machine can read."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

__all__ = ["make_private"]


def make_private(path: str) -> None:
    """Make the file where there is none, and let no other user read it, whatever the umask.

    SQLite gives the same rights to the two files beside it when it makes them. An existing file is
    never opened here: closing it would release what another connection of this process has locked.

    Raises:
        OSError: The file can be neither made nor changed.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    for name in (path, f"{path}-wal", f"{path}-shm"):
        with contextlib.suppress(FileNotFoundError):
            if Path(name).stat().st_mode & 0o777 != 0o600:
                Path(name).chmod(0o600)
