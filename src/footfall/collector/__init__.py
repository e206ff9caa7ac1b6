"""The embedded collector: it receives events as Plausible and Swetrix do, and shows them.

- `wire/` reads the vendors' requests and makes their answers. It does no I/O.
- `storage/` keeps events in SQLite, answers statistical queries, and keeps the newest requests in
  memory.
- `ingest/` receives events: endpoints, group commit, rate limit, forwarding, deliberate faults
  (chaos).
- `api/` answers Plausible's own API and serves the OpenAPI document; `web/` makes the pages.
- `settings.py` declares what can be set. `query_params.py` reads parameters of the query,
  `host_check.py` and `access.py` restrict who may read, `app.py` puts all of it together, and
  `server.py` runs it in a thread of any program; `asgi.py` is for your own server or app.

Servers and apps need `pip install "footfall[collector]"`; `Store` needs Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from footfall.collector.app import create_app
    from footfall.collector.asgi import create_asgi_app
    from footfall.collector.server import CollectorServer
    from footfall.collector.settings import CollectorSettings
    from footfall.collector.storage.store import Store

__all__ = ["CollectorServer", "CollectorSettings", "Store", "create_app", "create_asgi_app"]

MISSING = (
    "the collector needs starlette, uvicorn, httptools and jinja2: "
    'pip install "footfall[collector]"'
)
"""The error message where the extra is not installed."""

_MODULES = {
    "CollectorServer": "server",
    "CollectorSettings": "settings",
    "Store": "storage.store",
    "create_app": "app",
    "create_asgi_app": "asgi",
}


# A type checker would take every name for one that there is.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        try:
            return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        except ModuleNotFoundError as missing:
            if (missing.name or "").partition(".")[0] not in (
                "starlette",
                "uvicorn",
                "httptools",
                "jinja2",
            ):
                raise
            raise ModuleNotFoundError(MISSING, name=missing.name) from missing
