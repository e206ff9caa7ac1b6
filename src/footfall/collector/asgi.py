"""The collector for any ASGI server, or within an ASGI app, with settings from the environment.

    FOOTFALL_COLLECTOR_TOKEN_FILE=token uvicorn footfall.collector.asgi:app

Every option of `footfall collect` is a variable (`FOOTFALL_COLLECTOR_DATABASE`, ...). Where to
listen and how many connections to take is the server's business. It may listen for others, so a
token is required; `FOOTFALL_COLLECTOR_HOST=127.0.0.1` says that it listens on this machine only.

In an app of one's own, below the path that `FOOTFALL_COLLECTOR_ROOT_PATH` or the mount names:

    from footfall.collector.asgi import app as collector
    app = Starlette(routes=[Mount("/stats", collector)], lifespan=collector.lifespan)

The file is opened when the server starts, and closed when it stops. An app around it that has no
lifespan, or another one, opens it with the first request; it is then closed at exit, where the
server runs exit hooks (uvicorn does not after SIGTERM). Nothing that was answered is lost without.

An open live page is a response that does not end, for which a server waits when it stops; limit
that, as with uvicorn's `--timeout-graceful-shutdown 5`.

Several worker processes may share the file. Figures stay right: a visit that one process has begun
goes on in another. Each process has for itself: the hits that do not count, addresses and requests
as they came, the limit of events per address, counters of `--forward`, and which `unique` events of
Swetrix it has seen. So one process is best; it takes thousands of events a second.
"""

from __future__ import annotations

import asyncio
import atexit
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from footfall.collector.app import app_with, open_forward
from footfall.collector.ingest.forward import Forward
from footfall.collector.settings import CollectorSettings
from footfall.collector.storage.store import Store
from footfall.common.log import ThrottledLog
from footfall.errors import ConfigError

__all__ = ["CollectorApp", "app", "create_asgi_app"]

# The server may listen anywhere.
_UNKNOWN_HOST: Final = "0.0.0.0"  # noqa: S104 -- nothing is bound here


class CollectorApp:
    """An ASGI app that opens its collector at the first use, in one event loop.

    Args:
        settings: None for those of the environment, read at the first use.
    """

    def __init__(self, settings: CollectorSettings | None = None) -> None:
        self._settings = settings
        self._lock = asyncio.Lock()
        self._log = ThrottledLog()
        self._app: ASGIApp | None = None
        self._store: Store | None = None
        self._forward: Forward | None = None
        self._lifespan = AsyncExitStack()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._run_lifespan(receive, send)
            return
        try:
            app = self._app or await self._open()
        except ConfigError as error:
            # The file may be usable again at the next request.
            self._log.warn("start", f"footfall: {error}")
            app = JSONResponse({"error": "The collector cannot start; its log says why"}, 503)
        await app(scope, receive, send)

    @asynccontextmanager
    async def lifespan(self, app: object = None) -> AsyncIterator[None]:
        """Keep the collector open, as the lifespan of the app around it.

        Raises:
            ConfigError: A setting cannot work.
        """
        await self._open()
        try:
            yield
        finally:
            await self._lifespan.aclose()
            await run_in_threadpool(self.close)

    def close(self) -> None:
        """Write and forward what is queued, and close the file. The next request opens it again."""
        atexit.unregister(self.close)
        self._app = None
        if self._forward:
            self._forward.close()
        if self._store:
            self._store.close()

    async def _run_lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            async with self.lifespan():
                await send({"type": "lifespan.startup.complete"})
                await receive()
        except ConfigError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.shutdown.complete"})

    async def _open(self) -> ASGIApp:
        async with self._lock:
            if self._app is None:
                app = await run_in_threadpool(self._make)
                await self._lifespan.enter_async_context(app.router.lifespan_context(app))
                self._app = app
                atexit.register(self.close)
            return self._app

    def _make(self) -> Starlette:
        """Open the store, and make the app over it."""
        settings = self._settings or CollectorSettings.from_env(os.environ, host=_UNKNOWN_HOST)
        try:
            self._store = settings.open_store()
            self._forward = open_forward(settings, self._store)
        except ConfigError as error:
            raise settings.as_written(error) from error
        return app_with(settings, self._store, self._forward)


def create_asgi_app(settings: CollectorSettings | None = None) -> CollectorApp:
    """The collector as an ASGI app, which opens its file at the first use.

    Args:
        settings: None for those of the environment. `host` says where the server listens; in the
            environment, the default is an address that others can reach.
    """
    return CollectorApp(settings)


app: Final = create_asgi_app()
"""The collector with the settings of the environment."""
