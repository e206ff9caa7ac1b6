"""How Swetrix's own script spells what it sends, and how much of it the server takes.

The server stores paths and campaign values as they come, so another spelling of the same page is
another page. Of what is too long only the end goes, and `Cuts` says so.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from footfall.destinations import _floats, _wire_format
from footfall.events.details import usable
from footfall.rules.url import UNKNOWN_HOST, fit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from footfall.destinations._wire_format import Cuts
    from footfall.model import Visitor

MAX_EVENT_NAME_CHARS = 256
MAX_QUERY_CHARS = 2048


class MetaLimits(NamedTuple):
    """How many props, and how much of them: keys and values together, as JavaScript counts."""

    keys: int
    units: int


META = MetaLimits(keys=100, units=2000)
# Those of servers of 2024, which counted values only.
OLD_META = MetaLimits(keys=20, units=1000)
# "Fewer than 64".
OLD_MAX_EVENT_NAME_CHARS = 63
# A longer one is left out, since a shorter text could be somebody else's.
MAX_PROFILE_CHARS = 256
# The other fields have no limit but the body's 100 KiB, which ten of these stay below.
MAX_FIELD_CHARS = 2000

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
"""Request headers by which Swetrix tells Brave from Chrome and Windows 11 from 10."""

# Members of every JavaScript object: the server loses properties of these names.
_RESERVED_KEYS = frozenset(
    {"__proto__", "constructor", "hasOwnProperty", "prototype", "toString", "valueOf"}
)

# RFC 3986, appendix B, without its fragment: matches any text.
_URL = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?")
_WEB_HOST = re.compile(r"(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d+)?", re.IGNORECASE | re.ASCII)
# What browsers leave alone in a path (WHATWG URL, path percent-encode set), escapes included.
_SAFE_IN_PATHS = "!$%&'()*+,-./:;=@[\\]_|~"

# The script of Swetrix takes the leftmost non-empty of several names, as it stands in the URL.
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

# What the script writes for the medium of a click on a paid link of Google's.
_PAID_CLICK = "<gclid>"

# Names that are nobody's, in lower case: the server files such events as anonymous.
_NOBODY = frozenset(
    {"", "0", "anon", "anonymous", "distinct_id", "distinctid", "email", "false", "guest", "id"}
    | {"nan", "nil", "none", "not_authenticated", "null", "profile_id", "profileid", "true"}
    | {"undefined", "user", "[object object]"}
)


class SwetrixPage(NamedTuple):
    """The parts of an event's URL in the spelling of Swetrix's own script."""

    origin: str
    path: str
    query: str


def field(name: str, value: str, cuts: Cuts) -> str:
    """One text of no limit of its own, within ours."""
    return cuts.kept(name, value, _wire_format.text(value, MAX_FIELD_CHARS))


def page_of(url: str, cuts: Cuts) -> SwetrixPage:
    """Origin, path and query of an absolute URL; empty where it has none."""
    match = _URL.match(_wire_format.text(url.strip(), len(url)))
    assert match  # noqa: S101 -- for the type checker; the pattern matches any text
    scheme, authority, path, query = (part or "" for part in match.groups())
    return SwetrixPage(
        origin=_origin(scheme.lower(), authority.rpartition("@")[2]),
        path=_path(path or "/", cuts),
        query=cuts.kept("qs", query, query[:MAX_QUERY_CHARS]),
    )


def _path(path: str, cuts: Cuts) -> str:
    whole = quote(path, safe=_SAFE_IN_PATHS)
    # Never half of an escape, nor of a character.
    return cuts.kept("pg", whole, fit(whole, MAX_FIELD_CHARS))


def _origin(scheme: str, host: str) -> str:
    # Without an origin the server files the visit under "unknown host", which is what it is, and
    # does not look for it among those that the project allows.
    if scheme not in {"http", "https"} or host == UNKNOWN_HOST or not _WEB_HOST.fullmatch(host):
        return ""
    return _wire_format.header(f"{scheme}://{host}")


def headers_of(visitor: Visitor) -> dict[str, str]:
    """The headers by which the server knows the visitor."""
    headers = {
        "content-type": "application/json",
        # Explicit even when empty, or the transport's own name would become the visitor's.
        "user-agent": _wire_format.header(visitor.user_agent, _wire_format.MAX_USER_AGENT_BYTES),
        # In strict mode a request that lacks two of these three is a bot's. What is accepted does
        # not matter to the server, but to us: the answer must come uncompressed to be read.
        "accept": "*/*",
        "accept-language": _wire_format.header(visitor.language) or "*",
        "accept-encoding": "identity",
    }
    if visitor.client_ip:
        # The first for servers of today, the second for the cloud and for servers of 2024.
        address = _wire_format.header(visitor.client_ip)
        headers |= {"x-forwarded-for": address, "x-client-ip-address": address}
    return headers | _client_hints(visitor.headers)


def _client_hints(headers: Mapping[str, str]) -> dict[str, str]:
    hints = {name: _wire_format.header(headers.get(name, "")) for name in CLIENT_HINTS}
    return {name: value for name, value in hints.items() if value}


def campaign_of(query: str, cuts: Cuts) -> dict[str, str]:
    """The campaign fields of a query, undecoded as the browser script sends them."""
    found: dict[str, str] = {}
    has_paid_click = False
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if value and name in _CAMPAIGN_FIELDS:
            key = _CAMPAIGN_FIELDS[name]
            found.setdefault(key, field(key, value, cuts))
        elif value and name == "gclid":
            has_paid_click = True
    if has_paid_click:
        found.setdefault("me", _PAID_CLICK)
    return found


def profile_of(profile_id: str, cuts: Cuts) -> str:
    """The app's id for somebody, if the server would take it for one."""
    whole = profile_id.strip()
    shown = _wire_format.text(whole, MAX_PROFILE_CHARS + 1)
    if shown != whole or _wire_format.utf16_length(shown) > MAX_PROFILE_CHARS:
        cuts.note("profileId")
        return ""
    return "" if shown.lower() in _NOBODY else shown


def durations(perf: Mapping[str, float]) -> Mapping[str, int]:
    """The eight durations in whole milliseconds, or nothing: the server stores all or none."""
    measured = usable({"perf": perf}).get("perf", {})
    return {name: round(value) for name, value in measured.items()}


def old_name(name: str) -> str:
    """The name in the letters that a server of 2024 knows, without accents."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9.]+", "_", letters).strip("_.")
    return plain if plain[:1].isalpha() else f"event_{plain}".rstrip("_")


def meta_of(props: Mapping[str, object], limits: MetaLimits, cuts: Cuts) -> Mapping[str, str]:
    """The first properties that fit; the value that crosses the limit is cut, not lost."""
    kept: dict[str, str] = {}
    room = limits.units
    for raw_key, value in _wire_format.prop_texts(props, _floats.javascript):
        key = _wire_format.text(raw_key, limits.units)
        space = room - _wire_format.utf16_length(key)
        if key in _RESERVED_KEYS or space <= 0 or len(kept) == limits.keys:
            cuts.note("meta")
            continue
        if key in kept:
            continue
        kept[key] = cuts.kept("meta", value, _wire_format.utf16(value, space))
        room = space - _wire_format.utf16_length(kept[key])
    return kept
