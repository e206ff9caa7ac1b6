"""The page of one event, over HTTP and in a real browser."""

from __future__ import annotations

import html
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

from footfall.collector import CollectorServer
from footfall.collector.storage import recent_events
from footfall.tracker import Tracker
from tests.collector.support import FIREFOX, PAGEVIEW, PID
from tests.collector.web.support import (
    keys,
    post,
    stored_events,
    text_of,
)
from tests.e2e.chromium import Chromium
from tests.support.adapters import navigation
from tests.support.hit_reports import BOT, report_body, visit

if TYPE_CHECKING:
    from playwright.sync_api import Page as BrowserPage


PROXIED = {"X-Forwarded-For": "6.6.6.6, 203.0.113.9, 10.0.0.2"}


def test_a_hit_that_counts_is_shown_with_all_its_details(
    collector: CollectorServer, http: httpx2.Client, tracker: Tracker
) -> None:
    visit(
        tracker,
        navigation(
            "/page",
            "utm_source=hn&utm_medium=social",
            headers={**PROXIED, "Referer": "https://news.test/item?id=1"},
            peer="10.0.0.1",
        ),
    )
    [event] = stored_events(http)
    text = text_of(http.get(f"/live/{event['id']}").text)
    for part in (
        "Counted : navigation /page A browser opened a page.",
        "A.5 bot a browser pass",
        "C.5 page text/html count",
        "203.0.113.9 auto: first address from the right that is no trusted proxy",
        "10.0.0.1 peer believed: a proxy of yours 10.0.0.2 x-forwarded-for believed",
        "203.0.113.9 x-forwarded-for the visitor 6.6.6.6 x-forwarded-for not believed",
        f"curl -i -X POST {collector.url}/api/event \\ -H &#39;content-type: application/json&#39;",
        "-H &#39;x-forwarded-for: 203.0.113.9&#39;",
        "HTTP/1.1 202 Accepted content-type: text/plain; charset=utf-8 ok",
        "Referrer https://news.test/item Source hn utm_source hn utm_medium social",
        "Read as Chrome · Windows · Desktop",
        "sec-fetch-mode navigate",
        "GET answered 200",
    ):
        assert part in text
    assert re.search(r"Captured \S+ Decided \+\d\S* ms Sent \+\S+ ms Received \+\S+ ms", text)


def test_a_hit_that_does_not_count_is_shown_with_reason_and_remedy(
    http: httpx2.Client, tracker: Tracker
) -> None:
    visit(tracker, navigation("/page", headers=BOT))
    [key] = keys(http.get("/live").text)
    text = text_of(http.get(f"/live/{key}").text)
    for part in (
        "Not counted : bot Googlebot /page The User-Agent is a bot&#39;s, or is_bot returned true.",
        "To change it: Set bots=&#34;count&#34; or bots=&#34;event&#34;",
        "A.5 bot Googlebot (search) stop",
        "None: nothing is sent for a hit that does not count.",
        "Bot Googlebot (search)",
    ):
        assert part in text


@pytest.mark.parametrize("headers", [{}, BOT], ids=["counts", "does not count"])
def test_the_page_before_on_the_same_site_is_shown(
    headers: dict[str, str], http: httpx2.Client, tracker: Tracker
) -> None:
    """It is not sent as a referrer, and the hit is neither typed nor bookmarked."""
    before = {"Referer": "https://example.com/before?token=secret"}
    visit(tracker, navigation("/page", headers={**headers, **before}))
    [key] = keys(http.get("/live").text)
    page = text_of(http.get(f"/live/{key}").text)
    assert "Referrer /before, a page of this site, which is not sent as a referrer" in page


def test_an_event_of_a_vendors_script_is_shown_with_what_is_known(http: httpx2.Client) -> None:
    body = {**PAGEVIEW, "props": {"plan": "pro"}, "revenue": {"currency": "EUR", "amount": "9.5"}}
    http.post("/api/event", json=body, headers={"x-forwarded-for": "203.0.113.9"})
    http.post("/log", json={"pid": PID, "pg": "/x"})
    http.post("/api/event", json=PAGEVIEW, headers={"user-agent": "Googlebot/2.1"})
    accepted, swetrix, dropped = (
        text_of(http.get(f"/live/{event['id']}").text) for event in stored_events(http)
    )
    assert "127.0.0.1 peer the sender, whom the vendor believes 203.0.113.9 x-forwarded" in accepted
    assert "plan pro Revenue EUR 9.5" in accepted
    assert "/log \\" in swetrix
    assert "127.0.0.1 swetrix: no header names another" in swetrix
    assert "Dropped : bot Googlebot /hello The User-Agent is a bot&#39;s." in dropped
    assert "x-plausible-dropped: 1" in dropped
    assert "The decision" not in accepted + swetrix + dropped


