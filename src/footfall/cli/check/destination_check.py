"""Checks one destination: sends an event, explains the response, reads the visitor count back."""

from __future__ import annotations

import ipaddress
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from footfall.cli.api_keys import STATS_KEY, collector_token, collector_token_remedy, key
from footfall.cli.check.report import CheckReport
from footfall.cli.explain import BROWSER
from footfall.destinations import (
    Collector,
    Destination,
    Plausible,
    SQLite,
    explained,
    file_of,
    outcome_of,
)
from footfall.errors import TransportError
from footfall.events.hit_report import HitReport
from footfall.model import Event, Outcome, OutcomeKind, Request, Response, Visitor

if TYPE_CHECKING:
    import argparse

    from footfall.collector.site_file import SiteFile
    from footfall.delivery.transport import HTTPXTransport
    from footfall.plausible_api import PlausibleAPI

# Thirty seconds of polling take a fortieth of the requests that a key allows in an hour.
_POLL_SECONDS = 2.0
_MAX_BODY_CHARS = 500
# Before a vendor's own words in the detail of an outcome, and before the advice that follows.
_SAYS = " (it says: "
_ADVICE = "What to do about "


class DestinationCheck:
    """Checks one destination, and writes each step.

    Args:
        destination: Where the event goes.
        args: The options of `footfall check`.
        report: Takes each step.

    Raises:
        ValueError: An option is missing, or wrong.
        ConfigError: The file with the collector's token cannot be read.
    """

    def __init__(
        self, destination: Destination, args: argparse.Namespace, report: CheckReport
    ) -> None:
        self._destination = destination
        self._report = report
        self._base_url = _base_url(destination.endpoint)
        # The first of several; None for vendors with site ids, whose numbers only accounts see.
        self._site = _site(destination)
        self._name: str = args.name
        self._address = _address(args.client_ip)
        if file_of(destination) is not None:
            # A file is written by this machine's own process.
            self._address = self._address or "127.0.0.1"
        _require_options(destination, args)
        self._url: str = args.url or f"https://{self._site}/footfall-check"
        self._wait_seconds: float = args.wait
        # What creates what the response says is missing, as a vendor's own commands.
        self._setup = ""
        is_collector = isinstance(destination, Collector)
        self._key = collector_token() if is_collector else key(STATS_KEY)

    def run(self) -> bool:
        """Send the event and write its outcome.

        Returns:
            Whether it arrived; where that cannot be read back, whether the vendor accepted it.
        """
        from footfall.plausible_api import APIError

        try:
            address = self._address or self._own_address()
        except APIError as error:
            return self._fail("answer", f"none: {error}")
        self._report.step("sent", f"{self._name} of {self._url}, client IP {address}")
        with self._reader() as reader:
            before = self._visitors(reader)
            outcome = self._send(address)
            self._report.step(
                "meaning", f"{outcome.kind}: {outcome.detail or 'the vendor took the event'}"
            )
            if outcome.kind is not OutcomeKind.ACCEPTED:
                self._fail("remedy", self._remedy(outcome, address))
                if self._setup:
                    self._report.setup(self._setup)
                return False
            if not_shown := getattr(self._destination, "not_shown", ""):
                self._report.step("not shown", not_shown)
            return self._has_arrived(reader, before)

    def _own_address(self) -> str:
        """Ask the vendor for the address that it sees of this machine."""
        from footfall.plausible_api import PlausibleAPI, ServerError

        with PlausibleAPI(self._base_url) as api:
            found = api.debug(self._site or "", url=self._url).client_ip
        if found is None:
            raise ServerError("it does not report this machine's address: give --client-ip")
        return found

    def _send(self, address: str) -> Outcome:
        transport, event = self._transport(), self._event(address)
        request = self._request(event)
        try:
            response = transport.send(request)
        except TransportError as error:
            return Outcome(kind=OutcomeKind.UNKNOWN, detail=f"no answer came: {error}")
        finally:
            transport.close()
        self._print_response(response)
        if setup_for := getattr(self._destination, "setup_for", None):
            self._setup = setup_for(response)
        outcome = outcome_of(self._destination, request, response)
        return explained(self._destination, outcome, event, has_kept=False)

    def _transport(self) -> HTTPXTransport | SiteFile:
        """What carries the event."""
        if (file := file_of(self._destination)) is not None:
            from footfall.collector.site_file import site_file

            return site_file(file)
        from footfall.delivery.transport import HTTPXTransport

        return HTTPXTransport()

    def _request(self, event: Event) -> Request:
        """The request that the middleware would send: to a collector, a report."""
        if isinstance(self._destination, Collector) and self._destination.watches:
            report = HitReport(event=event, is_tracked=True, reason="custom_event")
            return self._destination.report(report, sent_at=event.time)
        return self._destination.request(event)

    def _event(self, address: str) -> Event:
        visitor = Visitor(
            client_ip=address, user_agent=_new_user_agent(), language=BROWSER["accept-language"]
        )
        return Event(name=self._name, url=self._url, visitor=visitor, time=time.time())

    def _remedy(self, outcome: Outcome, address: str) -> str:
        if outcome.kind is not OutcomeKind.DROPPED:
            if isinstance(self._destination, Collector):
                return "see the meaning; the collector's log and its page /live may say more"
            if outcome.kind is OutcomeKind.REJECTED and _SAYS in outcome.detail:
                # The endpoint itself has answered, and says why.
                cause, _, advice = outcome.detail.partition(_ADVICE)
                return advice or cause.partition(": ")[2]
            if file_of(self._destination) is not None:
                return "see the meaning; the file has to be whole, and writable for this user"
            return f"check that {self._destination.endpoint} is the vendor's events endpoint"
        if isinstance(self._destination, Collector):
            return f"{self._base_url} shows the reason; it may know other domains only"
        if not ipaddress.ip_address(address).is_global:
            return f"{address} is no public address: give your browser's as --client-ip"
        site = f"add the site {self._site}, or wait a minute if it is new; " if self._site else ""
        return f"{site}give your browser's address as --client-ip: data centres are not counted"

    def _print_response(self, response: Response) -> None:
        """Write the vendor's raw response, its body as a Python literal."""
        self._report.step("answer", f"HTTP {response.status}")
        for name, value in response.headers.items():
            self._report.step("", f"{name}: {value}")
        body = response.body.decode(errors="replace")[:_MAX_BODY_CHARS]
        self._report.step("", repr(body) if body else "(no body)")

    def _fail(self, what: str, text: str) -> bool:
        self._report.step(what, text, is_ok=False)
        return False

    # -- reading back -------------------------------------------------------------------------

    @contextmanager
    def _reader(self) -> Iterator[PlausibleAPI | None]:
        """An API client for the number of current visitors; None where there is no such API."""
        from footfall.plausible_api import PlausibleAPI

        if self._site is None or not (self._key or isinstance(self._destination, Collector)):
            yield None
        else:
            with PlausibleAPI(self._base_url, stats_key=self._key) as api:
                yield api

    def _has_arrived(self, reader: PlausibleAPI | None, before: int | None) -> bool:
        """Whether the count of visitors rises; True where it cannot be read."""
        if reader is None:
            self._report.step(
                "read back", f"not tried: that takes Plausible, and its key as {STATS_KEY}"
            )
        if before is None:
            return True
        deadline = time.monotonic() + self._wait_seconds
        while (now := self._visitors(reader)) is not None and now <= before:
            if time.monotonic() >= deadline:
                waited = f"{self._wait_seconds:g} s"
                return self._fail("read back", f"still {before} current visitors after {waited}")
            time.sleep(_POLL_SECONDS)
        if now is not None:
            self._report.step("read back", f"{before} current visitors before, {now} now")
        return True

    def _visitors(self, reader: PlausibleAPI | None) -> int | None:
        from footfall.plausible_api import APIError, AuthorizationError

        if reader is None or self._site is None:
            return None
        try:
            return reader.stats.visitors_now(self._site)
        except APIError as error:
            is_collectors = isinstance(self._destination, Collector)
            wants_token = is_collectors and isinstance(error, AuthorizationError)
            reason = collector_token_remedy() if wants_token else error
            self._report.step("read back", f"not possible: {reason}")
            return None


