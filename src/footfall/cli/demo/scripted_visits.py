"""Scripted visits to the demo's site: sends each and compares what was counted with the script."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import httpx2

from footfall.cli.explain import BROWSER
from footfall.cli.terminal import say, say_json
from footfall.collector.storage.stored_events import EventSearch
from footfall.common.printable import escaped
from footfall.rules.pageview import REASONS

if TYPE_CHECKING:
    from footfall.collector import Store
    from footfall.tracker import Tracker

CHROME: Final = BROWSER["user-agent"]
GOOGLEBOT: Final = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
_FLUSH_SECONDS: Final = 30.0
VISITOR: Final = "203.0.113.7"
_NAVIGATION: Final = {**BROWSER, "x-forwarded-for": VISITOR}


@dataclass(frozen=True, kw_only=True)
class DemoVisit:
    """One scripted request, and what must be counted for it."""

    what: str
    path: str
    reason: str
    # Name, path, client IP and further facts of each event that the collector must hold.
    events: Sequence[Mapping[str, Any]] = ()
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)


def _pageview(path: str, **facts: Any) -> dict[str, Any]:
    return {"name": "pageview", "path": path, "client_ip": VISITOR, "user_agent": CHROME, **facts}


VISITS: Final = (
    DemoVisit(
        what="landing page with UTM and a secret",
        path="/?utm_source=newsletter&utm_campaign=launch&token=s3cret",
        headers={"referer": "https://news.example.org/item?id=1"},
        reason="navigation",
        events=[_pageview("/", referrer="https://news.example.org/item", source="newsletter")],
    ),
    DemoVisit(
        what="style sheet of the page",
        path="/static/style.css",
        headers={"accept": "text/css,*/*;q=0.1", "sec-fetch-dest": "style"},
        reason="subresource",
    ),
    DemoVisit(
        what="image of the page",
        path="/static/logo.svg",
        headers={"accept": "image/avif,*/*;q=0.8", "sec-fetch-dest": "image"},
        reason="subresource",
    ),
    DemoVisit(
        what="second page",
        path="/pricing",
        headers={"referer": "{site}/"},
        reason="navigation",
        events=[_pageview("/pricing", referrer=None)],
    ),
    DemoVisit(
        what="form sent: the app tracks Signup",
        method="POST",
        path="/signup",
        headers={"referer": "{site}/pricing"},
        reason="custom_event",
        events=[{**_pageview("/signup"), "name": "Signup"}],
    ),
    DemoVisit(
        what="page after the form",
        path="/thanks",
        headers={"referer": "{site}/pricing"},
        reason="navigation",
        events=[_pageview("/thanks")],
    ),
    DemoVisit(
        what="download",
        path="/guide.pdf",
        reason="download",
        events=[{**_pageview("/guide.pdf"), "name": "File Download"}],
    ),
    DemoVisit(what="missing page", path="/missing", reason="not_found"),
    DemoVisit(what="Googlebot", path="/", headers={"user-agent": GOOGLEBOT}, reason="bot"),
    DemoVisit(
        what="prefetch of a link",
        path="/pricing",
        headers={"sec-purpose": "prefetch"},
        reason="prefetch",
    ),
    DemoVisit(
        what="forged X-Forwarded-For",
        path="/pricing",
        headers={"x-forwarded-for": f"6.6.6.6, {VISITOR}"},
        reason="navigation",
        events=[_pageview("/pricing")],
    ),
)


def send_visits(
    addresses: Mapping[str, str], store: Store, tracker: Tracker, *, is_json: bool
) -> int:
    """Send the scripted visits and print a table of the results.

    Args:
        addresses: URLs of the demo's `site` and of its pages.
        store: Where its events are written.
        tracker: The site's, whose counters give the reasons.
        is_json: Whether the results are printed as one object.

    Returns:
        0 if everything was counted as expected, else 1.
    """
    with httpx2.Client() as visitor:
        results = [_send(visit, addresses["site"], visitor, store, tracker) for visit in VISITS]
    held = _events(store)
    expected = list(itertools.chain.from_iterable(visit.events for visit in VISITS))
    leaks = [event["url"] for event in held if "s3cret" in str(event)]
    counted = sum(len(result.events) for result in results)
    is_right = (
        all(result.is_right for result in results) and len(held) == len(expected) and not leaks
    )
    if is_json:
        visits = [result.as_json() for result in results]
        say_json({"version": 1, "ok": is_right, **addresses, "visits": visits})
        return 0 if is_right else 1
    for name, address in addresses.items():
        say(f"{name:<10} {address}")
    _print_table(results)
    say(f"\n{len(results)} visits, {counted} events; the file holds {len(held)}.")
    say("Everything as expected." if is_right else "NOT as expected: see the rows marked with !")
    return 0 if is_right else 1


@dataclass(frozen=True, kw_only=True)
class _Result:
    visit: DemoVisit
    reason: str
    events: Sequence[Mapping[str, Any]]
    is_right: bool

    def as_json(self) -> dict[str, Any]:
        return {
            "what": self.visit.what,
            "method": self.visit.method,
            "path": self.visit.path,
            "ok": self.is_right,
            "expected": self.visit.reason,
            "reason": self.reason,
            "events": [event["name"] for event in self.events],
        }


def _send(
    visit: DemoVisit, site: str, visitor: httpx2.Client, store: Store, tracker: Tracker
) -> _Result:
    reasons_before = tracker.stats()["reasons"]
    held_before = _events(store)
    headers = {name: value.format(site=site) for name, value in visit.headers.items()}
    visitor.request(visit.method, site + visit.path, headers={**_NAVIGATION, **headers})
    # Once it is flushed, what was counted is in the file.
    tracker.flush(_FLUSH_SECONDS)
    events = _events(store, after=held_before[-1]["id"] if held_before else 0)
    reasons = tracker.stats()["reasons"]
    new = [name for name in reasons if reasons[name] > reasons_before.get(name, 0)]
    # The form's redirect is counted beside the event that the app tracked.
    reason = visit.reason if visit.reason in new else ", ".join(new)
    is_right = reason == visit.reason and _match(events, visit.events)
    return _Result(visit=visit, reason=reason, events=events, is_right=is_right)


def _events(store: Store, *, after: int = 0) -> list[dict[str, Any]]:
    return [event.as_json() for event in store.search(EventSearch(after=after)).events]


def _match(events: Sequence[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]) -> bool:
    if len(events) != len(wanted):
        return False
    found = ({**event, "source": event["utm"]["source"]} for event in events)
    return all(
        all(event[name] == value for name, value in facts.items())
        for event, facts in zip(found, wanted, strict=True)
    )


def _print_table(results: Sequence[_Result]) -> None:
    say(f"\n  {'visit':<36} {'counted as':<14} why")
    for result in results:
        name = ", ".join(escaped(event["name"]) for event in result.events) or "-"
        mark = " " if result.is_right else "!"
        why = f"{result.reason:<12} {REASONS.get(result.reason, '')}".rstrip()
        say(f"{mark} {result.visit.what:<36} {name:<14} {why}")
