"""Which proxy the environment names."""

from __future__ import annotations

import pytest

from footfall.delivery.transport.proxies import Proxy, proxy_for


@pytest.mark.parametrize(
    ("url", "environ", "proxy"),
    [
        ("http://a.example/", {}, None),
        ("http://a.example/", {"http_proxy": "http://p:1"}, Proxy("http://p:1")),
        ("https://a.example/", {"http_proxy": "http://p:1"}, None),
        ("https://a.example/", {"HTTPS_PROXY": "p:1"}, Proxy("http://p:1")),
        ("https://a.example/", {"all_proxy": "socks5h://p:1"}, Proxy("socks5h://p:1")),
        (
            "http://a.example/",
            {"http_proxy": "http://me:p%40ss@p:1"},
            Proxy("http://p:1", "me", "p@ss"),
        ),
        ("http://a.example/", {"http_proxy": "http://p:1", "no_proxy": "a.example"}, None),
        ("http://b.a.example/", {"http_proxy": "http://p:1", "no_proxy": ".a.example"}, None),
        ("http://a.example:8/", {"http_proxy": "http://p:1", "no_proxy": "a.example:8"}, None),
        ("http://10.1.2.3/", {"http_proxy": "http://p:1", "no_proxy": "a, 10.0.0.0/8"}, None),
        ("http://10.1.2.3/", {"http_proxy": "http://p:1", "no_proxy": "10.1.2.3"}, None),
        ("http://[::1]:8/", {"http_proxy": "http://p:1", "NO_PROXY": "::1"}, None),
        ("http://[fd00::1]/", {"http_proxy": "http://p:1", "no_proxy": "fd00::/8"}, None),
        (
            "http://11.1.2.3/",
            {"http_proxy": "http://p:1", "no_proxy": "10.0.0.0/8,11.0.0.0/33,fd00::/8"},
            Proxy("http://p:1"),
        ),
        # httpoxy: in CGI a visitor writes this variable, as the header `Proxy`.
        ("http://a.example/", {"HTTP_PROXY": "http://evil:1", "REQUEST_METHOD": "GET"}, None),
    ],
)
def test_the_environment_names_the_proxy(
    url: str, environ: dict[str, str], proxy: Proxy | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(url, {"http", "socks5h"}) == proxy
    assert "p@ss" not in repr(proxy)
