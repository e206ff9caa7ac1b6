"""The warnings about client IPs that cannot be right, and when they do not come."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.client_ip import ClientIP, MisconfigurationDetector
from footfall.client_ip.platforms import PLATFORMS
from footfall.model import Headers
from tests.client_ip.common import (
    CLIENT,
    CLIENT_V6,
    EDGE,
    PROXY,
    SIGNS,
    XFF,
    cases,
    patiently,
    raises,
    resolver,
)


def warnings_of(
    found: ClientIP, *pageviews: tuple[str | None, str, Headers], times: int = 1
) -> list[str]:
    detector = MisconfigurationDetector(found)
    texts = [detector.observe(*pageview) for _ in range(times) for pageview in pageviews]
    return [text for text in texts if text]


def visits(client_ip: str, *, pageviews: int = 50, browsers: int = 5) -> list[Any]:
    return [(client_ip, f"Browser/{n % browsers}", {}) for n in range(pageviews)]


@pytest.mark.parametrize(
    ("client_ip", "setting"),
    cases(
        ("Cloudflare's edge", EDGE, "set trusted_proxies='cloudflare'"),
        ("Cloudflare's IPv6 edge", "2606:4700::1", "set trusted_proxies='cloudflare'"),
        ("a Google front end", "35.191.7.7", "set trusted_proxies='gcp-lb'"),
        ("Azure Front Door", "147.243.1.1", "set trusted_proxies='azure-front-door'"),
        ("loopback", "127.0.0.1", "client_ip_header='X-Real-IP'"),
        ("private", "10.0.0.7", "proxy_set_header X-Forwarded-For"),
        ("public", "8.8.8.8", "trusted_proxies=2"),
        ("anonymised edge", "162.158.1.0", "set trusted_proxies='cloudflare'"),
        ("anonymised away", "::", "trusted_proxies=2"),
    ),
)
def test_one_address_for_all_browsers_is_warned_of(client_ip: str, setting: str) -> None:
    (text,) = warnings_of(resolver(), *visits(client_ip), times=3)
    assert setting in text
    assert client_ip not in text
    assert "'auto'" in text


@pytest.mark.parametrize(
    "pageviews",
    cases(
        ("too few pageviews", visits(EDGE, pageviews=49)),
        ("too few browsers", visits(EDGE, browsers=4)),
        ("another visitor at the end", [*visits(EDGE, pageviews=49), *visits("8.8.8.8")]),
        ("another visitor early", [("8.8.8.8", "B", {}), *visits(EDGE), *visits(EDGE)]),
        ("five browsers too late", [*visits(EDGE, browsers=4), *visits(EDGE)]),
        ("unknown visitors", [(None, f"Browser/{n}", {}) for n in range(60)]),
    ),
)
def test_different_or_few_visitors_are_not_warned_of(pageviews: list[Any]) -> None:
    assert warnings_of(resolver(), *pageviews) == []


def test_a_preset_whose_header_is_dropped_is_warned_of() -> None:
    (text,) = warnings_of(resolver("cloudflare"), *visits(EDGE))
    assert "CF-Connecting-IP is dropped" in text


def test_unknown_visitors_do_not_count() -> None:
    pageviews = [(None, "B", {}), *visits(EDGE)]
    assert len(warnings_of(resolver(), *pageviews)) == 1


@pytest.mark.parametrize(
    ("headers", "name"),
    cases(
        ("cloudflare", {"cf-connecting-ip": CLIENT}, "cloudflare"),
        ("fly", {"fly-client-ip": CLIENT_V6}, "fly"),
        ("front door", {"x-azure-fdid": "55ce4ed1", "x-azure-socketip": CLIENT},
         "azure-front-door"),
        ("front door, id alone", {"x-azure-fdid": "55ce4ed1"}, "azure-front-door"),
        ("malformed", {"cf-connecting-ip": "junk"}, "cloudflare"),
    ),
)  # fmt: skip
@pytest.mark.parametrize("client_ip", [PROXY, None])
def test_a_platform_that_names_another_visitor_is_warned_of(
    headers: Headers, name: str, client_ip: str | None
) -> None:
    (text,) = warnings_of(resolver(), (client_ip, "B", headers), times=60)
    assert f"set trusted_proxies={name!r}" in text
    assert PLATFORMS[name].title in text
    assert CLIENT not in text


@pytest.mark.parametrize(
    ("found", "client_ip", "headers"),
    cases(
        ("it names the same visitor", resolver(), CLIENT, {"cf-connecting-ip": CLIENT}),
        ("the same, mapped", resolver(), CLIENT, {"cf-connecting-ip": f"::ffff:{CLIENT}"}),
        ("the same, anonymised", resolver(), "203.0.113.0", {"cf-connecting-ip": CLIENT}),
        ("no platform", resolver(), PROXY, {"x-real-ip": CLIENT}),
        ("a preset was chosen", resolver("nginx"), PROXY, {"cf-connecting-ip": CLIENT}),
        ("networks were listed", resolver(["private"]), PROXY, {"cf-connecting-ip": CLIENT}),
    ),
)
def test_a_platform_is_not_warned_of_when(
    found: ClientIP, client_ip: str, headers: Headers
) -> None:
    assert warnings_of(found, (client_ip, "B", headers)) == []


def test_a_platform_in_front_of_the_detected_one_is_warned_of() -> None:
    found = ClientIP(environ={"DYNO": "web.1"})
    headers = {XFF: f"{CLIENT}, {EDGE}", "cf-connecting-ip": CLIENT}
    (text,) = warnings_of(found, (found.resolve(PROXY, headers), "B", headers))
    assert "set trusted_proxies='cloudflare'" in text


def test_a_function_that_failed_is_warned_of_once() -> None:
    found = resolver(client_ip=raises)
    (text,) = warnings_of(found, (found.resolve(PROXY, {}), "B", {}), times=3)
    assert "raised KeyError" in text
    assert CLIENT not in text


def test_a_function_that_works_is_not_warned_of() -> None:
    found = resolver(client_ip=lambda headers, peer: CLIENT)
    assert warnings_of(found, (found.resolve(PROXY, {}), "B", {})) == []


def test_each_kind_of_warning_comes_once() -> None:
    texts = warnings_of(
        resolver(), *[(EDGE, f"B/{n}", {"cf-connecting-ip": CLIENT}) for n in range(200)]
    )
    assert len(texts) == 2


@patiently
@given(
    pageviews=st.lists(
        st.tuples(
            st.none() | st.text(),
            st.text(),
            st.dictionaries(st.sampled_from(sorted(SIGNS)), st.text()),
        )
    )
)
def test_the_detector_never_raises_and_warns_once_of_each_kind(pageviews: list[Any]) -> None:
    found = warnings_of(resolver(), *pageviews, times=2)
    assert len(found) == len({*found})


def test_threads_that_race_for_a_warning_do_no_harm() -> None:
    detector = MisconfigurationDetector(resolver())
    pageview = partial(detector.observe, EDGE, "B", {"cf-connecting-ip": CLIENT})
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: pageview(), range(2000)))
    check = detector._other_platform
    detector._disable(check)
    assert pageview() is None
