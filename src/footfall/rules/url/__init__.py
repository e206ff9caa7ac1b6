"""The public URL of a hit and its referrer, scrubbed so that they may be sent.

What a vendor discards has already been sent and logged, so everything is dropped here that is not
known to matter. Of a query the campaign is kept (`CAMPAIGN` with values, `CLICK_IDS` as names); of
a path all but secrets; of a referrer its origin and path. No fragment, user name or password.

Every result is printable ASCII, and no text of a visitor makes a function raise. Of a path the
first 4,096 characters are read, of a query 8,192 and 256 parameters, so that the work is bounded.
"""

from __future__ import annotations

from typing import Final

from footfall.rules.url.campaign import CAMPAIGN, CLICK_IDS
from footfall.rules.url.limit import MAX_URL_BYTES, Page, fit, without_campaign
from footfall.rules.url.options import DEFAULT_OPTIONS, UrlOptions
from footfall.rules.url.page import (
    UNKNOWN_HOST,
    names_origin,
    page_at,
    page_url,
    public_origin,
)
from footfall.rules.url.path import MAX_PATH, SAFE_IN_PATHS, HidePathSecrets
from footfall.rules.url.query import MAX_QUERY
from footfall.rules.url.referrer import Referral, referrer_at, referrer_of
from footfall.rules.url.scrub import scrub_url, scrubbed_page
from footfall.rules.url.sent_path import path_in_target, sent_path

__all__ = [
    "CAMPAIGN",
    "CLICK_IDS",
    "DEFAULT_OPTIONS",
    "MAX_PATH",
    "MAX_QUERY",
    "MAX_URL_BYTES",
    "REQUEST_HEADERS",
    "SAFE_IN_PATHS",
    "UNKNOWN_HOST",
    "HidePathSecrets",
    "Page",
    "Referral",
    "UrlOptions",
    "fit",
    "names_origin",
    "page_at",
    "page_url",
    "path_in_target",
    "public_origin",
    "referrer_at",
    "referrer_of",
    "scrub_url",
    "scrubbed_page",
    "sent_path",
    "without_campaign",
]

REQUEST_HEADERS: Final = frozenset(
    {
        "forwarded",
        "hx-current-url",
        "referer",
        "turbolinks-referrer",
        "x-forwarded-host",
        "x-forwarded-proto",
    }
)
"""The request headers that are read here, in lower case."""
