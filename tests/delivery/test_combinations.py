"""Options and faults that are harmless alone, combined."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from footfall.common import reentrancy
from footfall.config import Config
from footfall.delivery.outbox.sqlite_file import OutboxFile
from footfall.destinations import Collector, Only, Plausible
from footfall.model import Event, Outcome, OutcomeKind, Request, Response
from footfall.testing import MemoryTransport
from footfall.tracker import Tracker
from tests.support.trackers import visit
from tests.support.vendors import wait_until

ACCEPTED = Outcome(kind=OutcomeKind.ACCEPTED)


PLAUSIBLE = Plausible(domain="example.com")


COLLECTOR = Collector(domain="example.com")


BOT = {"ip": "203.0.113.9", "ua": "Mozilla/5.0 (compatible; GPTBot/1.2)"}


def tracker_to(*destinations: Any, transport: Any = None, **options: Any) -> Tracker:
    config = Config(
        destinations=[*destinations], transport=transport or MemoryTransport(), **options
    )
    return Tracker(config, environ={})


def accounts(tracker: Tracker) -> list[dict[str, int]]:
    """The counters of each destination that are not zero, once they are seen to balance."""
    for lane in tracker._dispatcher.lanes:
        assert lane.counters().in_balance, lane.counters()
    return [
        {name: value for name, value in account.items() if value and type(value) is int}
        for account in tracker.stats()["destinations"].values()
    ]


class Slow(MemoryTransport):
    """A collector answers when the test allows it, a vendor at once."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer = threading.Event()

    def send(self, request: Request) -> Response:
        if request.url.endswith("/hits"):
            self.may_answer.wait(10)
        return super().send(request)


def test_reports_are_waited_for_where_vendors_have_an_outbox(tmp_path: Path) -> None:
    transport = Slow()
    tracker = tracker_to(
        PLAUSIBLE, COLLECTOR, transport=transport, outbox=str(tmp_path / "outbox.db")
    )
    visit(tracker)
    threading.Timer(0.3, transport.may_answer.set).start()
    assert tracker.flush(30)
    assert [account["accepted"] for account in accounts(tracker)] == [1, 1]


def test_a_report_that_is_late_is_counted_as_lost_beside_an_outbox(tmp_path: Path) -> None:
    transport = Slow()
    tracker = tracker_to(COLLECTOR, transport=transport, outbox=str(tmp_path / "outbox.db"))
    visit(tracker)
    assert not tracker.flush(0.2)
    transport.may_answer.set()
    assert accounts(tracker) == [{"submitted": 1, "lost_at_exit": 1}]


@pytest.mark.parametrize(
    ("page_url", "visitor", "reason"),
    [
        ("https://example.com/", BOT, "bot"),
        ("https://example.com/internal/", {"ip": "203.0.113.9"}, "excluded"),
    ],
    ids=["a bot's token", "an excluded page"],
)
def test_a_pageview_that_is_skipped_outside_a_request_is_no_error(
    page_url: str, visitor: dict[str, str], reason: str
) -> None:
    tracker = tracker_to(COLLECTOR, exclude=["/internal/**"])
    tracker.track_pageview(url=page_url, visitor=visitor)
    tracker.flush(5)
    stats = tracker.stats()
    assert (stats["reasons"], stats["errors"]) == ({reason: 1}, 0)


def test_a_report_that_cannot_be_made_costs_no_event(monkeypatch: pytest.MonkeyPatch) -> None:
    tracker = tracker_to(PLAUSIBLE, COLLECTOR)

    def fail(*_: object) -> None:
        raise LookupError("a fault of ours")

    monkeypatch.setattr(tracker._builder, "report", fail)
    visit(tracker)
    tracker.flush(5)
    assert accounts(tracker) == [{"submitted": 1, "accepted": 1}] * 2, "one without its details"
    assert tracker.stats()["errors"] == 1


