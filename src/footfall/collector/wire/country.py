"""Which country a visitor is in: what the owner's database says, else what a CDN said.

No database is shipped, and no address is kept for it: two letters are all that is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

from footfall.errors import ConfigError, Fault
from footfall.model import Headers

CountryLookup: TypeAlias = Callable[[str], str | None]
"""From an address to a country's two letters, None where it is not known."""

_CDN_HEADERS: Final = (
    "cf-ipcountry",  # Cloudflare
    "cloudfront-viewer-country",
    "x-vercel-ip-country",
    "x-country-code",  # Netlify, Fastly and others by convention
    "fly-client-country",
)
_CDN_HEADERS_SET: Final = frozenset(_CDN_HEADERS)
_CODE: Final = re.compile(r"[A-Z]{2}")
# No country: unknown, private, Tor; as Plausible ignores them.
_NOWHERE: Final = frozenset({"ZZ", "XX", "T1", "AA"})

_MISSING: Final = 'needs the package maxminddb: pip install "footfall[geo]"'
_UNREADABLE: Final = "name a country database in the MaxMind format"


def country(headers: Headers, client_ip: str, lookup: CountryLookup | None) -> str | None:
    """The country of a visitor as two capital letters, or None."""
    if lookup and (found := _known(lookup(client_ip) or "")):
        return found
    if _CDN_HEADERS_SET.isdisjoint(headers):
        return None
    said = next(headers[name] for name in _CDN_HEADERS if name in headers)
    return _known(said.strip().upper())


def mmdb_lookup(path: str | Path) -> CountryLookup:
    """Look countries up in a MaxMind database (GeoLite2-Country, DB-IP Lite and their like).

    Raises:
        ConfigError: The file cannot be read, or the package `maxminddb` is not installed.
    """
    reader = _open(path)

    def look_up(client_ip: str) -> str | None:
        try:
            found = reader.get(client_ip)
        except ValueError:
            # Not an address: the vendors take what a header says unseen.
            return None
        place = found.get("country") if isinstance(found, dict) else None
        code = place.get("iso_code") if isinstance(place, dict) else None
        return code if isinstance(code, str) else None

    return look_up


def _open(path: str | Path) -> Any:
    try:
        import maxminddb
    except ModuleNotFoundError as missing:
        raise ConfigError(Fault("mmdb", str(path), _MISSING)) from missing
    try:
        return maxminddb.open_database(str(path))
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        raise ConfigError(Fault("mmdb", str(path), f"{_UNREADABLE} ({error})")) from error


def _known(code: str) -> str | None:
    return code if _CODE.fullmatch(code) and code not in _NOWHERE else None
