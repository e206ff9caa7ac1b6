"""`footfall goals sync`: creates the goals and properties without which a site hides events."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from footfall.cli.api_keys import (
    COLLECTOR_TOKEN,
    SITES_KEY,
    collector_token,
    collector_token_remedy,
    key,
)
from footfall.cli.terminal import complain, say, say_json
from footfall.common.printable import escaped
from footfall.destinations import check_event_name
from footfall.errors import ConfigError, EventError
from footfall.model import PAGEVIEW

if TYPE_CHECKING:
    import argparse

    from footfall.plausible_api import PlausibleAPI

HELP: Final = (
    "Plausible shows a custom event once its site has a goal of that name, and a property once it "
    "is enabled. `sync` makes those that are missing. It shows what it would do, and does it with "
    "--apply. Nothing is ever deleted. The key is read from PLAUSIBLE_SITES_KEY."
)
EXIT_CODES: Final = {
    0: "nothing is missing any more",
    1: "something is missing",
    2: "wrong usage, or a missing key",
}

_IN_SYNC = 0
_OUT_OF_SYNC = 1
_USAGE = 2

# The plan lacks the Sites API, or the server does, as every Community Edition.
_BY_HAND: Final = frozenset({402, 406})

# Plausible's own limit (see destinations/plausible.py); longer names are never recorded.
_MAX_PROP_BYTES = 300


class Declared(NamedTuple):
    """Names of events and of properties, each once, in the order in which they were named."""

    events: Sequence[str]
    props: Sequence[str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `footfall goals`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    sync = actions.add_parser("sync", help="make the goals and properties that are missing")
    sync.add_argument("site", metavar="SITE", help="the site's domain in Plausible")
    sync.add_argument(
        "-e", "--event", metavar="NAME", action="append", default=[], help="a custom event"
    )
    sync.add_argument(
        "-p", "--prop", metavar="NAME", action="append", default=[], help="a custom property"
    )
    sync.add_argument(
        "--file",
        metavar="FILE",
        type=Path,
        help="TOML or JSON: events = [...] and props = [...], or a table [events] with the "
        "properties of each",
    )
    sync.add_argument(
        "--from-collector",
        metavar="URL",
        help=f"what a collector has seen for the site; its token is read from {COLLECTOR_TOKEN}",
    )
    sync.add_argument(
        "--base-url", default="https://plausible.io", help="the Plausible server (%(default)s)"
    )
    sync.add_argument("--json", action="store_true", help="for programs")
    sync.add_argument("--apply", action="store_true", help="make them; otherwise nothing changes")


def run(args: argparse.Namespace) -> int:
    """Return 0 if nothing is missing any more, 1 if something is, 2 for wrong usage."""
    from footfall.plausible_api import APIError, PlausibleAPI

    try:
        declared = _declared(args)
        if key(SITES_KEY) is None and urlsplit(args.base_url).hostname == "plausible.io":
            raise ValueError(f"set {SITES_KEY} to a key of Plausible's Sites API")
        with PlausibleAPI(args.base_url, sites_key=key(SITES_KEY)) as api:
            return _try_sync(api, args, declared)
    except APIError as error:
        complain(error)
        return _OUT_OF_SYNC
    except (ConfigError, EventError, OSError, TypeError, ValueError) as error:
        complain(error)
        return _USAGE


def _try_sync(api: PlausibleAPI, args: argparse.Namespace, declared: Declared) -> int:
    """Sync, or print what to make by hand where the server has no API for it."""
    from footfall.plausible_api import APIError

    try:
        return _sync(api, args, declared)
    except APIError as error:
        if error.status not in _BY_HAND:
            raise
        names = ", ".join(map(escaped, (*declared.events, *declared.props)))
        complain(f"{error}\nMake them by hand, in the site's settings: {names}")
        return _OUT_OF_SYNC


def _sync(api: PlausibleAPI, args: argparse.Namespace, declared: Declared) -> int:
    site: str = args.site
    goals = {goal.event_name for goal in api.goals.all(site)}
    props = set(api.custom_props.all(site))
    missing = Declared(
        [name for name in declared.events if name not in goals],
        [name for name in declared.props if name not in props],
    )
    if not args.json:
        _show("goal", declared.events, missing.events)
        _show("property", declared.props, missing.props)
    if args.apply:
        for name in missing.events:
            api.goals.find_or_create_event(site, name)
        for name in missing.props:
            api.custom_props.create(site, name)
    if args.json:
        say_json(_as_json(args, declared, missing))
    elif not any(missing):
        say(f"{site} has all of them.")
    elif args.apply:
        say(f"Made {len(missing.events)} goals and {len(missing.props)} properties.")
    else:
        say("Nothing was changed. Add --apply to make what is missing (+).")
    return _OUT_OF_SYNC if any(missing) and not args.apply else _IN_SYNC


def _as_json(args: argparse.Namespace, declared: Declared, missing: Declared) -> dict[str, Any]:
    def named(names: Sequence[str], missing_names: Sequence[str]) -> list[dict[str, object]]:
        return [{"name": name, "missing": name in missing_names} for name in names]

    return {
        "version": 1,
        "site": args.site,
        "applied": args.apply,
        "goals": named(declared.events, missing.events),
        "properties": named(declared.props, missing.props),
    }


def _show(kind: str, names: Sequence[str], missing: Sequence[str]) -> None:
    for name in names:
        say(f"  {'+' if name in missing else '='} {kind:<8} {escaped(name)}")


# -- what is declared -------------------------------------------------------------------------


def _declared(args: argparse.Namespace) -> Declared:
    """All names, from every source; checked as Plausible does."""
    sources = [Declared(args.event, args.prop)]
    if args.file:
        sources.append(_from_file(args.file))
    if args.from_collector:
        sources.append(_from_collector(args.from_collector, args.site))
    declared = Declared(
        _each_once(name for source in sources for name in source.events),
        _each_once(name for source in sources for name in source.props),
    )
    _check(declared)
    return declared


def _from_file(path: Path) -> Declared:
    text = path.read_text(encoding="utf-8")
    found: Any = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    if not isinstance(found, dict):
        raise TypeError(f"{path} holds no table; write events = [...] and props = [...]")
    events, props = found.get("events", []), found.get("props", [])
    lists = [props, *events.values()] if isinstance(events, dict) else [props, events]
    if not all(isinstance(each, list) for each in lists):
        raise TypeError(f"{path}: write names in a list, as in events = ['Signup']")
    if isinstance(events, dict):
        return Declared(list(events), list(_flat(lists)))
    return Declared(events, props)


def _from_collector(url: str, site: str) -> Declared:
    from footfall.plausible_api import AuthorizationError, PlausibleAPI

    try:
        with PlausibleAPI(url, stats_key=collector_token()) as api:
            seen = [event for event in api.events.all(site) if event.event_type == "custom"]
    except AuthorizationError as error:
        raise AuthorizationError(collector_token_remedy(), status=error.status) from error
    return Declared([event.name for event in seen], list(_flat(event.props for event in seen)))


def _check(declared: Declared) -> None:
    if not any(declared):
        raise ValueError("name an event or a property: --event, --prop, --file, --from-collector")
    for name in declared.events:
        check_event_name(name)
        if name == PAGEVIEW:
            raise EventError("pageviews are counted without a goal; name custom events only")
    for name in declared.props:
        _check_prop(name)


def _check_prop(name: object) -> None:
    if not isinstance(name, str) or not name.strip() or len(name.encode()) > _MAX_PROP_BYTES:
        raise ValueError(f"{name!r:.80} is no property: a text of 1 to {_MAX_PROP_BYTES} bytes")


def _flat(lists: Iterable[Iterable[str]]) -> Iterable[str]:
    return (name for names in lists for name in names)


def _each_once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
