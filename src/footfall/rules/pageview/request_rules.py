"""A. What the request alone tells."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from footfall.model import Hit
from footfall.rules.pageview.file_names import reason_for_file
from footfall.rules.pageview.header_values import CACHE_SIZE, MAX_HEADER, asked, shows_page
from footfall.rules.pageview.options import PageviewOptions
from footfall.rules.pageview.prefetch import prefetch_sign
from footfall.rules.pageview.reasons import BOT_VISIT
from footfall.rules.pageview.rule_types import RequestRule, Ruling
from footfall.rules.user_agent import NO_USER_AGENT, Bot, classify

# A name becomes a label.
_MAX_NAME: Final = 80


def _ignored(hit: Hit, _options: PageviewOptions) -> str | Ruling:
    return Ruling("ignored", "ignore() was called") if hit.ignored else "ignore() was not called"


def _websocket(hit: Hit, _options: PageviewOptions) -> str | Ruling:
    upgrade = asked(hit, "upgrade")
    if hit.status == 101 or "websocket" in upgrade.lower():
        return Ruling("websocket", upgrade or "101")
    return "no upgrade"


def _method(hit: Hit, _options: PageviewOptions) -> str | Ruling:
    return hit.method if hit.method == "GET" else Ruling("method", hit.method)


_LOCAL_HOSTS = frozenset({"localhost", "::1", "::", "0.0.0.0", "testserver"})  # noqa: S104 -- read, not bound


def _localhost(hit: Hit, options: PageviewOptions) -> str | Ruling:
    if options.track_localhost or not _is_local(hit.host[:MAX_HEADER]):
        return hit.host
    return Ruling("localhost", hit.host)


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


def _prefetch(hit: Hit, options: PageviewOptions) -> str | Ruling:
    sign = prefetch_sign(hit)
    if sign is None:
        return "no prefetch header"
    saw = f"{sign}: {asked(hit, sign)}"
    return saw if options.prefetch == "count" else Ruling("prefetch", saw)


def _bot(hit: Hit, options: PageviewOptions) -> str | Ruling:
    if options.bots == "count":
        return "bots are counted"
    bot = _bot_behind(hit, options)
    if bot is None:
        return "a browser"
    if bot == NO_USER_AGENT:
        return Ruling("no_user_agent", "no User-Agent")
    saw = f"{bot.name} ({bot.kind})"
    if options.bots == "event" and _gave_page(hit) and _exclusion(hit, options) is None:
        props = {"bot": bot.name, "class": bot.kind}
        return Ruling("bot", saw, "event", BOT_VISIT, props)
    return Ruling("bot", saw)


def _gave_page(hit: Hit) -> bool:
    """True if the answer was a page, or the word that a kept copy of one is fresh."""
    return shows_page(hit) or (hit.status == 304 and reason_for_file(hit.path) is None)


def _bot_behind(hit: Hit, options: PageviewOptions) -> Bot | None:
    """The bot that made the hit, as the owner's function or our own filter knows it."""
    ours = classify(hit.headers.get("user-agent", ""))
    theirs = _owners_word(hit, options)
    if theirs is None:
        return ours
    if not theirs:
        return None
    if isinstance(theirs, str):
        return Bot(theirs[:_MAX_NAME], ours.kind if ours else "other")
    return ours or Bot("unnamed", "other")


def _owners_word(hit: Hit, options: PageviewOptions) -> bool | str | None:
    if options.is_bot is None:
        return None
    try:
        return options.is_bot(hit)
    except Exception:  # noqa: BLE001 -- the owner's code; its faults must not cost the numbers
        return None


def _excluded(hit: Hit, options: PageviewOptions) -> str | Ruling:
    exclusion = _exclusion(hit, options)
    return "no rule objects" if exclusion is None else Ruling("excluded", exclusion)


def _exclusion(hit: Hit, options: PageviewOptions) -> str | None:
    return options.excluded_by(hit) if options.excluded_by is not None else None


def _privacy(hit: Hit, options: PageviewOptions) -> str | Ruling:
    if options.respect_dnt and asked(hit, "dnt").strip() == "1":
        return Ruling("dnt", "DNT: 1")
    if options.respect_gpc and asked(hit, "sec-gpc").strip() == "1":
        return Ruling("gpc", "Sec-GPC: 1")
    return "no objection that is respected"


REQUEST_RULES: Final[Sequence[tuple[str, RequestRule]]] = (
    ("A.0 ignored", _ignored),
    ("A.1 websocket", _websocket),
    ("A.2 method", _method),
    ("A.3 localhost", _localhost),
    ("A.4 prefetch", _prefetch),
    ("A.5 bot", _bot),
    ("A.6 excluded", _excluded),
    ("A.7 privacy", _privacy),
)
# What holds for an event told by the app, too: nobody looks, or somebody objects. An excluded path
# is no page, but what happens there may be worth an event: apps exclude `/api/**` and track in it.
CUSTOM_EVENT_RULES: Final[Sequence[tuple[str, RequestRule]]] = tuple(
    (name, rule) for name, rule in REQUEST_RULES if rule in (_localhost, _prefetch, _bot, _privacy)
)
