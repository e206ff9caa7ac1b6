"""Faults that a lane has to bear, by their number in tests/FAULTS.md: the app never notices.

Tests set the clocks; vendors, threads and limits of the system are real.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from footfall.delivery.limits import DEFAULTS
from footfall.errors import Ambiguous, EventError, NotSent, TimedOut
from footfall.model import Hit, Request, Response
from tests.delivery.lanes import DEAD, ManualLane, plausible_at
from tests.support import vendors
from tests.support.faults import Scripted, watched_site
from tests.support.vendors import vendor, wait_until

TRIES: dict[str, tuple[Response | Exception, int]] = {
    "9-502": (Response(status=502), 2),
    "9-503": (Response(status=503), 4),
    "9-504": (Response(status=504), 1),
    "1-refused": (NotSent("refused"), 4),
    "8-500": (Response(status=500), 1),
    "2-no answer": (TimedOut("no answer"), 1),
    "16-cut short": (Ambiguous("cut short"), 1),
    "13-400": (Response(status=400), 1),
}


@pytest.mark.parametrize(("response", "tries"), TRIES.values(), ids=TRIES.keys())
def test_an_event_is_tried_as_often_as_its_fault_allows(response: Any, tries: int) -> None:
    manual = ManualLane(Scripted(*[response] * 10))
    manual.offer()
    tried = 0
    for _ in range(10):
        tried += manual.deliver()
        manual.clocks.advance(5.0)
    assert tried == tries
    assert manual.lane.counters().retried == tries - 1
    assert manual.lane.counters().queued == 0


def test_11_retry_after_holds_back_the_next_event_too() -> None:
    manual = ManualLane(Scripted(Response(status=503, headers={"retry-after": "30"})))
    manual.offer(2)
    assert manual.deliver() == 1
    manual.clocks.advance(29.0)
    assert manual.deliver() == 0
    manual.clocks.advance(2.0)
    assert manual.deliver() == 2


def test_11_an_event_waits_for_its_retry_after_although_another_was_accepted() -> None:
    busy = Response(status=503, headers={"retry-after": "30"})
    manual = ManualLane(Scripted(busy, Response(status=202)))
    manual.offer(2)
    manual.send(*manual.take(2))
    assert manual.lane.breaker_state == "closed"
    manual.clocks.advance(29.0)
    assert manual.deliver() == 0
    manual.clocks.advance(2.0)
    assert manual.deliver() == 1


def test_12_several_threads_that_meet_one_fault_pause_the_vendor_once() -> None:
    manual = ManualLane(Scripted(*[Response(status=402)] * 8))
    manual.offer(8)
    manual.send(*manual.take(8))
    assert manual.lane._breaker.open_until == manual.clocks.now + 60.0


def test_26_one_dead_vendor_changes_nothing_for_the_other() -> None:
    with vendor(vendors.hanging) as dead, vendor(vendors.answering(vendors.answer())) as alive:
        sites = [plausible_at(server) for server in (dead, alive)]
        # An event that waited for the dead vendor would wait for this long.
        with watched_site(*sites, timeout_seconds=60.0) as site:
            site.visits(200)
            assert wait_until(lambda: site.counts(1) == {"accepted": 200}, 30)
            assert "accepted" not in site.counts(0)


def test_27_a_burst_grows_the_pool_and_every_event_is_counted() -> None:
    with vendor(vendors.slow(0.05, vendors.answer())) as server:
        dsn = plausible_at(server)
        with watched_site(dsn, max_queue=5_000, max_age_seconds=3, max_connections=8) as site:
            started = time.monotonic()
            while time.monotonic() - started < 1.0:
                site.visits(100)
            site.visits(max(0, 10_000 - site.tracker.stats()["captured"]))
            captured = site.tracker.stats()["captured"]
            site.tracker.process_all()
            assert wait_until(lambda: site.counts().get("queued", 0) == 0)
            seconds = time.monotonic() - started
            counts = site.counts()
            stats = site.tracker.stats()
            assert sum(counts.values()) + stats["dropped_full"] == captured >= 10_000
            assert server.connections == 8
            # Eight connections, 50 ms for each.
            assert 40 <= counts["accepted"] <= 8 * (seconds / 0.05 + 1)
            assert counts["expired"] + counts.get("dropped_full", 0) > 0
            assert counts["accepted"] <= len(server.requests) <= counts["accepted"] + 8


def test_28_a_full_queue_drops_the_oldest_and_logs_it_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gone = threading.Event()

    class Stuck:
        def send(self, request: Request) -> Response:
            gone.wait(20)
            return Response(status=202)

    with watched_site(DEAD, transport=Stuck(), max_queue=100, max_connections=1) as site:
        for _ in range(20):
            site.visits(50)
            site.tracker.process_all()
        assert site.counts() == {"queued": 100, "dropped_full": 900}
        assert len([r for r in caplog.records if "queue is full" in r.message]) == 1
        gone.set()


def test_29_an_hour_of_outage_costs_no_memory_and_ends_when_the_vendor_is_back() -> None:
    manual = ManualLane(Scripted(), max_events=500)
    is_down = True

    class Fickle:
        def send(self, request: Request) -> Response:
            if is_down:
                raise NotSent("refused")
            return Response(status=202)

    manual.lane._transport = Fickle()
    tries, sizes = 0, []
    tracemalloc.start()
    for second in range(3600):
        manual.offer(5)
        tries += manual.deliver()
        manual.clocks.advance(1.0)
        if second in (600, 3599):
            sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert sizes[1] < sizes[0] * 1.5 + 100_000
    # Five, and then one in thirty seconds.
    assert tries < 200
    assert manual.ends()["queued"] <= 500
    is_down = False
    manual.clocks.advance(31.0)
    assert manual.deliver() > 100
    assert manual.lane.breaker_state == "closed"
    manual.offer()
    assert manual.deliver() == 1


def test_29_what_cannot_be_sent_yet_waits_in_the_inbox(caplog: pytest.LogCaptureFixture) -> None:
    with (
        vendor(vendors.hanging) as server,
        watched_site(
            f"plausible+{server.url}/example.com", max_queue=2000, timeout_seconds=30
        ) as site,
    ):

        def submitted() -> int:
            [account] = site.tracker.stats()["destinations"].values()
            return int(account["submitted"])

        site.visits(1000)
        assert wait_until(lambda: submitted() >= DEFAULTS.busy_events)
        site.visits(2000)
        stats = site.tracker.stats()
        assert submitted() < 1000
        assert stats["waiting"] == 2000
        assert stats["captured"] == 3000
        decided = sum(stats["reasons"].values())
        assert decided + stats["waiting"] + stats["dropped_full"] == 3000
        assert wait_until(lambda: "come faster than events can be sent" in caplog.text)


def test_34_flushing_may_be_repeated_and_by_any_thread() -> None:
    with watched_site(DEAD, transport=Scripted()) as site:
        site.visits(20)
        flushed = []
        threads = [
            threading.Thread(target=lambda: flushed.append(site.tracker.flush(5))) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert flushed == [True] * 8
        assert site.counts() == {"accepted": 20}
        site.visits(5)
        assert site.tracker.flush(30)
        assert site.tracker.flush(30)
        assert site.counts() == {"accepted": 25}


def test_48_an_event_for_which_there_was_no_thread_is_sent_when_there_is_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = threading.Thread.start
    refused: list[threading.Thread] = []

    def refuse(thread: threading.Thread) -> None:
        if thread.name.startswith("footfall plausible") and len(refused) < 3:
            refused.append(thread)
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with watched_site(DEAD, transport=Scripted()) as site:
        site.visit()
        # There is no other request, and no flush.
        assert wait_until(lambda: site.counts() == {"accepted": 1})
    assert len(refused) == 3


def test_48_a_request_for_which_there_was_no_thread_is_counted_when_there_is_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = threading.Thread.start
    refused: list[threading.Thread] = []

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "footfall" and not refused:
            refused.append(thread)
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with watched_site(DEAD, errors=1, transport=Scripted()) as site:
        # Not through the middleware, which would catch a fault in footfall.
        where = {"ip": "198.51.100.7", "ua": "x"}
        site.tracker.track("Signup", url="https://example.com/", visitor=where)
        assert (len(refused), site.counts()) == (1, {})
        time.sleep(1.1)  # for so long no new thread is tried
        site.visit()
        assert wait_until(lambda: site.counts() == {"accepted": 2})


LIMITED = """
import resource, socket, sys, time
from tests.support.faults import watched_site

