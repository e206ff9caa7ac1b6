"""What the tests of the destinations share: an event, its visitor, and one destination each."""

from __future__ import annotations

import json
from typing import Any

import pytest

from footfall.destinations import (
    ClickHouse,
    Collector,
    Destination,
    GoatCounter,
    Matomo,
    Plausible,
    PostHog,
    Queue,
    RedisStream,
    SQLite,
    Swetrix,
    Umami,
    Webhook,
)
from footfall.model import ACCEPTED, Event, Outcome, Request, Response, Visitor

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
PID = "aUn1quEid-33"
WEBSITE = "6a1f4bc2-7c3e-4a65-8f04-9d0e7f3b5c88"

VISITOR = Visitor(
    client_ip="203.0.113.7",
    user_agent=FIREFOX,
    language="de-CH,de;q=0.9",
    headers={
        "accept": "text/html",
        "accept-encoding": "br",
        "cookie": "session=1",
        "forwarded": "for=203.0.113.9",
        "referer": "x",
    },
)

PAGEVIEW = Event(url="https://example.com/pricing", visitor=VISITOR)
PLAUSIBLE = Plausible(domain="example.com", ip_headers=("X-Forwarded-For", "X-Plausible-IP"))
SWETRIX = Swetrix(pid=PID)
UMAMI = Umami(website=WEBSITE)
MATOMO = Matomo(site=1, token="t0ken", endpoint="https://stats.example.com")
GOATCOUNTER = GoatCounter(token="t0ken", endpoint="https://example.goatcounter.com")
POSTHOG = PostHog(token="phc_t0ken", endpoint="https://eu.i.posthog.com")
CLICKHOUSE = ClickHouse(
    table="footfall.events",
    user="web",
    password="sixteen letters!",
    endpoint="https://ch.example.com:8443",
)
WEBHOOK = Webhook(url="https://example.com/events?a=1", body=lambda event: {"url": event.url})
COLLECTOR = Collector(domain="example.com")
QUEUE = Queue(put=print)
SQLITE = SQLite(path="footfall.sqlite3")
REDIS = RedisStream(url="redis://user:secret@queue.example:6379/0", stream="example")

SWETRIX_HEADERS = {
    "content-type": "application/json",
    "user-agent": FIREFOX,
    "accept": "*/*",
    "accept-language": "de-CH,de;q=0.9",
    "accept-encoding": "identity",
    "x-forwarded-for": "203.0.113.7",
    "x-client-ip-address": "203.0.113.7",
}
"""What Swetrix gets of `VISITOR`."""

SWETRIX_FIELDS = {"pid": PID, "pg": "/pricing", "lc": "de-CH"}
"""What Swetrix gets of `PAGEVIEW`."""

OVER_HTTP: list[Destination] = [
    *(PLAUSIBLE, SWETRIX, UMAMI, MATOMO, POSTHOG, GOATCOUNTER, CLICKHOUSE, WEBHOOK, COLLECTOR),
]


def each_of(destinations: list[Destination]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "destination", destinations, ids=lambda destination: type(destination).__name__
    )


EVERY_HTTP_DESTINATION = each_of(OVER_HTTP)
EVERY_DESTINATION = each_of([*OVER_HTTP, REDIS, SQLITE])


class OwnDestination:
    """What a user may write: no base class, four members."""

    name = "own"
    endpoint = "memory"

    def request(self, event: Event) -> Request:
        return Request(url=self.endpoint, headers={}, body=event.url.encode())

    def read(self, response: Response) -> Outcome:
        return ACCEPTED


def body_of(destination: Destination, event: Event) -> dict[str, Any]:
    """The JSON object that the destination would post for the event."""
    body = json.loads(destination.request(event).body)
    assert isinstance(body, dict)
    return body