# -- the options ------------------------------------------------------------------------------


def _site(destination: Destination) -> str | None:
    if isinstance(destination, Plausible | Collector):
        return destination.domain.partition(",")[0]
    return destination.domain if isinstance(destination, SQLite) else None


def _require_options(destination: Destination, args: argparse.Namespace) -> None:
    """Raise for all options that are missing: not each vendor knows the site or tells addresses."""
    missing = []
    if not args.url and _site(destination) is None:
        is_file = isinstance(destination, SQLite)
        why = (
            "since the file counts for each host"
            if is_file
            else "which this vendor knows by an id only"
        )
        missing.append(f"--url: a page of the site, {why}")
    is_cloud = urlsplit(destination.endpoint).hostname == "plausible.io"
    if args.client_ip is None and not (is_cloud or isinstance(destination, Collector | SQLite)):
        missing.append(f"--client-ip: {destination.name} reports no addresses")
    if missing:
        raise ValueError(f"give {'; and '.join(missing)}")


def _address(given: str | None) -> str | None:
    """The client IP that was given; None where the vendor is asked for this machine's."""
    if given is None:
        return None
    try:
        return str(ipaddress.ip_address(given.strip()))
    except ValueError as error:
        raise ValueError(f"--client-ip: {error}") from None


def _base_url(endpoint: str) -> str:
    """The server of an events endpoint."""
    base = endpoint.removesuffix("/api/event")
    parts = urlsplit(endpoint)
    return base if base != endpoint else f"{parts.scheme}://{parts.netloc}"


def _new_user_agent() -> str:
    """A user agent with a random build number, so that the event is a new visitor's."""
    build = f"{secrets.randbelow(10_000)}.{secrets.randbelow(1_000)}"
    return BROWSER["user-agent"].replace(".0.0.0 ", f".0.{build} ")
