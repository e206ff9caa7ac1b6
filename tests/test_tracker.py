"""The tracker: from a request's record to the vendor's socket, over threads, forks and exits."""

from __future__ import annotations

import gc
import logging
import os
import re
import statistics
import subprocess
import sys
import threading
import time
import uuid
import weakref
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

import footfall
from footfall import asgi
from footfall.config import Config
from footfall.errors import ConfigError, EventError
from footfall.events.details import PERF_NAMES
from footfall.model import Event, Hit, Request, Response
from footfall.testing import MemoryTransport, Outbox, capture
from footfall.tracker import Tracker, event_pipeline, process_hooks, worker_thread
from footfall.tracker import inbox as inbox_module
from footfall.tracker.worker_thread import HITS_PER_BUSY_POLL, HITS_PER_POLL, CPUBudget
from tests.support import vendors
from tests.support.adapters import CHROME, PLAUSIBLE, call_asgi, navigation, plain_asgi, plain_wsgi
from tests.support.vendors import vendor, wait_until


async def page(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"content-type", b"text/html")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


def tracker_over(transport: Any, **options: Any) -> Tracker:
    return Tracker(Config(destinations=[PLAUSIBLE], transport=transport, **options), environ={})


def visit(tracker: Tracker, path: str = "/page", **changes: Any) -> None:
    call_asgi(asgi.FootfallMiddleware(page, tracker=tracker), navigation(path, **changes))


def counts(tracker: Tracker) -> dict[str, int]:
    [found] = tracker.stats()["destinations"].values()
    return {name: value for name, value in found.items() if value and type(value) is int}


def test_a_pageview_reaches_the_transport_by_itself() -> None:
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    visit(tracker)
    assert wait_until(lambda: len(transport.requests) == 1)
    assert counts(tracker) == {"submitted": 1, "accepted": 1}


def test_no_thread_starts_before_the_first_page() -> None:
    before = set(threading.enumerate())
    tracker = tracker_over(MemoryTransport())
    assert set(threading.enumerate()) <= before
    visit(tracker)
    started = {thread.name for thread in set(threading.enumerate()) - before}
    assert "footfall" in started
    assert all(thread.daemon for thread in set(threading.enumerate()) - before)


def test_the_thread_falls_asleep_and_the_next_page_wakes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker_thread, "AWAKE_SECONDS", 0.05)
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    for number in range(1, 6):
        visit(tracker)
        assert wait_until(lambda: len(transport.requests) == number)  # noqa: B023
        assert wait_until(lambda: tracker._inbox.awake_until == float("-inf"))
    assert counts(tracker)["accepted"] == 5


def test_a_thread_that_died_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_thread, "AWAKE_SECONDS", 0.05)
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    tracker._worker.current = threading.Thread()  # as after a fork that told nobody
    visit(tracker)
    assert wait_until(lambda: len(transport.requests) == 1)


def test_no_thread_to_be_had_costs_nothing_but_time(monkeypatch: pytest.MonkeyPatch) -> None:
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    visit(tracker)
    assert tracker.stats()["waiting"] == 1
    monkeypatch.setattr(threading.Thread, "start", start)
    assert tracker.flush(5)
    assert len(transport.requests) == 1


def test_flush_delivers_what_waits_and_may_be_called_again() -> None:
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    for number in range(3):
        visit(tracker)
        assert tracker.flush(5)
        assert len(transport.requests) == number + 1
    assert footfall.flush(5)


def test_sync_mode_delivers_before_the_request_goes_on() -> None:
    transport = MemoryTransport()
    tracker = tracker_over(transport, mode="sync")
    visit(tracker)
    assert len(transport.requests) == 1


def test_a_full_inbox_drops_the_oldest_and_counts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading.Thread, "start", lambda self: None)
    tracker = tracker_over(MemoryTransport(), max_queue=10)
    for _ in range(25):
        visit(tracker)
    stats = tracker.stats()
    assert (stats["captured"], stats["waiting"], stats["dropped_full"]) == (25, 10, 15)


