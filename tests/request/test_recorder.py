"""The recorder of a tracker: derived from the settings once, and kept across a fork."""

from __future__ import annotations

from typing import Any

import pytest

from footfall.config import Config
from footfall.request.recorder import RequestRecorder
from footfall.testing import MemoryTransport
from tests.support.adapters import PLAUSIBLE
from tests.support.trackers import tracker_over


def recorder_with(**options: Any) -> RequestRecorder:
    return tracker_over(MemoryTransport(), **options).recorder


@pytest.mark.parametrize(
    ("options", "refuses_prefetch", "wants_route"),
    [
        pytest.param({}, False, False, id="by default"),
        pytest.param({"prefetch": "refuse"}, True, False, id="prefetches are refused"),
        pytest.param({"path_mode": "route"}, False, True, id="routes stand for paths"),
        pytest.param({"exclude": ["/users/{id}"]}, False, True, id="a rule is a route"),
    ],
)
def test_the_settings_are_read_once(
    options: dict[str, Any], refuses_prefetch: bool, wants_route: bool
) -> None:
    recorder = recorder_with(**options)
    assert (recorder.refuses_prefetch, recorder.wants_route) == (refuses_prefetch, wants_route)


def test_both_spellings_of_the_headers_are_known() -> None:
    config = Config(destinations=[PLAUSIBLE], client_ip_header="X-Real-IP")
    recorder = RequestRecorder(
        config,
        is_inline=False,
        deliver=lambda: None,
        tracker=None,
        on_nested=lambda _: None,
        on_illegal=lambda _: None,
    )
    assert recorder.header_names[b"x-real-ip"] == "x-real-ip"
    environ = {"HTTP_X_REAL_IP": "203.0.113.9", "HTTP_COOKIE": "secret=1", "REMOTE_ADDR": "::1"}
    names, values = recorder.pick(environ)
    assert dict(zip(names, values, strict=True)) == {
        "HTTP_X_REAL_IP": "203.0.113.9",
        "REMOTE_ADDR": "::1",
    }


def test_after_a_fork_adapters_keep_the_recorder_and_its_counters_begin_anew() -> None:
    tracker = tracker_over(MemoryTransport())
    recorder = tracker.recorder
    recorder.errors.bump()
    recorder.filters.reject("prefetch")
    submit = recorder.submit
    tracker.reset_after_fork()
    assert tracker.recorder is recorder
    assert recorder.submit != submit
    assert (recorder.errors.value, recorder.filters.counts()) == (0, {})
