"""Which hosts are this machine."""

from __future__ import annotations

import pytest

from footfall.common.loopback import is_loopback


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LocalHost", "localhost.", "a.localhost", "127.0.0.1", "127.9.9.9"),
        *("::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"),
    ],
)
def test_names_and_addresses_of_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        *("", ".", "localhost.test", "localhosts", "127.0.0.1.test", "127.0.0.1:80", "[::1]"),
        *("0.0.0.0", "::", "128.0.0.1"),
    ],
)
def test_everything_else_is_not(host: str) -> None:
    assert not is_loopback(host)