def test_a_hook_that_fails_is_counted_and_the_next_hit_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def before_send(event: Event) -> Event:
        if event.url.endswith("/bad"):
            raise ZeroDivisionError("oops")
        return event

    transport = MemoryTransport()
    tracker = tracker_over(transport, before_send=before_send)
    for path in ("/bad", "/bad", "/good"):
        visit(tracker, path)
    tracker.flush(5)
    assert tracker.stats()["errors"] == 2
    assert len(transport.requests) == 1
    assert (
        len([record for record in caplog.records if "ZeroDivisionError in" in record.message]) == 1
    )
    assert "oops" not in caplog.text  # the text of an error may hold an address


def test_hooks_may_skip_drop_and_change(footfall_outbox: Outbox) -> None:
    def should_track(hit: Hit) -> bool:
        return hit.path != "/private"

    def before_send(event: Event) -> Event | None:
        return None if event.url.endswith("/secret") else event

    tracker = tracker_over(MemoryTransport(), should_track=should_track, before_send=before_send)
    for path in ("/private", "/secret", "/open"):
        visit(tracker, path)
    assert [event.url for event in footfall_outbox] == ["https://example.com/open"]
    assert tracker.stats()["reasons"] == {"before_send": 1, "navigation": 1, "should_track": 1}


def test_anonymised_addresses_are_what_leaves() -> None:
    transport = MemoryTransport()
    tracker = tracker_over(transport, anonymize_ip="truncate")
    visit(tracker)
    tracker.flush(5)
    assert transport.requests[0].headers["x-forwarded-for"] == "198.51.100.0"


BAD_EVENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "a reserved name": ("engagement", {}),
    "no name": ("", {}),
    "a revenue of one": ("Paid", {"revenue": 5}),
    "a revenue without number": ("Paid", {"revenue": ("EUR", "much")}),
    "a revenue of the wrong shape": ("Paid", {"revenue": {"currency": "EUR", "amount": 5}}),
    "an endless revenue": ("Paid", {"revenue": ("EUR", "Infinity")}),
    "a currency that is none": ("Paid", {"revenue": ("Euro", 5)}),
    "a currency of foreign letters": ("Paid", {"revenue": ("\u0395UR", 5)}),
    "props that are none": ("Paid", {"props": "plan=pro"}),
    "a visitor that is none": ("Paid", {"visitor": "203.0.113.9"}),
    "a place that is none": ("Paid", {"url": 17}),
    "nowhere": ("Paid", {"url": None}),
    "a relative place outside a request": ("Paid", {"url": "/invoices"}),
    "nobody": ("Paid", {"visitor": None}),
    "a width that is none": ("Paid", {"screen_width": "wide"}),
    "a detail that is none": ("Paid", {"colour": "red"}),
}


@pytest.mark.parametrize(
    ("said", "exact"),
    [
        (("EUR", "19.90"), ("EUR", "19.90")),
        (("eur", 19.99), ("EUR", "19.99")),
        (["JPY", 1500], ("JPY", "1500")),
        (("EUR", Decimal("-0.005")), ("EUR", "-0.005")),
    ],
    ids=["text", "a float", "a whole number", "a refund"],
)
def test_revenue_is_exact(said: Any, exact: tuple[str, str], footfall_outbox: Outbox) -> None:
    visitor = {"ip": "203.0.113.7", "ua": CHROME}
    tracker = tracker_over(MemoryTransport())
    tracker.track("Paid", revenue=said, url="https://example.com/", visitor=visitor)
    tracker.process_all()
    [event] = footfall_outbox
    assert event.revenue is not None
    assert (event.revenue.currency, str(event.revenue.amount)) == exact


@pytest.mark.parametrize(("name", "options"), BAD_EVENTS.values(), ids=BAD_EVENTS.keys())
def test_a_bad_event_raises_in_development_and_is_counted_in_production(
    name: str, options: dict[str, Any]
) -> None:
    complete = {"url": "https://example.com/", "visitor": {"ip": "198.51.100.7"}, **options}
    with pytest.raises(EventError):
        tracker_over(MemoryTransport(), debug=True).track(name, **complete)
    tracker = tracker_over(MemoryTransport())
    tracker.track(name, **complete)
    assert tracker.stats()["reasons"] == {"bad_event": 1}


def test_outside_a_request_the_helpers_do_nothing() -> None:
    footfall.set_props(a=1)
    footfall.ignore()
    assert footfall.current_visitor() == {}


