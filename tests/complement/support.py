"""Reports for tests, as the script posts them."""

from __future__ import annotations

import json
import time
from typing import Any, Final

from tests.support.adapters import PLAUSIBLE, Raw, navigation

OPTIONS: Final[dict[str, Any]] = {"destinations": [PLAUSIBLE], "complement": "/_stats"}

SAME_ORIGIN: Final = {
    "Origin": "https://example.com",
    "Referer": "https://example.com/page",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Dest": "empty",
    "Accept": "*/*",
}


def body(**fields: Any) -> bytes:
    """The body of a report on a page from the back-forward cache, a minute old."""
    given = {
        "w": "bfcache",
        "u": "https://example.com/page",
        "r": "",
        "s": int(time.time() * 1000) - 60_000,
        "a": 60_000,
    }
    return json.dumps({**given, **fields}).encode()


def posted(content: bytes | None = None, target: str = "/_stats", **changes: Any) -> Raw:
    """A report, as a browser posts it."""
    headers = {**SAME_ORIGIN, **changes.pop("headers", {})}
    content = body() if content is None else content
    return navigation(target, method="POST", headers=headers, body=content, **changes)
