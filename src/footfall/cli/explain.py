"""`footfall explain`: shows each step from one imagined request to the requests it would cause."""

from __future__ import annotations

import json
import os
import tomllib
from argparse import ArgumentTypeError
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from footfall.cli import app_settings
from footfall.cli.terminal import Style, complain, say, say_json
from footfall.common.printable import escaped
from footfall.errors import ConfigError
from footfall.events.curl_command import curl_command
from footfall.model import Event, Hit, Request

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from footfall.client_ip import Trace
    from footfall.tracker import Explanation

HELP: Final = (
    "Say what a request would be counted as, and why: the visitor's address hop by hop, each rule "
    "that was tried, the event, and the request that each destination would get. Nothing is sent. "
    "The request is a browser's that opens a page, unless -H says otherwise."
)
EXIT_CODES: Final = {
    0: "the request would be counted",
    1: "it would not",
    2: "an argument or an option is wrong",
}
# An address for documentation (RFC 5737) stands for a visitor on the internet.
PEER: Final = "198.51.100.7"
# Used where no destination is configured, to show a request.
EXAMPLE: Final = "plausible://plausible.io/example.com"
BROWSER: Final = {
    "user-agent": (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/142.0.0.0 Safari/537.36"
    ),
    "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "accept-language": "en-GB,en;q=0.9",
    "sec-fetch-dest": "document",
    "sec-fetch-mode": "navigate",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `footfall explain`."""
    parser.add_argument("method", metavar="METHOD", type=_method, help="GET, POST, ...")
    parser.add_argument("url", metavar="URL", help="as the browser asks for it")
    parser.add_argument(
        "-H",
        "--header",
        action="append",
        default=[],
        metavar="'NAME: VALUE'",
        help="of the request, repeatable; without a value it is not sent",
    )
    parser.add_argument("--peer", default=PEER, help="who connects to the app (%(default)s)")
    parser.add_argument("--status", type=int, default=200, help="of the response (%(default)s)")
    parser.add_argument(
        "--content-type", default="text/html; charset=utf-8", help="of the response (%(default)s)"
    )
    parser.add_argument(
        "--reported",
        action="store_true",
        help="no request was sent for the page: the complement's script reports it",
    )
    parser.add_argument("--route", help="the framework's template of the path")
    whose = app_settings.add_arguments(parser)
    whose.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        help="options as TOML or JSON; FOOTFALL_* in the environment fills what it leaves out",
    )
    parser.add_argument("--json", action="store_true", help="for programs")


def _method(text: str) -> str:
    if "/" in text:
        raise ArgumentTypeError(f"give the method first, as in GET {text}")
    return text.upper()


def run(args: argparse.Namespace) -> int:
    """Return 0 if the hit would be counted, 1 if not, 2 if an argument or an option is wrong."""
    from footfall.config import Config
    from footfall.tracker import Tracker
    from footfall.tracker.uncounted_pages import inactive_cause

    cause = None
    try:
        if args.config is None:
            config = app_settings.load(args).config
        else:
            config = Config.load(_options(args.config))
        if not config.is_active:
            cause = inactive_cause(config, os.environ)
            config = replace(config, destinations=[EXAMPLE], enabled=True)
        tracker = Tracker(config, environ={})
        hit = _hit(args)
        if args.reported and config.complement_options is None:
            raise ValueError('--reported needs the option complement, such as complement="/_stats"')
    except (ConfigError, OSError, TypeError, ValueError) as error:
        complain(error)
        return 2
    if cause is not None:
        complain(f"An app with these options counts nothing: {cause.text}. {cause.remedy}")
        complain("What follows is shown as if it did.")
    reported = (f"{hit.path}?{hit.query}" if hit.query else hit.path) if args.reported else None
    explanation = tracker.explain(hit, reported)
    is_counted = explanation.event is not None
    if args.json:
        say_json(_as_json(explanation))
    else:
        _say_text(explanation)
    return 0 if is_counted else 1


def _options(path: Path) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8")
    try:
        options = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except ValueError as error:
        kind = "JSON" if path.suffix == ".json" else "TOML"
        raise ValueError(f"{path} cannot be read as {kind}: {error}") from error
    if not isinstance(options, dict):
        raise TypeError(f"{path} holds no table of options")
    return options


def _hit(args: argparse.Namespace) -> Hit:
    parts = urlsplit(args.url)
    if not parts.scheme or not parts.netloc:
        raise ValueError(f"{args.url!r} is no absolute URL, such as https://example.com/path")
    headers = {**BROWSER, **parse_headers(args.header)}
    headers.setdefault("host", parts.netloc.rpartition("@")[2])
    return Hit(
        method=args.method,
        scheme=parts.scheme,
        host=headers["host"],
        path=unquote(parts.path, errors="replace") or "/",
        raw_path=parts.path if "%" in parts.path else "",
        query=parts.query,
        headers={name: value for name, value in headers.items() if value},
        peer=args.peer,
        status=args.status,
        response_headers={"content-type": args.content_type} if args.content_type else {},
        route=args.route,
    )


def parse_headers(lines: Sequence[str]) -> dict[str, str]:
    """The headers that `-H` gives, by lower-case name.

    Raises:
        ValueError: one has no colon.
    """
    headers: dict[str, str] = {}
    for line in lines:
        name, mark, value = line.partition(":")
        if not mark:
            raise ValueError(f"-H {line!r} is no header, such as 'Name: value'")
        name, value = name.strip().lower(), value.strip()
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


# -- output ------------------------------------------------------------------------------------


_VERDICT: Final = "  = "


def _say_text(explanation: Explanation) -> None:
    style: Style = "bad" if explanation.event is None else "good"
    for number, section in enumerate(_sections(explanation)):
        say(("\n" if number else "") + section, style=style if section.startswith(_VERDICT) else "")


def _sections(explanation: Explanation) -> list[str]:
    from footfall.collector.web import reason_texts

    decision, event = explanation.decision, explanation.event
    width = max((len(step.rule) for step in decision.steps), default=0)
    steps = [f"  {s.verdict:<5}  {s.rule:<{width}}  {escaped(s.saw)}" for s in decision.steps]
    outcome = escaped(event.name) if event is not None else "not counted"
    verdict = reason_texts.of_hit(explanation.reason)
    sections = [
        "Visitor\n  " + _trace_text(explanation.trace),
        "Decision\n" + "\n".join(steps),
        f"{_VERDICT}{outcome}: {explanation.reason}. {verdict.why}".rstrip(),
    ]
    if event is None and verdict.remedy:
        sections[-1] += f"\n    To change that: {verdict.remedy}"
    if event is not None:
        facts = {**_facts(event), "counted by": explanation.counted_by}
        sections.append(
            "Event\n" + "\n".join(f"  {k:<10} {escaped(str(v))}" for k, v in facts.items())
        )
        if explanation.note:
            sections[-1] += f"\n  {escaped(explanation.note)}"
        sections += [f"To {name}\n{_as_curl(sent)}" for name, sent in explanation.requests.items()]
    return sections


def _trace_text(trace: Trace) -> str:
    hops = tuple(hop._replace(text=escaped(hop.text)) for hop in trace.hops)
    return str(replace(trace, reason=escaped(trace.reason), hops=hops)).replace("\n", "\n  ")


def _facts(event: Event) -> dict[str, object]:
    facts = {
        "name": event.name,
        "url": event.url,
        "referrer": event.referrer,
        "previous": event.previous,
        "client IP": event.visitor.client_ip,
        "user agent": event.visitor.user_agent,
        "language": event.visitor.language,
        "props": dict(event.props),
        "trimmed": ", ".join(event.trimmed),
    }
    return {name: value for name, value in facts.items() if value}


def _as_curl(sent: Request) -> str:
    return curl_command(sent.url, sent.headers, sent.body, indent="  ")


# -- for programs ------------------------------------------------------------------------------


def _as_json(explanation: Explanation) -> dict[str, Any]:
    event = explanation.event
    return {
        "version": 1,
        "counted": event is not None,
        "counted_by": explanation.counted_by,
        "reason": explanation.reason,
        "client_ip": {
            "answer": explanation.trace.client_ip,
            "source": explanation.trace.source,
            "reason": explanation.trace.reason,
            "hops": [hop._asdict() for hop in explanation.trace.hops],
        },
        "steps": [step._asdict() for step in explanation.decision.steps],
        "event": None if event is None else _facts(event),
        "note": explanation.note,
        "requests": {
            name: {
                "url": request.url,
                "headers": dict(request.headers),
                "body": request.body.decode("utf-8", "replace"),
            }
            for name, request in explanation.requests.items()
        },
    }
