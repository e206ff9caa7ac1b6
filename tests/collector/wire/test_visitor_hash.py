"""Who is the same visitor, and what a visitor's id tells."""

from __future__ import annotations

import pytest

from footfall.collector.wire.visitor_hash import VisitorIdentity, page_domain, visitor_hash
from tests.collector.support import FIREFOX
from tests.collector.wire.support import ALICE, NOON, new_sessions


def test_the_id_depends_on_the_salt_and_shows_nothing_of_the_visitor() -> None:
    ids = [visitor_hash(ALICE, salt) for salt in (b"monday", b"tuesday", b"monday")]
    assert ids[0] == ids[2] != ids[1]
    assert all(len(each) == 16 and int(each, 16) for each in ids)


def test_the_repr_hides_the_address() -> None:
    assert repr(ALICE) == "VisitorIdentity('a.test', client_ip=<hidden>)"


@pytest.mark.parametrize(
    "other",
    [
        ALICE._replace(domain="b.test"),
        ALICE._replace(client_ip="203.0.113.10"),
        ALICE._replace(user_agent=FIREFOX + " "),
        ALICE._replace(page_domain="b.test"),
        VisitorIdentity("a.test", "203.0.113.9" + FIREFOX, ""),
    ],
    ids=["domain", "address", "browser", "page's domain", "the same text, cut elsewhere"],
)
def test_another_site_address_or_browser_is_another_visitor(other: VisitorIdentity) -> None:
    sessions = new_sessions()
    assert sessions.get_or_start(ALICE, NOON).visitor != sessions.get_or_start(other, NOON).visitor


@pytest.mark.parametrize(
    ("hostname", "domain", "expected"),
    [
        ("www.a.test", "a.test", ""),
        ("shop.a.test", "a.test", ""),
        ("A.test", "blog.a.test/en", ""),
        ("b.test", "a.test", "b.test"),
        ("www.b.test", "a.test", "b.test"),
        ("www.b.co.uk", "a.co.uk", "b.co.uk"),
        ("shop.a.co.uk", "a.co.uk", ""),
        ("www.abc.de", "abc.de", ""),
        (None, "a.test", ""),
    ],
)
def test_pages_on_two_registrable_domains_have_two_visitors(
    hostname: str | None, domain: str, expected: str
) -> None:
    assert page_domain(hostname, domain) == expected
