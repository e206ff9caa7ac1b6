"""What the tests of Plausible's API share: a site, a goal, and a pageview."""

from __future__ import annotations

from typing import Final

import httpx2

SITE: Final = "a.test"
SIGNUP: Final = {"site_id": SITE, "goal_type": "event", "event_name": "Signup"}


def post(http: httpx2.Client, **changes: object) -> None:
    """Post a pageview of `SITE`, with some fields changed."""
    event = {"name": "pageview", "url": f"https://{SITE}/hello", "domain": SITE} | changes
    http.post("/api/event", json=event).raise_for_status()
