"""The fields of an event in the spelling of Swetrix's own script, within the server's limits.

The server stores paths and campaign values as they come, so another spelling of the same page is
another page. What is too long loses its end, and `TrimmedFields` notes the field.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from footfall.common import float_text
from footfall.destinations import _wire_format
from footfall.events.details import valid_details
from footfall.rules.url import UNKNOWN_HOST, fit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from footfall.destinations._wire_format import TrimmedFields
    from footfall.model import Visitor

MAX_QUERY_CHARS = 2048


class MetaLimits(NamedTuple):
    """The most props, and the most text in keys and values together, in UTF-16 code units."""

    max_keys: int
    max_units: int


META_LIMITS = MetaLimits(max_keys=100, max_units=2000)
# Servers of 2024 counted values only.
OLD_META_LIMITS = MetaLimits(max_keys=20, max_units=1000)
# Servers of 2024 required "fewer than 64".
OLD_MAX_EVENT_NAME_CHARS = 63
# A longer id is not sent, since its beginning could be another person's id.
MAX_PROFILE_CHARS = 256
# The other fields share the body's limit of 100 KiB; ten of them stay below it.
MAX_FIELD_CHARS = 2000

# A site has few pages; as many as `rules.url` caches, and none of them longer.
_MAX_PAGES = 1024
_MAX_CACHED_CHARS = 256

CLIENT_HINTS = (
    "sec-ch-ua",
    "sec-ch-ua-arch",
    "sec-ch-ua-bitness",
    "sec-ch-ua-form-factors",
    "sec-ch-ua-full-version-list",
    "sec-ch-ua-mobile",
    "sec-ch-ua-model",
    "sec-ch-ua-platform",
    "sec-ch-ua-platform-version",
)
"""Request headers by which Swetrix distinguishes Brave from Chrome and Windows 11 from 10."""

# Members of every JavaScript object: the server loses props with these names.
_RESERVED_KEYS = frozenset(
    {"__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__", "__proto__"}
    | {"constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "prototype"}
    | {"toLocaleString", "toString", "valueOf"}
)

# RFC 3986, appendix B, without the fragment: matches any text.
_URL = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?")
_WEB_HOST = re.compile(r"(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d+)?", re.IGNORECASE | re.ASCII)
# What browsers do not escape in a path (WHATWG URL, path percent-encode set), and `%` itself.
_SAFE_IN_PATHS = "!$%&'()*+,-./:;=@[\\]_|~"

# Of several names for one field, Swetrix's script takes the leftmost in the URL with a value.
_CAMPAIGN_FIELDS = {
    "ref": "so",
    "source": "so",
    "utm_source": "so",
    "gad_source": "so",
    "utm_medium": "me",
    "utm_campaign": "ca",
    "gad_campaignid": "ca",
    "utm_term": "te",
    "utm_content": "co",
}

# What the script sends as the medium of a click on a Google ad.
_PAID_CLICK = "<gclid>"


class SwetrixPage(NamedTuple):
    """The parts of an event's URL in the spelling of Swetrix's own script."""

    origin: str
    path: str
    query: str


def text_field(name: str, value: str, trimmed: TrimmedFields) -> str:
    """The text of a field for which the server has no limit, at most `MAX_FIELD_CHARS` long."""
    return trimmed.note_if_shorter(name, value, _wire_format.trim_text(value, MAX_FIELD_CHARS))


def page_of(url: str, trimmed: TrimmedFields) -> SwetrixPage:
    """Origin, path and query of an absolute URL; empty where it has none."""
    is_short = len(url) <= _MAX_CACHED_CHARS and url.isascii()
    return _cached_page(url) if is_short else _page_of(url, trimmed)


@lru_cache(maxsize=_MAX_PAGES)
def _cached_page(url: str) -> SwetrixPage:
    # Escapes make ASCII three times as long at most, so nothing of a short URL is trimmed.
    return _page_of(url, _wire_format.TrimmedFields())


def _page_of(url: str, trimmed: TrimmedFields) -> SwetrixPage:
    match = _URL.match(_wire_format.trim_text(url.strip(), len(url)))
    assert match  # noqa: S101 -- for the type checker; the pattern matches any text
    scheme, authority, path, query = match.groups("")
    return SwetrixPage(
        origin=_origin(scheme.lower(), authority.rpartition("@")[2]),
        path=_path(path or "/", trimmed),
        query=trimmed.note_if_shorter("qs", query, query[:MAX_QUERY_CHARS]),
    )


def _path(path: str, trimmed: TrimmedFields) -> str:
    whole = quote(path, safe=_SAFE_IN_PATHS)
    # `fit` splits neither an escape nor a character.
    return trimmed.note_if_shorter("pg", whole, fit(whole, MAX_FIELD_CHARS))


def _origin(scheme: str, host: str) -> str:
    # Without an origin the server stores the visit under "unknown host", which is correct, and
    # does not check it against the origins that the project allows.
    if scheme not in {"http", "https"} or host == UNKNOWN_HOST or not _WEB_HOST.fullmatch(host):
        return ""
    return _wire_format.header_value(f"{scheme}://{host}")


def headers_of(visitor: Visitor) -> dict[str, str]:
    """The headers by which the server identifies the visitor."""
    headers = _wire_format.visitor_headers(visitor)
    # In strict mode the server treats a request that lacks two of these three as a bot's. Their
    # values do not matter to it. `identity` keeps the response uncompressed for `read`.
    headers["accept"] = "*/*"
    headers["accept-language"] = _wire_format.header_value(visitor.language) or "*"
    headers["accept-encoding"] = "identity"
    if visitor.client_ip:
        # Servers of today read the first, the cloud and servers of 2024 the second.
        address = _wire_format.header_value(visitor.client_ip)
        headers["x-forwarded-for"] = headers["x-client-ip-address"] = address
    sent = visitor.headers
    for name in CLIENT_HINTS:
        if name in sent and (hint := _wire_format.header_value(sent[name])):
            headers[name] = hint
    return headers


def campaign_fields(query: str, trimmed: TrimmedFields) -> dict[str, str]:
    """The campaign fields of a query, undecoded as the browser script sends them."""
    fields: dict[str, str] = {}
    has_paid_click = False
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if value and name in _CAMPAIGN_FIELDS:
            key = _CAMPAIGN_FIELDS[name]
            fields.setdefault(key, text_field(key, value, trimmed))
        elif value and name == "gclid":
            has_paid_click = True
    if has_paid_click:
        fields.setdefault("me", _PAID_CLICK)
    return fields


def valid_profile_id(profile_id: str, trimmed: TrimmedFields) -> str:
    """The app's id for a visitor; empty where the server would not take it for one."""
    whole = profile_id.strip()
    sent = _wire_format.trim_text(whole, MAX_PROFILE_CHARS + 1)
    if sent != whole or _wire_format.utf16_length(sent) > MAX_PROFILE_CHARS:
        trimmed.note("profileId")
        return ""
    return "" if sent.lower() in _wire_format.ANONYMOUS_IDS else sent


