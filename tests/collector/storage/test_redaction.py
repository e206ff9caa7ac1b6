"""Which headers and bodies of a request may be stored."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.collector.storage.redaction import storable_body, storable_headers


@pytest.mark.parametrize(
    ("name", "value", "is_kept"),
    [
        ("x-forwarded-for", "203.0.113.9", False),
        ("forwarded", "for=203.0.113.9", False),
        ("b-forwarded-for", "x", False),
        ("x-original-forwarded-for", "x", False),
        ("x-real-ip", "x", False),
        ("x-plausible-ip", "x", False),
        ("cf-connecting-ip", "x", False),
        ("cf-connecting-ipv6", "x", False),
        ("true-client-ip", "x", False),
        ("x-client-ip-address", "x", False),
        ("x-azure-clientip", "x", False),
        ("x-azure-socketip", "x", False),
        ("cloudfront-viewer-address", "x", False),
        ("x-envoy-external-address", "x", False),
        ("remote-addr", "x", False),
        ("cookie", "a=b", False),
        ("authorization", "Bearer x", False),
        ("x-unheard-of", "via 203.0.113.9", False),
        ("x-plausible-ip-type", "dc_ip", True),
        ("x-forwarded-proto", "https", True),
        ("x-forwarded-host", "a.test", True),
        ("content-type", "application/json", True),
        ("user-agent", "Chrome/120.0.0.0", True),
        ("sec-ch-ua", "x", True),
    ],
)
def test_no_header_with_an_address_or_a_secret_is_stored(
    name: str, value: str, is_kept: bool
) -> None:
    assert storable_headers({name: value}, "203.0.113.9") == ({name: value} if is_kept else {})


@pytest.mark.parametrize("client_ip", ["127.0.0.1", "::1", ""])
def test_the_address_of_this_machine_hides_no_header(client_ip: str) -> None:
    headers = {"host": "127.0.0.1:8321", "origin": "http://[::1]:8321"}
    assert storable_headers(headers, client_ip) == headers


def test_text_in_place_of_an_address_is_hidden_too() -> None:
    assert storable_headers({"x-odd": "unknown", "x-even": "fine"}, "unknown") == {"x-even": "fine"}


def test_a_long_body_is_not_stored() -> None:
    assert (storable_body(b"x" * 16_384), storable_body(b"x" * 16_385)) == ("x" * 16_384, None)


addresses = st.ip_addresses().map(str) | st.sampled_from(
    ["", "127.0.0.1", "127.9", "127.0.0.1:80", "unknown", "::1", "::ffff:127.0.0.1", "1.2.3", "%"]
)


@given(client_ip=addresses, value=addresses, name=st.sampled_from(["host", "x-real-ip", "via"]))
def test_storable_headers_follow_the_plain_rule(client_ip: str, value: str, name: str) -> None:
    try:
        identifies_visitor = not ipaddress.ip_address(client_ip).is_loopback
    except ValueError:
        identifies_visitor = client_ip != ""
    is_kept = name != "x-real-ip" and not (identifies_visitor and client_ip in value)
    assert storable_headers({name: value}, client_ip) == ({name: value} if is_kept else {})


def test_a_long_header_name_is_checked_too() -> None:
    long = "x-" + "a" * 200
    assert storable_headers({long: "1", f"{long}-ip": "1"}, "") == {long: "1"}
