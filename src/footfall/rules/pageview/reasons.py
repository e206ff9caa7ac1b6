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

REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ignored": "The app called `ignore()` for this request.",
        "websocket": "The connection became a websocket.",
        "method": "The method is not GET.",
        "localhost": "The host is this machine, or a test's.",
        "prefetch": "The page was fetched ahead; nobody has looked at it yet.",
        "no_user_agent": "The client sent no User-Agent, which every browser does.",
        "bot": "The User-Agent is a bot's, or `is_bot` said so.",
        "excluded": "An `exclude` rule matched, or no `include` rule did.",
        "dnt": "The browser sent DNT, and `respect_dnt` is on.",
        "gpc": "The browser sent Sec-GPC, and `respect_gpc` is on.",
        "fragment": "htmx, Turbo or a like library asked for a part of a page.",
        "xhr": "A script asked with XMLHttpRequest.",
        "fetch": "A script asked with fetch().",
        "iframe": "The page was loaded into a frame of another page.",
        "subresource": "An image, script, style or other part of a page was asked for.",
        "not_navigation": "Nothing in the request says that a page was asked for.",
        "download": "A file was saved.",
        "well_known": "A file that browsers and crawlers ask for unbidden, such as favicon.ico.",
        "static_file": "The path ends as static files do, and nothing says that it is a page.",
        "not_found": "The page does not exist.",
        "not_modified": "The browser showed its own copy of a page, after asking if it is fresh.",
        "navigation": "A browser opened a page.",
        "spa_visit": "A library opened a page in place of the browser.",
        "redirect": "The answer sends the browser on; the page it leads to counts.",
        "error": "The answer is an error.",
        "no_content": "The answer has no content.",
        "partial": "The answer is a part of a file, and not the first.",
        "not_html": "The answer is not an HTML page to look at.",
        "custom_event": "The app called `track()` or `track_pageview()`.",
    }
)
"""Every reason, and what it means. A reason names the cause; whether the hit is skipped or makes an
event (`bot` may do either) is the decision's kind."""
