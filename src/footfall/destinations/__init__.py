"""Where events go. A destination turns an event into one POST, and the response into an outcome.

Destinations are frozen values. They know a vendor's wire format and nothing of the network, and
their constructor raises every fault of their options. A new vendor is one file with one class that
has the four members of `Destination`; no base class, no registration.
"""

from __future__ import annotations

from footfall.destinations._dsn import destination_from, split_dsns
from footfall.destinations._swetrix_fields import CLIENT_HINTS
from footfall.destinations._wire_format import LONGEST_NAME_CHARS, check_event_name
from footfall.destinations.base import (
    Backdating,
    Batching,
    Destination,
    Watching,
    batch_bytes,
    explained,
    file_of,
    has_own_transport,
    is_local,
    is_repeat_recognised,
    max_name_chars,
    outcome_of,
    queue_of,
    request_at,
    unwanted_names,
)
from footfall.destinations.clickhouse import ClickHouse
from footfall.destinations.collector import Collector
from footfall.destinations.goatcounter import GoatCounter
from footfall.destinations.matomo import Matomo
from footfall.destinations.only import Only
from footfall.destinations.plausible import Plausible
from footfall.destinations.posthog import PostHog
from footfall.destinations.queue import Queue
from footfall.destinations.redis_stream import RedisStream
from footfall.destinations.sqlite import SQLite
from footfall.destinations.swetrix import Swetrix
from footfall.destinations.umami import Umami
from footfall.destinations.webhook import Webhook

__all__ = [
    "LONGEST_NAME_CHARS",
    "VISITOR_HEADERS",
    "Backdating",
    "Batching",
    "ClickHouse",
    "Collector",
    "Destination",
    "GoatCounter",
    "Matomo",
    "Only",
    "Plausible",
    "PostHog",
    "Queue",
    "RedisStream",
    "SQLite",
    "Swetrix",
    "Umami",
    "Watching",
    "Webhook",
    "batch_bytes",
    "check_event_name",
    "destination_from",
    "explained",
    "file_of",
    "has_own_transport",
    "is_local",
    "is_repeat_recognised",
    "max_name_chars",
    "outcome_of",
    "queue_of",
    "request_at",
    "split_dsns",
    "unwanted_names",
]

VISITOR_HEADERS: frozenset[str] = frozenset({"accept-language", *CLIENT_HINTS})
"""Request headers, in lower case, that a vendor wants to see as the visitor sent them."""
