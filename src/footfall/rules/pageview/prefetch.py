"""Which requests are prefetches, and which of them may be refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from footfall.model import Hit
from footfall.rules.pageview.header_values import request_header, tokens_of
from footfall.rules.pageview.navigation_rules import LIBRARY_HEADERS

_PREFETCH_TOKENS: Final[Mapping[str, frozenset[str] | None]] = {
    # Chromium 110, Firefox 115. `prefetch;prerender` and other parameters are prefetches too.
    "sec-purpose": frozenset({"prefetch"}),
    # Turbo 8, on hover.
    "x-sec-purpose": frozenset({"prefetch"}),
    # Chromium until today, beside Sec-Purpose; Inertia.
    "purpose": frozenset({"prefetch", "preview", "prerender"}),
    # Safari's Top Sites; Facebook's apps.
    "x-purpose": frozenset({"prefetch", "preview"}),
    # Firefox before 115.
    "x-moz": frozenset({"prefetch"}),
    # The preload extension of htmx.
    "hx-preloaded": frozenset({"true"}),
    # Next; here presence is enough.
    "next-router-prefetch": None,
    "next-router-segment-prefetch": None,
}
PREFETCH_HEADERS: Final = frozenset(_PREFETCH_TOKENS)


def prefetch_header(hit: Hit) -> str | None:
    """The name of the header that marks the request as a prefetch, or None."""
    if PREFETCH_HEADERS.isdisjoint(hit.headers):
        return None
    return next(
        (
            name
            for name, tokens in _PREFETCH_TOKENS.items()
            if name in hit.headers
            and (tokens is None or tokens & tokens_of(request_header(hit, name)))
        ),
        None,
    )


def is_prefetch(hit: Hit) -> bool:
    """True if the page was fetched ahead of a click, by the browser or by a library."""
    return prefetch_header(hit) is not None


# Of the browser's own prefetches, which it discards when they fail.
_REFUSABLE_HEADERS: Final = frozenset({"sec-purpose", "purpose", "x-moz"})

TURBO_PREFETCH_HINT: Final = (
    "Turbo fetches links on hover and shows that answer on the click, so most visits within the "
    'site are not counted. Put <meta name="turbo-prefetch" content="false"> into the page\'s head, '
    'or set prefetch="count" to count hovers too'
)
"""A warning for the owner of a Turbo app, whose lost visits nothing else shows."""


def is_refusable_prefetch(hit: Hit) -> bool:
    """True if the browser itself prefetches, and so requests again after a refusal.

    False for prefetches of libraries and apps: Turbo and Inertia show the refusal as the page.
    """
    return prefetch_header(hit) in _REFUSABLE_HEADERS and LIBRARY_HEADERS.isdisjoint(hit.headers)


def prefetch_hint(hit: Hit) -> str | None:
    """A warning for the log where a skipped prefetch is Turbo's, whose click sends no request."""
    is_turbo = "x-turbo-request-id" in hit.headers and prefetch_header(hit) == "x-sec-purpose"
    return TURBO_PREFETCH_HINT if is_turbo else None
