"""What the site owner wants counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from footfall.model import Hit


def words(text: str) -> frozenset[str]:
    """The set of words in a text."""
    return frozenset(text.split())


DOWNLOAD_EXTENSIONS: Final = words(
    "pdf xlsx docx txt rtf csv exe key pps ppt pptx 7z pkg rar gz zip avi mov mp4 mpeg wmv midi mp3"
    " wav wma dmg"
)
"""The extensions that Plausible's script counts as downloads (custom-events.js, read 2026-10)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageviewOptions:
    """What the site owner wants counted. The defaults count as the vendors' scripts do."""

    # A developer's own clicks would be the first numbers on a new dashboard.
    track_localhost: bool = False
    # A prefetched page is not yet shown, and no signal comes when it is. "refuse" decides as "skip"
    # does; the adapter answers 503, so that the browser requests again on the click.
    prefetch: Literal["skip", "count", "refuse"] = "skip"
    # Bots outnumber people. "event" makes a custom event of each page that they read.
    bots: Literal["skip", "count", "event"] = "skip"
    # True or a name: a bot. False: a person. None, or an exception: our own bot filter decides.
    is_bot: Callable[[Hit], bool | str | None] | None = None
    # A custom event costs quota, and scanners request a thousand missing pages a day.
    track_404: bool = False
    # Vendors' own scripts count downloads, too.
    track_downloads: bool = True
    # Plausible's script has this list; a file sent as `attachment` needs no extension.
    download_extensions: frozenset[str] = DOWNLOAD_EXTENSIONS
    # Nobody is identified; one vendor ignores both signals, and browsers have dropped DNT.
    respect_dnt: bool = False
    respect_gpc: bool = False
    # Spammers send a site's pages a referrer for its owner to open. A script that runs in browsers
    # meets few of them, a server all.
    skip_spam_referrers: bool = True
    # The page around the frame counts. True is for widgets that are embedded in other sites' pages.
    track_iframes: bool = False
    # Readers fetch feeds each hour, and vendors bill each event.
    track_feeds: bool = False
    # Whether the path is an API's; None where API calls are not counted. Must not raise.
    is_api: Callable[[Hit], bool] | None = None
    # Returns the text of the rule that excludes a hit, or None. Must not raise.
    excluded_by: Callable[[Hit], str | None] | None = None


DEFAULT_OPTIONS: Final = PageviewOptions()