def test_a_collector_for_some_hosts_gets_a_report_of_every_hit_of_theirs() -> None:
    transport = MemoryTransport()
    tracker = tracker_to(Only(to=COLLECTOR, hosts=["shop.example.com"]), transport=transport)
    visit(tracker, headers={"Host": "shop.example.com"})
    visit(tracker, headers={"Host": "shop.example.com", "User-Agent": BOT["ua"]})
    visit(tracker, headers={"Host": "blog.example.com"})
    assert tracker.flush(30)
    # By themselves or in a batch, one on each line.
    reports = [line for request in transport.requests for line in request.body.split(b"\n")]
    assert len(reports) == 2
    assert [b'"reason":"bot"' in report for report in reports].count(True) == 1
    assert {urlsplit(request.url).netloc for request in transport.requests} == {"127.0.0.1:8321"}
    assert accounts(tracker) == [{"submitted": 2, "accepted": 2}]


def test_a_vendor_for_some_hosts_gets_no_reports() -> None:
    assert not tracker_to(Only(to=PLAUSIBLE, hosts=["example.com"]))._dispatcher.report_lanes


def test_what_comes_while_an_outbox_is_flushed_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker = tracker_to(PLAUSIBLE, outbox=str(tmp_path / "outbox.db"))
    outbox = tracker._dispatcher.outbox
    assert outbox is not None
    visit(tracker)
    tracker.process_all()
    close_quietly = outbox._close_quietly

    def visited_meanwhile() -> None:
        close_quietly()
        monkeypatch.undo()
        visit(tracker)
        tracker.process_all()

    monkeypatch.setattr(outbox, "_close_quietly", visited_meanwhile)
    assert tracker.flush(30)
    assert wait_until(lambda: accounts(tracker)[0].get("accepted") == 2, 10)
    assert "lost_at_exit" not in accounts(tracker)[0]


def test_what_the_outbox_thread_does_is_not_tracked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    store = OutboxFile.store

    def record(file: OutboxFile, rows: Any) -> None:
        seen.append(reentrancy.is_suppressed())
        store(file, rows)

    monkeypatch.setattr(OutboxFile, "store", record)
    tracker = tracker_to(PLAUSIBLE, outbox=str(tmp_path / "outbox.db"))
    visit(tracker)
    assert wait_until(lambda: accounts(tracker)[0].get("accepted") == 1, 10)
    assert seen == [True]


@dataclass(frozen=True)
class Own:
    """A destination that the app has defined."""

    outcome: Any = ACCEPTED
    name: str = "own"
    endpoint: str = "http://127.0.0.1:9/"

    def request(self, event: Event) -> Any:
        return Request(url=self.endpoint, headers={}, body=event.url.encode())

    def read(self, response: Response) -> Any:
        return self.outcome


class Older(Own):
    def request(self, event: Event) -> Any:
        return SimpleNamespace(url=self.endpoint, headers={}, body=b"")


class Explaining(Own):
    def why_dropped(self, outcome: Outcome, event: Event, *, has_kept: bool) -> Any:
        raise LookupError("no idea")


OUTCOMES: dict[str, tuple[Any, str]] = {
    "a request without trimmed": (Older(), "accepted"),
    "no outcome": (Own(outcome=None), "rejected"),
    "a kind as text": (Own(outcome=Outcome(kind="accepted")), "accepted"),  # type: ignore[arg-type]
    "a retry's text": (Own(outcome=Outcome(kind="retry", max_tries=1)), "failed"),  # type: ignore[arg-type]
    "a header's text": (
        Own(outcome=Outcome(kind=OutcomeKind.RETRY, retry_after="5", max_tries=1)),  # type: ignore[arg-type]
        "failed",
    ),
    "no kind": (Own(outcome=Outcome(kind="fine")), "rejected"),  # type: ignore[arg-type]
    "an outcome of their own": (Own(outcome=SimpleNamespace(kind="accepted")), "accepted"),
    "no explanation": (Explaining(Outcome(kind=OutcomeKind.DROPPED)), "dropped_by_vendor"),
}


