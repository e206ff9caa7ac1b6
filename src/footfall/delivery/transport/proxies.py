"""Which proxy the environment names for a URL, for both HTTP transports alike."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from ipaddress import ip_address, ip_network
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from footfall.errors import NotSent


class Proxy(NamedTuple):
    """A proxy: its URL without credentials, and those apart. The repr hides them."""

    url: str
    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"Proxy(url={self.url!r})"


SOCKS_SCHEMES: Final = frozenset({"socks4", "socks4a", "socks5", "socks5h"})


def proxy_for(url: str, schemes: Collection[str]) -> Proxy | None:
    """The proxy of `http_proxy`, `https_proxy` or `all_proxy`; None if `no_proxy` names the host.

    Reads the environment, which costs as much as a POST: call it once for a URL, not for each
    request. In a CGI process `HTTP_PROXY` is a visitor's header, and it is ignored.

    Args:
        schemes: Of proxies that the transport can use.

    Raises:
        NotSent: the proxy's is none of these.
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
    found = _parse(proxy if "://" in proxy else f"http://{proxy}")
    scheme = found.url.partition(":")[0]
    if scheme not in schemes:
        raise NotSent(
            f"a proxy at {scheme}:// cannot be used; set {parts.scheme}_proxy to the URL of an "
            f"http:// or socks5h:// proxy, or name {parts.hostname} in no_proxy"
        )
    return found


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
