"""Faults that a lane has to bear, by their number in the catalogue: the app never notices.

Clocks are told what time it is; vendors, threads and limits of the system are real.
"""

from __future__ import annotations

import logging
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

from footfall.common import clock
from footfall.common.clock import monotonic
from footfall.common.log import ThrottledLog
from footfall.delivery import Counters, Lane, Limits
from footfall.delivery.counters import ENDS
from footfall.delivery.limits import DEFAULTS
from footfall.destinations import Plausible
from footfall.errors import Ambiguous, NotSent, TimedOut
from footfall.model import Event, Hit, Request, Response, Visitor
from tests.support import vendors
from tests.support.faults import Scripted, watched_site
from tests.support.vendors import Vendor, vendor, wait_until

PLAUSIBLE = Plausible(domain="example.com", endpoint="http://127.0.0.1:9/api/event")
DEAD = "plausible+http://127.0.0.1:9/example.com"


def plausible_at(server: Vendor) -> str:
    return server.url.replace("http", "plausible+http") + "/a.example"


class Clocks:
    """What time it is: since the start of the machine, and by the calendar."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.wall = 1_700_000_000.0

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
        self.wall += seconds


class Bench:
    """A lane without threads: the test delivers, one event at a time."""

    def __init__(self, transport: Any, **limits: Any) -> None:
        self.clocks = Clocks()
        self.log = ThrottledLog(clock=lambda: self.clocks.now)
        self.lane = Lane(
            PLAUSIBLE,
            transport,
            Limits(**limits),
            log=self.log,
            clock=lambda: self.clocks.now,
            wall_clock=lambda: self.clocks.wall,
            jitter=lambda low, high: high,
        )
        self.lane._start_thread = lambda token: None  # type: ignore[method-assign]
        self._number = 0

    def offer(self, number: int = 1) -> None:
        for _ in range(number):
            self._number += 1
            visitor = Visitor(client_ip=f"198.51.100.{self._number}", user_agent="Mozilla/5.0")
            url = f"https://example.com/{self._number}"
            self.lane.offer(Event(url=url, visitor=visitor, time=self.clocks.wall))

    def deliver(self) -> int:
        """Send all that may go out now. How many tries that were."""
        tries = 0
        while (item := self.lane._take(0.0)) is not None:
            self.lane._finish(item, self.lane._attempt(item))
            tries += 1
        return tries

    def ends(self) -> dict[str, int]:
        counts = self.lane.counters()
        assert counts.in_balance, counts
        return {name: getattr(counts, name) for name in ENDS if getattr(counts, name)}


# -- what is tried again, and when -------------------------------------------------------------

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


@pytest.mark.parametrize(("answer", "tries"), TRIES.values(), ids=TRIES.keys())
def test_an_event_is_tried_as_often_as_it_deserves(answer: Any, tries: int) -> None:
    bench = Bench(Scripted(*[answer] * 10))
    bench.offer()
    tried = 0
    for _ in range(10):
        tried += bench.deliver()
        bench.clocks.pass_by(5.0)
    assert tried == tries
    assert bench.lane.counters().retried == tries - 1
    assert bench.lane.counters().queued == 0


OPENERS: dict[str, tuple[list[Response | Exception], int]] = {
    "five refusals": ([NotSent("refused")] * 9, 5),
    "five errors": ([Response(status=500)] * 9, 5),
    "three that never answer": ([TimedOut("late")] * 9, 3),
    "an answer between": ([TimedOut("late"), Response(status=202)] * 9, 9),
    "10-429": ([Response(status=429)], 1),
    "11-503 with a wish": ([Response(status=503, headers={"retry-after": "3"})], 1),
    "12-402": ([Response(status=402)], 1),
    "one visitor's 403 among others": ([Response(status=202), *[Response(status=403)] * 2] * 3, 9),
    "three 403 in a row": ([Response(status=400), *[Response(status=403)] * 8], 4),
}


@pytest.mark.parametrize(("answers", "tries"), OPENERS.values(), ids=OPENERS.keys())
def test_a_vendor_is_left_alone_after(answers: list[Any], tries: int) -> None:
    bench = Bench(Scripted(*answers))
    bench.offer(9)
    assert bench.deliver() == tries
    assert bench.lane.breaker_state == ("closed" if tries == 9 else "open")


def test_11_a_wish_holds_back_the_next_event_too() -> None:
    bench = Bench(Scripted(Response(status=503, headers={"retry-after": "30"})))
    bench.offer(2)
    assert bench.deliver() == 1
    bench.clocks.pass_by(29.0)
    assert bench.deliver() == 0
    bench.clocks.pass_by(2.0)
    assert bench.deliver() == 2


def test_11_an_event_waits_as_long_as_wished_although_another_was_accepted() -> None:
    wish = Response(status=503, headers={"retry-after": "30"})
    bench = Bench(Scripted(wish, Response(status=202)))
    bench.offer(2)
    items = [bench.lane._take(0.0) for _ in range(2)]
    for item in items:
        assert item is not None
        bench.lane._finish(item, bench.lane._attempt(item))
    assert bench.lane.breaker_state == "closed"
    bench.clocks.pass_by(29.0)
    assert bench.deliver() == 0
    bench.clocks.pass_by(2.0)
    assert bench.deliver() == 1


def test_12_several_threads_that_meet_one_fault_pause_the_vendor_once() -> None:
    bench = Bench(Scripted(*[Response(status=402)] * 8))
    bench.offer(8)
    items = [bench.lane._take(0.0) for _ in range(8)]
    for item in items:
        assert item is not None
        bench.lane._finish(item, bench.lane._attempt(item))
    assert bench.lane._breaker.open_until == bench.clocks.now + 60.0


def test_what_waits_for_another_try_is_a_tenth_of_the_queue_at_most() -> None:
    # Each second one is accepted, so that the breaker stays closed.
    bench = Bench(Scripted(*[Response(status=503), Response(status=202)] * 20), max_events=50)
    bench.offer(40)
    bench.deliver()
    assert bench.ends() == {"accepted": 20, "failed": 15, "queued": 5}


def test_the_log_tells_once_that_a_vendor_is_left_alone_and_once_that_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench(Scripted(*[NotSent("refused")] * 12))
    with caplog.at_level(logging.INFO, logger="footfall"):
        # Long enough for the log to say again what it may say once a minute.
        for _ in range(12):
            bench.offer(5)
            bench.deliver()
            bench.clocks.pass_by(61.0)
    assert bench.lane.breaker_state == "closed"
    for said in ("left alone", "answers again"):
        assert len([r for r in caplog.records if said in r.message]) == 1, caplog.text


def test_a_thread_stays_while_something_waits_for_its_next_try() -> None:
    limits = Limits()
    lane = Lane(PLAUSIBLE, Scripted(Response(status=429)), limits, jitter=lambda low, high: high)
    patience = lane._take
    lane._take = lambda _, token=None: patience(0.05, token)  # type: ignore[method-assign,assignment]
    lane.offer(Event(url="https://example.com/", visitor=Visitor(), time=time.time()))
    assert wait_until(lambda: lane.counters().accepted == 1, 8)


# -- 26 to 29: a vendor in trouble -------------------------------------------------------------


def test_26_one_dead_vendor_changes_nothing_for_the_other() -> None:
    with vendor(vendors.hanging) as dead, vendor(vendors.answering(vendors.answer())) as alive:
        sites = [plausible_at(server) for server in (dead, alive)]
        # Whoever had to wait for the dead one would have to do so for this long.
        with watched_site(*sites, timeout_seconds=60.0) as site:
            site.visits(200)
            assert wait_until(lambda: site.counts(1) == {"accepted": 200}, 30)
            assert "accepted" not in site.counts(0)


def test_27_a_burst_grows_the_pool_and_the_account_closes_to_the_event() -> None:
    with vendor(vendors.slow(0.05, vendors.answer())) as server:
        dsn = plausible_at(server)
        with watched_site(dsn, max_queue=5_000, max_age_seconds=3) as site:
            started = time.monotonic()
            while time.monotonic() - started < 1.0:
                site.visits(100)
            site.visits(max(0, 10_000 - site.tracker.stats()["captured"]))
            told = site.tracker.stats()["captured"]
            site.tracker.settle()
            assert wait_until(lambda: site.counts().get("queued", 0) == 0, 15)
            counts = site.counts()
            stats = site.tracker.stats()
            assert sum(counts.values()) + stats["dropped_full"] == told >= 10_000
            assert server.connections == 8
            # Eight connections, three seconds, 50 ms each: 480 at best.
            assert 40 <= counts["accepted"] <= 700
            assert counts["expired"] + counts.get("dropped_full", 0) > 0
            assert counts["accepted"] <= len(server.requests) <= counts["accepted"] + 8


def test_28_a_full_queue_drops_the_oldest_and_says_so_once_a_minute(
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
            site.tracker.settle()
        assert site.counts() == {"queued": 100, "dropped_full": 900}
        assert len([r for r in caplog.records if "queue is full" in r.message]) == 1
        gone.set()


def test_29_an_hour_of_outage_costs_no_memory_and_ends_when_the_vendor_is_back() -> None:
    bench = Bench(Scripted(), max_events=500)
    is_down = True

    class Fickle:
        def send(self, request: Request) -> Response:
            if is_down:
                raise NotSent("refused")
            return Response(status=202)

    bench.lane._transport = Fickle()
    tries, sizes = 0, []
    tracemalloc.start()
    for second in range(3600):
        bench.offer(5)
        tries += bench.deliver()
        bench.clocks.pass_by(1.0)
        if second in (600, 3599):
            sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert sizes[1] < sizes[0] * 1.5 + 100_000
    # Five, and then one in thirty seconds.
    assert tries < 200
    assert bench.ends()["queued"] <= 500
    is_down = False
    bench.clocks.pass_by(31.0)
    assert bench.deliver() > 100
    assert bench.lane.breaker_state == "closed"
    bench.offer()
    assert bench.deliver() == 1


# -- 34, 48, 49: the end, and the limits of the system -----------------------------------------


def test_34_the_end_may_come_again_and_from_anywhere() -> None:
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
        assert site.tracker.flush(5)
        assert site.tracker.flush(5)
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
        # Nobody else comes, and nobody flushes.
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
        # Not through a door, which would bear a fault of ours.
        where = {"ip": "198.51.100.7", "ua": "x"}
        site.tracker.track("Signup", url="https://example.com/", visitor=where)
        assert (len(refused), site.counts()) == (1, {})
        time.sleep(1.1)  # for so long nobody tries again
        site.visit()
        assert wait_until(lambda: site.counts() == {"accepted": 2})


LIMITED = """
import resource, socket, sys, time
from tests.support.faults import watched_site

