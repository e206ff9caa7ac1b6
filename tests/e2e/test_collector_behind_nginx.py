"""The collector below a path of a domain, behind a real nginx, seen by a real browser."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx2
import pytest

from footfall.collector import CollectorServer
from footfall.destinations import Collector
from footfall.tracker import Tracker
from tests.collector.support import FIREFOX
from tests.e2e.chromium import Chromium
from tests.e2e.nginx import Nginx
from tests.support.adapters import navigation
from tests.support.hit_reports import BOT, visit
from tests.support.vendors import unused_port

if TYPE_CHECKING:
    from playwright.sync_api import Page

TOKEN: Final = "correct horse battery staple"
DOMAIN: Final = "stats.test"
EVENT: Final = {"name": "pageview", "url": "https://a.test/hello", "domain": "a.test"}

# A slash after the address makes nginx replace what the location matched.
FORMS: Final = {"stripped": "/", "passed on": ""}


@contextmanager
def behind_nginx(collector: CollectorServer, form: str, folder: Path) -> Iterator[str]:
    """The address of the collector below `/stats/` of nginx, which says that it speaks https."""
    port = unused_port()
    upstream = collector.url.removesuffix("/stats") + FORMS[form]
    nginx = Nginx(folder)
    nginx.blocks.append(
        f"server {{ listen 127.0.0.1:{port};"
        f" location = / {{ return 204; }}"
        f" location /stats/ {{ proxy_pass {upstream}; proxy_http_version 1.1;"
        f" proxy_set_header Host {DOMAIN}:{port}; proxy_set_header Connection '';"
        " proxy_set_header X-Forwarded-Proto $http_x_test_scheme;"
        " proxy_set_header X-Forwarded-For $remote_addr; } }"
    )
    with nginx.running():
        yield f"http://127.0.0.1:{port}/stats"


@pytest.fixture(params=FORMS)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with (
        CollectorServer(root_path="/stats", token=TOKEN, allowed_hosts=[DOMAIN]) as collector,
        behind_nginx(collector, request.param, tmp_path) as address,
    ):
        yield address


def post_event(address: str, path: str) -> None:
    event = EVENT | {"url": f"https://a.test{path}"}
    headers = {"user-agent": FIREFOX}
    httpx2.post(f"{address}/api/event", json=event, headers=headers).raise_for_status()


@pytest.mark.server("nginx", "chromium")
def test_a_browser_finds_every_page_below_the_path(address: str, chromium: Chromium) -> None:
    post_event(address, "/first")

    def look_around(page: Page) -> None:
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "response",
            lambda response: (
                problems.append(f"{response.status} {response.url}")
                if response.status >= 400
                else None
            ),
        )
        page.goto(f"{address}/?token={TOKEN}")
        assert page.url == f"{address}/"
        # A style sheet of its own, a script that ran, a link that changes the page in place.
        assert page.evaluate("getComputedStyle(document.querySelector('svg.share')).position") == (
            "absolute"
        )
        assert page.get_by_role("button", name="Dark colours").is_visible()
        page.get_by_role("link", name="/first").first.click()
        page.wait_for_url("**/stats/?page=**")
        page.get_by_role("link", name="Live", exact=True).click()
        page.wait_for_url(f"{address}/live")
        page.wait_for_selector(".state.live")
        post_event(address, "/second")
        page.wait_for_selector("text=/second")
        page.get_by_role("link", name="/second").click()
        page.wait_for_url(f"{address}/live/2")
        assert "/stats/api/event" in page.inner_text("pre >> nth=0")
        page.get_by_role("link", name="This event as JSON").click()
        page.wait_for_url("**/stats/api/v1/events?after=1&limit=1")
        page.goto(f"{address}/live")
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Delete all events").click()
        page.wait_for_selector("text=Nothing has arrived yet")
        page.get_by_role("link", name="footfall").first.click()
        page.wait_for_url(f"{address}/")
        assert problems == []
        [cookie] = page.context.cookies()
        assert (cookie["path"], cookie["sameSite"], cookie["httpOnly"]) == ("/stats", "Lax", True)

    chromium.run(look_around)


@pytest.mark.server("nginx")
def test_redirect_and_cookie_are_those_of_the_outside(address: str) -> None:
    headers = {"x-test-scheme": "https"}
    answer = httpx2.get(f"{address}/live?token={TOKEN}&show=dropped", headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (303, "/stats/live?show=dropped")
    cookie = answer.headers["set-cookie"]
    assert "Path=/stats;" in cookie
    assert "Secure" in cookie
    plain = httpx2.get(f"{address}/?token={TOKEN}", headers={"x-test-scheme": "http"})
    assert "Secure" not in plain.headers["set-cookie"]


@pytest.mark.server("nginx")
def test_the_middleware_and_the_streams_work_below_the_path(address: str) -> None:
    destination = Collector(domain="a.test", endpoint=address)
    tracker = Tracker.from_options({"destinations": [destination]}, environ={})
    with httpx2.Client(
        base_url=address, headers={"authorization": f"Bearer {TOKEN}"}, timeout=30
    ) as http:
        with http.stream("GET", "/events/stream?after=0") as stream:
            lines = stream.iter_lines()
            next(lines)
            visit(tracker, navigation(), navigation(headers=BOT))
            started = time.monotonic()
            assert any(line.startswith("data: ") for line in lines)
            # A proxy that buffered the stream would wait for far more of it.
            assert time.monotonic() - started < 30
        assert http.get("/api/v1/events").json()["total"] == 1
        assert http.get("/api/v1/hits").json()["total"] == 1
        assert http.get("/api/openapi.json").json()["servers"] == [{"url": "/stats"}]
