"""Thirty days of invented visits, written through the store's own code; the same each time."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlencode

from footfall.collector.storage.writer_thread import PendingWrite, WriteGroup
from footfall.collector.wire.messages import NO_CAMPAIGN, Campaign, IncomingEvent, IncomingRequest

if TYPE_CHECKING:
    from footfall.collector import Store

T = TypeVar("T")

DAYS: Final = 30
_DAY: Final = 86_400
# The newest minutes are for the person at the demo.
_PAUSE: Final = 600
# Of a day of the week, from Monday on; the shop grows meanwhile.
_VISITS: Final = (46, 52, 49, 47, 42, 61, 58)
_GROWTH: Final = 1.35
_WRITTEN_AT_ONCE: Final = 500
_FLUSH_SECONDS: Final = 30.0

_CHROME: Final = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
_BROWSERS: Final = {
    f"{_CHROME} Chrome/142.0.0.0 Safari/537.36": 9,
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.6 Mobile/15E148 Safari/604.1": 7,
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Mobile Safari/537.36": 6,
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0": 3,
    f"{_CHROME} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0": 2,
}
_BOTS: Final = {
    "Mozilla/5.0 AppleWebKit/537.36 (compatible; GPTBot/1.2; +https://openai.com/gptbot)": 6,
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": 5,
    "Mozilla/5.0 (compatible; ClaudeBot/1.0; +claudebot@anthropic.com)": 4,
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)": 3,
}
_SOURCES: Final[Mapping[str | None, int]] = {
    None: 9,
    "google.com": 9,
    "instagram.com": 5,
    "pinterest.com": 4,
    "duckduckgo.com": 2,
    "chatgpt.com": 2,
    "ceramics.example": 2,
}
_CAMPAIGNS: Final[Mapping[Campaign, int]] = {
    NO_CAMPAIGN: 18,
    Campaign("newsletter", "email", "autumn-glaze"): 3,
    Campaign("instagram", "paid", "gift-guide"): 2,
}
_PAGES: Final = {
    "/": 6,
    "/mugs/river": 6,
    "/mugs/dune": 4,
    "/mugs/moss": 3,
    "/journal/how-a-glaze-runs": 4,
    "/journal": 2,
    "/about": 1,
}
_COUNTRIES: Final = {"US": 7, "DE": 6, "GB": 4, "FR": 3, "AT": 2, "NL": 2, "JP": 2, "BR": 1}
_LANGUAGES: Final = {
    "US": "en-US,en;q=0.9",
    "GB": "en-GB,en;q=0.9",
    "DE": "de-DE,de;q=0.9,en;q=0.7",
    "AT": "de-AT,de;q=0.9",
    "FR": "fr-FR,fr;q=0.9",
    "NL": "nl-NL,nl;q=0.9,en;q=0.7",
    "JP": "ja-JP,ja;q=0.9",
    "BR": "pt-BR,pt;q=0.9",
}
_PRICES: Final = {"river": "34.00", "dune": "29.00", "moss": "38.00"}


def write_history(store: Store, domain: str, now: float) -> int:
    """Write the visits of the thirty days before `now`, in seconds since the epoch.

    Returns:
        How many events were written.
    """
    events = sorted(_events(random.Random(7), domain, now), key=lambda event: event.request.at)  # noqa: S311 -- invented
    written = iter(events)
    while group := list(islice(written, _WRITTEN_AT_ONCE)):
        store.enqueue(WriteGroup([PendingWrite(group)]))
        store.flush(_FLUSH_SECONDS)
    return len(events)


def _events(chance: random.Random, domain: str, now: float) -> Iterator[IncomingEvent]:
    end = now - _PAUSE
    for day in range(DAYS):
        begin = now - now % _DAY - (DAYS - 1 - day) * _DAY
        number = _VISITS[int(begin // _DAY + 3) % 7] * (1 + (_GROWTH - 1) * day / DAYS)
        for _ in range(round(chance.gauss(number, 4))):
            at = begin + chance.gauss(15, 4.5) % 24 * 3_600
            # As often as before the evening, also on the day that is not over.
            yield from (event for event in _visit(chance, domain, at) if event.request.at < end)


def _visit(chance: random.Random, domain: str, at: float) -> Iterator[IncomingEvent]:
    if chance.random() < 0.12:
        yield _event(domain, at, _pick(chance, _PAGES), user_agent=_pick(chance, _BOTS), bot=True)
        return
    campaign = _pick(chance, _CAMPAIGNS)
    facts: dict[str, Any] = {
        "campaign": campaign,
        "source": campaign.source or _pick(chance, _SOURCES),
        "user_agent": _pick(chance, _BROWSERS),
        "country": _pick(chance, _COUNTRIES),
        "visitor": f"{chance.getrandbits(64):016x}",
        "session": f"{chance.getrandbits(64):016x}",
    }
    path = "/"
    for _ in range(1 + int(chance.expovariate(0.6))):
        path = _pick(chance, _PAGES)
        yield _event(domain, at, path, **facts)
        at += chance.uniform(15, 150)
    mug = path.removeprefix("/mugs/")
    if mug in _PRICES and chance.random() < 0.22:
        order: dict[str, Any] = {
            "name": "Order",
            "props": {"mug": mug},
            "revenue": ("EUR", _PRICES[mug]),
        }
        yield _event(domain, at, "/basket", **facts, **order)


def _event(
    domain: str,
    at: float,
    path: str,
    *,
    user_agent: str,
    name: str = "pageview",
    campaign: Campaign = NO_CAMPAIGN,
    country: str | None = None,
    bot: bool = False,
    **facts: Any,
) -> IncomingEvent:
    tags = {f"utm_{field}": text for field, text in campaign._asdict().items() if text}
    headers = {"user-agent": user_agent}
    if country:
        headers |= {"cf-ipcountry": country, "accept-language": _LANGUAGES[country]}
    return IncomingEvent(
        vendor="plausible",
        domain=domain,
        name=name,
        url=f"https://{domain}{path}{'?' if tags else ''}{urlencode(tags)}",
        hostname=domain,
        path=path,
        campaign=campaign,
        user_agent=user_agent,
        reason="bot" if bot else None,
        request=IncomingRequest(headers=headers, peer="", body=b"", at=at),
        **facts,
    )


def _pick(chance: random.Random, weights: Mapping[T, int]) -> T:
    return chance.choices(list(weights), list(weights.values()))[0]
