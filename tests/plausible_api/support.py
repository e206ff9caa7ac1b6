"""What the tests of Plausible's API share: keys, a clock, and a server with one answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from footfall.collector import CollectorServer
from tests.support.vendors import Vendor, answer, answering

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SITE = "a.test"
KEY = "stats-key-s3cret"
SITES_KEY = "sites-key-s3cret"


@dataclass
class Clock:
    """A clock that only moves when `sleep` is called or `now` is set."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def post_event(collector: CollectorServer, **changes: object) -> None:
    """Post a pageview of `SITE` to the collector, with some of its fields changed."""
    event = {"name": "pageview", "url": f"https://{SITE}/hello", "domain": SITE} | changes
    headers = {"user-agent": FIREFOX}
    httpx2.post(f"{collector.url}/api/event", json=event, headers=headers).raise_for_status()


def responding(status: str, body: object = b"", extra: str = "") -> Callable[..., None]:
    """The behaviour of a server that sends every request the same response."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return answering(answer(status, raw, extra))


def last_request(server: Vendor) -> tuple[str, str, dict[str, list[str]], Any]:
    """Method, path, query and body of the newest request."""
    head, _, body = server.requests[-1].partition(b"\r\n\r\n")
    method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
    parts = urlsplit(target)
    return method, parts.path, parse_qs(parts.query), json.loads(body) if body else None
