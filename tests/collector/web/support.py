"""What the tests of the web pages share: requests, readers of HTML, and a hostile sender."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import httpx2

from footfall.collector import CollectorServer
from tests.collector.support import FIREFOX, PAGEVIEW, PID
from tests.support.hit_reports import report_body

if TYPE_CHECKING:
    from playwright.sync_api import Page as BrowserPage


def post(http: httpx2.Client, *, user_agent: str = FIREFOX, **changes: object) -> None:
    headers = {"user-agent": user_agent}
    http.post("/api/event", json=PAGEVIEW | changes, headers=headers).raise_for_status()


def stored_events(http: httpx2.Client) -> list[dict[str, Any]]:
    """The events, once what was posted is written."""
    events: list[dict[str, Any]] = http.get("/api/v1/events").raise_for_status().json()["events"]
    return events


def keys(page: str) -> list[str]:
    """The keys of a page's rows, newest first."""
    return re.findall(r'<a href="/live/(u?\d+)">', page)


def text_of(page: str) -> str:
    """The text of a page without its tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"' onload=alert(1) \u202e"


def post_hostile_texts(http: httpx2.Client) -> None:
    """Post events and hits with hostile texts in every field that a sender can choose."""
    body = {
        "name": HOSTILE,
        "url": f"https://a.test/{HOSTILE}?utm_source={HOSTILE}",
        "domain": HOSTILE,
        "referrer": f"https://{HOSTILE}/",
        "props": {HOSTILE: HOSTILE},
    }
    headers = {"user-agent": HOSTILE[:-2], "x-odd": "<script>", "x-forwarded-for": HOSTILE[:-2]}
    http.post("/api/event", json=body, headers=headers)
    http.post("/log", json={"pid": PID, "pg": HOSTILE, "ref": HOSTILE})
    http.post("/log", json={"pid": HOSTILE})
    step = [HOSTILE, HOSTILE, HOSTILE]
    request = {"url": f"http://{HOSTILE}", "headers": {HOSTILE: HOSTILE}, "body": ""}
    report = report_body(tracked=False, reason=HOSTILE, domain=HOSTILE, request=request)
    report["event"] = dict.fromkeys(report["event"], HOSTILE)
    report["decision"] = {"steps": [step]}
    report["client_ip"] = {
        "address": HOSTILE,
        "source": HOSTILE,
        "reason": HOSTILE,
        "hops": [[HOSTILE] * 4],
    }
    report["hit"] |= {"method": HOSTILE, "route": HOSTILE, "headers": {HOSTILE: HOSTILE}}
    report["hit"]["answer"] = {"content-type": HOSTILE}
    assert http.post("/api/v1/hits", json=report).status_code == 202
    stored_events(http)


class Tags(HTMLParser):
    """The tags of a page, and the names of their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: Counter[str] = Counter()
        self.attributes: set[str] = set()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names[tag] += 1
        self.attributes |= {name for name, _ in attrs}


def pages(http: httpx2.Client) -> dict[str, str]:
    """Every page there is, by its path."""
    paths = ["/live", "/live/notices", f"/live?domain={HOSTILE}&q={HOSTILE}"]
    paths += [f"/live/{key}" for key in keys(http.get("/live").text)]
    return {path: http.get(path).text for path in paths}


def watch(page: BrowserPage, collector: CollectorServer) -> list[str]:
    """Errors, console messages and requests to other origins, none of which may happen."""
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text))
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith(collector.url) else problems.append(request.url)
        ),
    )
    return problems
