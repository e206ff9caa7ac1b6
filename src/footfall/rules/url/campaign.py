"""What of a query tells where a visitor came from."""

from __future__ import annotations

from typing import Final

CAMPAIGN: Final = (
    "utm_source",
    "ref",
    "source",
    "utm_medium",
    "utm_campaign",
    "utm_content",
    "utm_term",
)
"""Parameters that survive with their values, the most telling first. Vendors match the case.

Plausible, lib/plausible/ingestion/source.ex and acquisition.ex, read 2026.
"""

CLICK_IDS: Final = ("gclid", "gbraid", "wbraid", "msclkid", "fbclid", "twclid")
"""Parameters that survive as names: vendors note that one was there, its value is personal."""
