"""No page of another site changes what the collector has."""

from __future__ import annotations

import httpx2
import pytest

from footfall.collector import CollectorServer


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 200, id="a program"),
        pytest.param({"sec-fetch-site": "same-origin"}, 200, id="our page"),
        pytest.param(
            {"sec-fetch-site": "same-origin", "origin": "https://stats.test"},
            200,
            id="our page, behind a proxy with a Host of its own",
        ),
        pytest.param(
            {"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1"},
            403,
            id="a forged origin",
        ),
        pytest.param({"sec-fetch-site": "none"}, 200, id="the address bar"),
        pytest.param({"sec-fetch-site": "cross-site"}, 403, id="another site"),
        pytest.param({"sec-fetch-site": "same-site"}, 403, id="another port"),
        pytest.param({"origin": "http://evil.test"}, 403, id="another origin"),
        pytest.param({"origin": "null"}, 403, id="an origin that hides"),
        pytest.param({"origin": "http://["}, 403, id="an origin that is no URL"),
        pytest.param({"origin": "http://localhost:1"}, 403, id="another port, by origin"),
    ],
)
def test_only_our_own_page_may_delete(
    http: httpx2.Client, headers: dict[str, str], status: int
) -> None:
    assert http.delete("/api/v1/events", headers=headers).status_code == status


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/api/v1/sites"), ("PUT", "/api/v1/sites/goals")]
)
def test_other_origins_may_not_change_sites(http: httpx2.Client, method: str, path: str) -> None:
    answer = http.request(method, path, json={}, headers={"origin": "http://evil.test"})
    assert answer.status_code == 403


def test_our_origin_may_delete(collector: CollectorServer, http: httpx2.Client) -> None:
    assert http.delete("/api/v1/events", headers={"origin": collector.url}).status_code == 200
