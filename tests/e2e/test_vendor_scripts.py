"""The vendors' own scripts, unchanged, in a real browser, report to the collector."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx2
import pytest

from tests.e2e.chromium import USER_AGENT
from tests.e2e.conftest import CollectedEvents, select_fields

if TYPE_CHECKING:
    from playwright.sync_api import Page, Response

    from tests.e2e.chromium import Chromium

VENDORED: Final = Path(__file__).parent.parent / "agreement" / "vendored"
PID: Final = "aUn1quEid-3x"

# The scripts count nothing where `navigator.webdriver` is true.
HIDE_WEBDRIVER: Final = "Object.defineProperty(navigator, 'webdriver', { get: () => false })"

PLAUSIBLE: Final = """<!doctype html><title>Shop</title><link rel="icon" href="data:,">
<script type="module">
  import { init, track } from "/plausible-tracker-0.4.6.js";
  init({ domain: "%(domain)s", endpoint: "%(url)s/api/event", captureOnLocalhost: true,
         customProperties: { kit: "tracker" }, outboundLinks: true });
  window.signup = () => track("Signup", { props: { plan: "pro" },
    revenue: { currency: "EUR", amount: 19.99 } });
</script>
<a href="two">two</a> <button onclick="signup()">sign up</button>"""

SWETRIX: Final = """<!doctype html><title>Shop</title><link rel="icon" href="data:,">
<script src="/swetrix-4.6.1.js"></script>
<script>
  swetrix.init("%(domain)s", { apiURL: "%(url)s/log", devMode: true });
  swetrix.trackViews({ heartbeatOnBackground: true });
  window.signup = () => swetrix.track({ ev: "Signup", meta: { plan: "pro" } });
</script>
<a href="two">two</a> <button onclick="signup()">sign up</button>"""


class Shop(BaseHTTPRequestHandler):
    """Answers every request with `page`, or with a vendored script."""

    page = ""

    def do_GET(self) -> None:
        name = self.path.partition("?")[0].removeprefix("/")
        is_script = name.endswith(".js")
        body = (VENDORED / name).read_bytes() if is_script else self.page.encode()
        self.send_response(200)
        self.send_header("content-type", "text/javascript" if is_script else "text/html")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Log nothing."""


@contextmanager
def shop(page: str) -> Iterator[str]:
    """A site of such pages on loopback, since browsers restrict what other sites may send there."""
    handler = type("Handler", (Shop,), {"page": page})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


def visit(page: Page, site: str) -> list[str]:
    """Open two pages and send a custom event. Returns the errors in the browser's console."""
    errors: list[str] = []
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script(HIDE_WEBDRIVER)

    def is_report(response: Response) -> bool:
        return response.url.rstrip("/").endswith(("/api/event", "/log", "/log/custom"))

    with page.expect_response(is_report):
        page.goto(f"{site}/one?utm_source=newsletter&utm_campaign=launch")
    with page.expect_response(is_report):
        page.get_by_role("link", name="two").click()
    with page.expect_response(is_report):
        page.get_by_role("button", name="sign up").click()
    return errors


@pytest.mark.server("chromium")
def test_the_collector_understands_plausibles_script(
    chromium: Chromium, collector_url: str, collected: CollectedEvents
) -> None:
    html = PLAUSIBLE % {"domain": collected.domain, "url": collector_url}
    with shop(html) as site:
        assert chromium.run(lambda page: visit(page, site)) == []
    # The script reports the time on page, too, whenever a page is left.
    events = [event for event in collected.wait_for(3) if event["name"] != "engagement"]
    assert select_fields(events, "vendor", "name", "path", "status", "props") == [
        {
            "vendor": "plausible",
            "name": name,
            "path": path,
            "status": "accepted",
            "props": {"kit": "tracker", **props},
        }
        for name, path, props in (
            ("pageview", "/one", {}),
            ("pageview", "/two", {}),
            ("Signup", "/two", {"plan": "pro"}),
        )
    ]
    first, second, signup = events
    assert (first["utm"]["source"], first["utm"]["campaign"]) == ("newsletter", "launch")
    assert second["referrer"] == f"{site}/one?utm_source=newsletter&utm_campaign=launch"
    assert signup["revenue"] == {"currency": "EUR", "amount": "19.99"}
    assert {event["user_agent"] for event in events} == {USER_AGENT}
    assert len({event["session"] for event in events}) == 1


@pytest.mark.server("chromium")
def test_the_collector_understands_swetrix_script(chromium: Chromium, collector_url: str) -> None:
    html = SWETRIX % {"domain": PID, "url": collector_url}
    with shop(html) as site:
        assert chromium.run(lambda page: visit(page, site)) == []
    query: dict[str, str | int] = {"domain": PID, "wait": 3, "timeout": 10}
    response = httpx2.get(f"{collector_url}/api/v1/events", params=query, timeout=15)
    events = response.raise_for_status().json()["events"]
    assert select_fields(events, "vendor", "name", "path", "status", "props", "hostname") == [
        {
            "vendor": "swetrix",
            "name": name,
            "path": path,
            "status": "accepted",
            "props": props,
            "hostname": "localhost",
        }
        for name, path, props in (
            ("pageview", "/one", {}),
            ("pageview", "/two", {}),
            ("Signup", "/two", {"plan": "pro"}),
        )
    ]
    first, *_ = events
    assert (first["utm"]["source"], first["utm"]["campaign"]) == ("newsletter", "launch")
    assert {event["user_agent"] for event in events} == {USER_AGENT}
    assert len({event["session"] for event in events}) == 1
