"""Which pages are fetched ahead, and what to do about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from footfall.model import Hit
from footfall.rules.pageview.header_values import asked, tokens_of
from footfall.rules.pageview.navigation_rules import LIBRARY_HEADERS

_PREFETCH_TOKENS: Final[Mapping[str, frozenset[str] | None]] = {
    # Chromium 110, Firefox 115. `prefetch;prerender` and other parameters all mean ahead.
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


def prefetch_sign(hit: Hit) -> str | None:
    """The header that says that the page is fetched ahead."""
    if PREFETCH_HEADERS.isdisjoint(hit.headers):
        return None
    return next(
        (
            name
            for name, tokens in _PREFETCH_TOKENS.items()
            if name in hit.headers and (tokens is None or tokens & tokens_of(asked(hit, name)))
        ),
        None,
    )


# The browser's own prefetches, which it throws away when they fail.
_REFUSABLE_SIGNS: Final = frozenset({"sec-purpose", "purpose", "x-moz"})

TURBO_PREFETCH_HINT: Final = (
    "Turbo fetches links on hover and shows that answer on the click, so most visits within the "
    'site are not counted. Put <meta name="turbo-prefetch" content="false"> into the page\'s head, '
    'or set prefetch="count" to count hovers too'
)
"""What the owner of a Turbo app should know once: the biggest loss that nobody notices."""


def is_refusable_prefetch(hit: Hit) -> bool:
    """True if the browser itself fetches this hit ahead, and will ask again when it is refused.

    False for the prefetches of libraries and apps: Turbo and Inertia show the refusal to the
    visitor as if it were the page.
    """
    return prefetch_sign(hit) in _REFUSABLE_SIGNS and LIBRARY_HEADERS.isdisjoint(hit.headers)


def prefetch_hint(hit: Hit) -> str | None:
    """Advice for the log when a skipped prefetch is Turbo's, whose click sends no request."""
    is_turbo = "x-turbo-request-id" in hit.headers and prefetch_sign(hit) == "x-sec-purpose"
    return TURBO_PREFETCH_HINT if is_turbo else None
