"""An app that sends over a real socket to a faulty vendor, with each of the two HTTP clients."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias, cast

import pytest

from footfall.delivery.transport import MARKER_HEADER, CurlTransport, HTTPXTransport
from footfall.delivery.transport.curl_multi import CurlMulti, Multiplexed, OnEnd
from footfall.destinations import Plausible
from footfall.model import Request, Response
from tests.support.faults import Site, watched_site
from tests.support.vendors import wait_until

Client: TypeAlias = type[CurlTransport] | type[HTTPXTransport]

CLIENTS: Final[dict[str, Client]] = {"curl": CurlTransport, "httpx": HTTPXTransport}

QUICK: Final = {"timeout": 0.6, "connect_timeout": 0.3}
"""For a fault that ends in a timeout. Elsewhere timeouts are long, for a busy machine."""


def fault(
    number: int, name: str, *values: str, clients: str = "curl httpx"
) -> pytest.MarkDecorator:
    """Parametrize a test with one fault and each HTTP client.

    Args:
        number: Of the fault in tests/FAULTS.md.
        values: Variants of the fault, for the test's parameter `value`.
        clients: Names in `CLIENTS`, separated by spaces.
    """
    names = ("client", "value") if values else ("client",)
    cases = [
        pytest.param(
            *((CLIENTS[client], value) if values else (CLIENTS[client],)),
            id="-".join(filter(None, (f"{number:02}", name, value, client))),
        )
        for value in values or ("",)
        for client in clients.split()
    ]
    return pytest.mark.parametrize(names, cases)


class Watched:
    """A transport that records how each exchange through another one ended."""

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


class WatchedMultiplexed(Watched):
    """The same of one that carries many exchanges in one thread."""

    def start(self, multi: CurlMulti, request: Request, on_end: OnEnd) -> None:
        self.threads.add(threading.current_thread())

        def end(result: Response | Exception, is_http2: bool) -> None:
            self.endings.append(result)
            on_end(result, is_http2)

        try:
            cast("Multiplexed", self._transport).start(multi, request, end)
        except Exception as error:
            self.endings.append(error)
            raise


@contextmanager
def site_of(client: Client, url: str, **options: Any) -> Iterator[tuple[Site, Watched]]:
    """A watched app with one Plausible destination at `url`, and its watched transport."""
    made = client(
        timeout_seconds=options.pop("timeout", 5.0),
        connect_timeout_seconds=options.pop("connect_timeout", 3.0),
        idle_seconds=options.pop("idle", 4.0),
    )
    made.preload()  # as a tracker does with these transports
    transport = WatchedMultiplexed(made) if isinstance(made, CurlTransport) else Watched(made)
    destination = options.pop("destination", None) or Plausible(
        domain="example.com", endpoint=f"{url}/api/event"
    )
    try:
        with watched_site(destination, transport=transport, **options) as site:
            yield site, transport
            for _ in range(9):
                # An ordinary request while the fault lasts; a bot makes no event.
                site.visit(HTTP_USER_AGENT="Googlebot/2.1")
    finally:
        transport.close()


def assert_is_sound(request: bytes, domain: str = "example.com") -> None:
    """A POST holds only the expected headers, each once, and an event in strict JSON."""
    head, _, body = request.partition(b"\r\n\r\n")
    names = [line.partition(b":")[0].lower().decode() for line in head.split(b"\r\n")[1:]]
    allowed = {"host", "user-agent", "x-forwarded-for", "content-type", "content-length"}
    assert set(names) <= {*allowed, MARKER_HEADER}
    assert len(names) == len(set(names))
    assert len(head) < 16_000
    assert json.loads(body.decode("utf-8"))["domain"] == domain


def ends_as(site: Site, seconds: float = 60.0, **counts: int) -> bool:
    """Wait until the counters of the site's destination are exactly `counts`."""
    if wait_until(lambda: site.counts() == counts, seconds):
        return True
    raise AssertionError(f"{site.counts()} is not {counts}")
