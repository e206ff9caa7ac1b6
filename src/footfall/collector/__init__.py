"""The embedded collector: one command, one file, one page.

It answers on the wire as Plausible and Swetrix do, keeps what came in SQLite, and shows it:

- `wire.py`, `plausible.py`, `swetrix.py` read, judge and answer a POST; values in, values out.
  `hits.py` does so with what our own middleware reports.
- `visits.py` knows who is here without knowing who they are; `origins.py`, `browser.py` and
  `countries.py` say where a visit came from and with what.
- `store.py` is the face of the file: `database.py` and `schema.py` open it, `writer.py` is the
  thread that writes it with the SQL of `writing.py` and `visit_rows.py`, `upkeep.py` and `salts.py`
  bound it, `redaction.py` keeps addresses out of it, and `queries.py` and `entries.py` read it.
- `stats/` answers questions about visits and events, `bots.py` tells who was not counted.
- `registry.py` keeps what owners say of their sites and goals; `plausible_read/` answers what
  Plausible's API is asked, and `openapi/` describes all that can be.
- `intake.py`, `rate.py`, `commits.py`, `guard.py`, `questions.py`, `app.py` are the web application
  over the store, `server.py` runs it in a thread of any program; `chaos.py`, `upset.py` are trouble
  on purpose.
- `forward.py` passes events on to a vendor.
- `memory.py`, `sightings.py` (both a `ring.py`) keep in memory what is not for the file.
- `shell.py` is what all pages share; `dashboard/` is the page of figures; `inspector.py`,
  `page.py`, `live.py` are the live page, and `story.py`, `verdicts.py` tell of one event.

`CollectorServer` and `create_app` need `pip install "footfall[collector]"`; `Store` needs Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from footfall.collector.storage.store import Store

if TYPE_CHECKING:
    from footfall.collector.app import create_app
    from footfall.collector.server import CollectorServer

__all__ = ["CollectorServer", "Store", "create_app"]

MISSING = 'the collector needs starlette, uvicorn and jinja2: pip install "footfall[collector]"'
"""What is said where the extra is not installed."""

_HOMES = {"CollectorServer": "server", "create_app": "app"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    try:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in ("starlette", "uvicorn", "jinja2"):
            raise
        raise ModuleNotFoundError(MISSING, name=missing.name) from missing
