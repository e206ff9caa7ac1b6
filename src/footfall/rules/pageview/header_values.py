"""Reads headers of a request and of its response; no text is read without a bound."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from footfall.model import Hit
from footfall.rules.pageview.file_names import extension_of

# Browsers send far less than this in any header that is read here.
MAX_HEADER_CHARS: Final = 1_000

# The traffic of a site has few different hosts, content types and steps.
CACHE_SIZE: Final = 512


def request_header(hit: Hit, name: str) -> str:
    """A header of the request, cut to the bound; empty where it was not sent."""
    return hit.headers.get(name, "")[:MAX_HEADER_CHARS]


def response_header(hit: Hit, name: str) -> str:
    """A header of the response, cut to the bound; empty where it was not sent."""
    return hit.response_headers.get(name, "")[:MAX_HEADER_CHARS]


_REFERRER_HOST: Final = re.compile(r"https?://(?:[^/?#@]*@)?([^/?#:]*)", re.IGNORECASE)


def referring_host(hit: Hit) -> str:
    """The host of the Referer header; empty where it is of no web page."""
    found = _REFERRER_HOST.match(request_header(hit, "referer").strip())
    return found[1] if found else ""


def tokens_of(value: str) -> set[str]:
    """The items of a list in lower case; of `prefetch;prerender` just `prefetch`."""
    return {before_parameters(item) for item in value.split(",")}


@lru_cache(maxsize=CACHE_SIZE)
def before_parameters(value: str) -> str:
    """A value up to its first semicolon, in lower case."""
    return value.partition(";")[0].strip().lower()


def item_of(hit: Hit, name: str) -> str:
    """The item in a structured header of the request, without its parameters (RFC 9651, 3.3)."""
    return request_header(hit, name).partition(";")[0].strip()


def media_type_of(hit: Hit) -> str:
    """The response's media type, such as `text/html`; empty where it has none."""
    return before_parameters(response_header(hit, "content-type"))


def wants_html(hit: Hit) -> bool:
    """True if the Accept header names HTML."""
    accept = request_header(hit, "accept").lower()
    return "text/html" in accept or "application/xhtml+xml" in accept


HTML: Final = frozenset({"text/html", "application/xhtml+xml"})


def is_attachment(hit: Hit) -> bool:
    """True if the browser saves the response instead of showing it."""
    return before_parameters(response_header(hit, "content-disposition")) == "attachment"


# By these an app lets the server in front respond with a file: nginx, Caddy and LiteSpeed; Apache;
# lighttpd.
FILE_HEADERS: Final = ("x-accel-redirect", "x-sendfile", "x-lighttpd-send-file")
_PAGE_EXTENSIONS: Final = frozenset({"html", "htm", "xhtml"})


def file_extension_of(hit: Hit) -> str:
    """The extension of the file that the server in front responds with; empty without one.

    The content type that the app sent beside it is mostly a framework's default, or empty so that
    the server fills it in.
    """
    for name in FILE_HEADERS:
        if name in hit.response_headers:
            return extension_of(response_header(hit, name).partition("?")[0])
    return ""


def shows_page(hit: Hit) -> bool:
    """True if the response is a page; Inertia's pages are JSON."""
    if hit.status not in _PAGE_STATUSES or is_attachment(hit):
        return False
    if extension := file_extension_of(hit):
        return extension in _PAGE_EXTENSIONS
    media_type = media_type_of(hit)
    if media_type == "application/json":
        return response_header(hit, "x-inertia").strip().lower() == "true"
    return media_type in HTML


# Without "no content", "reset content" and "partial content".
_PAGE_STATUSES: Final = frozenset(range(200, 300)) - {204, 205, 206}
