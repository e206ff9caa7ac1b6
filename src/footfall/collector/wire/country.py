"""The country of a visitor: from the site owner's database, else from a header of a CDN.

No database is shipped, and no address is stored for it: only two letters are written.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

from footfall.errors import ConfigError, Fault
from footfall.model import Headers

CountryLookup: TypeAlias = Callable[[str], str | None]
"""Gives the two letters of an address's country, or None."""

CDN_HEADERS: Final = (
    "cf-ipcountry",  # Cloudflare
    "cloudfront-viewer-country",
    "x-vercel-ip-country",
    "x-country-code",  # Netlify, Fastly and others by convention
    "fly-client-country",
)
"""Headers in which a CDN names the visitor's country, the first that is there counts."""

_CDN_HEADER_NAMES: Final = frozenset(CDN_HEADERS)
_CODE: Final = re.compile(r"[A-Z]{2}")
# No country: unknown, private, Tor; as Plausible ignores them.
_UNKNOWN: Final = frozenset({"ZZ", "XX", "T1", "AA"})

_MISSING: Final = 'needs the package maxminddb: pip install "footfall[geo]"'
_UNREADABLE: Final = "name a country database in the MaxMind format"


def find_country(headers: Headers, client_ip: str, lookup: CountryLookup | None) -> str | None:
    """The country of a visitor as two capital letters, or None."""
    if lookup and (found := _valid_code(lookup(client_ip) or "")):
        return found
    if _CDN_HEADER_NAMES.isdisjoint(headers):
        return None
    value = next(headers[name] for name in CDN_HEADERS if name in headers)
    return _valid_code(value.strip().upper())


def mmdb_lookup(path: str | Path) -> CountryLookup:
    """A lookup in a MaxMind database (GeoLite2-Country, DB-IP Lite and their like).

    Raises:
        ConfigError: The file cannot be read, or the package `maxminddb` is not installed.
    """
    reader = _open(path)

    def lookup(client_ip: str) -> str | None:
        try:
            found = reader.get(client_ip)
        except ValueError:
            # Not an address: Plausible does not validate what a header holds.
            return None
        entry = found.get("country") if isinstance(found, dict) else None
        code = entry.get("iso_code") if isinstance(entry, dict) else None
        return code if isinstance(code, str) else None

    return lookup


def _open(path: str | Path) -> Any:
    try:
        import maxminddb
    except ModuleNotFoundError as missing:
        raise ConfigError(Fault("mmdb", str(path), _MISSING)) from missing
    try:
        return maxminddb.open_database(str(path))
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        raise ConfigError(Fault("mmdb", str(path), f"{_UNREADABLE} ({error})")) from error


def _valid_code(code: str) -> str | None:
    return code if _CODE.fullmatch(code) and code not in _UNKNOWN else None