with watched_site(sys.argv[1], transport=sys.argv[2]) as site:
    site.visit()  # opens what is opened once
    assert site.tracker.flush(30)
    site.tracker.transport.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    taken = []
    try:
        while True:
            taken.append(socket.socket())
    except OSError:
        pass
    site.visits(3)
    deadline = time.monotonic() + 1.0
    while time.monotonic() < deadline and not site.counts().get("queued"):
        time.sleep(0.01)
    print("during", site.counts(), flush=True)
    for each in taken:
        each.close()
    deadline = time.monotonic() + 15.0
    while time.monotonic() < deadline and site.counts().get("accepted") != 4:
        time.sleep(0.01)
    print("after", site.counts(), flush=True)
"""


@pytest.mark.parametrize("transport", ["curl", "httpx"], ids="49-{}".format)
def test_without_file_descriptors_events_wait_and_leave_when_there_are_some(
    transport: str,
) -> None:
    with vendor(vendors.answering(vendors.answer())) as server:
        dsn = plausible_at(server)
        done = subprocess.run(
            [sys.executable, "-c", LIMITED, dsn, transport],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert "after {'accepted': 4}" in done.stdout, done.stdout + done.stderr
    assert "'queued': " in done.stdout.splitlines()[0]


class Odd:
    def __str__(self) -> str:
        raise ZeroDivisionError("oops")


def recursive() -> list[Any]:
    endless: list[Any] = []
    endless.append(endless)
    return endless


ODD_PROPS: dict[str, Callable[[], Any]] = {
    "51-an object": object,
    "51-one without a text": Odd,
    "51-no number": lambda: float("nan"),
    "51-endless": lambda: Decimal("Infinity"),
    "51-recursive": recursive,
    "51-100 MB": lambda: "x" * 100_000_000,
    "51-a lone surrogate": lambda: "\ud800",
}


@pytest.mark.parametrize("make", ODD_PROPS.values(), ids=ODD_PROPS.keys())
@pytest.mark.parametrize("keeps", [False, True], ids=["in memory", "in an outbox"])
def test_an_odd_prop_harms_no_other_event(
    make: Callable[[], Any], keeps: bool, tmp_path: Any
) -> None:
    outbox: dict[str, Any] = {"outbox": str(tmp_path / "outbox.db")} if keeps else {}
    transport = Scripted()
    with watched_site(DEAD, transport=transport, **outbox) as site:
        site.visits(10)
        where = {"url": "https://example.com/", "visitor": {"ip": "198.51.100.7", "ua": "x"}}
        try:
            site.tracker.track("Odd", props={"odd": make(), "even": 2}, **where)  # type: ignore[arg-type]
            number = 21
        except EventError:  # as under pytest it says at once what no vendor takes
            number = 20
        site.visits(10)
        site.tracker.process_all()
        ends = {"accepted", "failed"}
        assert wait_until(lambda: sum(site.counts().get(end, 0) for end in ends) == number)
        assert site.counts()["accepted"] >= 20
    # An event that is too large is not written into the outbox either.
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 10_000_000
    assert all(len(request.body) < 10_000 for request in transport.requests)
    assert all(request.body.decode() for request in transport.requests)


def raises(*_: Any) -> Any:
    raise ZeroDivisionError("oops")


HOOKS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "57-raises": ({"should_track": raises}, set()),
    "57-raises late": ({"before_send": raises}, set()),
    "57-returns junk": ({"before_send": lambda event: 17}, set()),
    "57-answers junk": ({"should_track": lambda hit: "perhaps"}, {"accepted"}),
}


@pytest.mark.parametrize(("options", "ends"), HOOKS.values(), ids=HOOKS.keys())
def test_a_hook_that_fails_costs_its_event_and_no_more(
    options: dict[str, Any], ends: set[str]
) -> None:
    errors = 0 if ends else 20
    with watched_site(DEAD, errors=errors, transport=Scripted(), **options) as site:
        site.visits(20)
        site.tracker.process_all()
        assert wait_until(lambda: set(site.counts()) == ends)


def test_57_a_hook_that_hangs_slows_no_visit() -> None:
    def hangs_once(hit: Hit) -> bool:
        if hit.path == "/10":
            gate.wait(10)
        return True

    gate = threading.Event()
    with watched_site(DEAD, transport=Scripted(), should_track=hangs_once) as site:
        site.visits(10)
        assert wait_until(lambda: site.counts().get("accepted") == 10)
        site.visits(20)
        gate.set()
        assert wait_until(lambda: site.counts().get("accepted") == 30)


FROZEN = """
import os, signal, sys
from footfall.tracker import Tracker

options = {"destinations": [sys.argv[1]], "max_age_seconds": 1.0, "track_localhost": True}
tracker = Tracker.from_options(options, environ={})
tracker._inbox.awake_until = float("inf")  # frozen before the thread had a chance
tracker.track("Bye", url="https://example.com/", visitor={"ip": "198.51.100.7", "ua": "x"})
os.kill(os.getpid(), signal.SIGSTOP)
tracker.flush()
account = [*tracker.stats()["destinations"].values()][0]
print({name: count for name, count in account.items() if count})
"""


def test_72_a_process_that_was_stopped_sends_nothing_stale() -> None:
    with vendor(vendors.answering(vendors.answer())) as server:
        dsn = plausible_at(server)
        child = subprocess.Popen(
            [sys.executable, "-c", FROZEN, dsn], stdout=subprocess.PIPE, text=True
        )
        with child:
            stat = Path(f"/proc/{child.pid}/stat")
            try:
                assert wait_until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T")
                time.sleep(1.5)  # the freeze
                child.send_signal(signal.SIGCONT)
                output, _ = child.communicate(timeout=20)
            finally:
                child.kill()
        assert "'expired': 1" in output
        assert server.requests == []
