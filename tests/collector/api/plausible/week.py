"""A known week of events, and rows as tuples."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/{}.0.0.0 Safari/537.36"

# A Thursday.
NOW = datetime(2026, 11, 12, 12, 30, tzinfo=UTC)

# When, who, what, where, and with which props.
WEEK = [
    ("2026-10-03 08:00", "Ann", "pageview", "/old", {}),
    ("2026-11-10 10:00", "Ann", "pageview", "/", {}),
    ("2026-11-10 10:05", "Ann", "pageview", "/pricing", {}),
    ("2026-11-10 10:06", "Ann", "Signup", "/pricing", {"plan": "pro"}),
    ("2026-11-10 11:00", "Bob", "pageview", "/blog/a?utm_source=hn", {}),
    ("2026-11-11 09:00", "Bob", "pageview", "/blog/b", {}),
    ("2026-11-11 09:01", "Bob", "Signup", "/blog/b", {"plan": "free"}),
    ("2026-11-12 12:20", "Cem", "pageview", "/", {}),
    ("2026-11-12 12:28", "Ann", "pageview", "/pricing", {}),
]


def table(rows: Any) -> list[tuple[Any, ...]]:
    """Each row as a tuple: its dimensions, then its metrics."""
    return [(*row.dimensions.values(), *row.metrics.values()) for row in rows]
