"""Faults that come from within the process, by the numbers of the fault catalogue.

Odd texts, hooks and log handlers of the app, its instruments, and an app that is its own endpoint.
"""

from __future__ import annotations

import gc
import io
import json
import logging
import subprocess
import sys
import textwrap
import threading
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

import footfall
from footfall.common.reentrancy import is_suppressed, suppress_tracking
from footfall.model import Event
from footfall.tracker import Tracker
from footfall.wsgi import FootfallMiddleware
from tests.support import vendors
from tests.support.faults import BROWSER, Scripted, Site
from tests.support.transports import Client, assert_is_sound, ends_as, fault, site_of
from tests.support.vendors import vendor, wait_until
from tests.support.waiting import LONG_SECONDS, no_long_wait

ACCEPTED = vendors.answer()

# -- texts -------------------------------------------------------------------------------------

TEXTS: dict[str, dict[str, str]] = {
    "lone-surrogate": {"path": "/a\udcff"},
    "nul": {"path": "/a\0b"},
    "crlf-in-path": {"path": "/a\r\nX-Evil: 1\r\n\r\nPOST /"},
    "crlf-in-user-agent": {"HTTP_USER_AGENT": BROWSER + "\r\nX-Evil: 1"},
    "nul-in-user-agent": {"HTTP_USER_AGENT": BROWSER + "\0"},
    "crlf-in-language": {"HTTP_ACCEPT_LANGUAGE": "en\r\nX-Evil: 1"},
    "emoji": {"path": "/\U0001f600".encode().decode("latin-1")},
    "emoji-in-user-agent": {"HTTP_USER_AGENT": BROWSER + "\U0001f600"},
    "long-user-agent": {"HTTP_USER_AGENT": BROWSER + "x" * 65536},
    "invalid-utf-8-query": {"QUERY_STRING": "utm_source=%ff%fe&utm_medium=\xff"},
    "crlf-in-query": {"QUERY_STRING": "utm_source=a%0d%0aX-Evil:%201"},
    "no-language": {"HTTP_ACCEPT_LANGUAGE": ""},
}


@fault(50, "text", *TEXTS)
def test_no_text_breaks_the_json_or_writes_a_header(client: Client, value: str) -> None:
    with vendor(vendors.answering(ACCEPTED)) as server, site_of(client, server.url) as (site, _):
        site.visit(**TEXTS[value])
        assert wait_until(lambda: sum(site.tracker.stats()["reasons"].values()) == 1)
        (reason,) = site.tracker.stats()["reasons"]
        if reason == "navigation":
            ends_as(site, accepted=1)
            (request,) = server.requests
            assert_is_sound(request)


def recursive() -> list[Any]:
    found: list[Any] = []
    found.append(found)
    return found


class WithoutText:
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


PROPS: dict[str, Any] = {
    "object": object(),
    "no-text": WithoutText(),
    "nan": float("nan"),
    "recursion": recursive(),
    "long": "x" * 20_000_000,
    "huge-number": 10**6000,
}


@fault(51, "prop", *PROPS)
def test_a_prop_that_cannot_be_written_costs_at_most_its_event(client: Client, value: str) -> None:
    with (
        vendor(vendors.answering(ACCEPTED)) as server,
        site_of(client, server.url, environ={}) as (site, _),
    ):
        site.tracker.track(
            "Signup",
            props={"plan": PROPS[value]},
            url="https://example.com/",
            visitor={"ip": "198.51.100.1", "ua": BROWSER, "lang": ""},
        )
        assert wait_until(lambda: sum(site.tracker.stats()["reasons"].values()) == 1)
        if "custom_event" in site.tracker.stats()["reasons"]:
            assert wait_until(lambda: sum(site.counts().values()) == 1)
            assert wait_until(lambda: "queued" not in site.counts())
        if site.tracker.stats()["reasons"] == {"custom_event": 1} and server.requests:
            (request,) = server.requests
            assert_is_sound(request)
            assert len(request) < 16_000


# -- track() from within -----------------------------------------------------------------------


@contextmanager
def logging_to(handler: logging.Handler) -> Iterator[None]:
    logger = logging.getLogger("footfall")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


class Telling(logging.Handler):
    """A log handler that makes an event of each line."""

    lines = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += 1
        footfall.track("Log line", url="https://example.com/", visitor={"ip": "::1", "ua": "x"})


