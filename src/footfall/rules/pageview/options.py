"""What the owner wants counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from footfall.model import Hit


def words(text: str) -> frozenset[str]:
    """The words of a table that is written as prose."""
    return frozenset(text.split())


DOWNLOAD_EXTENSIONS: Final = words(
    "pdf xlsx docx txt rtf csv exe key pps ppt pptx 7z pkg rar gz zip avi mov mp4 mpeg wmv midi mp3"
    " wav wma dmg"
)
"""What Plausible's script takes for a download (custom-events.js, read 2026-10)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageviewOptions:
    """What the owner wants counted. The defaults count as the vendors' scripts do."""

    # A developer's own clicks would be the first numbers on a new dashboard.
    track_localhost: bool = False
    # A page fetched ahead was not looked at, and no signal tells when it is. "refuse" decides like
    # "skip" here; the door answers 503, so that the browser asks again on the click.
    prefetch: Literal["skip", "count", "refuse"] = "skip"
    # Bots outnumber people. "event" makes the pages they read a custom event, out of the views.
    bots: Literal["skip", "count", "event"] = "skip"
    # True or a name: a bot. False: a person. None, or an exception: our own filter decides.
    is_bot: Callable[[Hit], bool | str | None] | None = None
    # A custom event costs quota, and scanners ask for a thousand missing pages a day.
    track_404: bool = False
    # Vendors' own scripts count downloads, too.
    track_downloads: bool = True
    # Plausible's script has this list; a file that says `attachment` needs no extension.
    download_extensions: frozenset[str] = DOWNLOAD_EXTENSIONS
    # Nobody is identified; one vendor ignores both signals, and browsers have dropped DNT.
    respect_dnt: bool = False
    respect_gpc: bool = False
    # The page around the frame is the view. For widgets that live in other sites' pages, say True.
    track_iframes: bool = False
    # The rule of the owner that keeps a hit out, in words, or None. Must not raise.
    excluded_by: Callable[[Hit], str | None] | None = None


DEFAULT_OPTIONS: Final = PageviewOptions()
