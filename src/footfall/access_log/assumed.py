"""What is assumed of a request whose log does not have the headers that the rules read.

A log in the combined format tells neither how the browser requested nor what the response was. The
path tells what is likely: the file names of assets and downloads, the usual names of data and
feeds; anything else is a page that a browser opened. `docs/access-logs.md` has the table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from footfall.model import Headers
from footfall.rules.pageview import DOWNLOAD_EXTENSIONS
from footfall.rules.pageview.file_names import extension_of, is_well_known, reason_for_file

# Of a browser that opens a page; the rules look for one of its words.
_NAVIGATION: Final = "text/html"
_ANY: Final = "*/*"
_HTML: Final = "text/html"


class Kind(NamedTuple):
    """What a path is likely to be of: the headers of a request for it, and of its response."""

    accept: str
    content_type: str


PAGE: Final = Kind(_NAVIGATION, _HTML)
# One that is saved: a link to it is followed as one to a page is.
DOWNLOAD: Final = Kind(_NAVIGATION, "application/octet-stream")
ASSET: Final = Kind(_ANY, "application/octet-stream")
DATA: Final = Kind(_ANY, "application/json")
FEED: Final = Kind(_ANY, "application/rss+xml")

_NO_HEADERS: Final[Headers] = MappingProxyType({})
# Made once: a log has millions of lines.
_HEADERS_OF: Final[Mapping[str, Headers]] = {
    kind.content_type: MappingProxyType({"content-type": kind.content_type})
    for kind in (PAGE, DOWNLOAD, ASSET, DATA, FEED)
}

# Where sites and their frameworks usually answer scripts, and feed readers.
_DATA_PATH: Final = re.compile(r"/(?:api|graphql|wp-json|_next/data|socket\.io)(?:/|$)")
_FEED_PATH: Final = re.compile(r"/(?:feed|rss|atom)/?$")


def kind_of(path: str) -> Kind:
    """What a path is likely to be of."""
    if reason_for_file(path):
        is_saved = extension_of(path) in DOWNLOAD_EXTENSIONS and not is_well_known(path)
        return DOWNLOAD if is_saved else ASSET
    if _DATA_PATH.search(path):
        return DATA
    return FEED if _FEED_PATH.search(path) else PAGE


def response_headers_of(kind: Kind, status: int, size: int | None) -> Headers:
    """What the response is likely to have; nothing where it has no content.

    `size` is in bytes; None where it is not logged.
    """
    if status == 304 or (status == 200 and size == 0):
        return _NO_HEADERS
    # Servers answer with a page of their own, whatever was asked for.
    return _HEADERS_OF[_HTML if status == 404 else kind.content_type]
