"""The Sites API for goals, shared links and custom properties."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.collector.api.plausible.support import SIGNUP, SITE

LONG = "x" * 3_000

GOAL_ERRORS: dict[str, tuple[str, str, dict[str, Any], int, str]] = {
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
}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "reason"), GOAL_ERRORS.values(), ids=GOAL_ERRORS.keys()
)
def test_an_invalid_goal_link_or_property_is_refused_with_a_reason(
    shared: httpx2.Client, method: str, path: str, body: dict[str, Any], status: int, reason: str
) -> None:
    answer = shared.request(method, f"/api/v1/sites{path}", json=body)
    assert answer.status_code == status
    assert reason in answer.json()["error"]


def test_a_goal_is_found_listed_and_deleted(http: httpx2.Client) -> None:
    first = http.put("/api/v1/sites/goals", json=SIGNUP).json()
    assert http.put("/api/v1/sites/goals", json=SIGNUP).json() == first
    listed = http.get("/api/v1/sites/goals", params={"site_id": SITE}).json()["goals"]
    assert [{"domain": SITE, **goal} for goal in listed] == [first]
    path = f"/api/v1/sites/goals/{first['id']}"
    assert http.request("DELETE", path, json={"site_id": SITE}).json() == {"deleted": True}
    assert http.get("/api/v1/sites/goals", params={"site_id": SITE}).json()["goals"] == []


def test_a_shared_link_redirects_to_the_dashboard(http: httpx2.Client) -> None:
    link = {"site_id": SITE, "name": "For the board"}
    url = http.put("/api/v1/sites/shared-links", json=link).json()["url"]
    answer = http.get(url)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/?domain={SITE}")
    assert http.get(url.partition("?")[0], params={"auth": "guessed"}).status_code == 404
