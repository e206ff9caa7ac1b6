"""A store with a day of events, and a server of its dashboard."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx2

from footfall.collector.app import create_app
from footfall.collector.storage.store import Store
from footfall.collector.wire.messages import Campaign, IncomingEvent
from tests.collector.storage.stats import support
from tests.collector.storage.stats.support import DAY, IPHONE
from tests.collector.support import served

ZONE: Final = ZoneInfo("UTC")
NOON: Final = datetime(2026, 11, 21, 12, 30, tzinfo=UTC).timestamp()

GPTBOT: Final = (
    "Mozilla/5.0 AppleWebKit/537.36 (compatible; GPTBot/1.2; +https://openai.com/gptbot)"
)


def event_of(
    visit: str, ago: float, path: str = "/", name: str = "pageview", **changes: Any
) -> IncomingEvent:
    """An event of a visit, that many seconds before NOON."""
    return support.event_of(visit, NOON - support.MIDNIGHT - ago, path, name, **changes)


DAY_OF_EVENTS: Final = [
    event_of("old", DAY + 600, "/old", source="bing.com"),
    event_of("older", 20 * DAY, "/old"),
    event_of("ann", 3_600, "/", source="google.com", country="DE", language="de-AT,de"),
    event_of("ann", 3_500, "/pricing"),
    event_of("bob", 1_800, "/", user_agent=IPHONE, campaign=Campaign("news", "email", "may")),
    event_of("cem", 60, "/pricing", source="google.com"),
    event_of("cem", 50, "/pricing", "Signup", props={"plan": "pro", "from": "header"}),
    event_of("cem", 40, "/thanks", "Survey"),
    *(event_of("bot", 90, user_agent=GPTBOT, reason="bot") for _ in range(3)),
]


def served_dashboard(store: Store) -> Iterator[str]:
    """The address of a dashboard over a store."""
    with served(create_app(store)) as url:
        yield url


class Text(HTMLParser):
    """The text of a page, without its tags, spaces made single."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self._parts: list[str] = []
        self.feed(page)
        self.close()

    def handle_data(self, data: str) -> None:
        self._parts.append(data)

    def __str__(self) -> str:
        return " ".join(" ".join(self._parts).split())


def page_text(url: str, query: str = "") -> str:
    """The text of the page at an address."""
    return str(Text(httpx2.get(f"{url}/?{query}").raise_for_status().text))
