"""The options of Plausible: sites, hosts, IP headers and the script's version."""

from __future__ import annotations

from typing import Any

import pytest

from footfall.destinations import Plausible
from footfall.errors import ConfigError


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


@pytest.mark.parametrize(
    ("options", "faults"),
    [
        pytest.param(
            {"domain": "https://www.example.com/blog/"},
            [("domain", "write the site's name alone: example.com")],
            id="a URL for a domain",
        ),
        pytest.param(
            {"domain": "example.com/"},
            [("domain", "write the site's name alone: example.com")],
            id="a slash at the end",
        ),
        pytest.param(
            {"domain": "//example.com:8000?x, a b"},
            [
                ("domain", "write the site's name alone: example.com"),
                ("domain", "write the site's name alone: a"),
            ],
            id="two wrong ones",
        ),
        pytest.param(
            {"domain": "https://me:secret@example.com/"},
            [("domain", "write the site's name alone: example.com")],
            id="a password for a domain",
        ),
        pytest.param(
            {"domain": "?"},
            [("domain", "write the site's name alone: example.com")],
            id="nothing to save",
        ),
        pytest.param(
            {"domain": " , "},
            [("domain", "write the site's name, like example.com")],
            id="blank domain",
        ),
        pytest.param(
            {"domain": None},
            [("domain", "write the site's name, like example.com")],
            id="no domain",
        ),
        pytest.param(
            {"ip_headers": "Forwarded"},
            [("ip_headers", "Plausible trusts X-Forwarded-For and X-Plausible-IP")],
            id="a header that breaks Plausible",
        ),
        pytest.param(
            {"ip_headers": ()},
            [
                (
                    "ip_headers",
                    "write ('X-Forwarded-For', 'X-Plausible-IP'), or one of them in a list",
                )
            ],
            id="no IP header",
        ),
        pytest.param(
            {"domains_by_host": {"https://a.example": "a.example", 7: "b", "c.example": ""}},
            [
                ("domains_by_host", "write a host name without scheme, port and path"),
                ("domains_by_host", "write a host name without scheme, port and path"),
                ("domains_by_host", "write the site's name, like example.com"),
            ],
            id="hosts and sites that are none",
        ),
        pytest.param(
            {"domains_by_host": "a.example", "script_version": True},
            [
                ("domains_by_host", 'write {"shop.example.com": "shop.example.com"}'),
                ("script_version", "write a whole number, or leave it out"),
            ],
            id="neither hosts nor a number",
        ),
    ],
)
def test_an_option_that_cannot_work_is_refused_with_a_remedy(
    options: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    with pytest.raises(ConfigError) as caught:
        Plausible(**{"domain": "example.com"} | options)

    assert [(fault.option, fault.remedy) for fault in caught.value.faults] == faults
