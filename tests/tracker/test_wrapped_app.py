"""How the middleware classes for WSGI and ASGI are made."""

from __future__ import annotations

from typing import Any

import pytest

from footfall.config import Config
from footfall.errors import ConfigError
from footfall.tracker import Tracker
from footfall.tracker.wrapped_app import WrappedApp
from tests.support.adapters import PLAUSIBLE


def delivering(app: str, tracker: Tracker) -> str:
    return f"{app}, delivering"


def wrap(tracker: Tracker | None = None, **options: Any) -> WrappedApp[str]:
    return WrappedApp("app", tracker, options, delivering)


def test_a_tracker_may_be_shared() -> None:
    tracker = Tracker(Config(destinations=[PLAUSIBLE]))
    assert wrap(tracker).tracker is wrap(tracker).tracker is tracker


def test_options_make_a_tracker() -> None:
    assert wrap(destinations=[PLAUSIBLE], bots="event").tracker.config.bots == "event"


def test_wrong_options_are_raised() -> None:
    with pytest.raises(ConfigError, match="did you mean 'destinations'"):
        wrap(destinatons=[PLAUSIBLE])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({"destinations": [PLAUSIBLE], "mode": "sync"}, "app, delivering", id="sync"),
        pytest.param({"destinations": [PLAUSIBLE]}, "app", id="with a thread"),
        pytest.param({"mode": "sync"}, "app", id="inactive"),
    ],
)
def test_only_in_sync_mode_requests_wait_for_delivery(
    options: dict[str, Any], expected: str
) -> None:
    assert wrap(**options).app == expected
