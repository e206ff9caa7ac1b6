"""Which file names and extensions are never those of a page."""

from __future__ import annotations

from typing import Final

from footfall.rules.pageview.options import DOWNLOAD_EXTENSIONS, words

# Longer than any name in the tables.
_MAX_NAME: Final = 64

_WELL_KNOWN_NAMES: Final = words(
    "favicon.ico robots.txt ads.txt app-ads.txt humans.txt security.txt llms.txt llms-full.txt"
    " manifest.json browserconfig.xml opensearch.xml crossdomain.xml sw.js service-worker.js"
)

_STATIC_EXTENSIONS: Final = DOWNLOAD_EXTENSIONS | words(
    """
    css js mjs map json xml rss atom wasm webmanifest
    png jpg jpeg gif webp avif svg ico bmp tiff heic jxl woff woff2 ttf otf eot
    webm ogg oga ogv opus m4a m4v aac flac m3u8 vtt srt
    doc xls tar bz2 xz tgz iso apk msi deb rpm epub ics
    """
)


def _file_name(path: str) -> str:
    return path[-_MAX_NAME:].rpartition("/")[2].lower()


def extension_of(path: str) -> str:
    """What follows the last dot of the file's name, in lower case; empty where there is none."""
    _, dot, extension = _file_name(path).rpartition(".")
    return extension if dot else ""


def is_static(path: str) -> bool:
    """True if the path has the extension of a page's part or of a file to save."""
    return extension_of(path) in _STATIC_EXTENSIONS


def is_well_known(path: str) -> bool:
    """True for files that browsers and crawlers request without a link to them."""
    name = _file_name(path)
    return (
        name in _WELL_KNOWN_NAMES
        or name.startswith("apple-touch-icon")
        or (name.startswith("sitemap") and name.endswith((".xml", ".xml.gz")))
        or name.endswith((".webmanifest", ".map"))
        or path.startswith("/.well-known/")
    )


_FEED_NAMES: Final = words("feed rss atom feed.xml rss.xml atom.xml index.xml feed.json rss2.xml")


def is_feed_name(path: str) -> bool:
    """True if the path is called as feeds are."""
    return _file_name(path.rstrip("/")) in _FEED_NAMES or extension_of(path) in ("rss", "atom")


def reason_for_file(path: str) -> str | None:
    """Why a path with this file name is no page; None where it may be one."""
    if is_well_known(path):
        return "well_known"
    return "static_file" if is_static(path) else None


def is_file(path: str) -> bool:
    """True if the path is that of a file, which no page has."""
    return reason_for_file(path) is not None