with watched_site(sys.argv[1], transport=sys.argv[2]) as site:
    site.visit()  # opens what is opened once
    assert site.tracker.flush(5)
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


# -- 51, 57: what the app gives ----------------------------------------------------------------


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
        site.tracker.track("Odd", props={"odd": make(), "even": 2}, **where)  # type: ignore[arg-type]
        site.visits(10)
        site.tracker.settle()
        ends = {"accepted", "failed"}
        assert wait_until(lambda: sum(site.counts().get(end, 0) for end in ends) == 21)
        assert site.counts()["accepted"] >= 20
    # Neither is one too large written down, to be thrown away later.
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
        site.tracker.settle()
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


# -- 52, 72: time ------------------------------------------------------------------------------

DAY = 86_400.0
JUMPS: dict[str, tuple[float, float, dict[str, int]]] = {
    "52-a day forward": (0.0, DAY, {"expired": 3, "accepted": 1}),
    "52-a day back": (0.0, -DAY, {"accepted": 4}),
    "52-asleep for an hour": (3600.0, 3600.0, {"expired": 3, "accepted": 1}),
    "52-asleep, and nobody tells the calendar": (3600.0, 0.0, {"expired": 3, "accepted": 1}),
    "72-frozen, and only the calendar knows": (0.0, 600.0, {"expired": 3, "accepted": 1}),
    "none": (0.0, 0.0, {"accepted": 4}),
}