class Finalized:
    """An object in a reference cycle whose finalizer tracks; `ends` notes where that ran."""

    def __init__(self, tracker: Tracker, ends: list[bool] | None = None) -> None:
        self.circle = self
        self.tracker = tracker
        self.ends = [] if ends is None else ends

    def __del__(self) -> None:
        self.ends.append(is_suppressed())
        visitor = {"ip": "198.51.100.9", "ua": BROWSER, "lang": ""}
        self.tracker.track("Freed", url="https://example.com/", visitor=visitor)


@fault(53, "log-handler-tracks")
def test_a_log_handler_that_tracks_makes_no_event_of_an_event(client: Client) -> None:
    answer = vendors.answering(vendors.answer("500 Oops"))
    handler = Telling()
    with vendor(answer) as server, logging_to(handler), site_of(client, server.url) as (site, _):
        site.visit()
        ends_as(site, unknown=1)
        assert wait_until(lambda: "echo" in site.tracker.stats()["reasons"])
        assert site.tracker.stats()["reasons"] == {"navigation": 1, "echo": handler.lines}
        assert len(server.requests) == 1


@fault(53, "finalizer-tracks")
def test_a_finalizer_that_tracks_on_a_delivery_thread_is_dropped(client: Client) -> None:
    def before_send(event: Event) -> Event:
        Finalized(site.tracker)
        gc.collect(0)
        return event

    with (
        vendor(vendors.answering(ACCEPTED)) as server,
        site_of(client, server.url, before_send=before_send) as (site, _),
    ):
        site.visits(3)
        ends_as(site, accepted=3)
        assert site.tracker.stats()["reasons"] == {"navigation": 3, "echo": 3}


