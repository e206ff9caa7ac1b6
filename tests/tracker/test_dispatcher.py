"""The dispatcher gives each event to the lanes that take it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from footfall.common.log import ThrottledLog
from footfall.config import Config
from footfall.delivery import Limits
from footfall.destinations import Only, Plausible, Queue, Swetrix
from footfall.events.hit_report import HitReport
from footfall.model import ENGAGEMENT, HEARTBEAT, Engagement, Event, Visitor
from footfall.testing import MemoryTransport, capture
from footfall.tracker.dispatcher import Dispatcher

VISITOR = Visitor(client_ip="203.0.113.9", user_agent="Mozilla/5.0")
PLAUSIBLE = Plausible(domain="example.com")
SWETRIX = Swetrix(pid="aUn1quEid-33", heartbeats=True)
COLLECTOR = "collector://127.0.0.1:9/example.com"


def dispatcher_to(*destinations: Any, keeps_unsent: bool = False, **options: Any) -> Dispatcher:
    config = Config(destinations=list(destinations), **options)
    return Dispatcher(
        config, MemoryTransport(), Limits(), ThrottledLog(), keeps_unsent=keeps_unsent
    )


def event(name: str = "pageview", host: str = "example.com") -> Event:
    return Event(name=name, url=f"https://{host}/", visitor=VISITOR, time=9e9)


def names(dispatcher: Dispatcher, sent: Event) -> list[str]:
    return [lane.destination.name for lane in dispatcher.lanes_for(sent)]


def submitted(dispatcher: Dispatcher) -> list[int]:
    return [each["submitted"] for each in dispatcher.stats().values()]


def test_each_event_goes_to_every_lane_that_takes_it() -> None:
    some = Only(to=PLAUSIBLE, hosts=["example.org"])
    dispatcher = dispatcher_to(some, SWETRIX)
    assert names(dispatcher, event()) == [SWETRIX.name]
    assert names(dispatcher, event(host="example.org")) == [some.name, SWETRIX.name]
    items = dispatcher.offer([event(), event(host="example.org")], [])
    assert len(items) == 3
    assert submitted(dispatcher) == [1, 2]


def test_heartbeats_go_to_the_lanes_that_want_them() -> None:
    dispatcher = dispatcher_to(PLAUSIBLE, SWETRIX)
    assert [lane.destination for lane in dispatcher.heartbeat_lanes] == [SWETRIX]
    assert dispatcher.wants_heartbeats_after(event())
    dispatcher.offer([event(HEARTBEAT)], [])
    assert submitted(dispatcher) == [0, 1]


def test_an_engagement_goes_to_the_lanes_that_take_it() -> None:
    pages = Only(to=PLAUSIBLE, events=["pageview"])
    bots = Only(to=Plausible(domain="bots.example"), events=["Bot Visit"])
    queue = Queue(put=print)
    dispatcher = dispatcher_to(
        pages, bots, SWETRIX, queue, replace(queue, engagement=True, label="b")
    )
    viewed = replace(event(ENGAGEMENT), engagement=Engagement(3000, 50))
    assert [lane.destination.name for lane in dispatcher.lanes_for(viewed)] == [
        pages.name,
        "queue:b",
    ]
    assert not dispatcher.wants_heartbeats_after(viewed)


def test_reports_go_to_the_lanes_that_want_them_and_events_to_the_others() -> None:
    dispatcher = dispatcher_to(PLAUSIBLE, COLLECTOR)
    [report_lane] = dispatcher.report_lanes
    report = HitReport(event=event(), is_tracked=False, reason="bot")
    assert [lane for lane, _ in dispatcher.offer([], [report])] == [report_lane]
    assert submitted(dispatcher) == [0, 1]


def test_in_test_mode_events_are_captured_and_not_sent() -> None:
    dispatcher = dispatcher_to(PLAUSIBLE)
    with capture() as outbox:
        assert dispatcher.offer([event()], []) == []
        assert [each.url for each in outbox] == ["https://example.com/"]
    assert submitted(dispatcher) == [0]


@pytest.mark.parametrize("keeps_unsent", [True, False])
def test_with_an_outbox_events_go_there_unless_nothing_may_be_kept(
    tmp_path: Any, keeps_unsent: bool
) -> None:
    path = tmp_path / "outbox.db"
    dispatcher = dispatcher_to(PLAUSIBLE, outbox=str(path), keeps_unsent=keeps_unsent)
    assert (dispatcher.outbox is not None) is keeps_unsent
    items = dispatcher.offer([event()], [])
    assert (items == []) is keeps_unsent
    assert dispatcher.has_capacity
    dispatcher.close()


def test_after_a_fork_nothing_waits() -> None:
    dispatcher = dispatcher_to(PLAUSIBLE)
    dispatcher.offer([event()], [])
    dispatcher.reset_after_fork()
    assert submitted(dispatcher) == [0]
