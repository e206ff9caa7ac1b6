"""The defined events of a site, with and without a server that lists them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from footfall.collector import CollectorServer
from footfall.plausible_api import NotFoundError, PlausibleAPI
from tests.plausible_api.support import KEY, SITE, SITES_KEY, post_event, responding
from tests.support.vendors import Vendor, answer, vendor


def test_events_are_goals_and_names_that_were_received(
    api: PlausibleAPI, collector: CollectorServer
) -> None:
    goal = api.goals.find_or_create_event(SITE, "Signup")
    api.goals.find_or_create_page(SITE, "/thanks")
    post_event(collector)
    post_event(collector, name="Signup", props={"plan": "pro", "method": "mail"})
    post_event(collector, name="Paid", props={"plan": "pro"})
    signup, thanks, paid = api.events.all(SITE)
    assert (signup.id, signup.name, signup.props) == (int(goal.id), "Signup", ("method", "plan"))
    assert (thanks.name, thanks.event_type, thanks.props) == ("Visit /thanks", "pageview", ())
    assert (paid.name, paid.event_type, paid.props) == ("Paid", "custom", ("plan",))
    assert api.events.properties(SITE, paid.id) == ("plan",)
    with pytest.raises(NotFoundError):
        api.events.properties(SITE, 4711)


@pytest.mark.parametrize(
    ("keys", "expected_keys"),
    [
        ({"stats_key": KEY}, [KEY, KEY]),
        ({"sites_key": SITES_KEY}, [SITES_KEY, SITES_KEY]),
        ({"stats_key": KEY, "sites_key": SITES_KEY}, [KEY, SITES_KEY]),
    ],
    ids=["a stats key", "a sites key", "both"],
)
def test_one_key_is_enough_for_events(keys: dict[str, str], expected_keys: list[str]) -> None:
    with (
        vendor(responding("404 Not Found")) as server,
        PlausibleAPI(server.url, **keys) as api,  # type: ignore[arg-type] # of which mypy knows texts alone
        pytest.raises(NotFoundError),
    ):
        api.events.all(SITE)
    found = [re.search(rb"Bearer (\S+)", request) for request in server.requests]
    assert [match[1].decode() for match in found if match] == expected_keys


@pytest.mark.parametrize("nothing", ["404 Not Found", "406 Not Acceptable"])
def test_events_fall_back_to_goals_where_a_server_has_no_such_list(nothing: str) -> None:
    def behave(connection: Any, server: Vendor) -> None:
        while request := server.read_request(connection):
            path = request.split(b" ", 2)[1].decode()
            body = next((each for start, each in replies.items() if path.startswith(start)), None)
            status = "200 OK" if body else nothing
            connection.sendall(answer(status, json.dumps(body or {}).encode()))

    goal = {"id": "7", "goal_type": "event", "event_name": "Signup", "page_path": None}
    page = {"id": "8", "goal_type": "page", "event_name": None, "page_path": "/x"}
    replies = {
        "/api/v1/sites/goals": {"goals": [goal, page], "meta": {"after": None}},
        "/api/v1/sites/custom-props": {"custom_properties": [{"property": "plan"}]},
    }
    with vendor(behave) as server, PlausibleAPI(server.url, sites_key=SITES_KEY) as api:
        found = api.events.all(SITE)
        assert [(each.id, each.name, each.event_type, each.props) for each in found] == [
            (7, "Signup", "custom", ("plan",)),
            (8, "Visit /x", "pageview", ("plan",)),
        ]
        assert api.events.properties(SITE, 7) == ("plan",)
        with pytest.raises(NotFoundError, match="no goal with the id 9"):
            api.events.properties(SITE, 9)


def test_a_bare_list_of_events_is_read_as_well() -> None:
    body = [{"id": 1, "name": "404", "event_type": "custom", "props": ["path"]}]
    with vendor(responding("200 OK", body)) as server, PlausibleAPI(server.url) as api:
        [event] = api.events.all(SITE)
    assert (event.name, event.props) == ("404", ("path",))
