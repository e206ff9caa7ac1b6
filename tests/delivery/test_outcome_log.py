"""What the log says of a vendor, and how often."""

from __future__ import annotations

import itertools
import logging

import pytest

from footfall.common.log import ThrottledLog
from footfall.delivery import Lane, Limits
from footfall.destinations import Swetrix
from footfall.errors import NotSent
from footfall.model import Response
from tests.delivery.lanes import PLAUSIBLE, ManualLane, counted, drained, event
from tests.support.faults import Scripted

DROPPED = Response(status=202, headers={"x-plausible-dropped": "1"}, body=b"ok")
NO_URL = Response(status=400, body=b'{"errors":{"url":["is required"]}}')


def test_each_cause_of_a_drop_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    accepted = Response(status=202, body=b"ok")
    transport = Scripted(DROPPED, DROPPED, accepted, DROPPED, DROPPED, NO_URL, NO_URL)
    # Two minutes pass between any two readings of the clock.
    log = ThrottledLog(clock=itertools.count(step=120.0).__next__)
    lane = Lane(PLAUSIBLE, transport, Limits(), log=log)
    for _ in range(7):
        lane.offer(event())
        drained(lane)
    assert counted(lane) == {"submitted": 7, "accepted": 1, "dropped_by_vendor": 4, "rejected": 2}
    lines = [record.message for record in caplog.records if "127.0.0.1:9" in record.message]
    causes = ("knows no site", "a shield", "is required")
    assert [cause in line for cause, line in zip(causes, lines, strict=True)] == [True] * 3
    assert "198.51.100" not in caplog.text


def test_an_expected_rejection_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    project = Swetrix(pid="aUn1quEid123", unique=True)
    transport = Scripted(Response(status=403, body=b'{"message":"not unique"}'))
    lane = Lane(project, transport, Limits())
    lane.offer(event())
    drained(lane)
    assert counted(lane) == {"submitted": 1, "rejected": 1}
    assert "aUn1quEid123" not in caplog.text


def test_one_line_says_that_a_vendor_is_paused_and_one_that_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    manual = ManualLane(Scripted(*[NotSent("refused")] * 12))
    with caplog.at_level(logging.INFO, logger="footfall"):
        # Long enough for a line to be repeated, which is allowed once a minute.
        for _ in range(12):
            manual.offer(5)
            manual.deliver()
            manual.clocks.advance(61.0)
    assert manual.lane.breaker_state == "closed"
    for text in ("paused after", "answers again"):
        assert len([r for r in caplog.records if text in r.message]) == 1, caplog.text
