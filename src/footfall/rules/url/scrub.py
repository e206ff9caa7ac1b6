"""Any URL, with the same hygiene as a page's."""

from __future__ import annotations

from typing import Final

from footfall.rules.url.host import WEB
from footfall.rules.url.limit import fit
from footfall.rules.url.options import DEFAULT_OPTIONS, UrlOptions
from footfall.rules.url.parts import Parts, split
from footfall.rules.url.path import public_path
from footfall.rules.url.query import public_query
from footfall.rules.url.text import replaced

# These name no page of a site, but code, content or a file of the visitor's disk.
_NO_PAGES: Final = frozenset({"about", "blob", "data", "file", "javascript"})


def scrub_url(url: str, options: UrlOptions = DEFAULT_OPTIONS) -> str:
    """The absolute `url` with the same hygiene as a page's, at most 2,000 bytes.

    Schemes of apps are kept (`app://localhost/login`, `app:///login`). The result is empty if
    there is no `scheme://`, the host cannot be one, or the scheme names no page (`data`, `file`).
    Scrubbing twice changes nothing more.
    """
    parts = split(replaced(url))
    if parts is None or parts.scheme in _NO_PAGES:
        return ""
    return _public_url(parts, options)


def _public_url(parts: Parts, options: UrlOptions) -> str:
    path = ""
    if parts.path or parts.scheme in WEB:
        path = public_path(parts.path, options.hide_path_secrets, is_encoded=True)
    return fit(
        f"{parts.scheme}://{parts.host}{path}{public_query(parts.query, options.keep_query)}"
    )
