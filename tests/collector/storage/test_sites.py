"""The registry of sites: goals, shared links and custom properties."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from footfall.collector import Store
from footfall.collector.storage import sites, write_sql
from footfall.collector.storage.database import MEMORY, Database
from footfall.collector.storage.sites import (
    LimitReachedError,
    NameTakenError,
    RegisteredGoal,
    RegisteredSite,
    SiteRegistry,
)
from tests.collector.storage.support import open_older_file
from tests.collector.support import NOON, incoming_event

SITE = "a.test"
SIGNUP = RegisteredGoal(kind="event", name="Signup", display_name="Signup", custom_props={})


@pytest.fixture
def database() -> Iterator[Database]:
    with contextlib.closing(Database(MEMORY)) as database:
        yield database


@pytest.fixture
def registry(database: Database) -> SiteRegistry:
    return SiteRegistry(database)


def test_a_saved_site_replaces_an_older_one(registry: SiteRegistry) -> None:
    registry.save_site(RegisteredSite(domain=SITE, timezone="UTC"))
    site = RegisteredSite(domain=SITE, timezone="Asia/Tokyo", script={"id": "pa-x"})
    registry.save_site(site)
    assert registry.sites() == {SITE: site}


def test_a_goal_that_counts_the_same_is_found_again(registry: SiteRegistry) -> None:
    goal = registry.find_or_create_goal(SITE, SIGNUP)
    assert registry.find_or_create_goal(SITE, SIGNUP) == goal
    pro = RegisteredGoal(
        kind="event", name="Signup", display_name="Pro", custom_props={"plan": "pro"}
    )
    assert registry.find_or_create_goal(SITE, pro).id != goal.id
    assert [each.display_name for each in registry.goals(SITE)] == ["Signup", "Pro"]
    assert registry.goals("b.test") == []


def test_a_display_name_belongs_to_one_goal_of_a_site(registry: SiteRegistry) -> None:
    registry.find_or_create_goal(SITE, SIGNUP)
    page = RegisteredGoal(kind="page", name="/x", display_name="Signup", custom_props={})
    with pytest.raises(NameTakenError, match="Signup"):
        registry.find_or_create_goal(SITE, page)
    assert registry.find_or_create_goal("b.test", page).name == "/x"


def test_a_shared_link_keeps_its_slug(registry: SiteRegistry) -> None:
    slug = registry.find_or_create_link(SITE, "board")
    assert registry.find_or_create_link(SITE, "board") == slug
    assert registry.has_link(SITE, slug)
    assert not registry.has_link("b.test", slug)
    assert not registry.has_link(SITE, "")


def test_deleting_says_whether_there_was_one(registry: SiteRegistry) -> None:
    goal = registry.find_or_create_goal(SITE, SIGNUP)
    registry.create_prop(SITE, "plan")
    registry.create_prop(SITE, "plan")
    assert registry.props(SITE) == ["plan"]
    assert (registry.delete_goal("b.test", goal.id), registry.delete_prop(SITE, "x")) == (
        False,
        False,
    )
    assert (registry.delete_goal(SITE, goal.id), registry.delete_prop(SITE, "plan")) == (True, True)


def test_everything_of_a_site_is_renamed_and_deleted_with_it(registry: SiteRegistry) -> None:
    registry.save_site(RegisteredSite(domain=SITE, timezone="UTC"))
    registry.find_or_create_goal(SITE, SIGNUP)
    slug = registry.find_or_create_link(SITE, "board")
    registry.create_prop(SITE, "plan")
    registry.create_prop("b.test", "left over")
    registry.rename_site(SITE, "b.test")
    assert list(registry.sites()) == ["b.test"]
    assert (registry.goals(SITE), registry.props(SITE)) == ([], [])
    assert [goal.name for goal in registry.goals("b.test")] == ["Signup"]
    assert (registry.has_link("b.test", slug), registry.props("b.test")) == (True, ["plan"])
    registry.delete_site("b.test")
    assert (registry.sites(), registry.goals("b.test"), registry.props("b.test")) == ({}, [], [])


def test_no_kind_of_entry_grows_without_bounds(
    registry: SiteRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sites, "MAX_ENTRIES", 1)
    registry.save_site(RegisteredSite(domain=SITE, timezone="UTC"))
    registry.save_site(RegisteredSite(domain=SITE, timezone="Asia/Tokyo"))
    with pytest.raises(LimitReachedError):
        registry.save_site(RegisteredSite(domain="b.test", timezone="UTC"))
    registry.find_or_create_link(SITE, "a")
    with pytest.raises(LimitReachedError):
        registry.find_or_create_link(SITE, "b")
    # Each site has its own.
    registry.find_or_create_link("b.test", "b")


def test_what_events_brought_is_known_without_a_registered_site(
    registry: SiteRegistry, database: Database
) -> None:
    with database.writing() as connection:
        events = [
            incoming_event(at=NOON + 1),
            incoming_event("Signup", at=NOON),
            incoming_event("Signup", at=NOON + 2),
            incoming_event("Bot", reason="bot"),
            incoming_event(domain="b.test", visitor="v2", session="s2"),
        ]
        write_sql.insert(connection, events)
    assert registry.seen_domains() == ["a.test", "b.test"]
    assert registry.first_seen(SITE) == int(NOON * 1_000)
    assert registry.first_seen("c.test") is None
    assert registry.seen_events(SITE) == {"Signup": 2}
    assert registry.seen_props(SITE) == {}


def test_an_older_file_gets_the_tables(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite3"
    open_older_file(path, 2).close()
    store = Store(path)
    store.registry.create_prop(SITE, "plan")
    store.close()
    store = Store(path)
    assert store.registry.props(SITE) == ["plan"]
    store.close()
