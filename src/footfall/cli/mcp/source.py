"""Where the agent's numbers come from: a collector, its file, or Plausible."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Self

import httpx2

from footfall.cli.api_keys import STATS_KEY
from footfall.cli.live_feed import collector_client
from footfall.errors import HIDDEN
from footfall.plausible_api import PlausibleAPI
from footfall.plausible_api.client import CLOUD

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from footfall.collector.storage.store import Store

__all__ = ["AgentSource", "open_source"]

DEFAULT_COLLECTOR: Final = "http://127.0.0.1:8321"
_IN_PROCESS: Final = "http://localhost"
# More than any file has, so that nothing is deleted.
_ALL: Final = 2**62


class AgentSource:
    """What the tools read. Close it, or use it in a `with` block.

    Args:
        api: Answers queries.
        collector: Reads a collector's own API; None of Plausible.
        site: The only site that may be read; None for all.
        secrets: What no result and no error may contain.
        store: To be closed with it.
    """

    def __init__(
        self,
        api: PlausibleAPI,
        *,
        collector: httpx2.Client | None = None,
        site: str | None = None,
        secrets: tuple[str, ...] = (),
        store: Store | None = None,
    ) -> None:
        self.api = api
        self.collector = collector
        self.site = site
        self._secrets = secrets
        self._store = store

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.api.close()
        if self.collector is not None:
            self.collector.close()
        if self._store is not None:
            self._store.close()

    def without_secrets(self, found: Any) -> Any:
        """The same value with stars in place of each key."""
        if isinstance(found, str):
            for secret in self._secrets:
                found = found.replace(secret, HIDDEN)
            return found
        if isinstance(found, Mapping):
            return {self.without_secrets(k): self.without_secrets(v) for k, v in found.items()}
        if isinstance(found, list | tuple):
            return [self.without_secrets(each) for each in found]
        return found


def open_source(
    *,
    collector: str | None,
    database: str | None,
    site: str | None,
    base_url: str,
    token: str | None,
    stats_key: str | None,
) -> AgentSource:
    """The source that the options of the command name; a collector on this machine by default.

    Raises:
        ConfigError: It cannot be opened, or its key is missing.
    """
    secrets = tuple(each for each in (token, stats_key) if each)
    if site is not None:
        if stats_key is None and base_url == CLOUD:
            raise ValueError(f"set {STATS_KEY} to a key of Plausible's Stats API")
        api = PlausibleAPI(base_url, stats_key=stats_key)
        return AgentSource(api, site=site, secrets=secrets)
    if database is not None:
        return _of_file(database, secrets)
    url = collector or DEFAULT_COLLECTOR
    api = PlausibleAPI(url, stats_key=token, sites_key=token)
    return AgentSource(api, collector=collector_client(url, token), secrets=secrets)


def _of_file(database: str, secrets: tuple[str, ...]) -> AgentSource:
    from footfall.collector import Store, create_app
    from footfall.collector.storage.database import open_to_read

    # A file of this version: opening it then changes nothing.
    open_to_read(database).close()
    # Whoever writes the file deletes what is too old.
    store = Store(database, keep_events=_ALL, max_bytes=None, has_upkeep=lambda: False)
    transport = _InProcess(create_app(store))
    api = PlausibleAPI(_IN_PROCESS, transport=transport)
    client = httpx2.Client(base_url=_IN_PROCESS, transport=transport)
    return AgentSource(api, collector=client, secrets=secrets, store=store)


class _InProcess(httpx2.BaseTransport):
    """Carries requests to an ASGI app in this process, so that a file needs no port."""

    def __init__(self, app: ASGIApp) -> None:
        self._transport = httpx2.ASGITransport(app)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return asyncio.run(self._handle(request))

    async def _handle(self, request: httpx2.Request) -> httpx2.Response:
        body = request.read()
        response = await self._transport.handle_async_request(
            httpx2.Request(request.method, request.url, headers=request.headers, content=body)
        )
        stream = httpx2.ByteStream(await response.aread())
        return httpx2.Response(response.status_code, headers=response.headers, stream=stream)
