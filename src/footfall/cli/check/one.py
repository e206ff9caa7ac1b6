"""One destination: the event that goes there, the answer, and whether the event arrived."""

from __future__ import annotations

import ipaddress
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from footfall.cli.explain import BROWSER
from footfall.destinations import (
    Collector,
    Destination,
    Plausible,
    explained,
)
from footfall.errors import TransportError
from footfall.model import Event, Outcome, OutcomeKind, Response, Visitor

if TYPE_CHECKING:
    import argparse

    from footfall.plausible_api import PlausibleAPI

STATS_KEY: Final = "PLAUSIBLE_STATS_KEY"
COLLECTOR_TOKEN: Final = "COLLECTOR_TOKEN"  # noqa: S105 -- the name of a variable

# Thirty seconds of asking take a fortieth of what a key may ask in an hour.
_POLL_SECONDS = 2.0
_MAX_BODY_CHARS = 500


class Check:
    """The check of one destination. It says on the terminal what it does.

    Raises:
        ValueError: An option is missing, or wrong.
    """

    def __init__(self, destination: Destination, args: argparse.Namespace) -> None:
        self._destination = destination
        self._base_url = _base_url(destination.endpoint)
        # The first of several; None with vendors that know a site by an id, and tell their numbers
        # to accounts alone.
        self._site = _site(destination)
        self._name: str = args.name
        self._url: str = args.url or _page(self._site)
        self._address = _address(destination, args.client_ip)
        self._wait_seconds: float = args.wait

    def run(self) -> bool:
        """Send the event and say what became of it. Whether it arrived, as far as can be known."""
        from footfall.plausible_api import APIError

        print(f"{self._destination.name} at {self._destination.endpoint}")
        try:
            address = self._address or self._ask_for_address()
        except APIError as error:
            return _fail("answer", f"none: {error}")
        _say("sent", f"{self._name} of {self._url}, client IP {address}")
        with self._reader() as reader:
            before = self._visitors(reader)
            outcome = self._send(address)
            _say("meaning", f"{outcome.kind}: {outcome.detail or 'the vendor took the event'}")
            if outcome.kind is not OutcomeKind.ACCEPTED:
                return _fail("remedy", self._remedy(outcome, address))
            return self._has_arrived(reader, before)

    def _ask_for_address(self) -> str:
        """The address under which the vendor sees this machine."""
        from footfall.plausible_api import PlausibleAPI, ServerError

        with PlausibleAPI(self._base_url) as api:
            found = api.debug(self._site or "", url=self._url).client_ip
        if found is None:
            raise ServerError("it does not tell this machine's address: say --client-ip")
        return found

    def _send(self, address: str) -> Outcome:
        from footfall.delivery.transport import HTTPXTransport

        transport, event = HTTPXTransport(), self._event(address)
        try:
            answer = transport.send(self._destination.request(event))
        except TransportError as error:
            return Outcome(kind=OutcomeKind.UNKNOWN, detail=f"no answer came: {error}")
        finally:
            transport.close()
        _show(answer)
        outcome = self._destination.read(answer)
        return explained(self._destination, outcome, event, has_kept=False)

    def _event(self, address: str) -> Event:
        visitor = Visitor(
            client_ip=address,
            user_agent=_new_browser(),
            language=BROWSER["accept-language"],
        )
        return Event(name=self._name, url=self._url, visitor=visitor)

    def _remedy(self, outcome: Outcome, address: str) -> str:
        if outcome.kind is not OutcomeKind.DROPPED:
            return f"check that {self._destination.endpoint} is the vendor's events endpoint"
        if isinstance(self._destination, Collector):
            return f"the reason stands at {self._base_url}; it may know other domains only"
        if not ipaddress.ip_address(address).is_global:
            return f"{address} is no public address: give your browser's as --client-ip"
        site = f"add the site {self._site}, or wait a minute if it is new; " if self._site else ""
        return f"{site}give your browser's address as --client-ip: data centres are not counted"

    # -- reading back -------------------------------------------------------------------------

    @contextmanager
    def _reader(self) -> Iterator[PlausibleAPI | None]:
        """What tells the number of current visitors; None where nothing can."""
        from footfall.plausible_api import PlausibleAPI

        is_collector = isinstance(self._destination, Collector)
        key = os.environ.get(COLLECTOR_TOKEN if is_collector else STATS_KEY, "").strip() or None
        if self._site is None or not (key or is_collector):
            yield None
        else:
            with PlausibleAPI(self._base_url, stats_key=key) as api:
                yield api

    def _has_arrived(self, reader: PlausibleAPI | None, before: int | None) -> bool:
        """Whether the count of visitors rises; where it cannot be read, the answer has to do."""
        if reader is None:
            _say("read back", f"not tried: that takes Plausible, and its key as {STATS_KEY}")
        if before is None:
            return True
        deadline = time.monotonic() + self._wait_seconds
        while (now := self._visitors(reader)) is not None and now <= before:
            if time.monotonic() >= deadline:
                waited = f"{self._wait_seconds:g} s"
                return _fail("read back", f"still {before} current visitors after {waited}")
            time.sleep(_POLL_SECONDS)
        if now is not None:
            _say("read back", f"{before} current visitors before, {now} now")
        return True

    def _visitors(self, reader: PlausibleAPI | None) -> int | None:
        from footfall.plausible_api import APIError

        if reader is None or self._site is None:
            return None
        try:
            return reader.stats.visitors_now(self._site)
        except APIError as error:
            _say("read back", f"not possible: {error}")
            return None


# -- what is asked for ------------------------------------------------------------------------


def _site(destination: Destination) -> str | None:
    if isinstance(destination, Plausible | Collector):
        return destination.domain.partition(",")[0]
    return None


def _page(site: str | None) -> str:
    if site is None:
        raise ValueError("say --url: a page of the site, which this vendor knows by an id only")
    return f"https://{site}/footfall-check"


def _address(destination: Destination, said: str | None) -> str | None:
    """The client IP that was given; None where the vendor can be asked for this machine's."""
    if said is not None:
        try:
            return str(ipaddress.ip_address(said.strip()))
        except ValueError as error:
            raise ValueError(f"--client-ip: {error}") from None
    is_cloud = urlsplit(destination.endpoint).hostname == "plausible.io"
    if not is_cloud and not isinstance(destination, Collector):
        raise ValueError(f"say --client-ip: {destination.name} tells nobody's address")
    return None


def _base_url(endpoint: str) -> str:
    """The server of an events endpoint."""
    base = endpoint.removesuffix("/api/event")
    parts = urlsplit(endpoint)
    return base if base != endpoint else f"{parts.scheme}://{parts.netloc}"


def _new_browser() -> str:
    """A user agent that nobody had before, so that the event is a new visitor's."""
    build = f"{secrets.randbelow(10_000)}.{secrets.randbelow(1_000)}"
    return BROWSER["user-agent"].replace(".0.0.0 ", f".0.{build} ")


# -- what is said -----------------------------------------------------------------------------


def _show(answer: Response) -> None:
    """The vendor's raw answer, as far as a terminal likes it."""
    _say("answer", f"HTTP {answer.status}")
    for name, value in answer.headers.items():
        _say("", f"{name}: {value}")
    body = answer.body.decode(errors="replace")[:_MAX_BODY_CHARS]
    _say("", repr(body) if body else "(no body)")


def _say(what: str, words: str) -> None:
    print(f"  {what:<10} {words}")


def _fail(what: str, words: str) -> bool:
    _say(what, words)
    return False
