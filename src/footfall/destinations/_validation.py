"""The checks of a destination's options in its constructor, so that nothing fails later.

A check takes an option's name and the value that the site owner wrote. It returns the value to
use, or raises `ConfigError` with the remedy. `validate_options` raises the faults of all checks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from footfall.common.bearer_token import token_remedy
from footfall.common.loopback import is_loopback
from footfall.errors import HIDDEN, ConfigError, Fault, hide_credentials
from footfall.events.cipher import checked_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]*:[0-9a-f:.]*")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
# That of https, and the two that local servers with a certificate have.
_TLS_PORTS = frozenset({None, 443, 4443, 8443})
_PRINTABLE = re.compile(r"[\x21-\x7e]+")


def validate_options(destination: object, **checks: Callable[[str, Any], object]) -> None:
    """Replace each named option of a frozen destination with what its check returns.

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


def boolean(option: str, value: object) -> bool:
    """A check for True or False. It refuses the text "false", which is true in Python."""
    if isinstance(value, bool):
        return value
    raise ConfigError(Fault(option, value, "write True or False"))


def encryption_keys(option: str, value: object) -> str:
    """A check for the keys of a queue, or none. Its error does not repeat them."""
    if value:
        checked_keys(option, value)
    return str(value or "")


def bearer_token(option: str, value: object) -> str | None:
    """A check for a token that a header carries, or None. Its error does not repeat the token."""
    if value is None:
        return None
    if remedy := token_remedy(value):
        raise ConfigError(Fault(option, HIDDEN, remedy))
    return str(value).strip()


def required_token(remedy: str) -> Callable[[str, object], str]:
    """A check for a token that must be there; `remedy` says what to write, and the error no token.

    Its characters are those of RFC 6750, which a header and a JSON text carry as they are.
    """

    def check(option: str, value: object) -> str:
        token = value.strip() if isinstance(value, str) else ""
        if _TOKEN.fullmatch(token):
            return token
        raise ConfigError(Fault(option, HIDDEN, remedy))

    return check


def endpoint_at(path: str, *subpaths: str) -> Callable[[str, object], str]:
    """A check for the URL events are posted to.

    Site owners write the base of an installation, the whole URL, or the URL of another endpoint
    of the same API. A URL that ends in the last segment of `path` stays; any other URL gets `path`
    appended. The check removes a slash at the end and puts the host in lower case.

    Args:
        path: The path of the vendor's events endpoint, such as `/api/event`.
        subpaths: Paths of other endpoints below it, such as `/custom`; the check removes them.
    """
    last_segment = path[path.rindex("/") :]

    def check(option: str, value: object) -> str:
        parts = _url_parts(option, value)
        base = parts.path.rstrip("/")
        for subpath in subpaths:
            if base.endswith(last_segment + subpath):
                base = base.removesuffix(subpath)
        whole = base if base.endswith(last_segment) else base + path
        return f"{parts.scheme}://{parts.netloc.lower()}{whole}"

    return check


def full_url(option: str, value: object) -> str:
    """A check for a URL that is used as it is; it may have a query."""
    return _url_parts(option, value, may_have_query=True).geturl()


def host_of(url: str) -> str:
    """The host of a URL in lower case, without port and brackets; empty where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def web_scheme_warnings(endpoint: str) -> Iterator[str]:
    """A warning where http or https is probably the wrong one of the two."""
    yield from plain_http_warnings(endpoint)
    parts = urlsplit(endpoint)
    is_odd = parts.port not in _TLS_PORTS
    if parts.scheme == "https" and is_odd and is_loopback(host_of(endpoint)):
        yield (
            f"https://{parts.netloc} is asked over TLS, which local servers seldom speak. "
            "For plain HTTP write http, in a line as +http after the vendor's name: "
            f"plausible+http://{parts.netloc}/example.com; the line of a collector begins with "
            "collector://."
        )


def plain_http_warnings(endpoint: str) -> Iterator[str]:
    """A warning where visitors' IP addresses would cross a network unencrypted."""
    if endpoint.startswith("http:") and not is_loopback(host_of(endpoint)):
        yield (
            f"{endpoint} is plain http: visitors' IP addresses travel unencrypted. "
            "Use https, or keep the endpoint on this machine."
        )


def _url_parts(option: str, value: object, *, may_have_query: bool = False) -> SplitResult:
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(Fault(option, value, "write a URL like https://stats.example.com"))
    url = value.strip()
    shown = hide_credentials(url)
    if not _PRINTABLE.fullmatch(url):
        raise ConfigError(
            Fault(option, shown, "write plain ASCII without spaces (the host as xn--…)")
        )
    if "://" not in url:
        raise ConfigError(Fault(option, shown, f"write the whole URL: https://{shown}"))
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        # Its text repeats what stands in the place of the port.
        remedy = "is not a URL: look at its host and its port"
        raise ConfigError(Fault(option, shown, remedy)) from None
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
