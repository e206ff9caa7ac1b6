"""The name by which a collector recognises itself, in the headers of events that it passed on."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path

from footfall.collector.storage.database import Database


def instance_name(database: Database) -> str:
    """The same for all processes that share a file, and after a restart: 16 hexadecimal digits.

    A copy of the file on another machine or under another path has another name: events may go from
    the old collector to the new one.
    """
    with database.reading() as connection:
        stored: str = connection.execute("SELECT name FROM instance").fetchone()[0]
    place = f"{stored}\n{socket.gethostname()}\n{Path(database.path).resolve()}"
    return hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()[:16]
