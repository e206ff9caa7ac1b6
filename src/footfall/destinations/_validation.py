"""What a destination checks when it is made, so that nothing can fail when it is used.

A check takes what the owner wrote and gives back what it means, or raises `ConfigError` with the
remedy. `settle` runs all checks of a destination and raises their faults together.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from footfall.errors import ConfigError, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]*:[0-9a-f:.]*")
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_SECRET = re.compile(r"^([a-z][a-z0-9+.-]*://)?.*@", re.IGNORECASE | re.DOTALL)


def settle(destination: object, **checks: Callable[[str, Any], object]) -> None:
    """Put what each named option means in its place on a frozen destination.

    Raises:
        ConfigError: with the faults of all options.
    """
    faults: list[Fault] = []
    for option, check in checks.items():
        try:
            object.__setattr__(destination, option, check(option, getattr(destination, option)))
        except ConfigError as error:
            faults += error.faults
    if faults:
        raise ConfigError(faults)


def flag(option: str, value: object) -> bool:
    """True or False, and nothing that merely looks like it: the text "false" is true."""
    if isinstance(value, bool):
        return value
    raise ConfigError(Fault(option, value, "write True or False"))


def endpoint_at(path: str, *branches: str) -> Callable[[str, object], str]:
    """A check for the URL events are posted to, where the vendor's own path is `path`.

    Owners paste the base of an installation, the full address, or that of one of its `branches`.
    A URL that ends in the last part of the vendor's path is taken as it is, a branch is cut off,
    and any other URL gets the vendor's path appended. A slash at the end is dropped, the host is
    put in lower case.
    """
    last = path[path.rindex("/") :]

    def check(option: str, value: object) -> str:
        parts = _url_parts(option, value)
        base = parts.path.rstrip("/")
        for branch in branches:
            if base.endswith(last + branch):
                base = base.removesuffix(branch)
        whole = base if base.endswith(last) else base + path
        return f"{parts.scheme}://{parts.netloc.lower()}{whole}"

    return check


def whole_url(option: str, value: object) -> str:
    """The very URL that events are posted to, a query included."""
    return _url_parts(option, value, may_have_query=True).geturl()


def host_of(url: str) -> str:
    """The host of a URL in lower case, without port and brackets; empty where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: `localhost` and names below it, 127.0.0.0/8, ::1."""
    name = host.rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    # Python before 3.13 does not see the loopback address inside ::ffff:127.0.0.1.
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def without_secrets(url: str) -> str:
    """The same text for an error message, with stars for user and password."""
    return _SECRET.sub(r"\1***@", url)


def open_line_warnings(endpoint: str) -> Iterator[str]:
    """A warning where visitors' addresses would cross a network in the clear."""
    if endpoint.startswith("http:") and not is_loopback(host_of(endpoint)):
        yield (
            f"{endpoint} is plain http: visitors' IP addresses travel unencrypted. "
            "Use https, or keep the endpoint on this machine."
        )


def _url_parts(option: str, value: object, *, may_have_query: bool = False) -> SplitResult:
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(Fault(option, value, "write a URL like https://stats.example.com"))
    url = value.strip()
    shown = without_secrets(url)
    if not _PRINTABLE.fullmatch(url):
        raise ConfigError(
            Fault(option, shown, "write plain ASCII without spaces (the host as xn--…)")
        )
    if "://" not in url:
        raise ConfigError(Fault(option, shown, f"write the whole URL: https://{shown}"))
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ConfigError(Fault(option, shown, f"not a URL ({error})")) from None
    faults = [Fault(option, shown, remedy) for remedy in _remedies(parts, may_have_query)]
    if faults:
        raise ConfigError(faults)
    return parts


def _remedies(parts: SplitResult, may_have_query: bool) -> Iterator[str]:
    if parts.scheme not in {"http", "https"}:
        yield "the scheme must be https (or http on a network of your own)"
    if "@" in parts.netloc:
        yield "leave out user and password: the events endpoint takes none"
    elif not _HOST.fullmatch(parts.hostname or ""):
        yield "the host is missing or not a host name"
    if parts.fragment or (parts.query and not may_have_query):
        yield "leave out everything after ? and #"
    if "//" in parts.path:
        yield "write one slash where there are two"
    if parts.path.endswith(".js") and not may_have_query:
        host = parts.netloc.rpartition("@")[2]
        yield f"that is the browser's script: write {parts.scheme}://{host}"
