"""Reports: what is one, and who may send it."""

from __future__ import annotations

from typing import Any

import pytest

from footfall.complement.report import Report, is_same_origin, report_from, site_of
from footfall.events.details import check_details
from tests.complement.support import body

HOSTS = frozenset({"example.com"})


def test_a_report_names_the_page() -> None:
    content = body(u="HTTPS://Example.com:443/a?b=1#c", r="https://x.test/", s=5, a=1.5)
    assert report_from(content) == Report(
        way="bfcache",
        host="example.com",
        path="/a?b=1",
        referrer="https://x.test/",
        stamp=5.0,
        age=1.5,
    )


def test_a_page_without_a_path_is_the_root() -> None:
    report = report_from(body(u="https://example.com"))
    assert report is not None
    assert report.path == "/"


@pytest.mark.parametrize(
    ("fields", "engagement"),
    [
        ({"e": 4200.4, "sd": 60}, (4200, 60)),
        ({"e": 0, "sd": 100}, (0, 100)),
        ({"e": 30 * 86_400_000 - 1, "sd": 0}, (30 * 86_400_000 - 1, 0)),
        ({"e": 30 * 86_400_000, "sd": 0}, None),
        ({"e": -1, "sd": 0}, None),
        ({"e": 1, "sd": 101}, None),
        ({"e": 1, "sd": -1}, None),
        ({"e": 1}, None),
        ({"sd": 1}, None),
        ({"e": "1", "sd": 1}, None),
        ({"e": True, "sd": 1}, None),
    ],
    ids=str,
)
def test_a_report_may_say_how_the_page_was_viewed(
    fields: dict[str, Any], engagement: tuple[int, int] | None
) -> None:
    report = report_from(body(w="engagement", s=None, a=None, **fields))
    assert (report and report.engagement) == engagement
    # A page that was shown says nothing of it.
    shown = report_from(body(**fields))
    assert shown is not None
    assert shown.engagement is None


def test_a_report_may_have_details() -> None:
    found = report_from(body(x=1280, z="<b>"))
    assert found is not None
    assert found.details == check_details({"screen_width": 1280})


@pytest.mark.parametrize(
    ("way", "page", "path"),
    [
        ("route", "/app#/users/3", "/app%23/users/3"),
        ("route", "/app?a=1#!/users?tab=2#x", "/app%23!/users?a=1"),
        ("route", "/#/", "/%23/"),
        ("bfcache", "#/users", "/%23/users"),
        ("engagement", "/app#/users", "/app%23/users"),
        ("route", "/app#part", "/app"),
        ("route", "/app#access_token=1", "/app"),
        # The request for it had no fragment, and so it counted.
        ("cache", "/app#/users", "/app"),
        ("old", "/app#/users", "/app"),
    ],
)
def test_a_route_in_the_fragment_is_part_of_the_path(way: str, page: str, path: str) -> None:
    content = body(w=way, u=f"https://example.com{page}", e=1, sd=1)
    report = report_from(content, has_hash_routes=True)
    assert report is not None
    assert report.path == path
    without = report_from(content)
    assert without is not None
    assert "%23" not in without.path


NO_REPORTS = {
    "nothing": b"",
    "no JSON": b"{",
    "no UTF-8": b"\xff\xfe",
    "no object": b"[]",
    "deep": b"[" * 2_000,
    "no way": body(w=None),
    "another way": body(w="walk"),
    "a way of another type": body(w=["cache"]),
    "no page": body(u=None),
    "a page of another type": body(u=7),
    "a relative address": body(u="/page"),
    "an address that is no page's": body(u="javascript:alert(1)"),
    "an address without a host": body(u="https:///page"),
    "an address that cannot be split": body(u="https://[::1/page"),
    "a referrer of another type": body(r={"a": 1}),
    "no stamp": body(s=None),
    "a stamp of another type": body(s="5"),
    "a stamp that is a truth": body(s=True),
    "a stamp that is never counted": body(s=-1),
    "a stamp without end": body(s=1).replace(b'"s": 1', b'"s": Infinity'),
    "a stamp that is no number": body(s=1).replace(b'"s": 1', b'"s": NaN'),
    "a number of a thousand digits": body(s=1).replace(b'"s": 1', b'"s": 1' + b"0" * 1000),
    "a number of ten thousand digits": body(s=1).replace(b'"s": 1', b'"s": 1' + b"0" * 9999),
    "a negative age": body(a=-1),
}


@pytest.mark.parametrize("content", NO_REPORTS.values(), ids=NO_REPORTS.keys())
def test_anything_else_is_none(content: bytes) -> None:
    assert report_from(content) is None


@pytest.mark.parametrize(
    ("origin", "site"),
    [
        ("https://Example.com", "example.com"),
        ("https://example.com:443", "example.com"),
        ("http://example.com:80", "example.com"),
        ("https://example.com:8443/x", "example.com:8443"),
        ("http://user@example.com:443", "example.com:443"),
        ("http://[::1]:80", "[::1]"),
        ("null", ""),
        ("", ""),
    ],
)
def test_the_site_of_an_address(origin: str, site: str) -> None:
    assert site_of(origin) == site


SENDERS = {
    "this site": ("https://example.com", "same-origin", True),
    "this site, in an old browser": ("https://example.com", "", True),
    "this site, without Origin": ("", "same-origin", True),
    "nobody knows": ("", "", False),
    "another site": ("https://evil.test", "cross-site", False),
    "another site, in an old browser": ("https://evil.test", "", False),
    "another host of the domain": ("https://blog.example.com", "same-site", False),
    "another port": ("https://example.com:8443", "", False),
    "a frame without an origin": ("null", "cross-site", False),
    "a sandbox of an old browser": ("null", "", False),
    "contradiction": ("https://evil.test", "same-origin", False),
}


@pytest.mark.parametrize(("origin", "site", "expected"), SENDERS.values(), ids=SENDERS.keys())
def test_only_pages_of_this_site_may_report(origin: str, site: str, expected: bool) -> None:
    assert is_same_origin(origin, site, HOSTS) is expected
