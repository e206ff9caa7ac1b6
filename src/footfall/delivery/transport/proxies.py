"""Which proxy the environment names for a URL, for both HTTP transports alike."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_address, ip_network
from typing import NamedTuple
from urllib.parse import unquote, urlsplit


class Proxy(NamedTuple):
    """A proxy: its URL without credentials, and those apart. The repr hides them."""

    url: str
    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"Proxy(url={self.url!r})"


def proxy_for(url: str) -> Proxy | None:
    """The proxy of `http_proxy`, `https_proxy` or `all_proxy`; None if `no_proxy` names the host.

    Reads the environment, which costs as much as a POST: call it once for a URL, not for each
    request. In a CGI process `HTTP_PROXY` is a visitor's header, and it is ignored.
    """
    import urllib.request

    proxies = urllib.request.getproxies_environment()
    parts = urlsplit(url)
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    # From the environment alone, not from the desktop settings of macOS and Windows.
    bypasses = urllib.request.proxy_bypass_environment  # type: ignore[attr-defined] # missing in typeshed
    if not proxy or bypasses(parts.netloc.rpartition("@")[2]):
        return None
    if _is_in_networks(parts.hostname or "", proxies.get("no", "").split(",")):
        return None
    return _parse(proxy if "://" in proxy else f"http://{proxy}")


def _is_in_networks(host: str, entries: list[str]) -> bool:
    """Whether `host` is an address in these networks; curl and Go read `no_proxy` so, too."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    for entry in entries:
        with suppress(ValueError):
            if address in ip_network(entry.strip(" []"), strict=False):
                return True
    return False


def _parse(text: str) -> Proxy:
    parts = urlsplit(text)
    address = parts.netloc.rpartition("@")[2]
    return Proxy(
        f"{parts.scheme}://{address}", unquote(parts.username or ""), unquote(parts.password or "")
    )
