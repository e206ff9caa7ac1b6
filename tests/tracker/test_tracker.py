"""The tracker: from a request's record to the vendor's socket."""

from __future__ import annotations

import gc
import logging
import re
import weakref

import pytest

import footfall
from footfall.config import Config, Options
from footfall.model import Request, Response
from footfall.testing import MemoryTransport
from footfall.tracker import Tracker
from tests.support import vendors
from tests.support.adapters import PLAUSIBLE
from tests.support.trackers import counts, tracker_over, visit
from tests.support.vendors import vendor, wait_until
from tests.support.waiting import blocked_seconds, no_long_wait


def test_a_pageview_reaches_the_transport_by_itself() -> None:
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    visit(tracker)
    assert wait_until(lambda: len(transport.requests) == 1)
    assert counts(tracker) == {"submitted": 1, "accepted": 1}


def test_flush_delivers_what_waits_and_may_be_called_again() -> None:
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    for number in range(3):
        visit(tracker)
        assert tracker.flush(30)
        assert len(transport.requests) == number + 1
    assert footfall.flush(30)


def test_under_pytest_nothing_leaves_the_machine() -> None:
    tracker = Tracker(Config(destinations=[PLAUSIBLE]), environ={"PYTEST_VERSION": "9"})
    assert isinstance(tracker.transport, MemoryTransport)
    local = Config(destinations=["collector://127.0.0.1:8321/x.org"])
    tracker = Tracker(local, environ={"PYTEST_VERSION": "9"})
    assert not isinstance(tracker.transport, MemoryTransport)


@pytest.mark.parametrize(
    ("options", "warned"), [({}, 0), ({"destinations": "plausible://plausible.io/a.example"}, 1)]
)
def test_a_variable_that_the_app_overrules_is_warned_about(
    caplog: pytest.LogCaptureFixture, options: Options, warned: int
) -> None:
    Tracker.from_options(options, environ={"FOOTFALL_DESTINATIONS": PLAUSIBLE})
    lines = [r.message for r in caplog.records if "no effect" in r.message]
    text = (
        "footfall: FOOTFALL_DESTINATIONS has no effect, since the app sets the option itself: take "
        "`destinations` out of the code, or set FOOTFALL_OVERRIDE=destinations"
    )
    assert lines == [text] * warned


def test_log_lines_hold_no_address(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        tracker = tracker_over(_Failing())
        visit(tracker)
        tracker.flush(1)
        assert wait_until(lambda: "not reachable" in caplog.text)
    assert "198.51.100.7" not in caplog.text + repr(tracker) + repr(tracker.stats())


class _Failing:
    def send(self, request: Request) -> Response:
        from footfall.errors import NotSent

        raise NotSent("refused")


def test_one_warning_a_minute_however_long_the_outage(caplog: pytest.LogCaptureFixture) -> None:
    dsn = "plausible://plausible.io/outage.example"
    tracker = Tracker(Config(destinations=[dsn], transport=_Failing()), environ={})
    for _ in range(200):
        visit(tracker)
    tracker.flush(1)
    messages = [r.message for r in caplog.records if "outage.example" in r.message]
    kinds = {re.sub(r"[0-9]+", "N", message) for message in messages}
    assert messages
    assert len(messages) == len(kinds)


def test_a_dead_vendor_does_not_slow_a_page() -> None:
    with vendor(vendors.hanging) as dead:
        dsn = dead.url.replace("http://", "plausible+http://") + "/example.com"
        tracker = Tracker(Config(destinations=[dsn], timeout_seconds=60), environ={})
        visit(tracker)
        assert max(blocked_seconds(lambda: visit(tracker)) for _ in range(50)) < 0.5
        with no_long_wait():
            tracker.flush(0.3)


def test_a_forgotten_tracker_is_freed() -> None:
    tracker = tracker_over(MemoryTransport())
    gone = weakref.ref(tracker)
    del tracker
    gc.collect()
    assert gone() is None


def test_what_waits_for_a_paused_destination_is_lost_at_the_end_and_the_log_says_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with vendor(vendors.answering(vendors.answer("402 Payment Required"))) as server:
        dsn = server.url.replace("http://", "plausible+http://") + "/example.com"
        tracker = Tracker(Config(destinations=[dsn]), environ={})
        # The vendor's first answer is a refusal, so the destination pauses.
        visit(tracker)
        [lane] = tracker._dispatcher.lanes
        assert wait_until(lambda: lane.is_paused)
        for _ in range(3):
            visit(tracker)
        assert not tracker.flush(30)
    [counters] = tracker.stats()["destinations"].values()
    assert counters["is_paused"]
    assert (counters["rejected"], counters["lost_at_exit"]) == (2, 2)
    assert "2 events were lost, since it is paused; with an outbox they would wait" in caplog.text


def test_what_is_lost_at_the_end_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with vendor(vendors.hanging) as server:
        dsn = server.url.replace("http://", "plausible+http://") + "/example.com"
        tracker = Tracker(Config(destinations=[dsn]), environ={})
        for _ in range(3):
            visit(tracker)
        assert not tracker.flush(0.2)
        name = f"plausible:example.com@{dsn.split('/')[2]}"
        assert [record.message for record in caplog.records if name in record.message] == [
            f"footfall: {name}: 3 events were not delivered in time (see shutdown_timeout_seconds)"
        ]