@pytest.mark.parametrize(("since_start", "by_calendar", "ends"), JUMPS.values(), ids=JUMPS.keys())
def test_a_jump_of_the_clocks(since_start: float, by_calendar: float, ends: dict[str, int]) -> None:
    bench = Bench(Scripted())
    bench.offer(3)
    bench.clocks.now += since_start
    bench.clocks.wall += by_calendar
    bench.offer(1)
    bench.deliver()
    assert bench.ends() == ends


def test_the_clock_of_ages_counts_sleep_where_the_system_does() -> None:
    expected = getattr(time, "CLOCK_BOOTTIME", None)
    if expected is None:
        assert clock.monotonic is time.monotonic
    else:
        assert abs(monotonic() - time.clock_gettime(expected)) < 5.0


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="no such clock here")
def test_52_the_clock_of_ages_is_the_one_that_counts_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = {time.CLOCK_BOOTTIME: 7_200.0, time.CLOCK_MONOTONIC: 3_600.0}
    monkeypatch.setattr(time, "clock_gettime", clocks.__getitem__)
    assert clock._choose_clock()() == 7_200.0


@pytest.mark.parametrize("says", ["no such clock", "not allowed"])
def test_without_such_a_clock_the_usual_one_will_do(
    says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(clock_id: int) -> float:
        raise OSError(says)

    if says == "not allowed":
        monkeypatch.setattr(time, "CLOCK_BOOTTIME", 7, raising=False)
        monkeypatch.setattr(time, "clock_gettime", refuse)
    else:
        monkeypatch.delattr(time, "CLOCK_BOOTTIME", raising=False)
    assert clock._choose_clock() is time.monotonic


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
                said, _ = child.communicate(timeout=20)
            finally:
                child.kill()
        assert "'expired': 1" in said
        assert server.requests == []


def test_an_account_that_does_not_close_is_seen() -> None:
    assert Counters(submitted=2, taken=1, accepted=1, stored=1, queued=1).in_balance
    assert not Counters(submitted=1).in_balance
    assert not Counters(accepted=1).in_balance


def test_29_what_cannot_be_sent_yet_waits_unthought(caplog: pytest.LogCaptureFixture) -> None:
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
        thought = sum(stats["reasons"].values())
        assert thought + stats["waiting"] + stats["dropped_full"] == 3000
        assert wait_until(lambda: "the oldest go" in caplog.text)
