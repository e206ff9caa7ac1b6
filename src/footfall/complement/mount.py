"""The mount point of the app that serves the current request, for the address in its pages."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

__all__ = ["MOUNT"]

MOUNT: Final[ContextVar[str]] = ContextVar("footfall_mount", default="")
"""Without a slash at its end. Read when the request comes: frameworks change it for inner apps."""
