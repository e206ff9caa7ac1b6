"""An app that sends over a real socket to a vendor in trouble, by either door."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

import pytest

from footfall.delivery.transport import MARKER_HEADER, CurlTransport, HTTPXTransport
from footfall.destinations import Plausible
from footfall.model import Request, Response
from tests.support.faults import Site, watched_site
from tests.support.vendors import wait_until

Door: TypeAlias = type[CurlTransport] | type[HTTPXTransport]

DOORS: Final[dict[str, Door]] = {"curl": CurlTransport, "httpx": HTTPXTransport}

QUICK: Final = {"timeout": 0.6, "connect_timeout": 0.3}
"""For a fault that takes a timeout. Where none is expected, a busy machine gets its time."""


def fault(number: int, name: str, *values: str, doors: str = "curl httpx") -> pytest.MarkDecorator:
    """One fault of the catalogue, by its number, at each door; `values` are its variants."""
    names = ("door", "value") if values else ("door",)
    cases = [
        pytest.param(
            *((DOORS[door], value) if values else (DOORS[door],)),
            id="-".join(filter(None, (f"{number:02}", name, value, door))),
        )
        for value in values or ("",)
        for door in doors.split()
    ]
    return pytest.mark.parametrize(names, cases)


class Watched:
    """A transport that remembers how each exchange through another one ended."""

    def __init__(self, transport: CurlTransport | HTTPXTransport) -> None:
        self._transport = transport
        self.endings: list[Response | Exception] = []
        self.threads: set[threading.Thread] = set()

    def send(self, request: Request) -> Response:
        self.threads.add(threading.current_thread())
        try:
            response = self._transport.send(request)
        except Exception as error:
            self.endings.append(error)
            raise
        self.endings.append(response)
        return response

    def close(self) -> None:
        self._transport.close()


@contextmanager
def site_of(door: Door, url: str, **options: Any) -> Iterator[tuple[Site, Watched]]:
    """A watched app that counts for one Plausible at `url`, and its watched transport."""
    made = door(
        timeout_seconds=options.pop("timeout", 5.0),
        connect_timeout_seconds=options.pop("connect_timeout", 3.0),
        idle_seconds=options.pop("idle", 4.0),
    )
    made.preload()  # as a tracker does with a transport of ours
    transport = Watched(made)
    place = options.pop("place", None) or Plausible(
        domain="example.com", endpoint=f"{url}/api/event"
    )
    try:
        with watched_site(place, transport=transport, **options) as site:
            yield site, transport
            for _ in range(9):
                # A request like any other, while the fault lasts; its event goes nowhere.
                site.visit(HTTP_USER_AGENT="Googlebot/2.1")
    finally:
        transport.close()


def assert_is_sound(request: bytes, domain: str = "example.com") -> None:
    """A POST holds the headers that we meant, each once, and an event in strict JSON."""
    head, _, body = request.partition(b"\r\n\r\n")
    names = [line.partition(b":")[0].lower().decode() for line in head.split(b"\r\n")[1:]]
    allowed = {
        "host",
        "user-agent",
        "x-forwarded-for",
        "content-type",
        "content-length",
        MARKER_HEADER,
    }
    assert set(names) <= allowed
    assert len(names) == len(set(names))
    assert len(head) < 16_000
    assert json.loads(body.decode("utf-8"))["domain"] == domain


def ends_as(site: Site, seconds: float = 60.0, **counts: int) -> bool:
    """Wait until the account of the site's destination is exactly `counts`."""
    if wait_until(lambda: site.counts() == counts, seconds):
        return True
    raise AssertionError(f"{site.counts()} is not {counts}")
