"""How the texts of a request are read: strict JSON, URIs, addresses and header values. Pure."""

from __future__ import annotations

import ipaddress
import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from footfall.collector.wire import limits
from footfall.model import Headers

NO_HOST = "(none)"
"""What Plausible writes where a URL names no host."""


def media_type(headers: Headers) -> str:
    """The content type without its parameters, in lower case; empty where none was sent."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def read_json(text: str) -> Any:
    """The value of a strict JSON text, in which every string can be encoded.

    Python reads `NaN`, `1e999` and half a surrogate pair, which cannot be written again as JSON:
    numbers must be finite, and a lone surrogate becomes U+FFFD.

    Raises:
        ValueError: The text is not JSON, or is nested deeper than `limits.JSON_DEPTH`.
    """
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    # Writing the value again takes as much stack as reading it.
    if text.count("[") + text.count("{") > limits.JSON_DEPTH and _is_too_deep(value):
        raise ValueError("nested too deeply")
    if _SURROGATE_ESCAPE.search(text) is None:
        return value
    whole = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return json.loads(whole.decode("utf-8", "replace"))


def cut(text: str, max_bytes: int) -> str:
    """As much of the text as fits into `max_bytes` of UTF-8; characters stay whole."""
    return text[:max_bytes].encode()[:max_bytes].decode(errors="ignore")


def first_item(value: str) -> str:
    """The first item of a comma-separated header value."""
    return value.partition(",")[0].strip()


def without_port(address: str) -> str:
    """The address without port and brackets: `1.2.3.4:80`, `[::1]:80`. A bare IPv6 stays whole."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    host, colon, port = address.rpartition(":")
    return host if colon and port.isdecimal() and "." in host else address


def is_address(text: str) -> bool:
    """Whether this is an IPv4 or IPv6 address; an IPv6 zone may follow."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def split_uri(uri: str) -> Sequence[str]:
    """Scheme, authority, path, query and fragment; empty where there is none."""
    found = _URI.match(uri)
    return found.groups("") if found else ("",) * 5


def hostname_of(authority: str) -> str:
    """The host without userinfo, port, brackets and one leading `www.`, as Plausible names it."""
    host = authority.rpartition("@")[2]
    host = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return host.strip().removeprefix("www.") or NO_HOST


def referring_host(referrer: str | None, hostname: str | None) -> str | None:
    """The host of the referrer; None where it is `hostname` or names no site."""
    scheme, authority, *_ = split_uri(referrer or "")
    host = hostname_of(authority)
    if scheme.lower() not in ("http", "https", "android-app"):
        return None
    return None if host in (NO_HOST, "localhost", hostname) else host


# RFC 3986, appendix B, with a scheme in the RFC's characters. It matches nearly every text.
_URI = re.compile(
    r"(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL
)
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text} is too large")
    return value


def _whole(text: str) -> int:
    _finite(text)
    return int(text)


def _is_too_deep(value: Any, levels: int = limits.JSON_DEPTH) -> bool:
    return levels == 0 or any(_is_too_deep(child, levels - 1) for child in _children(value))


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite, parse_int=_whole)