def test_an_inactive_tracker_says_so_once_and_counts_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO, logger="footfall"):
        tracker = Tracker(Config(), environ={})
        visit(tracker)
        tracker.track("Anything")
    assert [r.message for r in caplog.records if r.name == "footfall"] == [
        "footfall counts nothing: no destination is configured"
    ]
    assert tracker.stats()["captured"] == 0


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
    caplog: pytest.LogCaptureFixture, options: dict[str, Any], warned: int
) -> None:
    Tracker.from_options(options, environ={"FOOTFALL_DESTINATIONS": PLAUSIBLE})
    lines = [r.message for r in caplog.records if "no effect" in r.message]
    text = "footfall: FOOTFALL_DESTINATIONS has no effect, since the app sets the option itself"
    assert lines == [text] * warned


def test_a_hit_of_nobody_knows_whom_is_warned_about_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tracker = tracker_over(MemoryTransport())
    for _ in range(3):
        visit(tracker, peer=None)
    tracker.flush(5)
    assert tracker.stats()["reasons"] == {"no_client_ip": 3}
    assert len([r for r in caplog.records if "without a client IP" in r.message]) == 1


def test_a_proxy_counted_as_everybody_is_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    tracker = tracker_over(MemoryTransport())
    for number in range(60):
        agent = f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/{100 + number}.0 Safari"
        visit(tracker, peer="104.16.0.1", headers={"User-Agent": agent})
    tracker.flush(5)
    assert len([r for r in caplog.records if "trusted_proxies='cloudflare'" in r.message]) == 1


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
        tracker = Tracker(Config(destinations=[dsn]), environ={})
        visit(tracker)
        taken = []
        for _ in range(50):
            started = time.perf_counter()
            visit(tracker)
            taken.append(time.perf_counter() - started)
        assert statistics.median(taken) < 0.5
        started = time.monotonic()
        tracker.flush(0.3)
        assert time.monotonic() - started < 3.0


def in_a_child(work: Callable[[], bool]) -> int:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if work() else 1
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_after_a_fork_each_process_sends_its_own_once() -> None:
    with vendor(vendors.answering(vendors.answer())) as server:
        dsn = server.url.replace("http://", "plausible+http://") + "/example.com"
        tracker = Tracker(Config(destinations=[dsn], track_localhost=True), environ={})
        visit(tracker, "/parent-first")
        assert wait_until(lambda: len(server.requests) == 1)
        visit(tracker, "/parent-waiting")

        def child() -> bool:
            visit(tracker, "/child")
            return tracker.flush(5) and tracker.stats()["captured"] == 1

        assert in_a_child(child) == 0
        assert tracker.flush(5)
        paths = sorted(
            request.split(b"example.com/")[1].split(b'"')[0] for request in server.requests
        )
        assert paths == [b"child", b"parent-first", b"parent-waiting"]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_that_runs_no_hook_is_noticed_by_the_process_id() -> None:
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    visit(tracker)
    tracker.flush(5)
    owner = tracker._process_id

    def child() -> bool:
        tracker._process_id = owner  # undo what the hook of os.fork did
        tracker._worker.current = threading.Thread()
        tracker._inbox.awake_until = float("-inf")
        visit(tracker, "/child")
        return wait_until(lambda: len(transport.requests) == 2)

    assert in_a_child(child) == 0


def test_a_forgotten_tracker_is_freed() -> None:
    tracker = tracker_over(MemoryTransport())
    gone = weakref.ref(tracker)
    del tracker
    gc.collect()
    assert gone() is None


EXIT = """
import sys
from time import monotonic
from footfall.config import Config
from footfall.tracker import Tracker

tracker = Tracker(Config(destinations=[sys.argv[1]]), environ={})
tracker.track("Bye", url="https://example.com/", visitor={"ip": "198.51.100.7", "ua": "x"})
print(monotonic())
"""


def test_what_waits_at_the_end_of_the_program_is_delivered() -> None:
    with vendor(vendors.answering(vendors.answer())) as server:
        dsn = server.url.replace("http://", "plausible+http://") + "/example.com"
        subprocess.run([sys.executable, "-c", EXIT, dsn], check=True, timeout=60)
        assert len(server.requests) == 1


def test_a_hanging_vendor_does_not_hold_up_the_end_of_the_program() -> None:
    with vendor(vendors.hanging) as server:
        dsn = server.url.replace("http://", "plausible+http://") + "/example.com"
        line = [sys.executable, "-c", EXIT, dsn]
        done = subprocess.run(line, check=True, timeout=60, capture_output=True)
        assert time.monotonic() - float(done.stdout) < 4.5


