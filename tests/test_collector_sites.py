"""The collector as the Sites API: what its answers look like, and what it refuses."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from footfall.collector import CollectorServer, Store
from footfall.collector.storage import sites
from footfall.collector.storage.stored_events import EventSearch

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SITE = "a.test"
SIGNUP = {"site_id": SITE, "goal_type": "event", "event_name": "Signup"}


@pytest.fixture
def collector() -> Iterator[CollectorServer]:
    with CollectorServer() as running:
        yield running


@pytest.fixture
def http(collector: CollectorServer) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=collector.url, headers={"user-agent": FIREFOX}) as client:
        yield client


@pytest.fixture(scope="module")
def shared() -> Iterator[httpx2.Client]:
    """A collector for what leaves nothing behind."""
    with CollectorServer() as running, httpx2.Client(base_url=running.url) as client:
        yield client


@pytest.fixture
def fixed() -> Iterator[httpx2.Client]:
    """A collector that was started for one site."""
    with (
        CollectorServer(domains=[SITE]) as running,
        httpx2.Client(base_url=f"{running.url}/api/v1") as client,
    ):
        yield client


def post(http: httpx2.Client, **changes: object) -> None:
    event = {"name": "pageview", "url": f"https://{SITE}/hello", "domain": SITE} | changes
    http.post("/api/event", json=event).raise_for_status()


WAYS: dict[str, dict[str, Any]] = {
    "a JSON body": {"json": SIGNUP},
    "a form": {"data": SIGNUP},
    "parts, as curl -F sends them": {"files": {k: (None, v) for k, v in SIGNUP.items()}},
    "a query": {"params": SIGNUP},
    "a query and a body": {"params": {"site_id": SITE}, "json": {**SIGNUP, "site_id": SITE}},
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_fields_come_in_every_way_that_plausible_takes(
    http: httpx2.Client, way: dict[str, Any]
) -> None:
    answer = http.put("/api/v1/sites/goals", **way)
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "domain": SITE,
            "id": "1",
            "goal_type": "event",
            "display_name": "Signup",
            "event_name": "Signup",
            "page_path": None,
            "custom_props": {},
        },
    )


LONG = "x" * 3_000
JSON = {"content-type": "application/json"}
REFUSED: dict[str, tuple[str, str, dict[str, Any], int, str]] = {
    "no site": ("PUT", "/goals", {}, 400, "Parameter `site_id` is required to create a goal"),
    "no kind": ("PUT", "/goals", {"site_id": SITE}, 400, "Parameter `goal_type` is required"),
    "another kind": ("PUT", "/goals", {**SIGNUP, "goal_type": "x"}, 400, "must be event or page"),
    "no name": ("PUT", "/goals", {**SIGNUP, "event_name": " "}, 400, "Parameter `event_name`"),
    "a name that is a list": ("PUT", "/goals", {**SIGNUP, "event_name": []}, 400, "`event_name`"),
    "a long name": ("PUT", "/goals", {**SIGNUP, "event_name": LONG}, 400, "at most 120"),
    "no path": ("PUT", "/goals", {"site_id": SITE, "goal_type": "page"}, 400, "`page_path`"),
    "no rooted path": (
        "PUT",
        "/goals",
        {"site_id": SITE, "goal_type": "page", "page_path": "x"},
        400,
        "must start with /",
    ),
    "props of goals that are no texts": (
        "PUT",
        "/goals",
        {**SIGNUP, "custom_props": {"a": 1}},
        400,
        "custom_props",
    ),
    "no goal": ("DELETE", "/goals/999", {"site_id": SITE}, 404, "Goal could not be found"),
    "an id that is none": ("DELETE", "/goals/x", {"site_id": SITE}, 404, "Goal could not be found"),
    "no link's name": ("PUT", "/shared-links", {"site_id": SITE}, 400, "Parameter `name`"),
    "no property": ("PUT", "/custom-props", {"site_id": SITE}, 400, "Parameter `property`"),
    "a long property": (
        "PUT",
        "/custom-props",
        {"site_id": SITE, "property": LONG},
        400,
        "at most 300 bytes",
    ),
    "an unknown property": ("DELETE", "/custom-props/a/b", {"site_id": SITE}, 404, "Property"),
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
    ("method", "path", "body", "status", "said"), REFUSED.values(), ids=REFUSED.keys()
)
def test_what_cannot_be_is_refused_with_a_sentence(
    shared: httpx2.Client, method: str, path: str, body: dict[str, Any], status: int, said: str
) -> None:
    answer = shared.request(method, f"/api/v1/sites{path}", json=body)
    assert answer.status_code == status
    assert said in answer.json()["error"]


BODIES = {
    "no JSON": (b"{", "application/json", 400),
    "no object": (b"[]", "application/json", 400),
    "no UTF-8": (b"\xff", "application/json", 400),
    "parts without a boundary": (b"x", "multipart/form-data", 400),
    "a part without a name": (b"--x\r\n\r\n1\r\n--x--", "multipart/form-data; boundary=x", 400),
    "a broken form": (b"\xff", "application/x-www-form-urlencoded", 400),
    "too much": (b" " * 1_000_001, "application/json", 413),
}


@pytest.mark.parametrize(("body", "kind", "status"), BODIES.values(), ids=BODIES.keys())
def test_a_body_that_cannot_be_read_is_refused(
    shared: httpx2.Client, body: bytes, kind: str, status: int
) -> None:
    answer = shared.put("/api/v1/sites/goals", content=body, headers={"content-type": kind})
    assert answer.status_code == status
    assert answer.json()["error"]


@pytest.mark.parametrize(
    ("path", "allow"),
    [("", "GET, POST, HEAD"), ("/goals", "GET, PUT, HEAD"), ("/goals/1", "DELETE")],
)
def test_a_path_says_what_it_can_be_asked(shared: httpx2.Client, path: str, allow: str) -> None:
    answer = shared.request("PATCH", f"/api/v1/sites{path}")
    assert (answer.status_code, answer.headers["allow"]) == (405, allow)


def test_a_site_that_cannot_be_changed_now_can_be_later(
    http: httpx2.Client, collector: CollectorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang(*arguments: object) -> int:
        raise TimeoutError

    http.post("/api/v1/sites", json={"domain": SITE}).raise_for_status()
    monkeypatch.setattr(collector.store, "delete_domain", hang)
    monkeypatch.setattr(collector.store, "rename_domain", hang)
    assert http.put(f"/api/v1/sites/{SITE}", json={"domain": "b.test"}).status_code == 503
    assert http.delete(f"/api/v1/sites/{SITE}").status_code == 503
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


@pytest.mark.parametrize("limit", ["0", "1001", "x", "-1", "99999999999"])
def test_a_limit_is_a_number_within_bounds(shared: httpx2.Client, limit: str) -> None:
    answer = shared.get("/api/v1/sites", params={"limit": limit})
    assert (answer.status_code, "`limit`" in answer.json()["error"]) == (400, True)


def test_pages_know_their_neighbours(http: httpx2.Client) -> None:
    for name in "abcde":
        http.post("/api/v1/sites", json={"domain": f"{name}.test"}).raise_for_status()

    def page(**query: str | int) -> tuple[str, str | None, str | None]:
        found = http.get("/api/v1/sites", params={"limit": 2, **query}).json()
        names = "".join(site["domain"][0] for site in found["sites"])
        return names, found["meta"]["before"], found["meta"]["after"]

    assert page() == ("ab", None, "b.test")
    assert page(after="b.test") == ("cd", "c.test", "d.test")
    assert page(after="d.test") == ("e", "e.test", None)
    assert page(after="e.test") == ("", None, None)
    assert page(before="e.test") == ("cd", "c.test", "d.test")
    assert page(before="b.test") == ("ab", None, "b.test")
    assert page(after="nobody") == ("ab", None, "b.test")


def test_a_name_is_taken_once(http: httpx2.Client) -> None:
    for _ in range(2):
        answer = http.post("/api/v1/sites", json={"domain": SITE})
    assert (answer.status_code, answer.json()["error"]) == (400, "domain: has already been taken")
    http.post("/api/v1/sites", json={"domain": "b.test"}).raise_for_status()
    assert http.put("/api/v1/sites/b.test", json={"domain": SITE}).status_code == 400
    http.put("/api/v1/sites/goals", json=SIGNUP).raise_for_status()
    other = {**SIGNUP, "event_name": "Other", "display_name": "Signup"}
    answer = http.put("/api/v1/sites/goals", json=other)
    assert (answer.status_code, "display_name" in answer.json()["error"]) == (400, True)


def test_nothing_grows_without_bounds(http: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sites, "MAX_ENTRIES", 1)
    asks: list[tuple[str, str, list[dict[str, str]]]] = [
        ("POST", "", [{"domain": SITE}, {"domain": "b.test"}]),
        ("PUT", "/goals", [SIGNUP, {**SIGNUP, "event_name": "Other"}]),
        ("PUT", "/shared-links", [{"site_id": SITE, "name": each} for each in "ab"]),
        ("PUT", "/custom-props", [{"site_id": SITE, "property": each} for each in "ab"]),
    ]
    for method, path, bodies in asks:
        answers = [http.request(method, f"/api/v1/sites{path}", json=body) for body in bodies]
        assert [answer.status_code for answer in answers] == [200, 400]
        # What is there is found all the same.
        if method == "PUT":
            assert http.put(f"/api/v1/sites{path}", json=bodies[0]).status_code == 200


def test_a_site_that_was_counted_is_known(http: httpx2.Client, collector: CollectorServer) -> None:
    post(http)
    collector.store.flush()
    found = http.get(f"/api/v1/sites/{SITE}").json()
    assert (found["domain"], found["timezone"]) == (SITE, "UTC")
    assert found["tracker_script_configuration"] == {}
    found = http.put(f"/api/v1/sites/{SITE}", json={"tracker_script_configuration": {}}).json()
    assert found["tracker_script_configuration"]["id"].startswith("pa-")


def test_events_and_goals_go_with_their_site(
    http: httpx2.Client, collector: CollectorServer
) -> None:
    def left(domain: str) -> tuple[int, int, int]:
        """Its events, visits and goals."""
        goals = http.get("/api/v1/sites/goals", params={"site_id": domain}).json()["goals"]
        question = {"site_id": domain, "metrics": ["visits"], "date_range": "all"}
        [row] = http.post("/api/v2/query", json=question).json()["results"]
        return collector.store.count(EventSearch(domain=domain)), row["metrics"][0], len(goals)

    post(http)
    post(http, domain="other.test")
    http.put("/api/v1/sites/goals", json=SIGNUP).raise_for_status()
    collector.store.flush()
    http.put(f"/api/v1/sites/{SITE}", json={"domain": "b.test"}).raise_for_status()
    assert (left(SITE), left("b.test")) == ((0, 0, 0), (1, 1, 1))
    assert http.delete("/api/v1/sites/b.test").json() == {"deleted": True}
    assert (left("b.test"), left("other.test")) == ((0, 0, 0), (1, 1, 0))


def test_a_collector_for_some_sites_knows_no_other(fixed: httpx2.Client) -> None:
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


def test_an_older_file_gets_the_tables(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite3"
    Store(path).close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for table in ("registered_sites", "goals", "shared_links", "custom_props"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("PRAGMA user_version = 2")
    store = Store(path)
    store.registry.create_prop(SITE, "plan")
    store.close()
    store = Store(path)
    assert store.registry.props(SITE) == ["plan"]
    store.close()
