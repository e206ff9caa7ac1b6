"""Who may read the pages and the API, and who may change what they show."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx2
import pytest

from footfall.collector import CollectorServer
from tests.collector.support import (
    PAGEVIEW,
    post,
)

TOKEN = "correct horse battery staple"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8321", 200),
        ("127.0.0.1:8321", 200),
        ("[::1]:8321", 200),
        ("[::1", 200),
        ("evil.test", 403),
        ("localhost.evil.test", 403),
        ("127.0.0.1.evil.test:8321", 403),
        ("", 403),
    ],
)
@pytest.mark.parametrize("path", ["/live", "/api/v1/events", "/static/live.js", "/api/health"])
def test_on_loopback_only_loopback_names_are_answered(
    http: httpx2.Client, path: str, host: str, status: int
) -> None:
    assert http.get(path, headers={"host": host}).status_code == status


def test_events_are_taken_under_any_name(http: httpx2.Client) -> None:
    assert http.post("/api/event", json=PAGEVIEW, headers={"host": "evil.test"}).status_code == 202


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 200, id="a program"),
        pytest.param({"sec-fetch-site": "same-origin"}, 200, id="our page"),
        pytest.param({"sec-fetch-site": "none"}, 200, id="the address bar"),
        pytest.param({"sec-fetch-site": "cross-site"}, 403, id="another site"),
        pytest.param({"sec-fetch-site": "same-site"}, 403, id="another port"),
        pytest.param({"origin": "http://evil.test"}, 403, id="another origin"),
        pytest.param({"origin": "null"}, 403, id="an origin that hides"),
        pytest.param({"origin": "http://localhost:1"}, 403, id="another port, by origin"),
    ],
)
def test_only_our_own_page_may_delete(
    http: httpx2.Client, headers: dict[str, str], status: int
) -> None:
    assert http.delete("/api/v1/events", headers=headers).status_code == status


def test_our_origin_may_delete(collector: CollectorServer, http: httpx2.Client) -> None:
    assert http.delete("/api/v1/events", headers={"origin": collector.url}).status_code == 200


@pytest.mark.parametrize("path", ["/live", "/api/v1/events", "/live/notices", "/static/base.css"])
def test_nothing_leaves_the_page(http: httpx2.Client, path: str) -> None:
    headers = http.get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'self'; ")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in headers


@pytest.fixture(scope="module")
def locked() -> Iterator[CollectorServer]:
    with CollectorServer(token=TOKEN) as locked:
        yield locked


@pytest.fixture(scope="module")
def visitor(locked: CollectorServer) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=locked.url) as visitor:
        yield visitor


@pytest.fixture
def stranger(visitor: httpx2.Client) -> httpx2.Client:
    """Speaks to a collector with a token, and has not shown it yet."""
    visitor.cookies.clear()
    return visitor


@pytest.mark.parametrize(
    "path", ["/", "/live", "/api/v1/events", "/events/stream", "/static/live.js"]
)
@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": "Bearer wrong"}, {"cookie": "footfall_token=wrong"}],
    ids=["nothing", "a wrong token", "a wrong cookie"],
)
def test_who_does_not_know_the_token_sees_nothing(
    stranger: httpx2.Client, path: str, headers: dict[str, str]
) -> None:
    answer = stranger.get(path, headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert stranger.get(path, params={"token": "wröng"}).status_code == 401


def test_the_wire_and_the_probes_need_no_token(stranger: httpx2.Client) -> None:
    assert post(stranger).status_code == 202
    assert stranger.get("/api/health").status_code == 200
    assert stranger.get("/api/system/health/live").status_code == 200


def test_a_program_shows_the_token_as_bearer(stranger: httpx2.Client) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert stranger.get("/api/v1/events", headers=headers).status_code == 200
    assert stranger.delete("/api/v1/events", headers=headers).status_code == 200


def test_a_browser_shows_the_token_once_and_keeps_a_cookie(stranger: httpx2.Client) -> None:
    answer = stranger.get("/", params={"token": TOKEN, "period": "week", "domain": "ä b"})
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/?period=week&domain=%C3%A4+b",
    )
    cookie = answer.headers["set-cookie"]
    assert TOKEN not in cookie
    assert ("HttpOnly" in cookie, "SameSite=lax" in cookie, "Secure" in cookie) == (
        True,
        True,
        False,
    )
    assert stranger.get("/live").status_code == 200


def test_the_way_back_leads_to_no_other_host(stranger: httpx2.Client) -> None:
    url = f"{str(stranger.base_url).rstrip('/')}//evil.test/"
    assert urlsplit(url).path == "//evil.test/"
    answer = httpx2.get(url, params={"token": TOKEN})
    assert answer.headers["location"] == "/evil.test/"


def test_on_an_open_address_any_name_is_answered() -> None:
    with CollectorServer(host="0.0.0.0", token=TOKEN) as collector:
        url = collector.url.replace("0.0.0.0", "127.0.0.1")
        headers = {"host": "stats.example", "authorization": f"Bearer {TOKEN}"}
        assert httpx2.get(f"{url}/live", headers=headers).status_code == 200
