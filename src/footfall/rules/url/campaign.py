"""The query parameters that show where a visitor came from."""

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
"""Parameters that are kept with their values, the most important first. Vendors match the case.

Plausible, lib/plausible/ingestion/source.ex and acquisition.ex, read 2026.
"""

CLICK_IDS: Final = ("gclid", "gbraid", "wbraid", "msclkid", "fbclid", "twclid")
"""Parameters that are kept as names: vendors count their presence, and the value is personal."""
