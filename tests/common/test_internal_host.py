"""Which hosts are known on a private network only."""

from __future__ import annotations

import pytest

from footfall.common.internal_host import is_internal


@pytest.mark.parametrize(
    "host",
    [
        *("web", "web:8000", "app_server", "Backend", "web."),
        *("backend.internal", "host.docker.internal:8000", "nas.local", "shop.LAN", "a.home.arpa"),
        *("web.default.svc", "web.default.svc.cluster.local"),
        *("10.0.0.5", "10.0.0.5:8000", "172.18.0.3", "192.168.1.2", "169.254.1.1", "100.64.0.1"),
        *("[fd00::1]", "[fd00::1]:8000", "[fe80::1]:80"),
    ],
)
def test_names_and_addresses_of_private_networks(host: str) -> None:
    assert is_internal(host)


@pytest.mark.parametrize(
    "host",
    [
        *("", ".", "example.com", "example.com:8000", "my_app.example.com", "local.example.com"),
        *("localhost", "localhost:8000", "shop.localhost", "127.0.0.1:8000", "[::1]:8000"),
        *("8.8.8.8", "8.8.8.8:80", "[2606:4700::1]", "unknown.invalid", "10.0.0.5.nip.io"),
    ],
)
def test_everything_else_is_not(host: str) -> None:
    assert not is_internal(host)
