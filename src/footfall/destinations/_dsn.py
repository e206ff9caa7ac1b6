"""Destinations in one line, for settings files and environment variables.

    plausible://plausible.io/example.com
    plausible+http://127.0.0.1:8000/example.com
    swetrix://stats.example.com/backend/PROJECT_ID?send_origin=false
    umami://cloud.umami.is/WEBSITE_ID
    collector://127.0.0.1:8321/example.com

The last part of the path names the site; what stands before it is the endpoint, over https unless
`+http` follows the vendor's name or a collector listens on this machine. Options of the class
follow as a query.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, unquote

from footfall.destinations import _validation
from footfall.destinations.collector import Collector
from footfall.destinations.plausible import Plausible
from footfall.destinations.swetrix import Swetrix
from footfall.destinations.umami import Umami
from footfall.errors import ConfigError, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from footfall.destinations.base import Destination

_SWITCH = {"true": True, "1": True, "yes": True, "on": True} | {
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}


class _Vendor(NamedTuple):
    """How the parts of a line become the arguments of a class."""

    make: Callable[..., Destination]
    # The option that the last part of the path fills.
    site: str
    # The end of the vendor's own path: a line that ends there has left out the site.
    path_end: str
    example: str
    # What turns the text of an option into its value; what it cannot read, the class will refuse.
    options: Mapping[str, Callable[[str], object]]


def _switch(text: str) -> object:
    return _SWITCH.get(text.strip().lower(), text)


def _number(text: str) -> object:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else text


_VENDORS: Mapping[str, _Vendor] = {
    "plausible": _Vendor(
        make=Plausible,
        site="domain",
        path_end="event",
        example="plausible://plausible.io/example.com",
        options={"ip_headers": str, "script_version": _number},
    ),
    "swetrix": _Vendor(
        make=Swetrix,
        site="pid",
        path_end="log",
        example="swetrix://api.swetrix.com/PROJECT_ID",
        options={
            "send_origin": _switch,
            "old_server": _switch,
            "heartbeats": _switch,
            "unique": _switch,
        },
    ),
    "umami": _Vendor(
        make=Umami,
        site="website",
        path_end="send",
        example="umami://cloud.umami.is/WEBSITE_ID",
        options={},
    ),
    "collector": _Vendor(
        make=Collector,
        site="domain",
        path_end="event",
        example="collector://127.0.0.1:8321/example.com",
        options={"every_hit": _switch},
    ),
}


def split_dsns(text: str) -> tuple[str, ...]:
    """The lines of a comma-separated list, for instance of an environment variable.

    A comma inside a line (two sites of one vendor, two headers) does not end it: the next line
    begins with a scheme.
    """
    lines = re.split(r",\s*(?=[a-z][a-z0-9+.-]*://)", text, flags=re.IGNORECASE)
    return tuple(line.strip(" \t\r\n,") for line in lines if line.strip(" \t\r\n,"))


def destination_from(value: str | Destination) -> Destination:
    """The destination a line describes; an object that is one already comes back as it is.

    Any object with `name`, `endpoint`, `request` and `read` is a destination.

    Raises:
        ConfigError: the line, or the object, is none. Lists every fault with its remedy.
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
    # A class has all the names as well; it is its instances that know where to send.
    names = ("name", "endpoint", "request", "read")
    return not isinstance(value, type) and all(hasattr(value, name) for name in names)


def _parse(line: str) -> Destination:
    shown = _validation.without_secrets(line)
    scheme, separator, rest = line.partition("://")
    vendor_name, _, web_scheme = scheme.lower().partition("+")
    vendor = _VENDORS.get(vendor_name)
    if vendor is None or not separator or web_scheme not in {"", "http", "https"}:
        raise ConfigError(Fault("destinations", shown, _scheme_remedy(scheme)))
    place, _, query = rest.partition("?")
    address, _, site = place.rstrip("/").rpartition("/")
    if not address or site == vendor.path_end:
        raise ConfigError(
            Fault("destinations", shown, f"name the {vendor.site} at the end: {vendor.example}")
        )
    web_scheme = web_scheme or _default_scheme(vendor, address)
    return _make(
        vendor,
        {vendor.site: unquote(site), "endpoint": f"{web_scheme}://{address}"},
        parse_qsl(query, keep_blank_values=True),
    )


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
        if name not in vendor.options:
            near = difflib.get_close_matches(name, vendor.options, n=1)
            known = ", ".join(vendor.options) or "none"
            yield Fault(
                name,
                text,
                f"did you mean {near[0]}?" if near else f"no such option; there is: {known}",
            )


def _default_scheme(vendor: _Vendor, address: str) -> str:
    is_here = _validation.is_loopback(_validation.host_of(f"//{address}"))
    return "http" if vendor.make is Collector and is_here else "https"


def _scheme_remedy(scheme: str) -> str:
    near = difflib.get_close_matches(scheme.lower().partition("+")[0], _VENDORS, n=1)
    if near:
        return f"did you mean {near[0]}, as in {_VENDORS[near[0]].example}"
    return f"begin with {', '.join(_VENDORS)}, as in {_VENDORS['plausible'].example}"
