"""D. Feeds and API calls, where the site owner wants them counted.

Programs fetch both, so bots, libraries and prefetches count like all others; what the app ignores
or excludes, localhost, and whoever objects to being counted do not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from footfall.model import Hit
from footfall.rules.bot_detection import classify
from footfall.rules.pageview.file_names import is_feed_name
from footfall.rules.pageview.header_values import media_type_of
from footfall.rules.pageview.options import PageviewOptions, words
from footfall.rules.pageview.reasons import API, FEED
from footfall.rules.pageview.request_rules import RULES_ABOUT_CONSENT
from footfall.rules.pageview.rule_types import RequestRule, RuleMatch

# RSS, Atom, JSON Feed and RSS 1.0 (IANA's registry and jsonfeed.org, read 2026-11).
_FEED_TYPES: Final = words(
    "application/rss+xml application/atom+xml application/feed+json application/rdf+xml"
)
# Of any XML or JSON; then the name decides. A 304, as most readers get, has no type.
_GENERIC_TYPES: Final = words("application/xml text/xml application/json") | {""}
# A reader that fetches for many says for how many: "(...; 42 subscribers; ...)".
_SUBSCRIBERS: Final = re.compile(r"\b(\d{1,9}) (?:subscriber|reader)s?\b", re.IGNORECASE)


def _feed(hit: Hit, options: PageviewOptions) -> str | RuleMatch:
    if not options.track_feeds:
        return "feeds are not counted"
    if not _is_feed(hit):
        return media_type_of(hit) or "no content type"
    if refusal := _refusal(hit, options):
        return refusal
    agent = hit.headers.get("user-agent", "")[:_MAX_AGENT]
    # The tracker replaces the path by the public one.
    props: dict[str, str | int] = {"path": hit.path}
    if (reader := classify(agent)) is not None and reader.name:
        props["reader"] = reader.name
    if found := _SUBSCRIBERS.search(agent):
        props["subscribers"] = int(found[1])
    return RuleMatch("feed", media_type_of(hit) or hit.path, "event", FEED, props)


def _is_feed(hit: Hit) -> bool:
    if hit.method != "GET" or hit.status not in (200, 304):
        return False
    media_type = media_type_of(hit)
    return media_type in _FEED_TYPES or (media_type in _GENERIC_TYPES and is_feed_name(hit.path))


def _api(hit: Hit, options: PageviewOptions) -> str | RuleMatch:
    if options.is_api is None:
        return "API calls are not counted"
    # A browser asks by OPTIONS whether it may call, and calls then.
    if hit.method == "OPTIONS" or not options.is_api(hit):
        return "no API's path"
    if refusal := _refusal(hit, options):
        return refusal
    status = f"{hit.status // 100}xx"
    # The tracker replaces a path by the public one.
    props = {"route": hit.route or hit.path, "method": _method_of(hit), "status": status}
    return RuleMatch("api_call", f"{hit.method} {status}", "event", API, props)


def _method_of(hit: Hit) -> str:
    """The method, for a chart: a client may invent any."""
    return hit.method if hit.method in _METHODS else "other"


_METHODS: Final = frozenset(words("GET HEAD POST PUT PATCH DELETE QUERY"))
_MAX_AGENT: Final = 1_000


def _refusal(hit: Hit, options: PageviewOptions) -> RuleMatch | None:
    """The first of the rules that hold for feeds and API calls, too, and match."""
    for rule in RULES_ABOUT_CONSENT:
        if isinstance(found := rule(hit, options), RuleMatch):
            return found
    return None


EXTRA_EVENT_RULES: Final[Sequence[tuple[str, RequestRule]]] = (
    ("D.1 feed", _feed),
    ("D.2 api", _api),
)