def test_an_event_that_is_only_in_the_file_is_shown_without_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recent_events, "_KEEP", 1)
    with (
        CollectorServer() as collector,
        httpx2.Client(base_url=collector.url, headers={"user-agent": FIREFOX}) as http,
    ):
        for _ in range(2):
            http.post("/api/event", json=PAGEVIEW, headers={"x-forwarded-for": "203.0.113.9"})
        old, new = (http.get(f"/live/{event['id']}").text for event in stored_events(http))
    assert "203.0.113.9" in new
    assert "203.0.113.9" not in old
    assert "As it is in the file: with the headers that are stored." in old


def test_a_long_body_is_not_kept(http: httpx2.Client) -> None:
    http.post("/api/event", json=PAGEVIEW | {"ignored": "x" * 20_000})
    [event] = stored_events(http)
    assert "a long body is not kept" in http.get(f"/live/{event['id']}").text


@pytest.mark.parametrize("at", [1e300, -1e300, 0])
def test_a_senders_clock_may_be_wrong(http: httpx2.Client, at: float) -> None:
    body = report_body(tracked=False, times={"captured": at, "decided": at, "sent": at})
    assert http.post("/api/v1/hits", json=body).status_code == 202
    [key] = keys(http.get("/live").text)
    assert "Captured" in http.get(f"/live/{key}").text


@pytest.mark.server("chromium")
def test_a_request_can_be_copied_and_run(
    collector: CollectorServer, http: httpx2.Client, chromium: Chromium
) -> None:
    post(http)
    [event] = stored_events(http)

    def journey(page: BrowserPage) -> str:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.goto(f"{collector.url}/live/{event['id']}")
        page.get_by_role("button", name="Copy").click()
        page.get_by_role("button", name="Copied").wait_for()
        copied: str = page.evaluate("navigator.clipboard.readText()")
        return copied

    assert chromium.run(journey).startswith(f"curl -i -X POST {collector.url}/api/event \\\n")


@pytest.mark.server("curl")
def test_the_copied_command_sends_the_same_body_to_this_collector(
    http: httpx2.Client, collector: CollectorServer, tmp_path: Path
) -> None:
    name = "'; touch pwned; '\\u001b]0;t\\u0007\\u009b2J\\u202e"
    body = f'{{"name": "{name} \x7f\u2028\u202eü!", "url": "https://a.test/", "domain": "a.test"}}'
    # As a sender may name any host, the command must not lead there.
    headers = {"content-type": "application/json", "x-quote": "it's!", "host": "localhost:9"}
    http.post("/api/event", content=body.encode(), headers=headers)
    [event] = stored_events(http)
    page = http.get(f"/live/{event['id']}").text
    [command] = re.findall(r"<code>(curl .*?)</code>", page, re.DOTALL)
    command = html.unescape(command)
    assert all(line.isprintable() for line in command.split("\n"))
    subprocess.run(["bash", "-c", command], check=True, capture_output=True, cwd=tmp_path)
    events = stored_events(http)
    assert len(events) == 2
    recent = [collector.store.recent_event(each["id"]) for each in events]
    assert [each.event.request.body for each in recent if each] == [body.encode()] * 2
    assert [*tmp_path.iterdir()] == []


@pytest.mark.server("curl")
@pytest.mark.parametrize("path", ["/", "/live"])
@pytest.mark.parametrize("domain", ["x'$(touch pwned)'\x1b\n;touch pwned", "größe.test", ""])
def test_the_example_of_an_empty_page_can_be_pasted(
    http: httpx2.Client, path: str, domain: str, tmp_path: Path
) -> None:
    page = http.get(path, params={"domain": domain} if path == "/" else {}).text
    [command] = re.findall(r"<code>(curl .*?)</code>", page, re.DOTALL)
    command = html.unescape(command)
    assert all(line.isprintable() for line in command.split("\n"))
    subprocess.run(["bash", "-c", command], check=True, capture_output=True, cwd=tmp_path)
    [event] = stored_events(http)
    assert event["body"]["domain"] == ((domain if path == "/" else "") or "example.com")
    assert [*tmp_path.iterdir()] == []
