"""The Sites API for sites."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from footfall.collector import CollectorServer
from footfall.collector.storage.stored_events import EventSearch
from tests.collector.api.plausible.support import SIGNUP, SITE, post


@pytest.fixture
def fixed() -> Iterator[httpx2.Client]:
    """A collector that was started for one site."""
    with (
        CollectorServer(domains=[SITE]) as running,
        httpx2.Client(base_url=f"{running.url}/api/v1") as client,
    ):
        yield client


SITE_ERRORS: dict[str, tuple[str, str, dict[str, Any], int, str]] = {
    "no domain": ("POST", "", {}, 400, "Parameter `domain` is required to create a site"),
    "a URL": ("POST", "", {"domain": "https://a.test"}, 400, "without https://"),
    "no such time zone": ("POST", "", {"domain": SITE, "timezone": "../x"}, 400, "timezone"),
    "no such team": ("POST", "", {"domain": SITE, "team_id": "x"}, 404, "Team"),
    "no object of settings": (
        "POST",
        "",
        {"domain": SITE, "tracker_script_configuration": "x"},
        400,
        "must be an object",
    ),
    "a setting that is no switch": (
        "POST",
        "",
        {"domain": SITE, "tracker_script_configuration": {"outbound_links": 1}},
        400,
        "outbound_links is invalid",
    ),
    "no such installation": (
        "POST",
        "",
        {"domain": SITE, "tracker_script_configuration": {"installation_type": "x"}},
        400,
        "installation_type is invalid",
    ),
    "an unknown site": ("PUT", "/b.test", {}, 404, "Site could not be found"),
}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "reason"), SITE_ERRORS.values(), ids=SITE_ERRORS.keys()
)
def test_an_invalid_site_is_refused_with_a_reason(
    shared: httpx2.Client, method: str, path: str, body: dict[str, Any], status: int, reason: str
) -> None:
    answer = shared.request(method, f"/api/v1/sites{path}", json=body)
    assert answer.status_code == status
    assert reason in answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "must contain domain or tracker_script_configuration"),
        ({"timezone": "UTC"}, "must contain domain or tracker_script_configuration"),
        ({"domain": 5}, "domain: is invalid"),
        ({"domain": ""}, "domain: is invalid"),
        ({"domain": SITE}, "another one than it has"),
    ],
    ids=str,
)
def test_a_change_that_changes_nothing_is_refused(
    http: httpx2.Client, body: dict[str, Any], reason: str
) -> None:
    http.post("/api/v1/sites", json={"domain": SITE}).raise_for_status()
    answer = http.put(f"/api/v1/sites/{SITE}", json=body)
    assert (answer.status_code, reason in answer.json()["error"]) == (400, True)


def test_sites_are_listed_as_they_were_created_whatever_changes(http: httpx2.Client) -> None:
    for name in ("b.test", "a.test", "c.test"):
        http.post("/api/v1/sites", json={"domain": name}).raise_for_status()
    settings = {"tracker_script_configuration": {"outbound_links": True}}
    http.put("/api/v1/sites/b.test", json=settings).raise_for_status()
    found = http.get("/api/v1/sites").json()["sites"]
    assert [site["domain"] for site in found] == ["c.test", "a.test", "b.test"]


def test_a_site_that_cannot_be_changed_now_can_be_later(
    http: httpx2.Client, collector: CollectorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang(*arguments: object) -> int:
        raise TimeoutError

    http.post("/api/v1/sites", json={"domain": SITE}).raise_for_status()
    monkeypatch.setattr(collector.store, "delete_domain", hang)
    monkeypatch.setattr(collector.store, "rename_domain", hang)
    refused = [
        http.put(f"/api/v1/sites/{SITE}", json={"domain": "b.test"}),
        http.delete(f"/api/v1/sites/{SITE}"),
    ]
    assert [(each.status_code, each.headers["retry-after"]) for each in refused] == [(503, "1")] * 2
    assert http.get(f"/api/v1/sites/{SITE}").status_code == 200


def test_a_new_domain_inherits_nothing_of_a_site_whose_events_were_deleted(
    http: httpx2.Client,
) -> None:
    post(http, domain="b.test")
    link = {"site_id": "b.test", "name": "For the board"}
    http.put("/api/v1/sites/shared-links", json=link).raise_for_status()
    http.delete("/api/v1/events").raise_for_status()
    post(http)
    mine = http.put("/api/v1/sites/shared-links", json=link | {"site_id": SITE}).json()["url"]
    http.put(f"/api/v1/sites/{SITE}", json={"domain": "b.test"}).raise_for_status()
    kept = http.put("/api/v1/sites/shared-links", json=link).json()["url"]
    assert kept.partition("auth=")[2] == mine.partition("auth=")[2]


def test_a_name_is_accepted_once(http: httpx2.Client) -> None:
    for _ in range(2):
        answer = http.post("/api/v1/sites", json={"domain": SITE})
    assert (answer.status_code, answer.json()["error"]) == (400, "domain: has already been taken")
    http.post("/api/v1/sites", json={"domain": "b.test"}).raise_for_status()
    assert http.put("/api/v1/sites/b.test", json={"domain": SITE}).status_code == 400
    http.put("/api/v1/sites/goals", json=SIGNUP).raise_for_status()
    other = {**SIGNUP, "event_name": "Other", "display_name": "Signup"}
    answer = http.put("/api/v1/sites/goals", json=other)
    assert (answer.status_code, "display_name" in answer.json()["error"]) == (400, True)


def test_a_site_that_has_events_is_known(http: httpx2.Client, collector: CollectorServer) -> None:
    post(http)
    collector.store.flush()
    found = http.get(f"/api/v1/sites/{SITE}").json()
    assert (found["domain"], found["timezone"]) == (SITE, "UTC")
    assert found["tracker_script_configuration"] == {}
    found = http.put(f"/api/v1/sites/{SITE}", json={"tracker_script_configuration": {}}).json()
    assert found["tracker_script_configuration"]["id"].startswith("pa-")


def test_events_and_goals_are_renamed_and_deleted_with_their_site(
    http: httpx2.Client, collector: CollectorServer
) -> None:
    def counts(domain: str) -> tuple[int, int, int]:
        """The numbers of its events, visits and goals."""
        goals = http.get("/api/v1/sites/goals", params={"site_id": domain}).json()["goals"]
        query = {"site_id": domain, "metrics": ["visits"], "date_range": "all"}
        [row] = http.post("/api/v2/query", json=query).json()["results"]
        return collector.store.count(EventSearch(domain=domain)), row["metrics"][0], len(goals)

    post(http)
    post(http, domain="other.test")
    http.put("/api/v1/sites/goals", json=SIGNUP).raise_for_status()
    collector.store.flush()
    http.put(f"/api/v1/sites/{SITE}", json={"domain": "b.test"}).raise_for_status()
    assert (counts(SITE), counts("b.test")) == ((0, 0, 0), (1, 1, 1))
    assert http.delete("/api/v1/sites/b.test").json() == {"deleted": True}
    assert (counts("b.test"), counts("other.test")) == ((0, 0, 0), (1, 1, 0))


def test_a_collector_for_some_sites_has_no_other_site(fixed: httpx2.Client) -> None:
    assert [site["domain"] for site in fixed.get("/sites").json()["sites"]] == [SITE]
    assert fixed.get("/sites/goals", params={"site_id": SITE}).status_code == 200
    for path in ("/goals?site_id=b.test", "/custom-props?site_id=b.test", "/b.test"):
        answer = fixed.get(f"/sites{path}")
        assert (answer.status_code, answer.json()["error"]) == (404, "Site could not be found")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "", {"domain": "b.test"}),
        ("PUT", f"/{SITE}", {"domain": "b.test"}),
        ("DELETE", f"/{SITE}", {}),
    ],
)
def test_a_collector_for_some_sites_keeps_them(
    fixed: httpx2.Client, method: str, path: str, body: dict[str, str]
) -> None:
    answer = fixed.request(method, f"/sites{path}", json=body)
    assert (answer.status_code, "when it was started" in answer.json()["error"]) == (403, True)