def durations(perf: Mapping[str, float]) -> Mapping[str, float]:
    """All eight durations in milliseconds, or none: the server stores no part of them.

    The server rounds them, and a half upwards, as Python does not.
    """
    return valid_details({"perf": perf}).get("perf", {})


def old_server_name(name: str) -> str:
    """The event name in the characters that a server of 2024 accepts, without accents."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9.]+", "_", letters).strip("_.")
    return plain if plain[:1].isalpha() else f"event_{plain}".rstrip("_")


def meta_of(
    props: Mapping[str, object], limits: MetaLimits, trimmed: TrimmedFields
) -> Mapping[str, str]:
    """The first props that fit; the value that crosses the limit is trimmed, not left out."""
    meta: dict[str, str] = {}
    left = limits.max_units
    for raw_key, value in _wire_format.prop_texts(props, float_text.javascript):
        key = _wire_format.trim_text(raw_key, limits.max_units)
        left_for_value = left - _wire_format.utf16_length(key)
        if key in _RESERVED_KEYS or left_for_value <= 0 or len(meta) == limits.max_keys:
            trimmed.note("meta")
            continue
        if key in meta:
            continue
        short = _wire_format.trim_utf16(value, left_for_value)
        meta[key] = trimmed.note_if_shorter("meta", value, short)
        left = left_for_value - _wire_format.utf16_length(short)
    return meta
