"""`footfall check`: whether an app's settings count, and whether events can arrive."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from footfall.cli import app_settings
from footfall.cli.api_keys import COLLECTOR_TOKEN
from footfall.cli.check.destination_check import DestinationCheck
from footfall.cli.check.proxied_requests import PROXIED_REQUESTS, VISITOR, ProxiedRequest
from footfall.cli.check.report import CheckReport
from footfall.cli.explain import parse_headers
from footfall.cli.terminal import complain
from footfall.client_ip import ClientIP
from footfall.client_ip.platforms import PLATFORMS
from footfall.delivery.reachability import steps_to
from footfall.destinations import (
    Destination,
    check_event_name,
    destination_from,
    max_name_chars,
    queue_of,
)
from footfall.errors import ConfigError, EventError
from footfall.model import PAGEVIEW
from footfall.tracker import setup_checks
from footfall.tracker.uncounted_pages import forward_remedy

if TYPE_CHECKING:
    import argparse

    from footfall.cli.app_settings import AppSettings
    from footfall.config import Config

HELP: Final = (
    "Check an app's settings, and whether each of its destinations can be reached: its name, its "
    "port, TLS and the server's answer. Nothing is sent, unless --send is given. "
    "With DESTINATION, send one event with a browser's user agent to each of these in place of "
    "that, show the vendor's answer and what it means. With PLAUSIBLE_STATS_KEY in the "
    "environment, wait until Plausible's count of current visitors shows the event; a collector "
    f"needs no key, or its token as {COLLECTOR_TOKEN}. The event counts like any other."
)
EXIT_CODES: Final = {
    0: "all is well",
    1: "something is not: a line says what, and the next one what to change",
    2: "nothing was checked: wrong usage, settings that cannot work, or an app that does not load",
}

_WELL = 0
_NOT_WELL = 1
_USAGE = 2

# Plausible writes events after 5 s at the latest (its default flush).
_WAIT_SECONDS = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `footfall check`."""
    parser.add_argument(
        "destinations",
        metavar="DESTINATION",
        nargs="*",
        help="such as plausible://plausible.io/example.com; an event is sent to it",
    )
    app_settings.add_arguments(parser)
    parser.add_argument("--send", action="store_true", help="send one event to each destination")
    parser.add_argument(
        "--behind",
        metavar="PROXY",
        choices=sorted(PROXIED_REQUESTS),
        help="say which address would count behind one of: %(choices)s",
    )
    parser.add_argument(
        "-H",
        "--header",
        action="append",
        default=[],
        metavar="'NAME: VALUE'",
        help="say which address would count for a request with these headers, repeatable",
    )
    parser.add_argument("--peer", help="who connects to the app, for -H (127.0.0.1)")
    parser.add_argument(
        "--client-ip",
        metavar="ADDRESS",
        help="the visitor's in the event, such as your own browser's; without it, Plausible Cloud "
        "or the collector is asked for this machine's",
    )
    parser.add_argument("--url", help="the page; by default /footfall-check of the site")
    parser.add_argument("--name", default=PAGEVIEW, help="of the event (%(default)s)")
    parser.add_argument(
        "--wait",
        metavar="SECONDS",
        type=float,
        default=_WAIT_SECONDS,
        help="for the count of visitors to rise (%(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="for programs")


def run(args: argparse.Namespace) -> int:
    """Return an exit code of `EXIT_CODES`."""
    report = CheckReport(is_json=args.json)
    try:
        settings = None if args.destinations else app_settings.load(args)
        destinations = (
            _destinations(args.destinations) if settings is None else _without_queues(settings)
        )
        checks: list[DestinationCheck | None] = [None] * len(destinations)
        if args.send or settings is None:
            check_event_name(args.name, max_name_chars(destinations))
            checks = [DestinationCheck(each, args, report) for each in destinations]
        request = _proxied_request(args, settings)
    except (ConfigError, EventError, ValueError) as error:
        complain(error)
        return _USAGE
    if settings is not None:
        _check_settings(settings, report)
    # All are checked, even after one has failed.
    for destination, check in zip(destinations, checks, strict=True):
        report.begin_destination(destination.name, destination.endpoint)
        if settings is not None:
            _reach(destination, report)
        if check is not None:
            report.is_ok = check.run() and report.is_ok
    if settings is not None and request is not None:
        _check_address(settings, request, args.behind, report)
    return _WELL if report.end() else _NOT_WELL


def _destinations(lines: Sequence[str]) -> list[Destination]:
    destinations = [destination_from(line) for line in lines]
    for each in destinations:
        if queue_of(each) is not None:
            raise ValueError(
                f"{each.name} is a queue: `footfall relay check` looks at its server; name here "
                "the vendors to which its relay delivers"
            )
    return destinations


# -- the settings of an app --------------------------------------------------------------------


def _without_queues(settings: AppSettings) -> list[Destination]:
    """The destinations that get an event itself; `footfall relay check` looks at a queue."""
    return [each for each in settings.config.all_destinations if queue_of(each) is None]


def _check_settings(settings: AppSettings, report: CheckReport) -> None:
    report.begin_settings(settings.origin)
    for each in (
        *settings.findings,
        *setup_checks.findings(settings.config, settings.site, os.environ),
        *setup_checks.doubtful(settings.config),
    ):
        report.finding(each.id, each.text, each.remedy)


def _reach(destination: Destination, report: CheckReport) -> None:
    for step in steps_to(destination):
        report.step(step.name, step.text, is_ok=step.is_ok, remedy=step.remedy)


# -- the visitor's address ---------------------------------------------------------------------


def _proxied_request(
    args: argparse.Namespace, settings: AppSettings | None
) -> ProxiedRequest | None:
    """The request whose visitor's address is looked for."""
    if args.behind is None and not args.header and args.peer is None:
        return None
    if settings is None:
        raise ValueError("--behind, -H and --peer need the settings of an app, not a DESTINATION")
    if args.behind is not None:
        return PROXIED_REQUESTS[args.behind]
    return ProxiedRequest(args.peer or "127.0.0.1", parse_headers(args.header), "")


def _check_address(
    settings: AppSettings, request: ProxiedRequest, behind: str | None, report: CheckReport
) -> None:
    trace = _resolver(settings.config, behind).trace(request.peer, request.headers)
    is_ok = trace.client_ip is not None if behind is None else trace.client_ip == VISITOR
    remedy = "" if is_ok else request.remedy or forward_remedy()
    found = {
        "behind": behind,
        "ok": is_ok,
        "answer": trace.client_ip,
        "source": trace.source,
        "reason": trace.reason,
        "remedy": remedy,
    }
    seen = f"behind {behind}, for a visitor with {VISITOR}: " if behind else ""
    report.client_ip(found, f"{seen}{trace}")


def _resolver(config: Config, behind: str | None) -> ClientIP:
    """That of the settings; on a platform that its environment shows, as it is there."""
    platform = PLATFORMS.get(behind or "")
    is_default = config.trusted_proxies == "auto" and not (
        config.client_ip_header or config.client_ip
    )
    if platform is None or not platform.environment or not is_default:
        return config.resolver
    return ClientIP(environ=dict.fromkeys(platform.environment, "here"))
