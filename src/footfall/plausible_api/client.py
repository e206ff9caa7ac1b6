"""The client: settings, the two keys, and the requests that need neither key."""

from __future__ import annotations

import ipaddress
import re
import time
from collections.abc import Callable, Mapping
from typing import Final, Self
from urllib.parse import urlsplit

import httpx2

from footfall.errors import ConfigError, Fault
from footfall.plausible_api.authorized_session import AuthorizedSession, error, not_this_api
from footfall.plausible_api.bounded_exchange import parsed_json, send
from footfall.plausible_api.errors import RequestError
from footfall.plausible_api.events import Events
from footfall.plausible_api.rate_limit import REQUESTS_PER_HOUR, RateLimit, WhenLimited
from footfall.plausible_api.results import DebugAnswer, Health
from footfall.plausible_api.sites import CustomProps, Goals, SharedLinks, Sites
from footfall.plausible_api.stats import Stats

CLOUD: Final = "https://plausible.io"

# Plausible needs some seconds to count a year of a busy site.
_TIMEOUT_SECONDS = 30.0
_KEY = re.compile(r"[\x21-\x7e]+")
_MAYBE_ADDRESS = re.compile(r"[0-9A-Fa-f.:]{3,45}")


class PlausibleAPI:
    """Reads numbers from Plausible and manages its sites. Close it, or use it in a `with` block.

    Args:
        base_url: The URL of Plausible Cloud, a Plausible of your own, or a collector.
        stats_key: The API key for `stats` and `events`.
        sites_key: The API key for `sites`, `goals`, `shared_links` and `custom_props`.
        requests_per_hour: How many requests the server allows each key.
        when_limited: `"raise"` a `RateLimitError` for a request above that limit, or `"wait"`.
        timeout_seconds: The most seconds until a response begins, and between two parts of it. A
            response may have 16 MiB and take two minutes at most.
        clock: Returns seconds, never fewer than before; tests replace it and `sleep`.
        transport: What carries the requests, in place of the network.

    Raises:
        ConfigError: With a fault for each argument that cannot work.
    """

    def __init__(
        self,
        base_url: str = CLOUD,
        *,
        stats_key: str | None = None,
        sites_key: str | None = None,
        requests_per_hour: int = REQUESTS_PER_HOUR,
        when_limited: WhenLimited = "raise",
        timeout_seconds: float = _TIMEOUT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        _check(base_url, stats_key=stats_key, sites_key=sites_key)
        limits = [
            RateLimit(
                requests=requests_per_hour, when_limited=when_limited, clock=clock, sleep=sleep
            )
            for _ in range(2)
        ]
        self.base_url = base_url.rstrip("/")
        self._http = httpx2.Client(
            base_url=self.base_url,
            timeout=timeout_seconds,
            transport=transport,
            headers={
                "user-agent": "footfall",
                "accept": "application/json",
                "accept-encoding": "gzip",
            },
        )
        stats = AuthorizedSession(self._http, kind="stats", key=stats_key, limit=limits[0])
        sites = AuthorizedSession(self._http, kind="sites", key=sites_key, limit=limits[1])
        self.stats = Stats(stats)
        self.events = Events(stats, sites)
        self.sites = Sites(sites)
        self.goals = Goals(sites)
        self.shared_links = SharedLinks(sites)
        self.custom_props = CustomProps(sites)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"PlausibleAPI({self.base_url!r})"

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def health(self) -> Health:
        """Whether the server works. Needs no key.

        Raises:
            ServerError: No response came, or none that a Plausible server sends.
        """
        response = send(self._http, "GET", "/api/health")
        try:
            parts = parsed_json(response)
        except ValueError:
            parts = None
        if response.status_code not in (200, 500) or not isinstance(parts, dict):
            raise not_this_api(response)
        return Health(
            is_well=response.status_code == 200,
            parts={name: str(state) for name, state in parts.items()},
        )

    def debug(
        self, domain: str, *, url: str | None = None, headers: Mapping[str, str] | None = None
    ) -> DebugAnswer:
        """Which IP address the server would take for the visitor's. Needs no key.

        Plausible Cloud answers without counting anything (docs: Events API, read 2026-11). The
        open-source server does not know such requests and counts a pageview.

        Args:
            domain: The site.
            url: The page of the event; the site's front page by default.
            headers: Request headers as a visitor's event would have them.

        Raises:
            ServerError: No response came, or none that a Plausible server sends.
            RequestError: The server refuses the event.
        """
        response = send(
            self._http,
            "POST",
            "/api/event",
            json={"name": "pageview", "url": url or f"https://{domain}/", "domain": domain},
            headers={**(headers or {}), "x-debug-request": "true", "accept": "*/*"},
        )
        if 400 <= response.status_code < 500:
            raise error(RequestError, response, "the server refuses the event")
        if not response.is_success:
            raise not_this_api(response)
        is_recorded = response.status_code == 202
        client_ip = None if is_recorded else _first_address(response.text)
        return DebugAnswer(client_ip=client_ip, is_recorded=is_recorded)


def _first_address(text: str) -> str | None:
    """The first IP address in a text, which may be JSON or not."""
    for word in _MAYBE_ADDRESS.findall(text[:10_000]):
        try:
            return str(ipaddress.ip_address(word))
        except ValueError:
            continue
    return None


def _check(base_url: str, **keys: str | None) -> None:
    faults = []
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        remedy = "write the address of the server, such as https://plausible.io"
        faults.append(Fault("base_url", base_url, remedy))
    elif "@" in parts.netloc:
        faults.append(Fault("base_url", "***", "leave out user and password; keys are separate"))
    for name, key in keys.items():
        if key is not None and not _KEY.fullmatch(key):
            # The value may be a real key with a typing error, so it stays hidden.
            faults.append(Fault(name, "***", "a key is one word of ASCII; copy it again"))
    if faults:
        raise ConfigError(faults)
