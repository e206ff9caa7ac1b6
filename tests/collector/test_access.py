"""Who may read the pages and the API, and who may change what they show."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx2
import pytest

from footfall.collector import CollectorServer
from tests.collector.support import post

TOKEN = "correct horse battery staple"


@pytest.mark.parametrize("path", ["/live", "/api/v1/events", "/live/notices", "/static/base.css"])
def test_every_answer_has_the_security_headers(http: httpx2.Client, path: str) -> None:
    headers = http.get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'self'; ")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    is_file = path.startswith("/static/")
    assert headers["cache-control"] == ("private, max-age=300" if is_file else "no-store")
    assert "access-control-allow-origin" not in headers


@pytest.fixture(scope="module")
def locked() -> Iterator[CollectorServer]:
    with CollectorServer(token=TOKEN) as locked:
        yield locked


@pytest.fixture(scope="module")
def locked_client(locked: CollectorServer) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=locked.url) as client:
        yield client


@pytest.fixture
def anonymous(locked_client: httpx2.Client) -> httpx2.Client:
    """A client of a collector with a token that has no cookie."""
    locked_client.cookies.clear()
    return locked_client


@pytest.mark.parametrize(
    "path", ["/", "/live", "/api/v1/events", "/events/stream", "/static/live.js"]
)
@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": "Bearer wrong"}, {"cookie": "footfall_token=wrong"}],
    ids=["nothing", "a wrong token", "a wrong cookie"],
)
def test_without_the_token_nothing_is_shown(
    anonymous: httpx2.Client, path: str, headers: dict[str, str]
) -> None:
    answer = anonymous.get(path, headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert anonymous.get(path, params={"token": "wröng"}).status_code == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_of_the_token_is_read_in_any_case(anonymous: httpx2.Client, scheme: str) -> None:
    headers = {"authorization": f"{scheme} {TOKEN}"}
    assert anonymous.get("/api/v1/events", headers=headers).status_code == 200


def test_the_ingest_endpoints_and_the_probes_need_no_token(anonymous: httpx2.Client) -> None:
    assert post(anonymous).status_code == 202
    assert anonymous.get("/api/health").status_code == 200
    assert anonymous.get("/api/system/health/live").status_code == 200


def test_a_program_sends_the_token_as_bearer(anonymous: httpx2.Client) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert anonymous.get("/api/v1/events", headers=headers).status_code == 200
    assert anonymous.delete("/api/v1/events", headers=headers).status_code == 200


def test_a_browser_sends_the_token_once_and_keeps_a_cookie(anonymous: httpx2.Client) -> None:
    answer = anonymous.get("/", params={"token": TOKEN, "period": "week", "domain": "ä b"})
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/?period=week&domain=%C3%A4+b",
    )
    cookie = answer.headers["set-cookie"]
    assert TOKEN not in cookie
    assert ("HttpOnly" in cookie, "SameSite=Lax" in cookie, "Secure" in cookie) == (
        True,
        True,
        False,
    )
    assert anonymous.get("/live").status_code == 200


def test_the_redirect_never_leads_to_another_host(anonymous: httpx2.Client) -> None:
    url = f"{str(anonymous.base_url).rstrip('/')}//evil.test/"
    assert urlsplit(url).path == "//evil.test/"
    answer = httpx2.get(url, params={"token": TOKEN})
    assert answer.headers["location"] == "/evil.test/"
