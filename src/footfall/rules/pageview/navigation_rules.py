"""B. How the browser requested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from footfall.model import Hit
from footfall.rules.pageview.header_values import (
    item_of,
    request_header,
    response_header,
    wants_html,
)
from footfall.rules.pageview.options import PageviewOptions, words
from footfall.rules.pageview.rule_types import Navigation, NavigationRule

# A request with one of these fills a part of a page, or does not show whether it visits one: Turbo
# frames, Inertia's partial reloads, Unpoly, Alpine AJAX, Datastar, React server components.
_FRAGMENT_HEADERS: Final = (
    "turbo-frame",
    "x-inertia-partial-component",
    "x-inertia-partial-data",
    "x-inertia-partial-except",
    "x-up-version",
    "x-up-target",
    "x-alpine-request",
    "datastar-request",
    "rsc",
)
# Applied after the fragments: Turbo Drive, Turbolinks 5, Inertia, pjax.
_VISIT_HEADERS: Final = ("x-turbo-request-id", "turbolinks-referrer", "x-inertia", "x-pjax")
_HTMX_VISIT_HEADERS: Final = ("hx-boosted", "hx-history-restore-request")
LIBRARY_HEADERS: Final = frozenset(
    {*_FRAGMENT_HEADERS, *_VISIT_HEADERS, *_HTMX_VISIT_HEADERS, "hx-request"}
)


def is_library_request(hit: Hit) -> bool:
    """True if a library sent the request in place of the browser, for a page or a part of one."""
    return not LIBRARY_HEADERS.isdisjoint(hit.headers)


def _library(hit: Hit, _options: PageviewOptions) -> str | Navigation:
    if LIBRARY_HEADERS.isdisjoint(hit.headers):
        return "no library's header"
    for name in _FRAGMENT_HEADERS:
        if name in hit.headers:
            return Navigation("fragment", name)
    for name in _VISIT_HEADERS:
        if name in hit.headers:
            return Navigation("spa_visit", name, is_page=True)
    return _htmx(hit)


def _htmx(hit: Hit) -> str | Navigation:
    for name in _HTMX_VISIT_HEADERS:
        if request_header(hit, name).strip().lower() == "true":
            return Navigation("spa_visit", name, is_page=True)
    if pushed_url(hit) is not None:
        return Navigation("spa_visit", "hx-push-url", is_page=True)
    return (
        Navigation("fragment", "hx-request") if "hx-request" in hit.headers else "no htmx request"
    )


def _xhr(hit: Hit, _options: PageviewOptions) -> str | Navigation:
    # Android's WebViews send the app's package name here, on navigations too.
    requested_with = request_header(hit, "x-requested-with")
    if requested_with.strip().lower() == "xmlhttprequest":
        return Navigation("xhr", requested_with)
    return requested_with or "no X-Requested-With"


# The values that MDN's page on Sec-Fetch-Dest and the Fetch standard list (read 2026-11).
_SUBRESOURCES: Final = words(
    """
    audio audioworklet embed font image json manifest object paintworklet report script
    serviceworker sharedworker speculationrules style text track video webidentity worker xslt
    """
)
_NAVIGATIONS: Final[Mapping[str, Navigation]] = {
    "document": Navigation("navigation", "document", is_page=True),
    "empty": Navigation("fetch", "empty"),
    **{name: Navigation("iframe", name) for name in ("iframe", "frame", "fencedframe")},
    **{name: Navigation("subresource", name) for name in _SUBRESOURCES},
}


def _destination(hit: Hit, options: PageviewOptions) -> str | Navigation:
    text = item_of(hit, "sec-fetch-dest")
    navigation = _NAVIGATIONS.get(text)
    if navigation is None:
        return text or "no Sec-Fetch-Dest"
    if navigation.reason == "iframe":
        return navigation._replace(is_page=options.track_iframes)
    if text == "empty":
        mode = item_of(hit, "sec-fetch-mode")
        if _is_passed_on(hit, mode):
            return Navigation("navigation", f"empty, {mode}", is_page=True)
    return navigation


# How every browser begins it for a page, and no script for a part of one.
_ACCEPT_OF_PAGES: Final = "text/html,application/xhtml+xml,application/xml;q=0.9"


def _is_passed_on(hit: Hit, mode: str) -> bool:
    """Whether a service worker passes a navigation on, which empties its destination.

    Chromium keeps the mode; Firefox changes it (seen in 153), as does every browser where the
    worker sets options.
    """
    if mode == "same-origin":
        return request_header(hit, "accept").startswith(_ACCEPT_OF_PAGES)
    return mode == "navigate" and wants_html(hit)


def _accept(hit: Hit, _options: PageviewOptions) -> str | Navigation:
    if "service-worker-navigation-preload" in hit.headers:
        return Navigation("navigation", "service-worker-navigation-preload", is_page=True)
    accept = request_header(hit, "accept")
    if wants_html(hit):
        return Navigation("navigation", accept, is_page=True)
    return accept or "no Accept"


NO_NAVIGATION: Final = Navigation("not_navigation", "nothing asks for a page")


def pushed_url(hit: Hit) -> str | None:
    """The URL of the response's HX-Push-Url, which htmx puts into the address bar.

    It is absolute or relative, as the app wrote it. None where the request's own URL stays.
    """
    if "hx-request" not in hit.headers:
        return None
    url = response_header(hit, "hx-push-url").strip()
    return None if url.lower() in ("", "false") else url


NAVIGATION_RULES: Final[Sequence[tuple[str, NavigationRule]]] = (
    ("B.1 library", _library),
    ("B.2 xhr", _xhr),
    ("B.3 destination", _destination),
    ("B.4 accept", _accept),
)