@pytest.mark.parametrize(("destination", "end"), OUTCOMES.values(), ids=OUTCOMES.keys())
def test_whatever_a_destination_returns_each_event_is_counted(destination: Any, end: str) -> None:
    tracker = tracker_to(destination)
    visit(tracker)
    visit(tracker)
    tracker.flush(5)
    assert accounts(tracker) == [{"submitted": 2, end: 2}]


class Leaving(MemoryTransport):
    """Ends the thread that calls it first."""

    def send(self, request: Request) -> Response:
        if not self.requests:
            super().send(request)
            raise SystemExit
        return super().send(request)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_was_ended_is_replaced() -> None:
    transport = Leaving()
    tracker = tracker_to(PLAUSIBLE, transport=transport)
    visit(tracker)
    assert wait_until(lambda: len(transport.requests) == 1)
    assert wait_until(
        lambda: not any(t.name == f"footfall {PLAUSIBLE.name}" for t in threading.enumerate())
    )
    visit(tracker)
    assert wait_until(lambda: accounts(tracker)[0].get("accepted") == 1)
    # The next of the same visitor does not wait for the one without an outcome.
    visit(tracker)
    assert tracker.flush(30)
    assert accounts(tracker) == [{"submitted": 3, "accepted": 2, "unknown": 1}]


def test_an_event_whose_delivery_ends_the_calling_thread_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    tracker = tracker_to(PLAUSIBLE, transport=Leaving())
    visit(tracker)
    with pytest.raises(SystemExit):
        tracker.flush(5)
    visit(tracker)
    assert tracker.flush(30)
    assert accounts(tracker) == [{"submitted": 2, "accepted": 1, "unknown": 1}]


class Unmeasured(str):
    """A text of a class that the app has defined, as lazy translations are."""

    __slots__ = ()

    def __len__(self) -> int:
        raise LookupError("not translated yet")


INVALID: dict[str, dict[str, Any]] = {
    "no url": {"url": None},
    "no props": {"props": None},
    "no visitor": {"visitor": None},
    "a referrer that is no text": {"referrer": 7},
    "no time": {"time": None},
    "a time that is a text": {"time": "now"},
    "a prop without a length": {"props": {"plan": Unmeasured("pro")}},
    "a prop's name without a length": {"props": {Unmeasured("plan"): "pro"}},
    "a url without a length": {"url": Unmeasured("https://example.com/invalid")},
}


@pytest.mark.parametrize("keeps", [False, True], ids=["in memory", "in an outbox"])
@pytest.mark.parametrize("changes", INVALID.values(), ids=INVALID.keys())
def test_an_invalid_event_harms_no_other(
    changes: dict[str, Any], keeps: bool, tmp_path: Path
) -> None:
    transport = MemoryTransport()

    def break_some(event: Event) -> Event:
        return replace(event, **changes) if event.url.endswith("/invalid") else event

    outbox: dict[str, Any] = {"outbox": str(tmp_path / "outbox.db")} if keeps else {}
    tracker = tracker_to(PLAUSIBLE, transport=transport, before_send=break_some, **outbox)
    with tracker._pipeline.lock:  # so that all three are processed together
        for path in ("/before", "/invalid", "/after"):
            visit(tracker, path)
        tracker.flush(5)
    assert len([each for each in transport.requests if b"/invalid" not in each.body]) == 2
    [account] = accounts(tracker)
    assert 2 <= account["accepted"] <= 3
    assert {"lost_at_exit", "queued"}.isdisjoint(account)
    assert not keeps or tracker.stats()["outbox"]["is_in_use"]


def test_tracking_is_suppressed_in_a_hook_in_a_test_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    seen: list[bool] = []

    def record(event: Event) -> Event:
        seen.append(reentrancy.is_suppressed())
        return event

    tracker = tracker_to(PLAUSIBLE, before_send=record)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    visit(tracker)
    tracker.process_all()
    assert seen == [True]
