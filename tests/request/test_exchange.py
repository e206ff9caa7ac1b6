"""What the app sets for the current request, through the functions and through a mark."""

from __future__ import annotations

from typing import Any

import pytest

from footfall import wsgi
from footfall.request.exchange import NO_NOTES, Annotations, RequestNotes, annotations_of
from tests.support.records import quiet_tracker


def exchange() -> wsgi.EnvironExchange:
    environ = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/page"}
    return wsgi.exchange_of(quiet_tracker().recorder, environ)


def test_props_are_added_and_later_ones_win() -> None:
    current = exchange()
    current.set_props({"plan": "free", "day": 1})
    current.set_props({"plan": "pro"})
    assert current.hit().props == {"plan": "pro", "day": 1}


def test_a_record_keeps_the_notes_of_its_moment() -> None:
    current = exchange()
    before = current.record()
    current.ignore()
    current.set_route("/users/{id}")
    earlier, later = wsgi.hit_from(before), current.hit()
    assert (earlier.ignored, earlier.route) == (False, None)
    assert (later.ignored, later.route) == (True, "/users/{id}")


def test_held_events_are_delivered_once() -> None:
    current = exchange()
    calls: list[str] = []
    current.recorder.deliver = lambda: calls.append("deliver")
    current.release()
    assert calls == []
    current.holds_delivery = True
    current.release()
    current.release()
    assert calls == ["deliver"]


NOTES = RequestNotes(props={"plan": "pro"})


@pytest.mark.parametrize(
    ("notes", "mark", "expected"),
    [
        pytest.param(NO_NOTES, None, ({}, False, None, {}), id="neither"),
        pytest.param(NOTES, None, ({"plan": "pro"}, False, None, {}), id="notes"),
        pytest.param(NOTES, ["ignore"], ({"plan": "pro"}, False, None, {}), id="no mapping"),
        pytest.param(NO_NOTES, {"ignore": True}, ({}, True, None, {}), id="ignored"),
        pytest.param(NO_NOTES, {"ignore": "yes"}, ({}, False, None, {}), id="not quite ignored"),
        pytest.param(
            NOTES,
            {"props": {"plan": "free", "day": 1}},
            ({"plan": "pro", "day": 1}, False, None, {}),
            id="the notes win",
        ),
        pytest.param(NO_NOTES, {"props": "plan"}, ({}, False, None, {}), id="wrong props"),
        pytest.param(NO_NOTES, {"path": "/a/:id"}, ({}, False, "/a/:id", {}), id="a path"),
        pytest.param(NO_NOTES, {"path": "a/:id"}, ({}, False, None, {}), id="a relative path"),
        pytest.param(
            NO_NOTES,
            {"screen_width": 1280, "colour": "red"},
            ({}, False, None, {"screen_width": 1280}),
            id="details",
        ),
    ],
)
def test_notes_and_a_mark_are_merged(notes: RequestNotes, mark: Any, expected: Any) -> None:
    assert annotations_of(notes, mark) == Annotations(*expected)
