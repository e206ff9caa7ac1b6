"""What the headers of a request and of its answer say; no text is read without a bound."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from footfall.model import Hit

# Browsers send far less than this in any header that is looked at.
MAX_HEADER: Final = 1_000

# A site sees a few hosts, content types and steps all day long.
CACHE_SIZE: Final = 512


def asked(hit: Hit, name: str) -> str:
    """A header of the request, cut; empty where it was not sent."""
    return hit.headers.get(name, "")[:MAX_HEADER]


def answered(hit: Hit, name: str) -> str:
    """A header of the answer, cut; empty where it was not sent."""
    return hit.response_headers.get(name, "")[:MAX_HEADER]


def tokens_of(value: str) -> set[str]:
    """The items of a list in lower case; of `prefetch;prerender` just `prefetch`."""
    return {before_parameters(item) for item in value.split(",")}


@lru_cache(maxsize=CACHE_SIZE)
def before_parameters(value: str) -> str:
    """A value without what follows its first semicolon, in lower case."""
    return value.partition(";")[0].strip().lower()


def media_type_of(hit: Hit) -> str:
    """What the answer says it is, such as `text/html`; empty where it does not say."""
    return before_parameters(answered(hit, "content-type"))


def wants_html(hit: Hit) -> bool:
    """True if the client named a page among what it accepts."""
    accept = asked(hit, "accept").lower()
    return "text/html" in accept or "application/xhtml+xml" in accept


HTML: Final = frozenset({"text/html", "application/xhtml+xml"})


def is_attachment(hit: Hit) -> bool:
    """True if the answer is to be saved rather than shown."""
    return before_parameters(answered(hit, "content-disposition")) == "attachment"


def shows_page(hit: Hit) -> bool:
    """True if the answer is a page to look at; Inertia's pages are JSON."""
    if hit.status not in _PAGE_STATUSES or is_attachment(hit):
        return False
    media_type = media_type_of(hit)
    if media_type == "application/json":
        return answered(hit, "x-inertia").strip().lower() == "true"
    return media_type in HTML


# Without "no content", "reset content" and "partial content".
_PAGE_STATUSES: Final = frozenset(range(200, 300)) - {204, 205, 206}
