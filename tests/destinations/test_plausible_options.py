"""The options of Plausible: sites, hosts, IP headers and the script's version."""

from __future__ import annotations

from typing import Any

import pytest

from footfall.destinations import Plausible


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("example.com", "example.com"),
        (" Example.COM ", "example.com"),
        ("www.example.com", "example.com"),
        ("example.com/blog", "example.com/blog"),
        ("köln.example", "köln.example"),
        ("my_app", "my_app"),
        ("a.example, b.example", "a.example,b.example"),
        ("a.example,,a.example,", "a.example"),
    ],
)
def test_a_domain_is_kept_as_plausible_stores_it(given: str, kept: str) -> None:
    assert Plausible(domain=given).domain == kept


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(["x-plausible-ip", "X-FORWARDED-FOR"], id="a list in any case"),
        pytest.param("X-Plausible-IP, X-Forwarded-For,x-plausible-ip", id="a line of text"),
    ],
)
def test_ip_headers_are_named_in_a_list_or_a_line(given: Any) -> None:
    site = Plausible(domain="example.com", ip_headers=given)

    assert site.ip_headers == ("X-Plausible-IP", "X-Forwarded-For")