@fault(53, "warning-hook-tracks")
def test_a_warning_hook_that_tracks_is_dropped(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def showwarning(*args: Any, **options: Any) -> None:
        site.tracker.track("Warning", url="https://example.com/")

    def before_send(event: Event) -> Event:
        warnings.warn("from a hook", UserWarning, stacklevel=1)
        return event

    monkeypatch.setattr(warnings, "showwarning", showwarning)
    with vendor(vendors.answering(ACCEPTED)) as server, warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = showwarning
        with site_of(client, server.url, before_send=before_send) as (site, _):
            site.visit()
            ends_as(site, accepted=1)
            assert site.tracker.stats()["reasons"] == {"navigation": 1, "echo": 1}


@fault(53, "collector-everywhere")
def test_a_garbage_collection_at_any_moment_hangs_nothing(client: Client) -> None:
    before = gc.get_threshold()
    ends: list[bool] = []
    with (
        vendor(vendors.answering(ACCEPTED)) as server,
        site_of(client, server.url, environ={}) as (site, _),
    ):
        gc.set_threshold(1, 1000, 1000)
        try:
            for number in range(40):
                Finalized(site.tracker, ends)
                site.visit(f"/{number}", visitor=f"198.51.100.{number}")
        finally:
            gc.set_threshold(*before)
        # While another thread collects, this call does nothing.
        assert wait_until(lambda: gc.collect() >= 0 and len(ends) == 40)
        # Any thread may be the one that collects, one of footfall's too: then it is an echo.
        ends_as(site, 20, accepted=40 + ends.count(False))
        assert site.tracker.stats()["reasons"].get("echo", 0) == ends.count(True)


def test_own_work_is_marked_for_its_thread_and_its_time_alone() -> None:
    seen: list[bool] = []

    @suppress_tracking
    def outer() -> None:
        inner()
        elsewhere = threading.Thread(target=lambda: seen.append(is_suppressed()))
        elsewhere.start()
        elsewhere.join()
        seen.append(is_suppressed())

    @suppress_tracking
    def inner() -> None:
        seen.append(is_suppressed())

    outer()
    assert (seen, is_suppressed()) == ([True, False, True], False)


def test_in_sync_mode_a_hook_that_tracks_is_dropped_too() -> None:
    transport = Scripted()

    def before_send(event: Event) -> Event:
        footfall.track("Again", url="https://example.com/")
        return event

    destination = "plausible://plausible.io/example.com"
    options: footfall.Options = {
        "destinations": [destination],
        "transport": transport,
        "mode": "sync",
        "before_send": before_send,
    }
    site = Site(Tracker.from_options(options))
    site.visit()
    assert len(transport.requests) == 1
    assert site.tracker.stats()["reasons"] == {"navigation": 1, "echo": 1}


# -- log handlers ------------------------------------------------------------------------------


class Visiting(logging.Handler):
    """A log handler that asks the app for a page, as one that mails through the site would."""

    site: Any = None

    def emit(self, record: logging.LogRecord) -> None:
        if self.site is not None:
            self.site.visit("/logged", visitor="198.51.100.77")


@fault(54, "log-handler-visits")
def test_a_log_handler_that_visits_the_app_makes_no_loop(client: Client) -> None:
    handler = Visiting()
    answer = vendors.answering(vendors.answer("500 Oops"))
    with vendor(answer) as server, logging_to(handler), site_of(client, server.url) as (site, _):
        handler.site = site
        site.visit()
        # The page that the handler asked for, and no further one: a line a minute of each kind.
        ends_as(site, unknown=2)
        assert not wait_until(lambda: len(server.requests) > 2, 0.3)
        handler.site = None


class Raising(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise RuntimeError("no log today")


def closed() -> logging.Handler:
    stream = io.StringIO()
    stream.close()
    return logging.StreamHandler(stream)


@fault(54, "log-handler", "raises", "closed")
def test_a_broken_log_handler_breaks_nothing_else(
    client: Client, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    handler = Raising() if value == "raises" else closed()
    answer = vendors.answering(vendors.answer("500 Oops"))
    with vendor(answer) as server, logging_to(handler), site_of(client, server.url) as (site, _):
        site.visits(3)
        ends_as(site, unknown=3)


# -- an app that is its own endpoint -----------------------------------------------------------


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@fault(55, "endpoint-is-the-app")
def test_an_app_that_is_its_own_endpoint_makes_no_loop(client: Client) -> None:
    posts: list[dict[str, Any]] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        if environ["REQUEST_METHOD"] == "POST":
            posts.append(environ)
            # What each POST would become without a mark: one more POST.
            footfall.track("Proxied")
            environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", "2")])
        return [b"ok"]

    with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
        here = f"http://127.0.0.1:{server.server_port}"
        transport = client(timeout_seconds=3)
        tracker = Tracker.from_options(
            {
                "destinations": [f"plausible+{here}/example.com"],
                "transport": transport,
                "track_localhost": True,
            },
            environ={},
        )
        server.set_app(FootfallMiddleware(app, tracker=tracker))
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            headers = {
                "User-Agent": BROWSER,
                "X-Forwarded-For": "198.51.100.1",
                "Sec-Fetch-Dest": "document",
                "Sec-Fetch-Mode": "navigate",
            }
            ask = urllib.request.Request(here + "/", headers=headers)
            assert urllib.request.urlopen(ask).status == 200
            assert wait_until(lambda: "echo" in tracker.stats()["reasons"])
            # A loop would have run a hundred times by then.
            assert not wait_until(lambda: len(posts) > 1, 0.3)
            reasons = tracker.stats()["reasons"]
            assert reasons.pop("echo") == 1
            assert sum(reasons.values()) - reasons.pop("method") == 1
        finally:
            server.shutdown()
            thread.join()
            transport.close()


# -- instruments -------------------------------------------------------------------------------

INSTRUMENTED = """
    import json, logging, sys
    from footfall.tracker import Tracker
    from footfall.delivery.transport import CurlTransport, HTTPXTransport
    from footfall.model import Response
    from tests.support import vendors
    from tests.support.faults import watched_site
    from tests.support.vendors import vendor, wait_until
    import httpx2


    class Owners:
        '''A transport of the owner's own, on a client that the instruments know.'''

        def __init__(self, **options):
            pass

        def send(self, request):
            answer = httpx2.post(request.url, content=request.body, headers=dict(request.headers))
            return Response(status=answer.status_code)


    CLIENTS = {"curl": CurlTransport, "httpx": HTTPXTransport, "owners": Owners}


    def deliver(around):
        with vendor(vendors.answering(vendors.answer())) as server:
            destination = f"plausible+http://localhost:{server.port}/example.com"
            transport = CLIENTS[sys.argv[1]](timeout_seconds=5)
            with (watched_site(destination, transport=transport) as site, around(),):
                site.visit()
                assert wait_until(lambda: site.counts() == {"accepted": 1}), site.counts()
                for _ in range(9):
                    site.visit(HTTP_USER_AGENT="Googlebot/2.1")
            return server.requests[0].split(b"\\r\\n\\r\\n")[0].decode().lower()
"""

SENTRY = """
    # Sentry imports eventlet where it is installed, whose sockets break the import of trio.
    sys.modules["trio"] = None
    import sentry_sdk
    from sentry_sdk.integrations.httpx2 import Httpx2Integration
    from sentry_sdk.integrations.socket import SocketIntegration
    from sentry_sdk.integrations.stdlib import StdlibIntegration
    from sentry_sdk.integrations.threading import ThreadingIntegration
    from sentry_sdk.transport import Transport

    seen = []


    class Kept(Transport):
        def capture_envelope(self, envelope):
            seen.extend(item.payload.json for item in envelope.items)


    sentry_sdk.init(
        dsn="http://key@127.0.0.1:9/1",
        transport=Kept,
        traces_sample_rate=1.0,
        default_integrations=False,
        integrations=[
            Httpx2Integration(), SocketIntegration(), StdlibIntegration(), ThreadingIntegration()
        ],
    )
    head = deliver(lambda: sentry_sdk.start_transaction(op="http.server", name="page"))
    (transaction,) = [each for each in seen if each.get("type") == "transaction"]
    found = [each["description"] for each in transaction["spans"]]
    found += [each["category"] for each in transaction.get("breadcrumbs", {}).get("values", ())]
    print(json.dumps([found, head]))
"""

OTEL = """
    from opentelemetry import trace
    from opentelemetry.instrumentation.httpx import HTTPX2ClientInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    seen = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(seen))
    trace.set_tracer_provider(provider)
    HTTPX2ClientInstrumentor().instrument()
    tracer = trace.get_tracer("test")
    head = deliver(lambda: tracer.start_as_current_span("page"))
    found = [span.name for span in seen.get_finished_spans() if span.name != "page"]
    print(json.dumps([found, head]))
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("instrument", "client"),
    [
        pytest.param(SENTRY, "curl", id="56-sentry-curl"),
        pytest.param(SENTRY, "httpx", id="56-sentry-httpx"),
        pytest.param(OTEL, "curl", id="56-opentelemetry-curl"),
        pytest.param(OTEL, "httpx", id="56-opentelemetry-httpx"),
        pytest.param(OTEL, "owners", id="56-opentelemetry-a-transport-of-the-owner's"),
    ],
)
def test_no_instrument_sees_our_posts_or_writes_into_them(instrument: str, client: str) -> None:
    program = textwrap.dedent(INSTRUMENTED) + textwrap.dedent(instrument)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, client],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen, head = json.loads(done.stdout.splitlines()[-1])
    assert seen == []
    for name in ("traceparent", "tracestate", "baggage", "sentry-trace"):
        assert f"\r\n{name}:" not in head


# -- hooks -------------------------------------------------------------------------------------


def raises(_: object) -> Any:
    raise RuntimeError("a fault of the owner's")


SENT, DROPPED = {"accepted": 1}, dict[str, int]()

HOOKS: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    "should-track-raises": ({"should_track": raises}, DROPPED),
    "before-send-raises": ({"before_send": raises}, DROPPED),
    # A function beside footfall's own filter, which holds all the same.
    "is-bot-raises": ({"is_bot": raises}, SENT),
    "should-track-junk": ({"should_track": lambda hit: "junk"}, SENT),
    "is-bot-junk": ({"is_bot": lambda hit: []}, SENT),
    "before-send-junk": ({"before_send": lambda event: 42}, DROPPED),
    "before-send-odd-url": (
        {"before_send": lambda event: replace(event, url="x\r\n\0" * 9)},
        SENT,
    ),
}


@fault(57, "hook", *HOOKS)
def test_a_hook_that_fails_costs_its_event_and_no_request(client: Client, value: str) -> None:
    options, ends = HOOKS[value]
    with (
        vendor(vendors.answering(ACCEPTED)) as server,
        site_of(client, server.url, errors=None, **options) as (site, _),
    ):
        site.visit()
        assert wait_until(lambda: site.tracker.stats()["waiting"] == 0)
        site.tracker.process_all()
        ends_as(site, **ends)
        if ends == DROPPED:
            assert site.tracker.stats()["errors"] == 1


@fault(57, "hook-hangs")
def test_a_hook_that_hangs_holds_up_no_request_and_no_exit(client: Client) -> None:
    is_over = threading.Event()

    def before_send(event: Event) -> Event:
        is_over.wait(LONG_SECONDS)
        return event

    with (
        vendor(vendors.answering(ACCEPTED)) as server,
        site_of(client, server.url, before_send=before_send) as (site, _),
    ):
        site.visits(20)
        with no_long_wait():
            assert not site.tracker.flush(0.3)
        is_over.set()
        ends_as(site, accepted=20)