def test_capture_ends_with_its_block() -> None:
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    with capture() as outbox:
        visit(tracker)
        assert len(outbox) == 1
        outbox.clear()
        assert outbox[:] == []
        visit(tracker)
        assert repr(outbox) == "Outbox([('pageview', 'https://example.com/page')])"
    visit(tracker)
    tracker.flush(5)
    assert len(transport.requests) == 1


TOLD_URLS = {
    "none": (None, "https://example.com/page"),
    "relative": ("/checkout?utm_source=x&token=1", "https://example.com/checkout?utm_source=x"),
    "absolute": ("https://shop.example/a?token=1", "https://shop.example/a"),
    "of an app": ("app://localhost/login", "app://localhost/login"),
}


@pytest.mark.parametrize(("given", "expected"), TOLD_URLS.values(), ids=TOLD_URLS.keys())
def test_an_event_may_name_its_place(
    footfall_outbox: Outbox, given: str | None, expected: str
) -> None:
    async def view(scope: Any, receive: Any, send: Any) -> None:
        footfall.track("Step", url=given)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    tracker = tracker_over(MemoryTransport())
    call_asgi(asgi.FootfallMiddleware(view, tracker=tracker), navigation("/page"))
    assert [event.url for event in footfall_outbox] == [expected]


@pytest.mark.parametrize(
    ("path", "previous"), [("/other", "/other"), ("/accounts/reset/MQ/set-password/", None)]
)
def test_the_page_that_led_here_is_told_unless_it_is_excluded(
    footfall_outbox: Outbox, path: str, previous: str | None
) -> None:
    visit(tracker_over(MemoryTransport()), headers={"Referer": f"https://example.com{path}"})
    assert footfall_outbox[0].previous == previous


@pytest.mark.parametrize("caller", ["Stripe/1.0 (+https://stripe.com/docs/webhooks)", "curl/8", ""])
def test_an_event_of_another_visitor_is_not_judged_by_the_webhooks_own_request(
    footfall_outbox: Outbox, caller: str
) -> None:
    async def webhook(scope: Any, receive: Any, send: Any) -> None:
        token = {"ip": "203.0.113.9", "ua": CHROME}
        footfall.track("Paid", url="https://example.com/order", visitor=token)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    tracker = tracker_over(MemoryTransport())
    raw = navigation("/webhook", method="POST", headers={"User-Agent": caller})
    call_asgi(asgi.FootfallMiddleware(webhook, tracker=tracker), raw)
    assert [event.visitor.identity for event in footfall_outbox] == [("203.0.113.9", CHROME)]


def test_what_is_lost_at_the_end_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with vendor(vendors.hanging) as server:
        dsn = server.url.replace("http://", "plausible+http://") + "/example.com"
        tracker = Tracker(Config(destinations=[dsn]), environ={})
        for _ in range(3):
            visit(tracker)
        assert not tracker.flush(0.2)
        name = f"plausible:example.com@{dsn.split('/')[2]}"
        assert [record.message for record in caplog.records if name in record.message] == [
            f"footfall: {name}: 3 events were not delivered in time"
        ]


class Unspeakable:
    def __str__(self) -> str:
        raise ValueError("no text")


def test_props_of_other_kinds_are_told_as_text(footfall_outbox: Outbox) -> None:
    plan = uuid.UUID(int=7)

    async def view(scope: Any, receive: Any, send: Any) -> None:
        values = {"plan": plan, "day": date(2026, 11, 21), "n": 1.5, "bad": Unspeakable()}
        footfall.set_props(**values)
        footfall.track("Order", props=values)
        await page(scope, receive, send)

    tracker = tracker_over(MemoryTransport())
    call_asgi(asgi.FootfallMiddleware(view, tracker=tracker), navigation("/page"))
    expected = {"plan": str(plan), "day": "2026-11-21", "n": 1.5, "bad": None}
    assert [event.props for event in footfall_outbox] == [expected, expected]


DETAILS: dict[str, Any] = {"screen_width": 1280, "time_zone": "Europe/Berlin", "profile_id": "7"}


def details_of(event: Event) -> dict[str, Any]:
    found = {name: getattr(event, name) for name in (*DETAILS, "perf")}
    return {name: value for name, value in found.items() if value}


