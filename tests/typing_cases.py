"""Code as users write it, which type checkers read and nobody runs.

`tox -e typing` checks it with mypy and with pyright. Each line that must be an error has a comment
that ignores that error, and both report a comment that ignores nothing: an error that is no longer
found fails, as does correct code in which one is found.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import fastapi
import flask

import footfall
import footfall.collector
from footfall.destinations import Only, Plausible, Swetrix
from footfall.fastapi import FootfallMiddleware
from footfall.flask import Footfall
from footfall.testing import capture

# -- correct -----------------------------------------------------------------------------------


def only_people(event: footfall.Event) -> footfall.Event | None:
    return None if event.name == "Bot Visit" else event


def not_the_office(hit: footfall.Hit) -> bool:
    return hit.host != "office.example.com"


SETTINGS: footfall.Options = {
    "destinations": ["plausible://plausible.io/example.com"],
    "exclude": ["/admin/**"],
    "before_send": only_people,
    "should_track": not_the_office,
    "track_404": True,
}


def adapters(api: fastapi.FastAPI, site: flask.Flask, app: Any) -> None:
    api.add_middleware(FootfallMiddleware, destinations=[Plausible(domain="example.com")])
    Footfall(site, destinations=[Only(to=Swetrix(pid="abcdefghijkl"), hosts=["a.example"])])
    Footfall(site, **SETTINGS)
    tracker = footfall.Tracker.from_options(SETTINGS)
    footfall.Tracker.from_options({})
    footfall.Tracker(footfall.Config.load({"read": "from a file"}))
    tracker.flush(2.0)


@footfall.ignore_view
def health(request: object) -> str:
    return "ok"


def views() -> bool:
    answer: str = health(object())
    footfall.track("Signup", props={"plan": answer}, revenue=("EUR", Decimal("19.99")))
    footfall.track("Paid", url="https://example.com/", visitor=footfall.current_visitor())
    footfall.set_props(logged_in=True)
    with capture() as outbox:
        name: str = outbox[0].name
    return bool(name) and footfall.flush()


# -- wrong -------------------------------------------------------------------------------------

footfall.trakc("Signup")  # type: ignore[attr-defined]
footfall.collector.CollectorServr()  # type: ignore[attr-defined]
footfall.track("Signup", prop={"plan": "pro"})  # type: ignore[call-arg]
footfall.track("Signup", revenue="19.99")  # type: ignore[arg-type]
footfall.Tracker.from_options({"destinatons": []})  # type: ignore[typeddict-unknown-key]
footfall.Tracker.from_options({"prefetch": "skp"})  # type: ignore[typeddict-item]
MISSPELT: footfall.Options = {"destinatons": []}  # type: ignore[typeddict-unknown-key]


def wrong_adapters(api: fastapi.FastAPI, site: flask.Flask) -> None:
    api.add_middleware(FootfallMiddleware, destinatons=[])  # type: ignore[call-arg]
    Footfall(site, destinatons=[])  # type: ignore[call-arg]
    Footfall(site, track_404="yes")  # type: ignore[arg-type]
