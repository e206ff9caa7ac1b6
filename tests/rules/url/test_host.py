"""Hosts and schemes have one spelling, or are unknown."""

from __future__ import annotations

import pytest

from footfall.rules.url import UNKNOWN_HOST
from footfall.rules.url.host import host_of, origin_of
from tests.rules.url.hits import url_of

HOSTS: dict[str, tuple[str, str]] = {
    "as sent": ("example.com", "example.com"),
    "in lower case": ("EXAMPLE.com", "example.com"),
    "without the port of http": ("example.com:80", "example.com"),
    "without the port of https": ("example.com:443", "example.com"),
    "without an empty port": ("example.com:", "example.com"),
    "with another port": ("example.com:08000", "example.com:8000"),
    "without the dot of the root": ("example.com.:8000", "example.com:8000"),
    "an underscore": ("my_app:8000", "my_app:8000"),
    "punycode": ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    "IPv4": ("192.0.2.7", "192.0.2.7"),
    "IPv6": ("[2001:DB8::1]:8000", "[2001:db8::1]:8000"),
    "missing": ("", UNKNOWN_HOST),
    "a space": ("exam ple.com", UNKNOWN_HOST),
    "a path": ("example.com/x", UNKNOWN_HOST),
    "a user": ("me@example.com", UNKNOWN_HOST),
    "a list": ("a.example,b.example", UNKNOWN_HOST),
    "markup": ("<script>", UNKNOWN_HOST),
    "not ASCII": ("bücher.example", UNKNOWN_HOST),
    "a letter that is ASCII in lower case": ("\u212aelvin.example", UNKNOWN_HOST),
    "dots": ("..", UNKNOWN_HOST),
    "a port out of range": ("example.com:65536", UNKNOWN_HOST),
    "a port that is none": ("example.com:http", UNKNOWN_HOST),
    "IPv6 that is none": ("[1::2::3]", UNKNOWN_HOST),
    "IPv6 without brackets": ("2001:db8::1", UNKNOWN_HOST),
    "endless": ("a" * 300, UNKNOWN_HOST),
    "a line break": ("example.com\n", UNKNOWN_HOST),
}


@pytest.mark.parametrize(("sent", "expected"), HOSTS.values(), ids=HOSTS.keys())
def test_the_host_is_public_or_unknown(sent: str, expected: str) -> None:
    assert url_of(host=sent) == f"https://{expected}/"


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [("https", "https"), ("HTTP", "http"), ("ws", "http"), ("wss", "https"), ("\0", "http")],
)
def test_the_scheme_is_one_of_the_web(scheme: str, expected: str) -> None:
    assert url_of(scheme=scheme) == f"{expected}://example.com/"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTPS://Example.com:443/", "https://example.com"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://example.com/path", ""),
        ("wss://example.com", ""),
        ("example.com", ""),
        ("https://", ""),
        ("", ""),
    ],
)
def test_an_origin_is_a_scheme_of_the_web_and_a_host_alone(url: str, expected: str) -> None:
    assert origin_of(url) == expected


@pytest.mark.parametrize("text", ["x" * 260, "a b", "example.com:99999", "[1::2::3]", "ä.example"])
def test_text_that_is_no_host_gives_an_empty_one(text: str) -> None:
    assert host_of(text) == ""
