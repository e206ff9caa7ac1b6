"""The order of a visitor's events."""

from __future__ import annotations

import threading
import time
from collections import defaultdict

from footfall.delivery import Item
from footfall.delivery.visitor_order import VisitorOrder
from footfall.model import Request, Response
from tests.delivery.lanes import drained, event, lane_over


def test_the_events_of_one_visitor_are_sent_in_order_and_never_two_at_a_time() -> None:
    order: dict[str, list[int]] = defaultdict(list)
    in_flight: defaultdict[str, int] = defaultdict(int)
    overlaps: list[str] = []
    lock = threading.Lock()

    class Checking:
        def send(self, request: Request) -> Response:
            visitor = request.headers["x-forwarded-for"]
            with lock:
                in_flight[visitor] += 1
                if in_flight[visitor] > 1:
                    overlaps.append(visitor)
            time.sleep(0.002)
            with lock:
                number = int(request.body.decode().split("example.com/")[1].split('"')[0])
                order[visitor].append(number)
                in_flight[visitor] -= 1
            return Response(status=202)

    lane = lane_over(Checking())
    for number in range(600):
        lane.offer(event(number, visitor=f"198.51.100.{number % 5}"))
        time.sleep(0.0005)
    assert drained(lane, 20)
    assert overlaps == []
    assert len(order) == 5
    assert all(numbers == sorted(numbers) for numbers in order.values())


def order_of(*items: Item) -> VisitorOrder:
    order = VisitorOrder()
    for item in items:
        order.add(item)
    return order


def item_of(visitor: str) -> Item:
    return Item.of(event(visitor=f"198.51.100.{visitor}"), 0.0)


def test_an_event_is_parked_until_the_one_before_it_of_its_visitor_is_released() -> None:
    first, second, other = item_of("1"), item_of("1"), item_of("2")
    order = order_of(first, second, other)
    assert [order.pop(0.0) for _ in range(3)] == [first, other, None]
    assert order.backlog == 0
    order.release(first)
    assert (order.backlog, order.pop(0.0)) == (1, second)


def test_a_retry_holds_its_visitor_and_is_sent_first_when_it_is_due() -> None:
    first, second, other = item_of("1"), item_of("1"), item_of("2")
    order = order_of(first, second, other)
    assert order.pop(0.0) is first
    order.add_retry(first, 5.0)
    assert (order.retries, order.next_retry_at()) == (1, 5.0)
    assert [order.pop(4.9), order.pop(4.9), order.pop(5.0)] == [other, None, first]
    order.add_retry(first, 9.0)
    order.expedite()
    assert order.pop(6.0) is first


def test_the_item_to_drop_is_the_oldest_that_does_not_hold_its_visitor() -> None:
    first, parked, queued = item_of("1"), item_of("1"), item_of("2")
    order = order_of(first, parked, queued)
    assert [order.pop(0.0), order.pop(0.0)] == [first, queued]
    assert order.pop_oldest() is parked
    assert order.pop_oldest() is None


def test_clearing_takes_everything_and_keeps_the_visitors_in_flight_held() -> None:
    in_flight, parked, waiting = item_of("1"), item_of("1"), item_of("2")
    order = order_of(in_flight, parked, waiting)
    assert [order.pop(0.0), order.pop(0.0)] == [in_flight, waiting]
    order.add_retry(waiting, 9.0)
    assert {*order.clear([in_flight])} == {parked, waiting}
    order.add(item_of("1"))
    assert order.pop(0.0) is None
