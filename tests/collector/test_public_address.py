"""Where a browser has the collector, as its request shows."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from footfall.collector.public_address import PublicAddress


def address(
    peer: str | None, forwarded: str | None = None, *, host: str = "a.test", scheme: str = "http"
) -> PublicAddress:
    headers = [(b"host", host.encode("latin-1"))]
    if forwarded is not None:
        headers.append((b"x-forwarded-proto", forwarded.encode()))
    client = (peer, 1) if peer is not None else None
    scope = {"type": "http", "scheme": scheme, "client": client, "headers": headers}
    return PublicAddress.of(Request({**scope, "root_path": "/stats"}))


@pytest.mark.parametrize(
    ("peer", "forwarded", "scheme"),
    [
        ("127.0.0.1", "https", "https"),
        ("127.0.0.1", "HTTPS", "https"),
        ("::1", "https, http", "https"),
        ("172.17.0.1", "https", "https"),
        (None, "https", "https"),
        ("127.0.0.1", "http", "http"),
        ("127.0.0.1", "javascript", "http"),
        ("127.0.0.1", "", "http"),
        ("127.0.0.1", None, "http"),
        ("8.8.8.8", "https", "http"),
        ("a name", "https", "http"),
    ],
)
def test_a_near_proxy_names_the_scheme(
    peer: str | None, forwarded: str | None, scheme: str
) -> None:
    assert address(peer, forwarded).scheme == scheme
    assert address(peer, forwarded).url == f"{scheme}://a.test/stats"


def test_a_server_with_tls_names_the_scheme_itself() -> None:
    assert address("8.8.8.8", scheme="https").scheme == "https"


@pytest.mark.parametrize("host", ["$(id)", "a b", "", "a;id", "l\xf6calhost"])
def test_no_text_for_a_shell_is_shown_as_a_host(host: str) -> None:
    assert address("127.0.0.1", host=host).url == "http://HOST/stats"


@pytest.mark.parametrize(
    ("host", "forwarded", "line"),
    [
        ("127.0.0.1:8321", "http", "collector://127.0.0.1:8321/stats/b.test"),
        ("127.0.0.1:8321", "https", "collector+https://127.0.0.1:8321/stats/b.test"),
        ("stats.test", "https", "collector://stats.test/stats/b.test"),
        ("stats.test:8321", "http", "collector+http://stats.test:8321/stats/b.test"),
    ],
)
def test_the_line_for_an_app_leads_back_here(host: str, forwarded: str, line: str) -> None:
    assert address("127.0.0.1", forwarded, host=host).destination("b.test") == line
