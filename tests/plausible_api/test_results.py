"""The values that the API returns."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from footfall.plausible_api import DefinedEvent, Goal, Row, Site


def test_results_are_frozen() -> None:
    goal = Goal(id="1", kind="event", display_name="Signup")
    with pytest.raises(FrozenInstanceError):
        goal.id = "2"  # type: ignore[misc]


def test_fields_that_a_server_leaves_out_have_defaults() -> None:
    assert Site.read({"domain": "a.test"}) == Site(domain="a.test", timezone="Etc/UTC")
    assert DefinedEvent.read({"id": 7, "name": "Signup"}) == DefinedEvent(
        id=7, name="Signup", event_type="custom"
    )


@pytest.mark.parametrize(
    ("fields", "display_name"),
    [
        ({"goal_type": "event", "event_name": "Signup"}, "Signup"),
        ({"goal_type": "page", "page_path": "/x"}, "Visit /x"),
        ({"goal_type": "page", "page_path": "/x", "display_name": "Thanks"}, "Thanks"),
    ],
)
def test_a_goal_without_a_display_name_is_named_by_what_it_counts(
    fields: dict[str, str], display_name: str
) -> None:
    goal = Goal.read({"id": 1} | fields)
    assert (goal.id, goal.kind, goal.display_name) == ("1", fields["goal_type"], display_name)


def test_a_row_has_metrics_and_dimensions_by_name() -> None:
    row = Row.read({"page": "/a", "visitors": 3}, "page")
    assert (row["page"], row["visitors"]) == ("/a", 3)
    with pytest.raises(KeyError):
        row["bounce_rate"]
