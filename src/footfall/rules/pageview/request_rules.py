"""A. What the request alone shows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from footfall.model import Hit
from footfall.rules.bot_detection import NO_USER_AGENT, Bot, classify
from footfall.rules.pageview.automation import automation_of
from footfall.rules.pageview.file_names import reason_for_file
from footfall.rules.pageview.header_values import (
    CACHE_SIZE,
    MAX_HEADER_CHARS,
    item_of,
    referring_host,
    request_header,
    shows_page,
)
from footfall.rules.pageview.options import PageviewOptions
from footfall.rules.pageview.prefetch import prefetch_header
from footfall.rules.pageview.reasons import BOT_VISIT
from footfall.rules.pageview.rule_types import RequestRule, RuleMatch
from footfall.rules.referrer_spam import is_spam_host

# The name becomes a label on a chart.
_MAX_NAME_CHARS: Final = 80


def _ignored(hit: Hit, _options: PageviewOptions) -> str | RuleMatch:
    return RuleMatch("ignored", "ignore() was called") if hit.ignored else "ignore() was not called"


def _websocket(hit: Hit, _options: PageviewOptions) -> str | RuleMatch:
    upgrade = request_header(hit, "upgrade")
    if hit.status == 101 or "websocket" in upgrade.lower():
        return RuleMatch("websocket", upgrade or "101")
    return "no upgrade"


def _method(hit: Hit, _options: PageviewOptions) -> str | RuleMatch:
    return hit.method if hit.method == "GET" else RuleMatch("method", hit.method)


_LOCAL_HOSTS = frozenset({"localhost", "::1", "::", "0.0.0.0", "testserver"})  # noqa: S104 -- read, not bound


def _localhost(hit: Hit, options: PageviewOptions) -> str | RuleMatch:
    if options.track_localhost or not _is_local(hit.host[:MAX_HEADER_CHARS]):
        return hit.host
    return RuleMatch("localhost", hit.host)


@lru_cache(maxsize=CACHE_SIZE)
def _is_local(host: str) -> bool:
    """True for a loopback or test host. The text may hold a port, brackets, or anything."""
    host = host.strip().lower()
    if host.startswith("["):
        name = host[1:].partition("]")[0]
    elif host.count(":") > 1:
        name = host  # an IPv6 address that lacks its brackets
    else:
        name = host.partition(":")[0].removesuffix(".")
    if name.startswith("127."):
        return name.replace(".", "").isdecimal()  # `127.0.0.1.nip.io` is a public name
    return name in _LOCAL_HOSTS or name.endswith(".localhost")


def _prefetch(hit: Hit, options: PageviewOptions) -> str | RuleMatch:
    name = prefetch_header(hit)
    if name is None:
        return "no prefetch header"
    saw = f"{name}: {request_header(hit, name)}"
    return saw if options.prefetch == "count" else RuleMatch("prefetch", saw)


def _bot(hit: Hit, options: PageviewOptions) -> str | RuleMatch:
    if options.bots == "count":
        return "bots are counted"
    bot = _bot_behind(hit, options)
    if bot is None:
        return "a browser"
    if bot == NO_USER_AGENT:
        return RuleMatch("no_user_agent", "no User-Agent")
    saw = f"{bot.name} ({bot.kind})"
    if options.bots == "event" and responds_with_page(hit) and _exclusion(hit, options) is None:
        props = {"bot": bot.name, "class": bot.kind}
        return RuleMatch("bot", saw, "event", BOT_VISIT, props)
    return RuleMatch("bot", saw)


def responds_with_page(hit: Hit) -> bool:
    """True if the response is a page, or a 304 for a cached one."""
    return shows_page(hit) or (hit.status == 304 and reason_for_file(hit.path) is None)


def _bot_behind(hit: Hit, options: PageviewOptions) -> Bot | None:
    """The bot that made the hit, by the site owner's function or by our own filter."""
    by_filter = classify(hit.headers.get("user-agent", "")) or automation_of(hit.headers)
    by_owner = _call_is_bot(hit, options)
    if by_owner is None:
        return by_filter
    if not by_owner:
        return None
    if isinstance(by_owner, str):
        return Bot(by_owner[:_MAX_NAME_CHARS], by_filter.kind if by_filter else "other")
    return by_filter or Bot("unnamed", "other")


def _call_is_bot(hit: Hit, options: PageviewOptions) -> bool | str | None:
    if options.is_bot is None:
        return None
    try:
        return options.is_bot(hit)
    except Exception:  # noqa: BLE001 -- the site owner's code; its faults must not cost figures
        return None


def _excluded(hit: Hit, options: PageviewOptions) -> str | RuleMatch:
    exclusion = _exclusion(hit, options)
    return "no rule objects" if exclusion is None else RuleMatch("excluded", exclusion)


def _exclusion(hit: Hit, options: PageviewOptions) -> str | None:
    return options.excluded_by(hit) if options.excluded_by is not None else None


def _privacy(hit: Hit, options: PageviewOptions) -> str | RuleMatch:
    if options.respect_dnt and request_header(hit, "dnt").strip() == "1":
        return RuleMatch("dnt", "DNT: 1")
    if options.respect_gpc and item_of(hit, "sec-gpc") == "1":
        return RuleMatch("gpc", "Sec-GPC: 1")
    return "no objection that is respected"


def _spam_referrer(hit: Hit, options: PageviewOptions) -> str | RuleMatch:
    host = referring_host(hit)
    if options.skip_spam_referrers and is_spam_host(host):
        return RuleMatch("spam_referrer", host)
    return "no known spam"


RULES_ABOUT_CONSENT: Final[Sequence[RequestRule]] = (_ignored, _localhost, _excluded, _privacy)
"""What holds for programs, too."""

REQUEST_RULES: Final[Sequence[tuple[str, RequestRule]]] = (
    ("A.0 ignored", _ignored),
    ("A.1 websocket", _websocket),
    ("A.2 method", _method),
    ("A.3 localhost", _localhost),
    ("A.4 prefetch", _prefetch),
    ("A.5 bot", _bot),
    ("A.6 excluded", _excluded),
    ("A.7 privacy", _privacy),
    ("A.8 spam", _spam_referrer),
)
# These apply to custom events too. An excluded path is no page, but what happens there may be worth
# an event: apps exclude `/api/**` and track in it.
CUSTOM_EVENT_RULES: Final[Sequence[tuple[str, RequestRule]]] = tuple(
    (name, rule)
    for name, rule in REQUEST_RULES
    if rule in (_localhost, _prefetch, _bot, _privacy, _spam_referrer)
)
