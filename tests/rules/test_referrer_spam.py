"""Hosts known for referrer spam, with their subdomains."""

from __future__ import annotations

import pytest

from footfall.rules.referrer_spam import is_spam_host


@pytest.mark.parametrize(
    ("host", "is_spam"),
    [
        ("darodar.com", True),
        ("Forum.Topic55198.Darodar.com", True),
        ("darodar.com.", True),
        ("notdarodar.com", False),
        ("darodar.com.example.org", False),
        ("com", False),
        ("example.com", False),
        ("", False),
        ("a." * 200 + "darodar.com", False),
    ],
)
def test_a_spammer_is_known_by_its_domain(host: str, is_spam: bool) -> None:
    assert is_spam_host(host) is is_spam
