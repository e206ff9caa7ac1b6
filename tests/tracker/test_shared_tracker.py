"""One tracker for equal options: who shares one, who does not, and how long it lives."""

from __future__ import annotations

import gc
import re
import threading
import weakref
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask

import footfall
from footfall import asgi, wsgi
from footfall.destinations import Plausible
from footfall.flask import Footfall
from footfall.model import Event, Outcome, Request, Response
from footfall.starlette import FootfallMiddleware as StarletteMiddleware
from footfall.testing import MemoryTransport
from footfall.tracker import Tracker
from footfall.tracker.shared_tracker import shared_tracker
from tests.support.adapters import PLAUSIBLE
from tests.support.trackers import page, visit
from tests.support.vendors import Vendor
from tests.tracker.programs import ended, names, program


def test_litestar_makes_the_middleware_for_each_handler_and_they_share_a_tracker(
    good: Vendor,
) -> None:
    # In a process of its own, since Litestar changes the logging of the whole process.
    with program(LITESTAR, good) as process:
        ended(process)
    assert names(good) == ["pageview"] * 40
    # A thread sends to a vendor that answers at once, with a second one for what waits meanwhile.
    assert good.connections <= 2


LITESTAR = """
from litestar import Litestar, MediaType, get
from litestar.middleware import DefineMiddleware
from litestar.testing import TestClient
from footfall.asgi import FootfallMiddleware

def handler(number):
    @get(f"/page/{number}", media_type=MediaType.HTML, name=f"page {number}", sync_to_thread=False)
    def page() -> str:
        return "<p>A page"
    return page

app = Litestar(
    [handler(number) for number in range(40)],
    middleware=[
        DefineMiddleware(
            FootfallMiddleware, destinations=sys.argv[1], client_ip=lambda *_: "198.51.100.7"
        )
    ],
    logging_config=None,
)
browser = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
    "Accept": "text/html",
}
with TestClient(app, base_url="http://example.com") as client:
    for number in range(40):
        assert client.get(f"/page/{number}", headers=browser).status_code == 200
    [tracker] = process_hooks.trackers()
    tracker.process_all()
    assert footfall.stats()["reasons"] == {"navigation": 40}, footfall.stats()
    assert sum(thread.name == "footfall" for thread in threading.enumerate()) == 1
"""


def same(*_: object) -> None:
    """A function that an option may name."""


TRANSPORT = MemoryTransport()
# The options of the first middleware and of the second.
EQUAL: dict[str, list[dict[str, Any]]] = {
    "a list and a tuple": [{"destinations": [PLAUSIBLE]}, {"destinations": (PLAUSIBLE,)}],
    "destinations of ours": [{"destinations": Plausible(domain="example.com")} for _ in range(2)],
    "a function": [{"should_track": same}, {"should_track": same}],
    "a transport": [{"transport": TRANSPORT}, {"transport": TRANSPORT}],
    "patterns": [
        {"exclude": ["/a/**", re.compile("/b")]},
        {"exclude": ["/a/**", re.compile("/b")]},
    ],
    "a default, left out or written": [{}, {"sample_rate": 1.0}],
}


@pytest.mark.parametrize(("one", "other"), EQUAL.values(), ids=EQUAL)
def test_equal_options_share_a_tracker(one: dict[str, Any], other: dict[str, Any]) -> None:
    first, second = (shared_tracker({"destinations": PLAUSIBLE, **each}) for each in (one, other))
    assert first is second


@dataclass
class Recorder:
    """A destination as an app may define one: equal while it has seen nothing, and mutable."""

    seen: list[Event] = field(default_factory=list)
    name: str = "recorder"
    endpoint: str = "https://recorder.example/"

    def request(self, event: Event) -> Request:
        self.seen.append(event)
        return Request(url=self.endpoint, headers={}, body=b"")

    def read(self, response: Response) -> Outcome:
        raise NotImplementedError


DIFFERENT: dict[str, list[dict[str, Any]]] = {
    "an option": [{"exclude": "/a"}, {"exclude": "/b"}],
    "functions": [{"should_track": lambda hit: True}, {"should_track": lambda hit: True}],
    "transports": [{"transport": MemoryTransport()}, {"transport": MemoryTransport()}],
    "mutable destinations that are equal so far": [
        {"destinations": [Recorder()]},
        {"destinations": [Recorder()]},
    ],
}


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_different_options_do_not(one: dict[str, Any], other: dict[str, Any]) -> None:
    first, second = (shared_tracker({"destinations": PLAUSIBLE, **each}) for each in (one, other))
    assert first is not second


def test_the_environment_is_part_of_the_options() -> None:
    ours = {"FOOTFALL_DESTINATIONS": PLAUSIBLE}
    first = shared_tracker({}, environ=ours)
    assert shared_tracker({}, environ={**ours, "PATH": "/bin"}) is first
    assert shared_tracker({"destinations": PLAUSIBLE}, environ={}) is first
    assert shared_tracker({}, environ={**ours, "FOOTFALL_TRACK_404": "1"}) is not first
    assert shared_tracker({}, environ={**ours, "AWS_LAMBDA_FUNCTION_NAME": "f"}) is not first
    assert shared_tracker({}, environ={**ours, "PYTEST_VERSION": "9"}) is not first


def test_every_adapter_shares_and_a_tracker_of_the_apps_own_is_not_shared() -> None:
    ours = Tracker.from_options({"destinations": PLAUSIBLE})
    app = Flask(__name__)
    Footfall(app, destinations=PLAUSIBLE)
    shared: Tracker = app.extensions["footfall"]
    wrapped: Any = page
    assert shared is not ours
    assert asgi.FootfallMiddleware(page, destinations=PLAUSIBLE).tracker is shared
    assert wsgi.FootfallMiddleware(wrapped, destinations=PLAUSIBLE).tracker is shared
    assert StarletteMiddleware(page, destinations=PLAUSIBLE).tracker is shared
    assert asgi.FootfallMiddleware(page, tracker=ours).tracker is ours


def test_a_shared_tracker_ends_with_the_last_app_that_uses_it() -> None:
    apps = [asgi.FootfallMiddleware(page, destinations=PLAUSIBLE) for _ in range(3)]
    tracker = weakref.ref(apps[0].tracker)
    del apps[1:]
    gc.collect()
    assert tracker() is not None
    apps.clear()
    gc.collect()
    assert tracker() is None
    assert shared_tracker({"destinations": PLAUSIBLE}).stats()["captured"] == 0


def test_one_app_that_stops_takes_nothing_from_another_with_the_same_tracker() -> None:
    transport = MemoryTransport()
    options = {"destinations": PLAUSIBLE, "transport": transport}
    first, second = shared_tracker(options), shared_tracker(options)
    visit(first)
    assert first.close(30)
    visit(second)
    assert second.flush(30)
    assert len(transport.requests) == 2


def test_apps_that_are_made_at_the_same_moment_all_count() -> None:
    transport = MemoryTransport()
    ready, made = threading.Barrier(8), []

    def make() -> None:
        ready.wait()
        made.append(shared_tracker({"destinations": PLAUSIBLE, "transport": transport}))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for tracker in made:
        visit(tracker)
    assert footfall.flush(30)
    assert len(transport.requests) == 8
    assert footfall.stats()["reasons"] == {"navigation": 8}
