"""What a test's client leaves out is added as a browser sends it, and what the test sets stays."""

from __future__ import annotations

from typing import Any

import pytest

from footfall.model import Hit
from footfall.testing import capture
from footfall.tracker import test_mode
from tests.support.header_sets import CHROME


def test_test_mode_is_on_while_events_are_captured() -> None:
    seen = [test_mode.is_on()]
    with capture():
        seen.append(test_mode.is_on())
    assert [*seen, test_mode.is_on()] == [False, True, False]


def test_a_hit_is_normalised_in_test_mode_alone() -> None:
    hit = Hit(host="testserver")
    assert test_mode.normalise(hit) is hit
    with capture():
        assert test_mode.normalise(hit) == test_mode.with_browser_defaults(hit) != hit


def test_a_browsers_hit_is_left_as_it_is() -> None:
    hit = Hit(host="example.com", headers={"user-agent": CHROME}, peer="198.51.100.7")
    assert test_mode.with_browser_defaults(hit) is hit


@pytest.mark.parametrize(
    ("host", "user_agent", "expected"),
    [
        pytest.param("testserver", "", True, id="Django"),
        pytest.param("testserver:80", "", True, id="Django's own environ"),
        pytest.param("testserver", "testclient", True, id="Starlette"),
        pytest.param("localhost", "Werkzeug/3.1", True, id="Flask"),
        pytest.param("falconframework.org", "falcon-client/4.4.0", True, id="Falcon"),
        pytest.param("shop.example.com", "Quart", True, id="Quart with a host"),
        pytest.param("example.com", "python-httpx/0.28", True, id="httpx with a host"),
        pytest.param("localhost:8000", CHROME, False, id="a developer's browser"),
        pytest.param("example.com", CHROME, False, id="a visitor"),
    ],
)
def test_a_test_client_is_known_by_its_host_or_its_user_agent(
    host: str, user_agent: str, expected: bool
) -> None:
    hit = Hit(host=host, headers={"user-agent": user_agent})
    assert test_mode.is_of_test_client(hit) is expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        pytest.param(
            {},
            {"user-agent": "Mozilla", "accept": "text/html"},
            id="a client that sends nothing",
        ),
        pytest.param(
            {"user-agent": "testclient", "accept": "*/*"},
            {"user-agent": "Mozilla", "accept": "text/html"},
            id="a client that sends its defaults",
        ),
        pytest.param(
            {"user-agent": "curl/8.5", "accept": "application/json"},
            {"user-agent": "curl/8.5", "accept": "application/json"},
            id="a test that sets both",
        ),
        pytest.param(
            {"accept": "*/*", "sec-fetch-dest": "image"},
            {"user-agent": "Mozilla", "accept": "*/*", "sec-fetch-dest": "image"},
            id="a test that sets what it fetches",
        ),
    ],
)
def test_headers_that_the_client_leaves_out_are_added(
    sent: dict[str, str], expected: dict[str, Any]
) -> None:
    headers = dict(test_mode.with_browser_defaults(Hit(host="testserver", headers=sent)).headers)
    if headers["user-agent"].startswith("Mozilla/5.0 ("):
        headers["user-agent"] = "Mozilla"
    assert headers == expected


@pytest.mark.parametrize(
    ("peer", "expected"),
    [(None, "127.0.0.1"), ("", "127.0.0.1"), ("testclient", "127.0.0.1"), ("192.0.2.7",) * 2],
)
def test_a_peer_without_an_address_gets_one(peer: str | None, expected: str) -> None:
    assert test_mode.with_browser_defaults(Hit(host="testserver", peer=peer)).peer == expected
