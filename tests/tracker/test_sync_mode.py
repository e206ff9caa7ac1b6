"""`mode="sync"`: a response waits for its events, once, and no event loop does."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import footfall
from footfall import asgi, wsgi
from footfall.config import Config
from footfall.destinations import Plausible
from footfall.errors import NotSent
from footfall.model import Event, Request, Response
from footfall.testing import MemoryTransport
from footfall.tracker import Tracker
from tests.support.adapters import ADAPTERS, NAVIGATION, Raw, call_asgi, call_wsgi, navigation
from tests.support.faults import Scripted
from tests.support.trackers import counts, page, tracker_over, visit
from tests.support.vendors import Vendor, answer, answering, vendor, wait_until
from tests.support.waiting import LONG_SECONDS, no_long_wait
from tests.tracker.programs import dsn, names, sent_names, track

HTML = [(b"content-type", b"text/html")]
POST = Raw(method="POST", target=b"/signup", query=b"", headers=navigation().headers)
TOKEN = {"ip": "203.0.113.9", "ua": "Mozilla/5.0"}


class Watched:
    """A tracker in sync mode, and the threads on which it called the hook."""

    def __init__(self, **options: Any) -> None:
        self.transport = MemoryTransport()
        self.threads: list[threading.Thread] = []
        self.options = {
            "destinations": [Plausible(domain="example.com")],
            "transport": self.transport,
            "before_send": self._before_send,
            "mode": "sync",
            **options,
        }

    def tracker(self) -> Tracker:
        return Tracker(Config(**self.options), environ={})

    @property
    def delivered(self) -> int:
        return len(self.transport.requests)

    def _before_send(self, event: Event) -> Event:
        self.threads.append(threading.current_thread())
        return event


@pytest.fixture
def site() -> Watched:
    return Watched()


@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS.keys())
def test_every_adapter_has_delivered_when_its_answer_is_there(adapter: Any, site: Watched) -> None:
    with adapter(**site.options) as call:
        assert call(navigation("/page")).status == 200
        assert site.delivered == 1
        call(navigation("/page"))
        assert site.delivered == 2


@pytest.mark.parametrize(
    ("name", "path"),
    [("asgi", "/page"), ("starlette", "/page"), ("fastapi", "/page"), ("django-asgi", "/async")],
)
def test_no_loop_waits_for_a_vendor(name: str, path: str, site: Watched) -> None:
    with ADAPTERS[name](**site.options) as call:
        call(navigation(path))
    assert site.delivered == 1
    assert threading.main_thread() not in site.threads


@pytest.mark.parametrize("raw", [navigation(), POST], ids=["a page", "a form"])
def test_asgi_sends_nothing_before_its_events_are_delivered(raw: Raw, site: Watched) -> None:
    delivered: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        footfall.track("A")
        delivered.append(site.delivered)
        footfall.track("B")
        delivered.append(site.delivered)
        await send({"type": "http.response.start", "status": 200, "headers": HTML})
        delivered.append(site.delivered)
        await send({"type": "http.response.body", "body": b"ok"})
        footfall.track("in a background task")
        delivered.append(site.delivered)

    wrapped = asgi.FootfallMiddleware(app, tracker=site.tracker())
    pages = int(raw is not POST)
    call_asgi(wrapped, raw)
    # A page counts when its body begins, which is sent after the event.
    assert delivered == [0, 0, 2, 2 + pages]
    assert site.delivered == 3 + pages


@pytest.mark.parametrize("wrap", [itertools.chain, iter], ids=["iterable", "generator"])
def test_wsgi_delivers_once_the_app_has_returned_and_before_the_body(
    wrap: Any, site: Watched
) -> None:
    delivered: list[int] = []

    def app(environ: Any, start_response: Callable[..., Any]) -> Iterator[bytes]:
        footfall.track("A")
        start_response("200 OK", [("Content-Type", "text/html")])
        delivered.append(site.delivered)
        return wrap(body())  # type: ignore[no-any-return]  # of either type

    def body() -> Iterator[bytes]:
        delivered.append(site.delivered)
        yield b"ok"

    call_wsgi(wsgi.FootfallMiddleware(app, tracker=site.tracker()), navigation())
    # Whether there is a page, a generator's own first step shows.
    assert delivered == [0, 1 if wrap is iter else 2]
    assert site.delivered == 2


def test_wsgi_delivers_each_step_of_a_generator_before_its_chunk_is_sent(site: Watched) -> None:
    def app(environ: Any, start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "text/html")])
        yield b"o"
        footfall.track("A")
        yield b"k"

    environ: dict[str, Any] = {"REQUEST_METHOD": "GET", "PATH_INFO": "/page"}
    for name, value in NAVIGATION.items():
        environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
    environ["REMOTE_ADDR"] = "198.51.100.7"
    start_response: Any = lambda *_: None  # noqa: E731 -- a server that writes nowhere
    wrapped = wsgi.FootfallMiddleware(app, tracker=site.tracker())
    assert [site.delivered for _ in wrapped(environ, start_response)] == [1, 2]


def test_a_wsgi_iterable_that_starts_late_delivers_on_the_spot(site: Watched) -> None:
    delivered: list[int] = []

    def app(environ: Any, start_response: Callable[..., Any]) -> Any:
        return itertools.chain(body(start_response))

    def body(start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "text/html")])
        delivered.append(site.delivered)
        yield b"ok"

    call_wsgi(wsgi.FootfallMiddleware(app, tracker=site.tracker()), navigation())
    assert delivered == [1]


@pytest.mark.parametrize("name", ["wsgi", "asgi"])
def test_what_an_app_tracked_before_it_failed_is_delivered(name: str, site: Watched) -> None:
    def fail(environ: Any, start_response: Any) -> Any:
        footfall.track("A")
        raise LookupError("the app's own")

    async def fail_later(scope: Any, receive: Any, send: Any) -> None:
        fail(scope, send)

    call: Any = {
        "wsgi": lambda: call_wsgi(
            wsgi.FootfallMiddleware(fail, tracker=site.tracker()), navigation()
        ),
        "asgi": lambda: call_asgi(
            asgi.FootfallMiddleware(fail_later, tracker=site.tracker()), navigation()
        ),
    }[name]
    with pytest.raises(LookupError):
        call()
    assert site.delivered == 1


def test_a_task_that_outlives_its_request_delivers_by_itself(site: Watched) -> None:
    tasks: list[asyncio.Task[None]] = []

    async def later() -> None:
        await asyncio.sleep(0.01)
        footfall.track("later")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        tasks.append(asyncio.create_task(later()))

    async def receive() -> Any:
        return {}

    async def send(message: Any) -> None:
        return

    async def serve() -> None:
        await asgi.FootfallMiddleware(app, tracker=site.tracker())(scope, receive, send)
        await tasks[0]

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "headers": [(name.lower(), value) for name, value in navigation().headers],
        "client": ("203.0.113.9", 1),
    }
    asyncio.run(serve())
    assert site.delivered == 1


def test_outside_a_request_and_in_one_of_another_tracker_it_delivers_at_once(
    site: Watched,
) -> None:
    other = Watched()
    tracker = other.tracker()
    delivered: list[int] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        tracker.track("A", url="https://example.com/", visitor=TOKEN)
        delivered.append(other.delivered)
        return []

    environ: dict[str, Any] = {"PATH_INFO": "/", "REQUEST_METHOD": "GET"}
    wsgi.FootfallMiddleware(app, tracker=site.tracker())(environ, lambda *_: lambda chunk: None)
    tracker.track("B", url="https://example.com/", visitor=TOKEN)
    assert (delivered, other.delivered) == ([1], 2)


class Broken(MemoryTransport):
    def send(self, request: Request) -> Response:
        raise LookupError("broken")


@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS.keys())
def test_a_broken_transport_harms_no_answer(adapter: Any) -> None:
    site = Watched(transport=Broken())
    with adapter(**site.options) as call:
        assert call(navigation("/page")).status == 200


def test_a_fault_of_ours_harms_no_answer(site: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    tracker = site.tracker()
    monkeypatch.setattr(tracker, "_deliver_here", lambda: 1 / 0)

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/html")])
        return [b"ok"]

    assert call_wsgi(wsgi.FootfallMiddleware(app, tracker=tracker), navigation()).body == b"ok"
    assert tracker.stats()["errors"] == 1


def test_where_the_system_has_no_thread_left_the_loop_waits(
    site: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with ADAPTERS["asgi"](**site.options) as call:
        assert call(navigation()).status == 200
    assert site.delivered == 1


def test_a_mode_that_does_not_wait_leaves_the_app_as_it_is() -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        return []

    async def other(scope: Any, receive: Any, send: Any) -> None:
        return

    tracker = Watched(mode="thread").tracker()
    assert wsgi.FootfallMiddleware(app, tracker=tracker).app is app
    assert asgi.FootfallMiddleware(other, tracker=tracker).app is other


@pytest.mark.parametrize("kind", ["websocket", "lifespan"])
def test_what_is_no_request_passes_unchanged(kind: str, site: Watched) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": f"{kind}.startup.complete"})

    sent: list[Any] = []

    async def receive() -> Any:
        return {}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(asgi.FootfallMiddleware(app, tracker=site.tracker())({"type": kind}, receive, send))
    assert sent == [f"{kind}.startup.complete"]


def sync_tracker(transport: Any, **options: Any) -> Tracker:
    return tracker_over(transport, mode="sync", **options)


class Slow:
    """A transport that is slow for the event of one name, and keeps all requests."""

    def __init__(self, name: str) -> None:
        self._name = name.encode()
        self.requests: list[Request] = []
        self.go_on = threading.Event()

    def send(self, request: Request) -> Response:
        self.requests.append(request)
        if b'"name":"' + self._name in request.body:
            self.go_on.wait(LONG_SECONDS)
        return Response(status=202, body=b"ok")


def test_in_sync_mode_a_request_waits_for_its_own_event_alone() -> None:
    transport = Slow("held")
    tracker = sync_tracker(transport)
    other = threading.Thread(target=track, args=(tracker, "held"))
    other.start()
    assert wait_until(lambda: sent_names(transport) == ["held"])
    with no_long_wait():
        for number in range(3):
            track(tracker, f"quick {number}")
    # The other thread processes what it finds while it is not done.
    assert wait_until(lambda: counts(tracker) == {"submitted": 4, "accepted": 3, "queued": 1})
    transport.go_on.set()
    other.join()
    assert wait_until(lambda: counts(tracker) == {"submitted": 4, "accepted": 4})


def test_in_sync_mode_a_request_waits_for_a_second_at_most() -> None:
    transport = Slow("held")
    tracker = sync_tracker(transport)
    started = time.monotonic()
    with no_long_wait():
        track(tracker, "held")
    assert time.monotonic() - started > 0.9
    assert counts(tracker) == {"submitted": 1, "queued": 1}
    transport.go_on.set()


def test_in_sync_mode_an_event_has_one_try() -> None:
    transport = Scripted(NotSent("refused"))
    tracker = sync_tracker(transport)
    track(tracker, "A")
    assert counts(tracker) == {"submitted": 1, "failed": 1}


def test_in_sync_mode_no_request_waits_for_a_paused_vendor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    transport = Scripted(*[NotSent("refused")] * 5)
    tracker = sync_tracker(transport)
    for number in range(5):
        track(tracker, f"{number}")
    monkeypatch.setattr("footfall.tracker.tracker.SYNC_SECONDS", LONG_SECONDS)
    with no_long_wait():
        track(tracker, "later")
    assert counts(tracker) == {"submitted": 6, "failed": 5, "queued": 1}


def test_72_after_a_thaw_nothing_stale_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    transport = Scripted(*[NotSent("refused")] * 5)
    tracker = sync_tracker(transport)
    for number in range(6):  # the last one is kept: the circuit breaker is open
        track(tracker, f"stale {number}")
    wall_clock = time.time
    monkeypatch.setattr(time, "time", lambda: wall_clock() + 600)
    [lane] = tracker._dispatcher.lanes
    lane._queue._wall_clock = time.time
    lane._breaker.open_until = 0.0
    track(tracker, "fresh")
    assert sent_names(transport)[5:] == ["fresh"]
    assert counts(tracker) == {"submitted": 7, "failed": 5, "expired": 1, "accepted": 1}


def test_72_after_a_thaw_a_new_connection_is_made(
    good: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker = Tracker(Config(destinations=[dsn(good)], mode="sync"), environ={})
    track(tracker, "A")
    track(tracker, "B")
    assert good.connections == 1
    wall_clock = time.time
    monkeypatch.setattr(time, "time", lambda: wall_clock() + 2)
    track(tracker, "C")
    assert (good.connections, names(good)) == (2, ["A", "B", "C"])


def test_in_sync_mode_no_thread_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    transport = MemoryTransport()
    tracker = sync_tracker(transport)
    track(tracker, "A")
    assert sent_names(transport) == ["A"]


def test_sync_mode_delivers_before_the_request_goes_on() -> None:
    transport = MemoryTransport()
    tracker = tracker_over(transport, mode="sync")
    visit(tracker)
    assert len(transport.requests) == 1


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


@pytest.mark.parametrize("transport", ["curl", "httpx"])
def test_a_lifespan_for_each_invocation_keeps_the_connection(transport: str) -> None:
    # As Mangum runs an app in AWS Lambda, unless told otherwise.
    with vendor(answering(answer())) as endpoint:
        tracker = Tracker(
            Config(destinations=[dsn(endpoint)], transport=transport, mode="sync"),  # type: ignore[arg-type]
            environ={},
        )
        app = asgi.FootfallMiddleware(page_without_lifespan, tracker=tracker)
        for number in range(5):
            lifespan(app, call_asgi, navigation(f"/{number}"))
        assert len(endpoint.requests) == 5
        assert endpoint.connections == 1
        tracker.close()


async def page_without_lifespan(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    await page(scope, receive, send)


def lifespan(app: Any, call: Callable[..., object], raw: Raw) -> None:
    """Start an app, call it, and stop it."""
    waiting = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive() -> Any:
        if len(waiting) == 1:
            await asyncio.to_thread(call, app, raw)
        return waiting.pop(0)

    async def send(message: Any) -> None:
        assert message["type"].endswith("complete")

    asyncio.run(app({"type": "lifespan"}, receive, send))
