"""Sessions: how long they last, and who is the same visitor."""

from __future__ import annotations

import pytest

from footfall.collector.wire.sessions import DAY_SECONDS, SESSION_TIMEOUT_SECONDS, Sessions
from tests.collector.wire.support import ALICE, NOON, new_sessions


def test_a_session_lasts_half_an_hour_from_its_last_event() -> None:
    sessions = new_sessions()
    ids = [
        sessions.get_or_start(ALICE, NOON + at).id
        for at in (
            0,
            SESSION_TIMEOUT_SECONDS,
            2 * SESSION_TIMEOUT_SECONDS,
            3 * SESSION_TIMEOUT_SECONDS + 1,
        )
    ]
    assert [each == ids[0] for each in ids] == [True, True, True, False]


def test_a_visitor_has_another_id_on_another_day() -> None:
    sessions = new_sessions()
    assert (
        sessions.get_or_start(ALICE, NOON).visitor
        != sessions.get_or_start(ALICE, NOON + DAY_SECONDS).visitor
    )


@pytest.mark.parametrize("offset", [0, -5 * 3_600], ids=["UTC", "New York in winter"])
def test_a_session_across_midnight_goes_on_under_a_new_visitor_id(offset: int) -> None:
    sessions = Sessions(
        salt=lambda day: b"salt of day %d" % day, local_time=lambda now: now + offset
    )
    midnight = 20_001 * DAY_SECONDS - offset
    before = sessions.get_or_start(ALICE, midnight - 60)
    after = [sessions.get_or_start(ALICE, midnight + minute * 60) for minute in (1, 25, 50)]
    assert {each.id for each in after} == {before.id}
    assert {each.visitor for each in after} == {after[0].visitor}
    assert after[0].visitor != before.visitor


def test_an_evicted_session_is_found_in_the_store() -> None:
    written = {new_sessions().get_or_start(ALICE, NOON).visitor: ("a-session", NOON)}
    sessions = Sessions(salt=lambda day: b"salt of day %d" % day, last_seen=written.get)
    assert sessions.get_or_start(ALICE, NOON + 10).id == "a-session"


def test_an_event_from_before_a_session_is_of_another_one() -> None:
    written = {new_sessions().get_or_start(ALICE, NOON).visitor: ("a-session", NOON)}
    sessions = Sessions(salt=lambda day: b"salt of day %d" % day, last_seen=written.get)
    assert sessions.get_or_start(ALICE, NOON - 60).id == "a-session"
    sessions = Sessions(salt=lambda day: b"salt of day %d" % day, last_seen=written.get)
    assert sessions.get_or_start(ALICE, NOON - 3_600).is_new


def test_who_writes_the_events_may_look_for_the_sessions() -> None:
    asked: list[str] = []
    sessions = Sessions(
        salt=lambda day: b"salt of day %d" % day,
        last_seen=lambda visitor: asked.append(visitor),
        are_joined=True,
    )
    started = sessions.get_or_start(ALICE, NOON)
    assert started.is_new
    assert asked == []
    sessions.adopt(started.visitor, "a-session")
    assert sessions.get_or_start(ALICE, NOON + 1) == (started.visitor, "a-session", False)
    # Of yesterday's id nobody but `Sessions` knows, and an engagement starts no session.
    for find, at in ((sessions.get_or_start, DAY_SECONDS), (sessions.find, 2 * DAY_SECONDS + NOON)):
        asked.clear()
        find(ALICE, at)
        assert asked


def test_what_is_adopted_after_the_visitor_was_evicted_is_nothing() -> None:
    sessions = new_sessions()
    sessions.adopt("a visitor", "a-session")
    assert sessions.find(ALICE, NOON) is None


def test_the_oldest_sessions_are_evicted() -> None:
    sessions = Sessions(salt=lambda day: b"salt of day %d" % day, max_remembered=2)
    for number in range(3):
        sessions.get_or_start(ALICE._replace(client_ip=f"203.0.113.{number}"), NOON)
    found = [sessions.find(ALICE._replace(client_ip=f"203.0.113.{n}"), NOON) for n in range(3)]
    assert [each is None for each in found] == [True, False, False]


def test_a_session_that_a_refused_event_started_starts_again_with_its_retry() -> None:
    sessions = new_sessions()
    refused = sessions.get_or_start(ALICE, NOON)
    sessions.forget(refused.visitor, "pageview", NOON)
    assert sessions.find(ALICE, NOON + 1) is None
    assert sessions.get_or_start(ALICE, NOON + 1).is_new


def test_a_session_that_goes_on_survives_a_refused_event() -> None:
    written: dict[str, tuple[str, float]] = {}
    sessions = Sessions(salt=lambda day: b"salt of day %d" % day, last_seen=written.get)
    first = sessions.get_or_start(ALICE, NOON)
    written[first.visitor] = (first.id, NOON)
    refused = sessions.get_or_start(ALICE, NOON + 10)
    sessions.forget(refused.visitor, "pageview", NOON + 10)
    assert sessions.get_or_start(ALICE, NOON + 11).id == first.id


def test_a_session_belongs_to_its_later_events_too() -> None:
    sessions = new_sessions()
    first = sessions.get_or_start(ALICE, NOON)
    second = sessions.get_or_start(ALICE, NOON + 1)
    sessions.forget(first.visitor, "pageview", NOON)
    # The second one may be in the file.
    assert sessions.get_or_start(ALICE, NOON + 2).id == second.id
    for at in (NOON + 1, NOON + 2):
        sessions.forget(second.visitor, "pageview", at)
    assert sessions.get_or_start(ALICE, NOON + 3).id != second.id


def test_a_unique_event_that_was_refused_is_still_the_first() -> None:
    sessions = new_sessions()
    visitor = sessions.get_or_start(ALICE, NOON).visitor
    for at in (NOON, NOON + 10):
        assert sessions.is_unique(ALICE, "Signup", at)
        sessions.forget(visitor, "Signup", at)
    assert sessions.is_unique(ALICE, "Signup", NOON + 20)
    sessions.forget(visitor, "Other", NOON + 20)
    assert not sessions.is_unique(ALICE, "Signup", NOON + 30)
