"""The list of goals and events of a site."""

from __future__ import annotations

import httpx2

from tests.collector.api.plausible.support import SIGNUP, SITE, post


def test_goals_come_first_and_then_events_without_a_goal(http: httpx2.Client) -> None:
    page = {"site_id": SITE, "goal_type": "page", "page_path": "/hello"}
    for goal in (SIGNUP, page):
        http.put("/api/v1/sites/goals", json=goal).raise_for_status()
    post(http, name="Signup", props={"plan": "pro"})
    post(http, name="Survey", props={"score": "5"})
    post(http)
    events = http.get("/api/v1/events/", params={"site_id": SITE}).json()["results"]
    assert [(event["event_type"], event["name"], event["props"]) for event in events] == [
        ("custom", "Signup", ["plan"]),
        ("pageview", "Visit /hello", []),
        ("custom", "Survey", ["score"]),
    ]
    # An event without a goal has a negative id, which no goal has.
    assert [event["id"] > 0 for event in events] == [True, True, False]


def test_an_event_has_its_properties(http: httpx2.Client) -> None:
    post(http, name="Survey", props={"score": "5", "again": "yes"})
    [event] = http.get("/api/v1/events/", params={"site_id": SITE}).json()["results"]
    path = f"/api/v1/events/{event['id']}/properties"
    assert sorted(http.get(path, params={"site_id": SITE}).json()["results"]) == ["again", "score"]


def test_an_unknown_event_is_not_found(http: httpx2.Client) -> None:
    answer = http.get("/api/v1/events/1/properties", params={"site_id": SITE})
    assert (answer.status_code, answer.json()["error"]) == (404, "Event could not be found")
