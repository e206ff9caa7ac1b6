"""The checks of valid settings that every framework shares; Django's tests have the others."""

from __future__ import annotations

import pytest

from footfall.config import Config
from footfall.tracker.setup_checks import SiteFacts, findings, misspelt_sites, unreachable
from tests.support.vendors import unused_port

# The site of the destination, the hosts, and the host that it is nearly.
SITES: dict[str, tuple[str, list[str], str]] = {
    "the host": ("example.com", ["example.com"], ""),
    "the host without www": ("example.com", ["www.example.com"], ""),
    "a host below it": ("example.com", [".example.com"], ""),
    "below the host": ("shop.example.com", ["example.com"], ""),
    "a label of its own": ("acme-shop", ["example.com"], ""),
    "a letter is wrong": ("exmaple.com", ["www.example.com", "localhost"], "example.com"),
    "the second of two": ("example.com,exampel.org", ["example.com", "example.org"], "example.org"),
    "no hosts are known": ("exmaple.com", [], ""),
    "any host": ("exmaple.com", ["*"], ""),
}


@pytest.mark.parametrize(("domain", "hosts", "near"), SITES.values(), ids=SITES)
def test_a_site_that_is_nearly_a_host_is_misspelt(domain: str, hosts: list[str], near: str) -> None:
    config = Config(destinations=f"plausible://plausible.io/{domain}")
    found = [*misspelt_sites(config, SiteFacts("ALLOWED_HOSTS", hosts))]
    assert [each.id for each in found] == ["W011"] * bool(near)
    assert all(near in each.remedy for each in found)


def test_the_base_url_names_a_host_too() -> None:
    line = "plausible://plausible.io/exmaple.com"
    config = Config(destinations=line, base_url="https://example.com")
    assert [each.id for each in findings(config, SiteFacts(), {})] == ["W011"]


def test_a_destination_on_this_machine_is_looked_for_under_pytest_too() -> None:
    here = f"collector://127.0.0.1:{unused_port()}/example.com"
    config = Config(destinations=[here, "plausible://plausible.io/example.com"])
    [found] = unreachable(config, {"PYTEST_VERSION": "9"})
    assert found.id == "W012"
    assert "footfall collect" in found.remedy
