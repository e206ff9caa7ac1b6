"""The lock that decides which of the processes on a file does what one alone should do."""

from __future__ import annotations

import contextlib
import os

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

IS_POSSIBLE = fcntl is not None
"""False where the system has no lock of this kind."""


class LeaderLock:
    """A lock on a file beside `path`. The system releases it when its process ends, however."""

    def __init__(self, path: str) -> None:
        self._path = f"{path}.lock"
        self._file: int | None = None

    @property
    def is_held(self) -> bool:
        """True while this process holds the lock."""
        return self._file is not None

    def acquire(self) -> bool:
        """Take the lock, if no other process holds it. True if this process holds it now.

        Raises:
            OSError: there is no such lock here, as on some network file systems.
        """
        if self._file is not None:
            return True
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.fchmod(file, 0o600)
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        except BaseException:
            os.close(file)
            raise
        self._file = file
        return True

    def release(self) -> None:
        """Let another process take the lock.

        Safe in a forked child: closing the file does not release a lock that the parent holds.
        """
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                os.close(file)

    __del__ = release
