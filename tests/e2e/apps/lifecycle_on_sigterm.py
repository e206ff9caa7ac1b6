"""The same app, which calls `flush_on_sigterm`."""

from __future__ import annotations

from lifecycle import asgi, wsgi  # type: ignore[import-not-found]  # in the same folder

import footfall

footfall.flush_on_sigterm()

__all__ = ["asgi", "wsgi"]
