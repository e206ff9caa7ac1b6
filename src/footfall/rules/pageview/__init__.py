"""Whether a hit is a pageview, another event, or nothing, and why.

The rules below are applied in this order. A reads the request alone, B finds out how the browser
requested, C reads the response. The first rule of A or C that matches decides the hit.

    A.0 ignored       the app called `ignore()`
    A.1 websocket     a connection, not a page
    A.2 method        only GET shows a page
    A.3 localhost     the client is a developer or a test
    A.4 prefetch      fetched ahead of a click that may never come
    A.5 bot           the client is not a person's browser
    A.6 excluded      the site owner's include and exclude rules
    A.7 privacy       DNT and GPC, where the site owner respects them
    A.8 spam          the referrer is advertising

    B.1 library       Turbo, htmx, Inertia and the like send whether they visit or fill a fragment
    B.2 xhr           an old script library sends X-Requested-With
    B.3 destination   the browser sends what it needs the response for
    B.4 accept        it sends none over plain http; then a page is requested by accepting HTML

    D.1 feed          a feed, with `track_feeds`; before A, since programs fetch it
    D.2 api           an API call, with `track_api`; likewise

    C.1 download      a file to save
    C.2 navigation    what B found not to be a page ends here
    C.3 not_found     a page that does not exist
    C.4 not_modified  a page that the browser had cached
    C.5 page          HTML was shown
    C.6 otherwise     redirects, errors, JSON, images: no page

Never read: Sec-Fetch-User and Upgrade-Insecure-Requests (Safari sends none), Accept-Language,
reloads, and the extension of a 200 that is HTML. Values in, a value out; no text of a
client makes it raise. Header facts: browser-compat-data 8.1 and libraries' sources, read 2026-10.
"""

from __future__ import annotations

from footfall.rules.pageview.decide import decide, decide_custom_event
from footfall.rules.pageview.decision_cache import DecisionCache
from footfall.rules.pageview.file_names import is_file
from footfall.rules.pageview.header_names import REQUEST_HEADERS, RESPONSE_HEADERS
from footfall.rules.pageview.navigation_rules import is_library_request, pushed_url
from footfall.rules.pageview.options import DOWNLOAD_EXTENSIONS, PageviewOptions
from footfall.rules.pageview.prefetch import (
    TURBO_PREFETCH_HINT,
    is_prefetch,
    is_refusable_prefetch,
    prefetch_hint,
)
from footfall.rules.pageview.reasons import (
    API,
    BOT_VISIT,
    DOWNLOAD,
    FEED,
    HOST_REMEDY,
    LOCALHOST_REMEDY,
    NOT_FOUND,
    REASONS,
)

__all__ = [
    "API",
    "BOT_VISIT",
    "DOWNLOAD",
    "DOWNLOAD_EXTENSIONS",
    "FEED",
    "HOST_REMEDY",
    "LOCALHOST_REMEDY",
    "NOT_FOUND",
    "REASONS",
    "REQUEST_HEADERS",
    "RESPONSE_HEADERS",
    "TURBO_PREFETCH_HINT",
    "DecisionCache",
    "PageviewOptions",
    "decide",
    "decide_custom_event",
    "is_file",
    "is_library_request",
    "is_prefetch",
    "is_refusable_prefetch",
    "prefetch_hint",
    "pushed_url",
]
