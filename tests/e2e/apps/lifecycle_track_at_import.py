"""The same app, which tracks an event when it is imported: under `--preload` before the fork."""

from __future__ import annotations

from lifecycle import asgi, wsgi  # type: ignore[import-not-found]  # in the same folder

wsgi.tracker.track(
    "Boot", url="https://example.com/boot", visitor={"ip": "198.51.100.7", "ua": "Firefox/140.0"}
)

__all__ = ["asgi", "wsgi"]
