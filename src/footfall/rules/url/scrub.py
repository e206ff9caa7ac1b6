"""Scrubs any URL as a page's is scrubbed."""

from __future__ import annotations

from typing import Final

from footfall.rules.url.host import WEB_SCHEMES
from footfall.rules.url.limit import Page, fitted_page
from footfall.rules.url.options import DEFAULT_OPTIONS, UrlOptions
from footfall.rules.url.parts import UrlParts, split_url
from footfall.rules.url.path import MAX_PATH, public_path
from footfall.rules.url.query import exceeds_limits, public_query
from footfall.rules.url.text import without_surrogates

# These are no pages of a site, but code, content or files on the visitor's disk.
_NO_PAGES: Final = frozenset({"about", "blob", "data", "file", "javascript"})


def scrub_url(url: str, options: UrlOptions = DEFAULT_OPTIONS) -> str:
    """Scrub an absolute URL as a page's is scrubbed. Scrubbing twice changes nothing more.

    Args:
        url: Any text. Schemes of apps are kept (`app://localhost/login`, `app:///login`).
        options: What is kept.

    Returns:
        ASCII text of at most 2,000 bytes. It is empty if `url` has no `scheme://`, its host is
        invalid, or its scheme is of no page (`data`, `file`).
    """
    return scrubbed_page(url, options).url


def scrubbed_page(url: str, options: UrlOptions = DEFAULT_OPTIONS) -> Page:
    """`scrub_url`, and whether the result is cut."""
    parts = split_url(without_surrogates(url))
    if parts is None or parts.scheme in _NO_PAGES:
        return Page("")
    is_cut = len(parts.path) > MAX_PATH or exceeds_limits(parts.query)
    return fitted_page(_public_url(parts, options), is_cut=is_cut)


def _public_url(parts: UrlParts, options: UrlOptions) -> str:
    path = ""
    if parts.path or parts.scheme in WEB_SCHEMES:
        path = public_path(parts.path, options.hide_path_secrets, is_encoded=True)
    return f"{parts.scheme}://{parts.host}{path}{public_query(parts.query, options.keep_query)}"
