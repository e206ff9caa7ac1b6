"""The client itself: settings, the two keys, and what needs neither."""

from __future__ import annotations

import ipaddress
import re
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import httpx2

from footfall.errors import ConfigError, Fault
from footfall.plausible_api.errors import RequestError
from footfall.plausible_api.events import Events
from footfall.plausible_api.line import Line, error, not_this_api, send
from footfall.plausible_api.rate_limit import REQUESTS_PER_HOUR, RateLimit, WhenLimited
from footfall.plausible_api.results import DebugAnswer, Health
from footfall.plausible_api.sites import CustomProps, Goals, SharedLinks, Sites
from footfall.plausible_api.stats import Stats

CLOUD: Final = "https://plausible.io"

# A year of a busy site takes Plausible some seconds to count.
_TIMEOUT_SECONDS = 30.0
_KEY = re.compile(r"[\x21-\x7e]+")
_MAYBE_ADDRESS = re.compile(r"[0-9A-Fa-f.:]{3,45}")


class PlausibleAPI:
    """Reads numbers from Plausible and manages its sites. Close it, or use it in a `with` block.

    Args:
        base_url: Plausible Cloud, a Plausible of your own, or a collector.
        stats_key: For `stats` and `events`.
        sites_key: For `sites`, `goals`, `shared_links` and `custom_props`.
        requests_per_hour: What the server allows each key.
        when_limited: `"raise"` a `RateLimitError` for a request that is one too many, or `"wait"`.
        timeout_seconds: For an answer to begin, and for each further piece of it.
        clock: Seconds that only rise; with `sleep` for tests.

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
            headers={"user-agent": "footfall", "accept": "application/json"},
        )
        reading = Line(self._http, kind="stats", key=stats_key, limit=limits[0])
        managing = Line(self._http, kind="sites", key=sites_key, limit=limits[1])
        self.stats = Stats(reading)
        self.events = Events(reading, managing)
        self.sites = Sites(managing)
        self.goals = Goals(managing)
        self.shared_links = SharedLinks(managing)
        self.custom_props = CustomProps(managing)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"PlausibleAPI({self.base_url!r})"

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def health(self) -> Health:
        """Whether the server is well. Takes no key.

        Raises:
            ServerError: It does not answer, or not as a Plausible does.
        """
        answer = send(self._http, "GET", "/api/health")
        try:
            parts = answer.json()
        except ValueError:
            parts = None
        if answer.status_code not in (200, 500) or not isinstance(parts, dict):
            raise not_this_api(answer)
        return Health(
            is_well=answer.status_code == 200,
            parts={name: str(state) for name, state in parts.items()},
        )

    def debug(
        self, domain: str, *, url: str | None = None, headers: Mapping[str, str] | None = None
    ) -> DebugAnswer:
        """Which address the server would take for the visitor's, given these headers.

        Plausible Cloud answers without counting anything (docs: Events API, read 2026-11). The
        open-source server knows no such request and counts a pageview. Takes no key.

        Raises:
            ServerError: The server does not answer.
            RequestError: It refuses the event.
        """
        answer = send(
            self._http,
            "POST",
            "/api/event",
            json={"name": "pageview", "url": url or f"https://{domain}/", "domain": domain},
            headers={**(headers or {}), "x-debug-request": "true", "accept": "*/*"},
        )
        if 400 <= answer.status_code < 500:
            raise error(RequestError, answer, "the server refuses the event")
        if not answer.is_success:
            raise not_this_api(answer)
        is_recorded = answer.status_code == 202
        return DebugAnswer(
            client_ip=None if is_recorded else _first_address(answer.text), is_recorded=is_recorded
        )


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
            # The value is a secret, even a wrong one.
            faults.append(Fault(name, "***", "a key is one word of ASCII; copy it again"))
    if faults:
        raise ConfigError(faults)
