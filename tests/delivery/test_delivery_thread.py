"""The thread that carries the exchanges of all lanes of a process through libcurl."""

from __future__ import annotations

import os
import socket
import threading
from functools import partial
from typing import Any

import pytest

from footfall.common.clock import monotonic
from footfall.delivery import Lane, Limits, delivery_thread
from footfall.delivery.delivery_thread import running_thread
from footfall.delivery.pace import MAX_UNANSWERED
from footfall.delivery.transport import CurlTransport
from footfall.destinations import Plausible
from footfall.model import Outcome, Response
from tests.delivery.lanes import counted, drained, event, plausible_at
from tests.support import vendors
from tests.support.faults import watched_site
from tests.support.vendors import Vendor, vendor, wait_until

pytest.importorskip("pycurl")

NAME = "footfall delivery"


def lane_to(server: Vendor, **limits: Any) -> Lane:
    destination = Plausible(domain="example.com", endpoint=server.url + "/api/event")
    return Lane(destination, CurlTransport(), Limits(**limits))


def offer(lane: Lane, number: int) -> None:
    lane.offer(*(event(each, f"2001:db8::{each:x}") for each in range(1, number + 1)))


def threads() -> set[threading.Thread]:
    return {each for each in threading.enumerate() if each.name == NAME}


def test_one_thread_serves_all_lanes() -> None:
    before = threads()
    answer = vendors.slow(0.1, vendors.answer())
    with vendor(answer) as first, vendor(answer) as second:
        lanes = [lane_to(server) for server in (first, second, first)]
        for lane in lanes:
            offer(lane, 40)
        assert len(threads() - before) == 1
        assert all(drained(lane) for lane in lanes)
        assert [counted(lane)["accepted"] for lane in lanes] == [40, 40, 40]


def test_as_many_exchanges_run_as_connections_are_allowed() -> None:
    with vendor(vendors.slow(0.2, vendors.answer())) as server:
        lane = lane_to(server, max_connections=12)
        offer(lane, 60)
        assert drained(lane)
        assert server.connections == 12


def test_a_dead_vendor_changes_nothing_for_another() -> None:
    with vendor(vendors.hanging) as dead, vendor(vendors.answering(vendors.answer())) as alive:
        lanes = [lane_to(dead), lane_to(alive)]
        for lane in lanes:
            offer(lane, 50)
        assert wait_until(lambda: lanes[1].counters().accepted == 50)
        assert lanes[0].counters().queued == 50
        lanes[0].drain(monotonic())


def test_the_thread_ends_without_work_and_the_next_event_starts_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery_thread, "IDLE_SECONDS", 0.1)
    with vendor(vendors.answering(vendors.answer())) as server:
        lane = lane_to(server)
        for _ in range(2):
            lane.offer(event())
            assert drained(lane)
            assert wait_until(lambda: running_thread() is None)
        assert server.connections == 1, "its connection stays"


def test_closing_a_lane_ends_the_thread_and_its_connections() -> None:
    with vendor(vendors.answering(vendors.answer())) as server:
        lane = lane_to(server)
        for number in (1, 2):
            lane.offer(event(number))
            assert drained(lane)
            lane.close()
            assert wait_until(lambda: running_thread() is None)
            assert server.connections == number


def test_what_hangs_while_a_lane_is_closed_takes_no_place_for_good() -> None:
    hangs = True

    def behave(connection: socket.socket, server: Vendor) -> None:
        while server.read_request(connection):
            if not hangs:
                connection.sendall(vendors.answer())

    with vendor(behave) as server:
        lane = lane_to(server)
        for number in range(2 * MAX_UNANSWERED):
            lane.offer(event(number, f"198.51.100.{number}"))
            assert wait_until(partial(has_requests, server, number + 1))
            lane.drain(monotonic())
            lane.close()
            assert wait_until(lambda: running_thread() is None)
            lane._breaker.close()
        hangs = False
        lane.offer(event())
        assert wait_until(lambda: lane.counters().accepted == 1)


def has_requests(server: Vendor, number: int) -> bool:
    return len(server.requests) >= number


class Exiting:
    """Plausible, whose `read` makes the thread exit, once."""

    name, endpoint = "exiting", ""

    def __init__(self, server: Vendor) -> None:
        plausible = Plausible(domain="example.com", endpoint=server.url + "/api/event")
        self.request, self._read = plausible.request, plausible.read
        self.has_exited = False

    def read(self, response: Response) -> Outcome:
        if not self.has_exited:
            self.has_exited = True
            raise SystemExit
        return self._read(response)


def test_what_makes_the_thread_exit_costs_its_own_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    with vendor(vendors.answering(vendors.answer())) as server:
        lane = Lane(Exiting(server), CurlTransport())
        offer(lane, 5)
        assert wait_until(lambda: lane.poll() or lane.is_empty)
        assert drained(lane)
        assert counted(lane) == {"submitted": 5, "accepted": 4, "unknown": 1}


def test_where_no_thread_can_start_the_calling_one_delivers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with vendor(vendors.answering(vendors.answer())) as server:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            lane = lane_to(server)
            offer(lane, 5)
            assert lane.counters().queued == 5
        monkeypatch.setattr(delivery_thread, "BackgroundThread", Refusing)
        assert drained(lane)
        assert counted(lane) == {"submitted": 5, "accepted": 5}


class Refusing:
    def __init__(self, *args: object, **options: object) -> None:
        raise RuntimeError("can't start new thread")


def test_a_forked_child_has_a_thread_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    found = delivery_thread.delivery_thread()
    assert delivery_thread.delivery_thread() is found
    monkeypatch.setattr(os, "getpid", lambda: found.process_id + 1)
    assert running_thread() is None
    assert delivery_thread.delivery_thread() is not found


def test_an_app_has_two_threads() -> None:
    with vendor(vendors.slow(0.05, vendors.answer())) as server:
        before = {*threading.enumerate()}
        with watched_site(plausible_at(server), transport=CurlTransport()) as site:
            site.visits(200)
            assert wait_until(lambda: site.counts().get("accepted") == 200)
            found = {each.name for each in threading.enumerate() if each not in before}
            assert {each for each in found if each.startswith("footfall")} <= {"footfall", NAME}
