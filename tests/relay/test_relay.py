"""What a relay delivers from a queue, and what it counts."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from footfall.destinations import destination_from
from footfall.relay import relay as relay_module
from tests.relay.queues import account, destination, pages, put, queue_at, relay, steps, urls
from tests.support import vendors
from tests.support.faults import watched_site
from tests.support.redis_server import BOTH_ENGINES, RedisServer, redis_server
from tests.support.vendors import Vendor, vendor, wait_until
from tests.support.waiting import LONG_SECONDS


@pytest.fixture(scope="module", params=BOTH_ENGINES)
def shared_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("engine"), command=request.param) as running:
        yield running


ACCEPTING = vendors.answering(vendors.answer())


def test_what_web_processes_put_is_delivered_once_and_counted(server: RedisServer) -> None:
    with vendor(ACCEPTING) as plausible:
        with watched_site(server.line, environ={}) as site:
            site.visits(300)
            site.tracker.flush(LONG_SECONDS)
            assert site.counts() == {"accepted": 300}
        with relay(queue_at(server), destination(plausible)) as found:
            assert steps(found)
            assert account(server) == {"accepted": 300}
        assert urls(plausible) == {str(number): 1 for number in range(300)}


def test_each_destination_gets_all_and_a_dead_one_holds_up_no_other(server: RedisServer) -> None:
    queue = queue_at(server)
    dead = f"plausible+http://127.0.0.1:{vendors.unused_port()}/example.com"
    put(queue, pages(range(500)))
    with (
        vendor(ACCEPTING) as plausible,
        relay(queue, destination(plausible), destination_from(dead), connections=4) as found,
    ):

        def has_all() -> bool:
            found.step()
            found._write_account()
            return account(server, 1) == {"accepted": 500}

        assert wait_until(has_all)
        # No more than the window is in memory.
        assert account(server, 0)["waiting"] >= 500 - 2 * 4 - 50


def test_two_relays_share_the_events(server: RedisServer) -> None:
    queue = queue_at(server)
    put(queue, pages(range(1000)), pack=10)
    with vendor(ACCEPTING) as plausible:
        to = destination(plausible)
        with relay(queue, to, connections=4) as one, relay(queue, to, connections=4) as two:
            assert wait_until(lambda: bool(one.step() and two.step() and steps(one, 0.01)))
            assert steps(two)
            assert {**urls(plausible)} == {str(number): 1 for number in range(1000)}
            assert all(
                lane.counters().accepted for each in (one, two) for lane in each.lanes.values()
            )
        assert account(server) == {"accepted": 1000}


def test_a_server_that_is_away_for_a_while_costs_nothing(server: RedisServer) -> None:
    queue = queue_at(server)
    put(queue, pages(range(100)))
    with vendor(ACCEPTING) as plausible, relay(queue, destination(plausible)) as found:
        server.client.config_set("requirepass", "secret")
        server.client.client_kill_filter(skipme=True)
        try:
            assert found.step() == relay_module.RETRY_SECONDS
        finally:
            server.client.execute_command("AUTH", "secret")
            server.client.config_set("requirepass", "")
        assert steps(found)
        assert account(server) == {"accepted": 100}


def test_a_relay_that_stops_returns_what_it_could_not_send(server: RedisServer) -> None:
    queue = queue_at(server)
    put(queue, pages(range(100)))
    port = vendors.unused_port()
    to = destination_from(f"plausible+http://127.0.0.1:{port}/example.com")
    with relay(queue, to, connections=2) as found:
        assert wait_until(lambda: found.step() and found.lanes[to.name].is_paused)
        assert found.close(1.0)
        assert account(server) == {"waiting": 100}
    with vendor(ACCEPTING, port=port) as plausible, relay(queue, to) as other:
        assert steps(other)
        assert urls(plausible) == {str(number): 1 for number in range(100)}
    assert account(server) == {"accepted": 100}


def test_a_relay_that_stops_waits_for_the_answers_to_what_it_has_sent(server: RedisServer) -> None:
    queue = queue_at(server)
    put(queue, pages(range(300)))
    with vendor(vendors.slow(0.05, vendors.answer())) as plausible:
        with relay(queue, destination(plausible)) as found:
            assert wait_until(lambda: found.step() and len(plausible.requests) > 20)
            assert found.close(30.0)
        counts = account(server)
        assert counts == {"accepted": len(plausible.requests), "waiting": 300 - counts["accepted"]}
        assert {*urls(plausible).values()} == {1}


def test_a_relay_that_stops_waits_for_an_answer_of_a_vendor_that_fails(
    server: RedisServer,
) -> None:
    def behave(connection: socket.socket, plausible: Vendor) -> None:
        while request := plausible.read_request(connection):
            is_first = request is plausible.requests[0]
            plausible.is_closing.wait(0.3 if is_first else 0.0)
            connection.sendall(vendors.answer("202 Accepted" if is_first else "503 Not now"))

    queue = queue_at(server)
    put(queue, pages(range(100)))
    with vendor(behave) as plausible, relay(queue, destination(plausible)) as found:
        [lane] = found.lanes.values()
        assert wait_until(lambda: found.step() and lane.is_paused)
        assert found.close(30.0)
        assert account(server) == {"accepted": 1, "waiting": 99}


def test_a_relay_that_stops_without_an_answer_says_what_that_means(
    server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    queue = queue_at(server)
    put(queue, pages(range(10)))
    with (
        vendor(vendors.hanging) as plausible,
        relay(queue, destination(plausible), connections=2) as found,
    ):
        assert wait_until(lambda: found.step() and len(plausible.requests) == 2)
        assert not found.close(0.0)
    assert "2 events had no answer when the relay stopped" in caplog.text
    assert account(server) == {"lost": 2, "waiting": 8}


def test_a_relay_that_stops_while_the_queue_is_away_sends_what_it_has_taken(
    tmp_path: Path,
) -> None:
    with (
        redis_server(tmp_path) as server,
        vendor(vendors.slow(0.01, vendors.answer())) as plausible,
    ):
        put(queue_at(server), pages(range(100)))
        with relay(queue_at(server), destination(plausible), connections=2) as found:
            found.step()
            [lane] = found.lanes.values()
            taken = lane.counters().taken
            server.kill()
            assert found.close(10.0)
            assert lane.counters().accepted == taken == len(urls(plausible))


def test_each_destination_has_the_promise_that_fits_it(server: RedisServer) -> None:
    queue = queue_at(server)
    put(queue, pages(range(10)))
    with vendor(vendors.hanging) as hanging:
        to = (
            destination(hanging),
            destination_from(f"posthog+http://phc_key@127.0.0.1:{hanging.port}"),
        )
        with relay(queue, *to) as found:
            found.step()
            found._write_account()
            assert account(server, 0) == {"in_flight": 10}
            assert account(server, 1) == {"pending": 10}
        for mode in ("at_least_once", "at_most_once"):
            with relay(queue, *to, mode=mode) as found:
                assert {*found.modes.values()} == {mode}


def test_at_least_once_an_entry_is_acknowledged_when_its_events_have_ended(
    server: RedisServer,
) -> None:
    queue = queue_at(server)
    put(queue, pages(range(100)), pack=10)
    with vendor(ACCEPTING) as plausible:
        with relay(queue, destination(plausible), mode="at_least_once") as found:
            assert steps(found)
            assert account(server) == {"accepted": 100}
        assert {*urls(plausible).values()} == {1}
    assert account(server) == {"accepted": 100}


def test_at_least_once_a_relay_that_stops_returns_what_it_could_not_send(
    server: RedisServer,
) -> None:
    queue = queue_at(server)
    put(queue, pages(range(100)))
    port = vendors.unused_port()
    to = destination_from(f"plausible+http://127.0.0.1:{port}/example.com")
    with relay(queue, to, connections=2, mode="at_least_once") as found:
        assert wait_until(lambda: found.step() and found.lanes[to.name].is_paused)
        assert found.close(1.0)
        assert account(server) == {"waiting": 100}
    with vendor(ACCEPTING, port=port) as plausible, relay(queue, to, mode="at_least_once") as other:
        assert steps(other)
        assert urls(plausible) == {str(number): 1 for number in range(100)}
    assert account(server) == {"accepted": 100}
