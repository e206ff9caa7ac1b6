"""What waits is bounded by count and by bytes, is accounted for, and is the same afterwards."""

from __future__ import annotations

import enum
import io
import socket
import threading
import weakref
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall import asgi, wsgi
from footfall.config import Config
from footfall.events.details import Details
from footfall.model import Hit
from footfall.request.record import Record, hit_of
from footfall.testing import MemoryTransport
from footfall.tracker import Tracker
from footfall.tracker.custom_event import CustomEvent
from footfall.tracker.inbox import MAX_UNPACKED, Inbox
from footfall.tracker.packed_record import PackedRecord, pack
from tests.support.adapters import PLAUSIBLE, Raw, call_asgi, call_wsgi, navigation

MEGABYTE = 1024 * 1024
HTML = "text/html; charset=utf-8"


async def asgi_page(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"content-type", HTML.encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def wsgi_page(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", HTML)])
    return []


def quiet_tracker(**options: Any) -> Tracker:
    """One that nobody takes anything from."""
    tracker = Tracker(Config(destinations=[PLAUSIBLE], transport=MemoryTransport(), **options))
    tracker._inbox.awake_until = float("inf")
    return tracker


def visit_by_asgi(tracker: Tracker, raw: Raw) -> None:
    call_asgi(asgi.FootfallMiddleware(asgi_page, tracker=tracker), raw)


def visit_by_wsgi(tracker: Tracker, raw: Raw) -> None:
    call_wsgi(wsgi.FootfallMiddleware(wsgi_page, tracker=tracker), raw)


ADAPTERS = {"ASGI": visit_by_asgi, "WSGI": visit_by_wsgi}
EVERY_ADAPTER = pytest.mark.parametrize("visit", ADAPTERS.values(), ids=ADAPTERS)


def record_of(visit: Any, raw: Raw) -> Record:
    tracker = quiet_tracker()
    visit(tracker, raw)
    record = tracker._inbox.take()
    assert isinstance(record, tuple)
    return record


# -- one hit, whichever way it came -------------------------------------------------------------

names = st.sampled_from(sorted(Config(destinations=[PLAUSIBLE]).request_headers))
values = st.binary(max_size=40)
headers = st.lists(st.tuples(names.map(str.encode), values), max_size=12, unique_by=lambda h: h[0])
paths = st.binary(max_size=20).map(lambda tail: b"/" + tail.replace(b"%", b"%25"))
requests = st.builds(
    Raw,
    target=paths,
    query=st.binary(max_size=20),
    headers=headers,
    peer=st.sampled_from(["198.51.100.7", "10.0.0.1", "::1", "no address"]),
)


def hit_at(record: Record, time: float) -> Hit:
    hit = hit_of(record, 0.0)
    return hit_of(record, time - hit.time)


@given(raw=requests)
def test_the_adapters_read_the_same_hit_from_the_same_odd_request(raw: Raw) -> None:
    by_asgi, by_wsgi = (hit_at(record_of(visit, raw), 0.0) for visit in ADAPTERS.values())
    assert by_asgi == by_wsgi


@given(raw=requests)
def test_a_hit_is_the_same_after_it_has_waited_packed(raw: Raw) -> None:
    for visit in ADAPTERS.values():
        record = record_of(visit, raw)
        opened = pack(record).unpack()
        assert isinstance(opened, tuple)
        assert hit_of(opened, 1.5) == hit_of(record, 1.5)


@given(first=requests, second=requests)
def test_no_request_changes_what_is_picked_of_the_next(first: Raw, second: Raw) -> None:
    tracker, fresh = quiet_tracker(), quiet_tracker()
    visit_by_wsgi(tracker, first)
    visit_by_wsgi(tracker, second)
    visit_by_wsgi(fresh, second)
    tracker._inbox.take()
    again, alone = (each._inbox.take() for each in (tracker, fresh))
    assert isinstance(again, tuple)
    assert isinstance(alone, tuple)
    assert hit_at(again, 0.0) == hit_at(alone, 0.0)


def test_an_environ_with_a_single_name_that_matters_is_a_hit() -> None:
    tracker = quiet_tracker()
    environ = {"REQUEST_METHOD": "GET", "wsgi.input": io.BytesIO()}
    watched = wsgi.FootfallMiddleware(wsgi_page, tracker=tracker)
    watched(environ, lambda *_: lambda _: None)
    record = tracker._inbox.take()
    assert isinstance(record, tuple)
    assert hit_of(record, 0.0).path == "/"


def test_what_a_request_holds_is_let_go_of_with_it() -> None:
    tracker = quiet_tracker()
    near, far = socket.socketpair()
    body = io.BytesIO(b"x" * 1000)
    watched = wsgi.FootfallMiddleware(wsgi_page, tracker=tracker)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/",
        "wsgi.input": body,
        "server.socket": near,
    }
    held = weakref.ref(near), weakref.ref(body)
    watched(environ, lambda *_: lambda _: None)
    near.close()
    far.close()
    del environ, near, body
    assert [each() for each in held] == [None, None]
    assert len(tracker._inbox) == 1


# -- bounds -------------------------------------------------------------------------------------


@EVERY_ADAPTER
def test_no_more_bytes_wait_than_may_whatever_clients_send(visit: Any) -> None:
    tracker = quiet_tracker()
    tracker._inbox = inbox = Inbox(10_000, MEGABYTE, lambda now: None)
    tracker.recorder.submit = inbox.submit
    inbox.awake_until = float("inf")
    bloated = dict.fromkeys(("Referer", "Sec-CH-UA", "X-Forwarded-For", "HX-Boosted"), "x" * 8000)
    for _ in range(MAX_UNPACKED + 400):
        visit(tracker, navigation("/" + "p" * 8000, "q" * 8000, headers=bloated))
    packed = [record for record in inbox._records if isinstance(record, PackedRecord)]
    assert 0 < sum(record.size for record in packed) <= MEGABYTE
    counted = inbox.counts()
    assert counted["captured"] == MAX_UNPACKED + 400
    assert counted["dropped_full"] == MAX_UNPACKED + 400 - len(inbox) > 0


def test_ordinary_pages_fill_the_count_before_the_bytes() -> None:
    tracker = quiet_tracker(max_queue=2000)
    for _ in range(2100):
        visit_by_wsgi(tracker, navigation("/page", "utm_source=news"))
    assert tracker._inbox.counts() == {"captured": 2100, "waiting": 2000, "dropped_full": 100}


def test_what_is_dropped_is_not_opened_before(monkeypatch: pytest.MonkeyPatch) -> None:
    tracker = quiet_tracker(max_queue=MAX_UNPACKED)
    with monkeypatch.context() as patched:
        patched.delattr(PackedRecord, "unpack")
        for _ in range(2 * MAX_UNPACKED + 1):
            visit_by_wsgi(tracker, navigation("/page"))
    assert tracker.stats()["dropped_full"] == MAX_UNPACKED + 1
    assert tracker.stats()["errors"] == 0


@EVERY_ADAPTER
def test_once_all_is_taken_the_budget_is_empty(visit: Any) -> None:
    tracker = quiet_tracker(max_queue=MAX_UNPACKED + 50)
    for _ in range(MAX_UNPACKED + 80):
        visit(tracker, navigation("/page"))
    tracker.track("Paid", url="https://example.com/", visitor={"ip": "203.0.113.9"})
    assert tracker._inbox._budget.reserved > 0
    tracker.process_all()
    assert tracker._inbox._budget.reserved == 0
    stats = tracker.stats()
    assert stats["captured"] == MAX_UNPACKED + 81
    assert (stats["waiting"], stats["dropped_full"]) == (0, 31)
    assert sum(stats["reasons"].values()) == MAX_UNPACKED + 50
    assert stats["errors"] == 0


def test_many_threads_at_a_full_inbox_are_all_accounted_for() -> None:
    inbox = Inbox(300, MEGABYTE, lambda now: None)
    inbox.awake_until = float("inf")
    record = record_of(visit_by_wsgi, navigation("/page"))
    left = threading.Event()

    def leave() -> None:
        for _ in range(1000):
            inbox.submit(record, 0.0)

    def take() -> None:
        while not left.is_set():
            if len(inbox) > 250:
                inbox.take()

    threads = [threading.Thread(target=leave) for _ in range(4)]
    taker = threading.Thread(target=take)
    for thread in [*threads, taker]:
        thread.start()
    for thread in threads:
        thread.join()
    left.set()
    taker.join()
    assert inbox.counts()["captured"] == 4000
    assert len(inbox) <= 300
    while len(inbox):
        inbox.take()
    assert inbox._budget.reserved == 0


# -- packing ------------------------------------------------------------------------------------


def told(record: Record | None) -> CustomEvent:
    return CustomEvent(
        name="Signup",
        props={"plan": "pro"},
        details=Details(),
        revenue=None,
        interactive=True,
        url=None,
        referrer=None,
        visitor=None,
        record=record,
        at=3.5,
    )


@pytest.mark.parametrize("record", [None, record_of(visit_by_asgi, navigation("/page"))])
def test_a_told_event_is_the_same_after_it_has_waited_packed(record: Record | None) -> None:
    event = told(record)
    opened = pack(event).unpack()
    assert isinstance(opened, CustomEvent)
    assert (opened.name, opened.props, opened.at) == ("Signup", {"plan": "pro"}, 3.5)
    assert (opened.record is None) is (record is None)
    if record is not None and opened.record is not None:
        assert hit_of(opened.record, 0.0) == hit_of(record, 0.0)


class Code(enum.IntEnum):
    OK = 200


class Text(str):
    __slots__ = ()


class Length(float):
    __slots__ = ()


ODD_FACTS: dict[str, tuple[dict[str, Any], int]] = {
    "a status of http": ({}, Code.OK),
    "a method of a kind of text": ({"method": Text("GET")}, 200),
    "bytes that may change": ({"query_string": bytearray(b"a=1")}, 200),
    "a client with a time": ({"client": ("198.51.100.7", Length(1.5))}, 200),
    "a client with an object": ({"client": ("198.51.100.7", object())}, 200),
    "a list for a client": ({"client": ["198.51.100.7", 1]}, 200),
}


@pytest.mark.parametrize(("facts", "status"), ODD_FACTS.values(), ids=ODD_FACTS)
def test_what_a_server_or_an_app_spells_in_kinds_of_its_own_is_packed_too(
    facts: dict[str, Any], status: int
) -> None:
    tracker = quiet_tracker()
    scope = {
        "path": "/page",
        "method": "GET",
        "scheme": "https",
        "query_string": b"a=1",
        "headers": [(b"host", b"example.com"), (b"cookie", b"secret=1")],
        "client": ("198.51.100.7", 1),
        "server": ("internal", 8000),
        **facts,
    }
    exchange = asgi.exchange_of(tracker.recorder, scope)
    record = exchange.response_record(status, [(b"content-type", b"text/html")], 1.0)
    packed = pack(record)
    opened = packed.unpack()
    assert isinstance(opened, tuple)
    assert hit_of(opened, 0.0) == hit_of(record, 0.0)
    assert b"secret" not in packed.plain


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.support import adapters

    monkeypatch.setattr(adapters, "MARK", {"props": {"plan": "pro"}, "path": "/shown"})


@EVERY_ADAPTER
@pytest.mark.usefixtures("marked")
def test_a_mark_is_kept_while_a_record_waits(visit: Any) -> None:
    opened = pack(record_of(visit, navigation("/page"))).unpack()
    assert isinstance(opened, tuple)
    hit = hit_of(opened, 0.0)
    assert (hit.props, hit.shown_path) == ({"plan": "pro"}, "/shown")
