"""Questions that any destination answers."""

from __future__ import annotations

import pytest

from footfall.destinations import Collector, is_local
from tests.destinations.support import OwnDestination


@pytest.mark.parametrize(
    ("endpoint", "stays"),
    [
        ("http://127.0.0.1:8321", True),
        ("http://127.8.9.1", True),
        ("http://localhost:8321", True),
        ("http://stats.localhost.", True),
        ("http://[::1]:8321", True),
        ("http://[::ffff:127.0.0.1]", True),
        ("http://[2001:db8::1]", False),
        ("http://10.0.0.1", False),
        ("https://localhost.example.com", False),
        ("https://plausible.io", False),
    ],
)
def test_only_a_loopback_endpoint_keeps_events_on_this_machine(endpoint: str, stays: bool) -> None:
    assert is_local(Collector(domain="example.com", endpoint=endpoint)) is stays


@pytest.mark.parametrize("endpoint", ["memory", "", "http://[::1"])
def test_an_endpoint_without_a_host_is_not_known_to_stay_here(endpoint: str) -> None:
    destination = OwnDestination()
    destination.endpoint = endpoint

    assert not is_local(destination)
