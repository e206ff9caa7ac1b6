"""The names to which the collector answers, as a site owner writes them."""

from __future__ import annotations

import pytest

from footfall.collector.allowed_hosts import AllowedHosts, address_of, host_of


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("Stats.Example.com", "stats.example.com"),
        ("stats.example.com.", "stats.example.com"),
        (" my_container ", "my_container"),
        (".example.com", "example.com"),
        (".example.com", "a.b.example.com"),
        ("10.0.0.7", "10.0.0.7"),
        ("[2001:DB8::0:7]", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_a_name_is_known_as_it_was_written(written: str, host: str) -> None:
    assert AllowedHosts.of([written]).has(host)


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("", "the name alone"),
        (".", "the name alone"),
        ("https://stats.example.com", "without scheme and port"),
        ("stats.example.com:8321", "without scheme and port"),
        ("stats.example.com/stats", "the name alone"),
        ("a b", "the name alone"),
        ("a..b", "the name alone"),
        ("*", "write .example.com"),
        ("*.example.com", "write .example.com"),
        ("bücher.example", "as xn--"),
    ],
)
def test_what_is_no_name_is_refused_with_a_remedy(written: str, remedy: str) -> None:
    with pytest.raises(ValueError, match=remedy):
        AllowedHosts.of([written])


def test_with_no_name_only_this_machine_is_known() -> None:
    hosts = AllowedHosts.of([])
    assert hosts.has("localhost")
    assert not hosts.has("stats.example.com")
    assert not hosts.has("10.0.0.7")


def test_the_address_of_a_header_has_one_spelling() -> None:
    assert host_of("[2001:DB8:0::7]:80") == address_of("2001:db8::7") == "2001:db8::7"
    assert address_of("stats.example.com") is None
