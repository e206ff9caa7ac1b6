"""The same, and the owner has asked footfall to listen for SIGTERM."""

from __future__ import annotations

from lifecycle import asgi, wsgi  # type: ignore[import-not-found]  # of the same folder

import footfall

footfall.flush_on_sigterm()

__all__ = ["asgi", "wsgi"]
