"""Destinations as DSNs, one line each, for settings files and environment variables.

    plausible://plausible.io/example.com
    plausible+http://127.0.0.1:8000/example.com
    swetrix://stats.example.com/backend/PROJECT_ID?send_origin=false
    umami://cloud.umami.is/WEBSITE_ID
    collector://127.0.0.1:8321/example.com
    collector://TOKEN@stats.example.com/example.com
    matomo://TOKEN@stats.example.com/matomo/1
    goatcounter://TOKEN@example.goatcounter.com
    posthog://PROJECT_KEY@eu.i.posthog.com
    clickhouse://USER:PASSWORD@ch.example.com:8443/footfall.events
    redis://queue.internal:6379/0?stream=example
    sqlite:///footfall.sqlite3

The last segment of the path is the site, of vendors whose sites have one; what precedes it is the
endpoint, over https unless `+http` follows the vendor's name or a collector is on this machine. A
token, or user and password, stand before the host. The query holds the options.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, unquote

from footfall.common.loopback import is_loopback
from footfall.destinations import _option_text, _validation
from footfall.destinations.clickhouse import ClickHouse
from footfall.destinations.collector import Collector
from footfall.destinations.goatcounter import GoatCounter
from footfall.destinations.matomo import Matomo
from footfall.destinations.plausible import Plausible
from footfall.destinations.posthog import PostHog
from footfall.destinations.redis_stream import EXAMPLE, SCHEMES, RedisStream
from footfall.destinations.sqlite import SQLITE_EXAMPLE, SQLITE_SCHEME, SQLite
from footfall.destinations.swetrix import Swetrix
from footfall.destinations.umami import Umami
from footfall.errors import ConfigError, Fault, hide_credentials, hide_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from footfall.destinations.base import Destination


class _Vendor(NamedTuple):
    """How the parts of a DSN become the arguments of a class."""

    make: Callable[..., Destination]
    # The argument that takes the last segment of the path; empty where host or token name the site.
    site: str
    # The last segment of the vendor's own path: a DSN that ends with it lacks the site.
    path_end: str
    example: str
    # Each function parses the text of an option; text that it cannot parse, the class refuses.
    options: Mapping[str, Callable[[str], object]]
    # The line with what may stand before the host; empty where nothing may.
    login_example: str = ""
    # The arguments that take what stands there, with a colon between two.
    login: tuple[str, ...] = ("token",)
    # Whether it must stand there.
    needs_login: bool = False


def _numbers(text: str) -> object:
    """`plan:1,section:2` as a mapping of names to numbers."""
    pairs = [pair.rpartition(":") for pair in text.split(",") if pair.strip()]
    return {name.strip(): _option_text.whole_number(number.strip()) for name, _, number in pairs}


_VENDORS: Mapping[str, _Vendor] = {
    "plausible": _Vendor(
        make=Plausible,
        site="domain",
        path_end="event",
        example="plausible://plausible.io/example.com",
        options={"ip_headers": str, "script_version": _option_text.whole_number},
    ),
    "swetrix": _Vendor(
        make=Swetrix,
        site="pid",
        path_end="log",
        example="swetrix://api.swetrix.com/PROJECT_ID",
        options=dict.fromkeys(
            ("send_origin", "old_server", "heartbeats", "unique"), _option_text.boolean
        ),
    ),
    "umami": _Vendor(
        make=Umami,
        site="website",
        path_end="send",
        example="umami://cloud.umami.is/WEBSITE_ID",
        options={},
    ),
    "matomo": _Vendor(
        make=Matomo,
        site="site",
        path_end="matomo.php",
        example="matomo://TOKEN@stats.example.com/1",
        options={"dimensions": _numbers},
        login_example="matomo://TOKEN@HOST/SITE_ID",
        needs_login=True,
    ),
    "posthog": _Vendor(
        make=PostHog,
        site="",
        path_end="batch",
        example="posthog://PROJECT_KEY@eu.i.posthog.com",
        options={},
        login_example="posthog://PROJECT_KEY@HOST",
        needs_login=True,
    ),
    "goatcounter": _Vendor(
        make=GoatCounter,
        site="",
        path_end="count",
        example="goatcounter://TOKEN@example.goatcounter.com",
        options={},
        login_example="goatcounter://TOKEN@HOST",
        needs_login=True,
    ),
    "clickhouse": _Vendor(
        make=ClickHouse,
        site="table",
        path_end="",
        example="clickhouse://USER:PASSWORD@HOST:8443/footfall.events",
        options={},
        login_example="clickhouse://USER:PASSWORD@HOST:8443/DATABASE.TABLE",
        login=("user", "password"),
        needs_login=True,
    ),
    "collector": _Vendor(
        make=Collector,
        site="domain",
        path_end="event",
        example="collector://127.0.0.1:8321/example.com",
        options={"every_hit": _option_text.boolean},
        login_example="collector://TOKEN@HOST:PORT/DOMAIN",
    ),
}


def split_dsns(text: str) -> tuple[str, ...]:
    """The DSNs of a comma-separated list, for instance of an environment variable.

    A comma inside a DSN (two sites, two headers) does not end it: the next begins with a scheme.
    """
    parts = re.split(r",\s*(?=[a-z][a-z0-9+.-]*://)", text, flags=re.IGNORECASE)
    return tuple(dsn for part in parts if (dsn := part.strip(" \t\r\n,")))


def destination_from(value: str | Destination) -> Destination:
    """The destination that a DSN describes.

    Args:
        value: A DSN; or a destination (`name`, `endpoint`, `request`, `read`), returned as it is.

    Raises:
        ConfigError: `value` is neither. Lists every fault with its remedy.
    """
    if isinstance(value, str):
        return _parse(value.strip())
    if _is_destination(value):
        return value
    raise ConfigError(
        Fault(
            "destinations",
            value,
            "write a line like 'plausible://plausible.io/example.com', or an object like "
            "Plausible(domain='example.com')",
        )
    )


def _is_destination(value: object) -> bool:
    # A class has these names, too, but only its instances are destinations.
    names = ("name", "endpoint", "request", "read")
    return not isinstance(value, type) and all(hasattr(value, name) for name in names)


def _parse(dsn: str) -> Destination:
    shown = hide_credentials(dsn)
    scheme, separator, rest = dsn.partition("://")
    if separator and scheme.lower() in SCHEMES:
        return RedisStream.from_line(dsn)
    if separator and scheme.lower() == SQLITE_SCHEME:
        return SQLite.from_line(dsn)
    vendor_name, _, web_scheme = scheme.lower().partition("+")
    vendor = _VENDORS.get(vendor_name)
    if vendor is None or not separator or web_scheme not in {"", "http", "https"}:
        # The address of a webhook is a secret as a whole.
        raise ConfigError(Fault("destinations", hide_path(dsn), _scheme_remedy(scheme)))
    location, _, query = rest.partition("?")
    if vendor.site and (found := _site_in_url(vendor, location)):
        # Not the line itself, where a token may stand before the host.
        site = found if vendor.site == "domain" else vendor.example.rpartition("/")[2]
        remedy = f"end with the {vendor.site} alone, without scheme and path: /{site}"
        raise ConfigError(Fault("destinations", shown, remedy))
    address, arguments = location.rstrip("/"), {}
    if vendor.site:
        address, _, site = address.rpartition("/")
        arguments = {vendor.site: unquote(site)}
        if not address or site == vendor.path_end:
            remedy = f"name the {vendor.site} at the end: {vendor.example}"
            raise ConfigError(Fault("destinations", shown, remedy))
    if vendor.login_example and (vendor.needs_login or "@" in address):
        login, _, address = address.rpartition("@")
        arguments |= dict.fromkeys(vendor.login, "")
        texts = map(unquote, login.split(":", len(vendor.login) - 1))
        arguments |= zip(vendor.login, texts, strict=False)
    web_scheme = web_scheme or _default_scheme(vendor, address)
    arguments["endpoint"] = f"{web_scheme}://{address}"
    return _make(vendor, arguments, parse_qsl(query, keep_blank_values=True))


def _site_in_url(vendor: _Vendor, location: str) -> str:
    """The host, where the site is written as a URL or with a path; empty where it is not."""
    host, _, path = location.partition("/")
    if found := re.search(r"(?:^|/)https?:/+(?:[^/@]*@)?([^/?#]+)", path):
        return found[1]
    # A server of one's own may be below any path.
    is_cloud = host.lower() == vendor.example.partition("://")[2].partition("/")[0]
    first, _, rest = path.partition("/")
    return first if is_cloud and rest and "." in first else ""


def _make(
    vendor: _Vendor, arguments: Mapping[str, object], options: list[tuple[str, str]]
) -> Destination:
    faults = list(_option_faults(vendor, options))
    known = {name: vendor.options[name](text) for name, text in options if name in vendor.options}
    try:
        destination = vendor.make(**arguments, **known)
    except ConfigError as error:
        faults += error.faults
    if faults:
        raise ConfigError(faults)
    return destination


def _option_faults(vendor: _Vendor, options: list[tuple[str, str]]) -> Iterator[Fault]:
    for name, text in options:
        if name in vendor.login and vendor.login_example:
            yield Fault(name, text, f"write it before the host: {vendor.login_example}")
        elif name not in vendor.options:
            near = difflib.get_close_matches(name, vendor.options, n=1)
            known = ", ".join(vendor.options) or "none"
            # The value may be a secret whose name is misspelt.
            yield Fault(
                name,
                "(hidden)",
                f"did you mean {near[0]}?" if near else f"no such option; there is: {known}",
            )


def _default_scheme(vendor: _Vendor, address: str) -> str:
    is_local = is_loopback(_validation.host_of(f"//{address}"))
    return "http" if vendor.make is Collector and is_local else "https"


def _scheme_remedy(scheme: str) -> str:
    known = (*_VENDORS, SQLITE_SCHEME, *SCHEMES)
    near = difflib.get_close_matches(scheme.lower().partition("+")[0], known, n=1)
    if near:
        return f"did you mean {near[0]}, as in {_example(near[0])}"
    names = ", ".join((*_VENDORS, SQLITE_SCHEME))
    return f"begin with {names}, as in {_VENDORS['plausible'].example}"


def _example(scheme: str) -> str:
    if scheme == SQLITE_SCHEME:
        return SQLITE_EXAMPLE
    return EXAMPLE if scheme in SCHEMES else _VENDORS[scheme].example
