"""The same app, whose first worker is stopped, as uWSGI stops workers, while it resets itself."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from lifecycle import asgi, wsgi  # type: ignore[import-not-found]  # in the same folder

from footfall.tracker import inbox, tracker

__all__ = ["asgi", "wsgi"]

MASTER = os.getpid()
MARK = Path.home() / "interrupted"


class Inbox(inbox.Inbox):
    def __init__(self, *arguments: Any) -> None:
        if os.getpid() != MASTER and not MARK.exists():
            MARK.touch()
            signal.raise_signal(signal.SIGINT)
        super().__init__(*arguments)


tracker.Inbox = Inbox  # type: ignore[attr-defined, assignment]  # the tracker's own name