def test_an_app_may_say_what_no_request_tells(footfall_outbox: Outbox) -> None:
    async def view(scope: Any, receive: Any, send: Any) -> None:
        footfall.track("Signup", **DETAILS)
        scope["footfall"] = {"time_zone": "Europe/Kyiv", "screen_width": "wide", "colour": "red"}
        footfall.track("Paid", screen_width=412)
        await page(scope, receive, send)

    tracker = tracker_over(MemoryTransport())
    raw = navigation("/page", headers={"Sec-CH-Viewport-Width": "800"})
    call_asgi(asgi.FootfallMiddleware(view, tracker=tracker), raw)
    assert [(event.name, details_of(event)) for event in footfall_outbox] == [
        ("Signup", DETAILS),
        ("Paid", {"time_zone": "Europe/Kyiv", "screen_width": 412}),
        ("pageview", {"time_zone": "Europe/Kyiv", "screen_width": 800}),
    ]


async def api(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


TOLD_PAGES: dict[str, tuple[dict[str, Any], str | None, tuple[Any, ...]]] = {
    "relative": (
        {"url": "/inbox?utm_source=x&token=1"},
        None,
        ("https://example.com/inbox?utm_source=x", None, None),
    ),
    "absolute": ({"url": "https://app.example/a"}, None, ("https://app.example/a", None, None)),
    "a referrer": (
        {"url": "/inbox", "referrer": "https://news.example.org/a?q=1"},
        "https://example.com/",
        ("https://example.com/inbox", "https://news.example.org/a", None),
    ),
    "the page before it": (
        {"url": "/inbox"},
        "https://example.com/home",
        ("https://example.com/inbox", None, "/home"),
    ),
    "the page itself": (
        {"url": "/inbox"},
        "https://example.com/inbox?a=1",
        ("https://example.com/inbox", None, None),
    ),
    "an excluded page before it": (
        {"url": "/inbox", "referrer": "https://example.com/api/secret"},
        None,
        ("https://example.com/inbox", None, None),
    ),
}


@pytest.mark.parametrize(
    ("told", "referer", "expected"), TOLD_PAGES.values(), ids=TOLD_PAGES.keys()
)
def test_a_pageview_told_by_hand_is_the_visitors_of_the_request(
    footfall_outbox: Outbox, told: dict[str, Any], referer: str | None, expected: tuple[Any, ...]
) -> None:
    async def view(scope: Any, receive: Any, send: Any) -> None:
        footfall.track_pageview(**told, props={"theme": "dark"}, **DETAILS)
        await api(scope, receive, send)

    tracker = tracker_over(MemoryTransport(), exclude=["/api/**"])
    raw = navigation("/api/route", method="POST", headers={"Referer": referer})
    call_asgi(asgi.FootfallMiddleware(view, tracker=tracker), raw)
    [event] = footfall_outbox
    assert (event.url, event.referrer, event.previous) == expected
    assert (event.name, event.props, details_of(event)) == ("pageview", {"theme": "dark"}, DETAILS)
    assert event.visitor.identity == ("198.51.100.7", CHROME)


def test_a_pageview_told_by_hand_is_judged_by_its_own_path(footfall_outbox: Outbox) -> None:
    tracker = tracker_over(MemoryTransport(), exclude=["/admin/**"])
    for path in ("/admin/users", "/open"):
        tracker.track_pageview(url=f"https://example.com{path}", visitor={"ip": "203.0.113.9"})
    assert [event.url for event in footfall_outbox] == ["https://example.com/open"]
    assert tracker.stats()["reasons"] == {"excluded": 1, "custom_event": 1}


@pytest.mark.parametrize(
    ("user_agent", "reasons"),
    [
        (CHROME, {"custom_event": 2}),
        ("Mozilla/5.0 (compatible; GPTBot/1.2)", {"bot": 1, "custom_event": 1}),
        ("", {"custom_event": 2}),
    ],
    ids=["a browser", "a bot", "nobody says"],
)
def test_a_bots_token_brings_no_pageview(user_agent: str, reasons: dict[str, int]) -> None:
    tracker = tracker_over(MemoryTransport())
    token = {"ip": "203.0.113.9", "ua": user_agent}
    tracker.track_pageview(url="https://example.com/", visitor=token)
    tracker.track("Paid", url="https://example.com/", visitor=token)
    tracker.flush(5)
    assert tracker.stats()["reasons"] == reasons


def test_the_loading_times_of_a_page_are_told_with_it(footfall_outbox: Outbox) -> None:
    perf = dict.fromkeys(PERF_NAMES, 12.0)
    tracker = tracker_over(MemoryTransport())
    tracker.track_pageview(url="https://example.com/", visitor={"ip": "203.0.113.9"}, perf=perf)
    assert footfall_outbox[0].perf == perf


SECRET = "a secret of this app alone"


def test_with_a_secret_only_signed_tokens_are_taken(footfall_outbox: Outbox) -> None:
    tokens: list[dict[str, str]] = []

    async def view(scope: Any, receive: Any, send: Any) -> None:
        tokens.append(footfall.current_visitor())
        await page(scope, receive, send)

    tracker = tracker_over(MemoryTransport(), token_secret=SECRET)
    call_asgi(asgi.FootfallMiddleware(view, tracker=tracker), navigation("/page"))
    [token] = tokens
    for visitor in (token, token | {"ip": "203.0.113.9"}, {"ip": "203.0.113.9"}):
        tracker.track("Paid", url="https://example.com/order", visitor=visitor)
    seen, paid = footfall_outbox
    assert paid.visitor.identity == seen.visitor.identity
    assert tracker.stats()["reasons"]["bad_event"] == 2


def test_a_secret_is_shown_nowhere() -> None:
    tracker = tracker_over(MemoryTransport(), token_secret=SECRET)
    assert SECRET not in repr(tracker.config) + repr(tracker) + repr(tracker.stats())
    for environ in ({"FOOTFALL_TOKEN_SECRETS": SECRET}, {"FOOTFALL_TOKEN_SECRET": "short secret"}):
        with pytest.raises(ConfigError) as caught:
            Config.load({}, environ=environ)
        assert "(hidden)" in str(caught.value)
        assert SECRET not in str(caught.value)
        assert "short secret" not in str(caught.value)


def test_an_address_told_of_is_anonymised_too(footfall_outbox: Outbox) -> None:
    tracker = tracker_over(MemoryTransport(), anonymize_ip="truncate")
    tracker.track("Paid", url="https://example.com/", visitor={"ip": "203.0.113.9"})
    assert footfall_outbox[0].visitor.client_ip == "203.0.113.0"


def test_track_pageview_says_so_once_where_no_app_was_set_up() -> None:
    code = "import footfall\nfor _ in range(3): footfall.track_pageview(url='https://a.example/')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.count("no app was set up") == 1


def test_a_hook_cannot_make_an_event_that_no_vendor_takes(footfall_outbox: Outbox) -> None:
    def rename(event: Event) -> Event:
        return replace(event, name="engagement")

    tracker = tracker_over(MemoryTransport(), before_send=rename)
    visit(tracker)
    assert list(footfall_outbox) == []
    assert tracker.stats()["errors"] == 1


def test_a_localhost_behind_a_proxy_is_no_localhost_with_a_base_url(
    footfall_outbox: Outbox,
) -> None:
    tracker = tracker_over(MemoryTransport(), base_url="https://example.com")
    visit(tracker, headers={"Host": "127.0.0.1:8000"})
    assert [event.url for event in footfall_outbox] == ["https://example.com/page"]


def test_track_says_so_once_where_no_app_was_set_up() -> None:
    code = "import footfall\nfor _ in range(3): footfall.track('Paid')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.count("no app was set up") == 1


def test_flush_keeps_its_time_whatever_a_hook_does() -> None:
    def slow(event: Event) -> Event:
        time.sleep(0.05)
        return event

    tracker = tracker_over(MemoryTransport(), before_send=slow)
    for _ in range(100):
        visit(tracker)
    started = time.monotonic()
    assert not tracker.flush(0.5)
    assert time.monotonic() - started < 3.0
    assert tracker.stats()["waiting"] > 0


def test_one_look_takes_no_more_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    # A machine that stands still for a moment must not end the look before its number does.
    monkeypatch.setattr(event_pipeline, "SECONDS_PER_BATCH", 60)
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    with tracker._pipeline.lock:
        for _ in range(100):
            visit(tracker)
        assert tracker._pipeline.process(60)
        assert tracker.stats()["waiting"] == 40
    assert wait_until(lambda: len(transport.requests) == 100)


def test_a_look_ends_where_a_hook_takes_its_time() -> None:
    def slow(event: Event) -> Event:
        time.sleep(0.05)
        return event

    tracker = tracker_over(MemoryTransport(), before_send=slow)
    with tracker._pipeline.lock:
        for _ in range(10):
            visit(tracker)
        assert tracker._pipeline.process(10)
        assert tracker.stats()["waiting"] >= 9


@pytest.mark.parametrize(
    ("used", "seconds", "hits"),
    [
        pytest.param(0.0, 0.05, HITS_PER_POLL, id="idle"),
        pytest.param(0.039, 0.05, HITS_PER_POLL, id="at work"),
        pytest.param(0.041, 0.05, HITS_PER_BUSY_POLL, id="without time to spare"),
        pytest.param(0.12, 0.05, HITS_PER_BUSY_POLL, id="on several processors"),
        pytest.param(-3.0, 0.05, HITS_PER_POLL, id="in a child, whose clock is new"),
    ],
)
def test_a_poll_processes_less_where_the_process_is_busy(
    used: float, seconds: float, hits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = CPUBudget()
    monkeypatch.setattr(time, "process_time", lambda: budget._used + used)
    monkeypatch.setattr(worker_thread, "monotonic", lambda: budget._asked_at + seconds)
    assert budget.max_hits() == hits


def test_flush_waits_for_the_hit_that_is_being_thought_about() -> None:
    def slow(event: Event) -> Event:
        time.sleep(0.3)
        return event

    transport = MemoryTransport()
    tracker = tracker_over(transport, before_send=slow)
    visit(tracker)
    assert wait_until(lambda: tracker.stats()["waiting"] == 0)
    assert tracker.flush(5)
    assert len(transport.requests) == 1


def test_all_trackers_share_the_time_of_one_flush() -> None:
    with vendor(vendors.hanging) as server:
        dsn = server.url.replace("http://", "plausible+http://") + "/example.com"
        trackers = [Tracker(Config(destinations=[dsn]), environ={}) for _ in range(3)]
        for tracker in trackers:
            visit(tracker)
        started = time.monotonic()
        assert not footfall.flush(1.5)
        assert time.monotonic() - started < 3.5


def test_sync_mode_never_waits_for_another_thread() -> None:
    transport = MemoryTransport()
    tracker = tracker_over(transport, mode="sync")
    with tracker._pipeline.lock:
        other = threading.Thread(target=visit, args=(tracker,))
        other.start()
        other.join(5)
        assert not other.is_alive()
    visit(tracker)
    assert len(transport.requests) == 2


class Lazy:
    @property  # type: ignore[misc]  # as Django's lazy objects do
    def __class__(self) -> type:
        raise RuntimeError("not in an async context")

    def __str__(self) -> str:
        raise RuntimeError("not in an async context")


def test_a_lazy_prop_that_fails_does_not_fail_the_view(footfall_outbox: Outbox) -> None:
    async def view(scope: Any, receive: Any, send: Any) -> None:
        footfall.set_props(user=Lazy())
        await page(scope, receive, send)

    tracker = tracker_over(MemoryTransport())
    call_asgi(asgi.FootfallMiddleware(view, tracker=tracker), navigation("/page"))
    assert [event.props for event in footfall_outbox] == [{"user": None}]


def test_an_address_in_the_wrong_place_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    tracker = tracker_over(MemoryTransport())
    wrong: Any = "203.0.113.77"
    tracker.track("Paid", url="https://example.com/", visitor=wrong)
    assert "visitor is a str" in caplog.text
    assert "203.0.113.77" not in caplog.text


def test_captures_may_be_nested(footfall_outbox: Outbox) -> None:
    tracker = tracker_over(MemoryTransport())
    with capture() as inner:
        visit(tracker)
    visit(tracker)
    assert (len(inner), len(footfall_outbox)) == (1, 2)


def test_an_idle_tracker_keeps_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_thread, "AWAKE_SECONDS", 0.05)
    monkeypatch.setattr(worker_thread, "IDLE_SECONDS", 0.05)
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    for number in range(1, 4):
        visit(tracker)
        assert wait_until(lambda: len(transport.requests) == number)  # noqa: B023
        assert wait_until(lambda: tracker._worker.current is None)


def test_headers_of_endless_length_are_cut(footfall_outbox: Outbox) -> None:
    headers = {"Accept-Language": "x" * 60_000, "User-Agent": CHROME + "x" * 60_000}
    visit(tracker_over(MemoryTransport()), headers=headers)
    visitor = footfall_outbox[0].visitor
    assert (len(visitor.language), len(visitor.user_agent)) == (512, 2048)


def test_an_event_of_another_visitor_has_no_referral_of_this_one(
    footfall_outbox: Outbox,
) -> None:
    async def view(scope: Any, receive: Any, send: Any) -> None:
        token = {"ip": "203.0.113.9", "ua": CHROME}
        footfall.track("Paid", url="https://example.com/order", visitor=token)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    tracker = tracker_over(MemoryTransport())
    raw = navigation("/staff", headers={"Referer": "https://example.com/staff/orders/5"})
    call_asgi(asgi.FootfallMiddleware(view, tracker=tracker), raw)
    assert footfall_outbox[0].previous is None


@pytest.mark.parametrize("plain", [plain_wsgi, plain_asgi], ids=lambda adapter: adapter.__name__)
def test_while_thinking_lags_only_what_is_picked_waits(
    plain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_module, "MAX_UNPACKED", 1)
    monkeypatch.setattr(Tracker, "_wake", lambda self, now: None)
    raw = navigation("/page")
    secrets = [(b"Cookie", b"session=1"), (b"Referer", b"https://example.org/" + b"x" * 50_000)]
    raw = replace(raw, headers=[*raw.headers, *secrets])
    outbox = MemoryTransport()
    with plain(destinations=[PLAUSIBLE], transport=outbox) as call:
        tracker = process_hooks.newest()
        assert isinstance(tracker, Tracker)
        for _ in range(3):
            call(raw)
        waiting = [repr(record) for record in tracker._inbox._records]
        tracker.process_all()
        reasons = tracker.stats()["reasons"]
    assert [len(text) > 50_000 for text in waiting] == [True, False, False]
    assert "session=1" not in "".join(waiting[1:])
    assert reasons == {"navigation": 3}


@pytest.mark.parametrize(
    ("path", "changes", "told"),
    [
        ("/gone", {}, {"path": "/gone"}),
        ("/café/x y", {}, {"path": "/café/x y"}),
        ("/reset/3f9c2b7e8d1a4c6f9b0e2d5a7c8f1e3b", {}, {"path": "/reset/:token"}),
        ("/news/ann@example.org", {}, {"path": "/news/:email"}),
        ("/users/17", {"route": "/users/{id}"}, {"path": "/users/{id}"}),
        ("/gone", {"props": {"path": "/mine", "plan": "pro"}}, {"path": "/mine", "plan": "pro"}),
    ],
    ids=["a path", "decoded", "a token", "an address", "a route", "the app's own word"],
)
def test_a_missing_page_tells_no_more_of_its_path_than_its_url(
    path: str, changes: dict[str, Any], told: dict[str, str]
) -> None:
    hit = Hit(
        host="example.com",
        path=path,
        status=404,
        headers={"user-agent": CHROME, "accept": "text/html"},
        response_headers={"content-type": "text/html"},
        peer="203.0.113.7",
    )
    tracker = tracker_over(MemoryTransport(), track_404=True, path_mode="route")
    event = tracker.explain(replace(hit, **changes)).event
    assert event is not None
    assert (event.name, event.props) == ("404", told)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", "https://example.com/a.pdf"),
        ("utm_source=news&gclid=1&page=2", "https://example.com/a.pdf"),
        ("ref=x&file=7&utm_medium=mail", "https://example.com/a.pdf?file=7"),
    ],
    ids=["no query", "a campaign", "what the owner keeps"],
)
def test_a_saved_file_is_named_without_the_campaign_that_led_to_it(query: str, told: str) -> None:
    hit = Hit(
        scheme="https",
        host="example.com",
        path="/a.pdf",
        query=query,
        headers={"user-agent": CHROME, "accept": "text/html"},
        response_headers={"content-type": "application/pdf"},
        peer="203.0.113.7",
    )
    event = tracker_over(MemoryTransport(), keep_query=["file"]).explain(hit).event
    assert event is not None
    assert (event.name, event.props) == ("File Download", {"url": told})
    assert ("utm_" in event.url) is ("utm_" in query)
