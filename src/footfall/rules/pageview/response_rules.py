"""C. What the response shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from footfall.model import PAGEVIEW, Hit
from footfall.rules.pageview.file_names import (
    extension_of,
    is_static,
    is_well_known,
    reason_for_file,
)
from footfall.rules.pageview.header_values import (
    HTML,
    file_extension_of,
    is_attachment,
    media_type_of,
    response_header,
    shows_page,
)
from footfall.rules.pageview.options import PageviewOptions
from footfall.rules.pageview.reasons import DOWNLOAD, NOT_FOUND
from footfall.rules.pageview.rule_types import Navigation, ResponseRule, RuleMatch

# A browser that sends no purpose may be a player that loads `/song.mp3`, and a script reads
# `/table.csv` to draw it. An attachment is saved in any case.
_SAVES_ANY_FILE: Final = {"navigation": True, "fetch": False, "not_navigation": False}


def _download(hit: Hit, options: PageviewOptions, navigation: Navigation) -> str | RuleMatch:
    saves = is_attachment(hit)
    if not saves and not _is_file(hit, options):
        return "no file"
    # Libraries save nothing: they request again, as a navigation. Nor do pictures and players.
    saves_any_file = _SAVES_ANY_FILE.get(navigation.reason)
    if saves_any_file is None or not (saves_any_file or saves):
        return f"a file for {navigation.reason}"
    if not _has_first_byte(hit) or is_well_known(hit.path):
        return "a file that is not counted"
    if not options.track_downloads:
        return RuleMatch("download", hit.path)
    # The tracker replaces the path by the public URL.
    return RuleMatch("download", hit.path, "event", DOWNLOAD, {"url": hit.path})


def _is_file(hit: Hit, options: PageviewOptions) -> bool:
    if extension := file_extension_of(hit):
        return extension in options.download_extensions
    if extension_of(hit.path) not in options.download_extensions:
        return False
    media_type = media_type_of(hit)
    return media_type != "" and media_type not in HTML


def _has_first_byte(hit: Hit) -> bool:
    if hit.status != 206:
        return hit.status == 200
    return response_header(hit, "content-range").strip().lower().startswith("bytes 0-")


def _navigation(_hit: Hit, _options: PageviewOptions, navigation: Navigation) -> str | RuleMatch:
    return navigation.reason if navigation.is_page else RuleMatch(navigation.reason, navigation.saw)


def _not_found(hit: Hit, options: PageviewOptions, _navigation: Navigation) -> str | RuleMatch:
    if hit.status != 404:
        return "not a 404"
    if not options.track_404 or media_type_of(hit) not in HTML:
        return "a 404 that is not counted"
    if is_well_known(hit.path):
        return RuleMatch("well_known", hit.path)
    # Over plain http the request for an image may have the headers of one for a page.
    if "sec-fetch-dest" not in hit.headers and is_static(hit.path):
        return RuleMatch("static_file", hit.path)
    # As with downloads, the tracker replaces the path by the public one.
    return RuleMatch("not_found", hit.path, "event", NOT_FOUND, {"path": hit.path})


def _not_modified(hit: Hit, _options: PageviewOptions, _navigation: Navigation) -> str | RuleMatch:
    if hit.status != 304:
        return "not a 304"
    # A 304 has no content type; the name distinguishes files from pages.
    if reason := reason_for_file(hit.path):
        return RuleMatch(reason, hit.path)
    return RuleMatch("not_modified", hit.path, "pageview", PAGEVIEW)


def _page(hit: Hit, _options: PageviewOptions, navigation: Navigation) -> str | RuleMatch:
    saw = media_type_of(hit) or "no content type"
    return RuleMatch(navigation.reason, saw, "pageview", PAGEVIEW) if shows_page(hit) else saw


def otherwise(hit: Hit) -> RuleMatch:
    """C.6: why the response is no page."""
    return RuleMatch(_reason_for_status(hit.status), f"status {hit.status}")


def _reason_for_status(status: int) -> str:
    if status < 200 or status in (204, 205):
        return "no_content"
    if status < 300:
        return "partial" if status == 206 else "not_html"
    if status == 404:
        return "not_found"
    return "redirect" if status < 400 else "error"


RESPONSE_RULES: Final[Sequence[tuple[str, ResponseRule]]] = (
    ("C.1 download", _download),
    ("C.2 navigation", _navigation),
    ("C.3 not_found", _not_found),
    ("C.4 not_modified", _not_modified),
    ("C.5 page", _page),
)
