"""The headers that every page of the collector has."""

from __future__ import annotations

from typing import Final

__all__ = ["SECURITY_HEADERS"]

SECURITY_HEADERS: Final = {
    "content-security-policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
}
"""A page loads its own style sheets, scripts and streams, and nothing from elsewhere; and no search
engine lists it."""
