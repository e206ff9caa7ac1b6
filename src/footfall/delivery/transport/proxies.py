"""Which proxy the environment names for a URL, for both doors alike."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_address, ip_network
from typing import NamedTuple
from urllib.parse import unquote, urlsplit


class Proxy(NamedTuple):
    """A proxy's URL without its credentials, and those apart. The repr hides them."""

    url: str
    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"Proxy(url={self.url!r})"


def proxy_for(url: str) -> Proxy | None:
    """What `http_proxy`, `https_proxy` or `all_proxy` say; None where `no_proxy` names the host.

    Reads the environment, which costs as much as a POST: ask once for a URL, not for each request.
    In a CGI process `HTTP_PROXY` is a visitor's header and is not believed.
    """
    import urllib.request

    proxies = urllib.request.getproxies_environment()
    parts = urlsplit(url)
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    # Of the environment alone: macOS and Windows have settings of the desktop's user, too.
    bypasses = urllib.request.proxy_bypass_environment  # type: ignore[attr-defined] # typeshed has it not
    if not proxy or bypasses(parts.netloc.rpartition("@")[2]):
        return None
    if _is_among(parts.hostname or "", proxies.get("no", "").split(",")):
        return None
    return _read(proxy if "://" in proxy else f"http://{proxy}")


def _is_among(host: str, entries: list[str]) -> bool:
    """Whether `host` is an address of these networks, as curl and Go read `no_proxy`, too."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    for entry in entries:
        with suppress(ValueError):
            if address in ip_network(entry.strip(" []"), strict=False):
                return True
    return False


def _read(text: str) -> Proxy:
    parts = urlsplit(text)
    address = parts.netloc.rpartition("@")[2]
    return Proxy(
        f"{parts.scheme}://{address}", unquote(parts.username or ""), unquote(parts.password or "")
    )
