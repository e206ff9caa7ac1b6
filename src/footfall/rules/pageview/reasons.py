"""Every reason that a decision may have, and the names of the events that it may make."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

BOT_VISIT: Final = "Bot Visit"
"""The event of a bot that read a page; its props are `bot` and `class`."""

DOWNLOAD: Final = "File Download"
"""The event of a saved file; its prop is `url`. Vendors' own scripts use the same name."""

NOT_FOUND: Final = "404"
"""The event of a missing page; its prop is `path`. Vendors' own scripts use the same name."""

FEED: Final = "Feed"
"""The event of a feed that was fetched; its props are `path`, `reader` and `subscribers`."""

API: Final = "API"
"""The event of an API call; its props are `route`, `method` and `status`."""

REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ignored": "The app called `ignore()` for this request.",
        "websocket": "The connection became a websocket.",
        "method": "The method is not GET.",
        "localhost": "The host is this machine's or a test's.",
        "prefetch": "The page was fetched ahead of a click that may never come.",
        "no_user_agent": "The client sent no User-Agent, which every browser does.",
        "bot": "The User-Agent is a bot's, or `is_bot` returned true.",
        "excluded": "An `exclude` rule matched, or no `include` rule did.",
        "dnt": "The browser sent DNT, and `respect_dnt` is on.",
        "gpc": "The browser sent Sec-GPC, and `respect_gpc` is on.",
        "spam_referrer": "The referrer is known for spam, and `skip_spam_referrers` is on.",
        "fragment": "htmx, Turbo or a like library requested a part of a page.",
        "xhr": "A script sent the request with XMLHttpRequest.",
        "fetch": "A script sent the request with fetch().",
        "iframe": "The page was loaded into a frame of another page.",
        "subresource": "An image, script, style or other part of a page was requested.",
        "not_navigation": "Nothing in the request shows that it is for a page.",
        "download": "A file was saved.",
        "well_known": "A file that browsers and crawlers request unprompted, such as favicon.ico.",
        "static_file": "The path ends as static files do, and nothing shows a page.",
        "not_found": "The page does not exist.",
        "not_modified": "The browser showed its cached copy of a page, which is still fresh.",
        "navigation": "A browser opened a page.",
        "spa_visit": "A library opened a page in place of the browser.",
        "redirect": "The response redirects the browser; the page it leads to counts.",
        "error": "The response is an error.",
        "no_content": "The response has no content.",
        "partial": "The response is a part of a file, and not the first.",
        "not_html": "The response is not an HTML page.",
        "complement": "The browser showed a page without a request; the page's script reported it.",
        "engagement": "A page was hidden or left; its script reported how it was viewed.",
        "heartbeat": "A page was still visible; its script reported that.",
        "feed": "A feed was fetched, and `track_feeds` is on.",
        "api_call": "An API was called, and `track_api` names its path.",
        "custom_event": "The app called `track()` or `track_pageview()`.",
    }
)
"""Every reason, and what it means. A reason names the cause; whether the hit is skipped or makes an
event (`bot` may do either) is the decision's kind."""

HOST_REMEDY: Final = (
    "Behind a proxy, let it pass on the visitors' Host (nginx: `proxy_set_header Host $host;`; "
    "Apache: `ProxyPreserveHost On`; Caddy: remove `header_up Host`; Traefik: remove "
    "`passHostHeader: false`), or set `base_url`."
)
"""What gives hits the host that visitors see."""

LOCALHOST_REMEDY: Final = (
    f"{HOST_REMEDY} At your desk, start the app with `footfall run -- COMMAND`, or set "
    "`track_localhost=True`."
)
"""What makes a hit count that was skipped as `localhost`."""
