"""Sites, teams, goals, shared links and custom properties, against a collector."""

from __future__ import annotations

import httpx2
import pytest

from footfall.plausible_api import NotFoundError, PlausibleAPI
from tests.plausible_api.support import SITE


def test_sites_are_created_found_changed_and_deleted(api: PlausibleAPI) -> None:
    script = {"outbound_links": True, "installation_type": "manual"}
    made = api.sites.create(SITE, timezone="Europe/Vienna", tracker_script_configuration=script)
    assert (made.domain, made.timezone) == (SITE, "Europe/Vienna")
    assert made.tracker_script_configuration.items() >= script.items()
    assert api.sites.get(SITE) == made
    renamed = api.sites.update(
        SITE, new_domain="b.test", tracker_script_configuration={"outbound_links": False}
    )
    assert renamed.domain == "b.test"
    assert renamed.tracker_script_configuration["outbound_links"] is False
    assert [site.domain for site in api.sites.all()] == ["b.test"]
    api.sites.delete("b.test")
    assert list(api.sites.all()) == []
    with pytest.raises(NotFoundError):
        api.sites.get("b.test")


def test_a_list_requests_every_page(api: PlausibleAPI) -> None:
    names = [f"{number:03}.test" for number in range(130)]
    for name in names:
        api.sites.create(name)
    # Those created last come first, as with Plausible.
    assert [site.domain for site in api.sites.all()] == names[::-1]


def test_sites_may_have_slashes(api: PlausibleAPI) -> None:
    api.sites.create("a.test/blog")
    assert api.sites.get("a.test/blog").domain == "a.test/blog"


def test_there_is_a_team(api: PlausibleAPI) -> None:
    [team] = api.sites.teams()
    assert team.is_api_available
    api.sites.create(SITE, team_id=team.id)
    assert [site.domain for site in api.sites.all(team_id=team.id)] == [SITE]
    assert list(api.sites.all(team_id="another")) == []


def test_a_goal_is_found_or_created_and_deleted(api: PlausibleAPI) -> None:
    goal = api.goals.find_or_create_event(SITE, "Signup", custom_props={"plan": "pro"})
    assert (goal.kind, goal.event_name, goal.display_name) == ("event", "Signup", "Signup")
    assert goal.custom_props == {"plan": "pro"}
    assert api.goals.find_or_create_event(SITE, "Signup", custom_props={"plan": "pro"}) == goal
    page = api.goals.find_or_create_page(SITE, "/thanks*", display_name="Thanks")
    assert (page.kind, page.page_path, page.display_name) == ("page", "/thanks*", "Thanks")
    assert list(api.goals.all(SITE)) == [page, goal]
    api.goals.delete(SITE, goal.id)
    assert list(api.goals.all(SITE)) == [page]
    with pytest.raises(NotFoundError):
        api.goals.delete(SITE, goal.id)


def test_a_shared_link_is_found_or_created_and_opens_the_dashboard(api: PlausibleAPI) -> None:
    link = api.shared_links.find_or_create(SITE, "Board")
    assert api.shared_links.find_or_create(SITE, "Board") == link
    assert api.shared_links.find_or_create(SITE, "Press") != link
    assert httpx2.get(link.url).headers["location"] == f"/?domain={SITE}"
    assert httpx2.get(link.url + "x").status_code == 404


def test_custom_properties_are_created_once_and_deleted(api: PlausibleAPI) -> None:
    for prop in ("plan", "a/b c", "plan"):
        api.custom_props.create(SITE, prop)
    assert list(api.custom_props.all(SITE)) == ["a/b c", "plan"]
    api.custom_props.delete(SITE, "a/b c")
    assert list(api.custom_props.all(SITE)) == ["plan"]
    with pytest.raises(NotFoundError):
        api.custom_props.delete(SITE, "a/b c")
