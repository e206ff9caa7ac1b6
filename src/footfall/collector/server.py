"""The collector as a server in a thread: for the command line, the demo, and your tests.

with CollectorServer() as collector:
    send_something_to(collector.url)
    assert collector.store.count(EventSearch(name="Signup")) == 1
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import threading
import time
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, Unpack

import uvicorn
from starlette.applications import Starlette

from footfall.collector.app import app_with, open_forward
from footfall.collector.http_connection import ConnectionLimits, HTTPConnection, OpenConnections
from footfall.collector.ingest.forward import reject_loops
from footfall.collector.open_files import ACCEPTED_AT_ONCE, possible_connections
from footfall.collector.settings import CollectorOptions, CollectorSettings
from footfall.collector.storage.database import MEMORY
from footfall.common.log import ThrottledLog
from footfall.errors import ConfigError, Fault

# Importing, binding and starting a loop takes half a second on a slow machine.
_START_SECONDS = 10.0
# A page over a month of a large site takes seconds. Docker kills after ten.
_STOP_SECONDS = 3
# A request that a client sent before it saw the stop is here by then.
_DRAIN_SECONDS = 0.5
# Uvicorn's own.
_BACKLOG = 2_048
# Senders keep idle connections for about a minute; the sender should close first.
_KEEP_ALIVE_SECONDS = 75


class CollectorServer:
    """A running collector; `close()` it, or use it as a context manager.

    Args:
        database: The SQLite file, or `:memory:`.
        port: The port to listen on; 0 for a free one, which `url` names.
        settings: All settings at once, instead of the other arguments.
        options: See `footfall.collector.settings.CollectorSettings`.

    Raises:
        ConfigError: The address, the port, the token or the database cannot be used.
        RuntimeError: The server did not start within ten seconds.
    """

    def __init__(
        self,
        database: str | Path = MEMORY,
        *,
        port: int = 0,
        settings: CollectorSettings | None = None,
        **options: Unpack[CollectorOptions],
    ) -> None:
        settings = settings or CollectorSettings(database=database, port=port, **options)
        host = settings.host
        try:
            listener = _listen(host, settings.port)
            try:
                reject_loops(settings.forward, listener.getsockname()[1])
                self.store = settings.open_store()
                self._forward = open_forward(settings, self.store)
            except ConfigError:
                listener.close()
                raise
        except ConfigError as error:
            raise settings.as_written(error) from error
        self.url: str = _url(host, listener) + settings.root_path
        """Where it listens, with the root path and without a slash at its end."""
        app = app_with(settings, self.store, self._forward)
        self.shared: dict[str, str] = {
            domain: f"{self.url}{path}" for domain, path in app.state.shared_paths.items()
        }
        """By domain, the addresses of the dashboards that need no token."""
        self.max_connections = possible_connections(settings.max_connections)
        """How many connections may be open, within the limit of open files."""
        self._server = _Server(
            app,
            OpenConnections(ConnectionLimits(connections=self.max_connections), ThrottledLog()),
        )
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name="footfall-collector", daemon=True
        )
        self._thread.start()
        self._wait_until_started()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"CollectorServer({self.url!r}, {self.store!r})"

    @property
    def unwritten(self) -> int:
        """How many of the events that were taken are not in the file."""
        return self.store.unwritten

    def close(self) -> int:
        """Stop; write and forward what is queued, which takes some seconds at most.

        Returns:
            How many events were not written.
        """
        self._server.should_exit = True
        self._thread.join(_START_SECONDS)
        if self._forward:
            self._forward.close()
        return self.store.close()

    def _wait_until_started(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started and self._thread.is_alive():
            if time.monotonic() > deadline:
                break
            time.sleep(0.005)
        if not self._server.started:
            self.close()
            raise RuntimeError(f"the collector did not start on {self.url}")


class _Server(uvicorn.Server):
    """Uvicorn, with limits for clients, and with an answer for each request when it stops."""

    def __init__(self, app: Starlette, connections: OpenConnections) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=partial(HTTPConnection, connections),  # type: ignore[arg-type]  # makes one
                log_level="warning",
                # The program that runs the collector has a configuration of its own.
                log_config=None,
                access_log=False,
                server_header=False,
                # `wire/` reads the headers of proxies itself, and needs the true peer.
                proxy_headers=False,
                ws="none",
                # asyncio accepts as many connections at once.
                backlog=ACCEPTED_AT_ONCE,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=_STOP_SECONDS,
            )
        )
        self._notifier = app.state.change_notifier
        self._connections = connections

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().set_exception_handler(self._connections.on_loop_error)
        await super().startup(sockets)
        for each in sockets or ():
            # Without it, the system ignores most of a burst for a second.
            each.listen(_BACKLOG)

    async def on_tick(self, counter: int) -> bool:
        # Ten ticks are a second.
        if counter % 10 == 0:
            self._connections.end_overdue(asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # It waits for open streams.
        self._notifier.close()
        for server in self.servers:
            server.close()
        await self._connections.drain(_DRAIN_SECONDS)
        await super().shutdown(sockets)
        self._connections.abort()


def _listen(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        # Of the two addresses of localhost, prefer the IPv4 one.
        family, *_, address = min(found, key=lambda each: each[0] != socket.AF_INET)
        listener = socket.create_server(address[:2], family=family)
        # Connections inherit it. asyncio sets it only where a socket's `proto` says TCP. Without it
        # each response's body waits 40 ms for the client's delayed acknowledgement of its head.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except (OSError, UnicodeError) as error:
        raise ConfigError(_listen_fault(host, port, error)) from error


def _listen_fault(host: str, port: int, error: OSError | UnicodeError) -> Fault:
    reason = getattr(error, "strerror", None) or str(error)
    if isinstance(error, OSError) and error.errno in (errno.EADDRINUSE, errno.EACCES):
        # The text of the error repeats the address.
        reason = os.strerror(error.errno)
        remedy = f"cannot be used on {host} ({reason}); choose another, or 0 for any free one"
        return Fault("port", port, remedy)
    return Fault("host", host, f"is no address of this machine that it can listen on ({reason})")


def _url(host: str, listener: socket.socket) -> str:
    port = listener.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
