"""A small app with a tracker, for the tests of the tracker."""

from __future__ import annotations

from typing import Any

from footfall import asgi
from footfall.config import Config
from footfall.tracker import Tracker
from tests.support.adapters import PLAUSIBLE, call_asgi, navigation


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
