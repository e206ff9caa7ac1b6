"""The parts of the script that are switched on, in Chromium, with what the vendors get."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

import footfall
from footfall import wsgi
from footfall.destinations import Plausible, Swetrix
from tests.agreement.browser import Browser
from tests.conftest import program
from tests.support.vendors import Vendor, answer, answering, vendor, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

# The clock of each page, which only the test puts forward.
CLOCK: Final = """
    window.ahead = 0;
    performance.now = () => ahead;
    for (const name of ["setTimeout", "setInterval"]) {
        const original = window[name];
        window[name] = (run, milliseconds) => original(run, milliseconds / 100);
    }
"""
SEEN: Final = ("0 s, 25", "0 s, 74", "3 s, 25", "3 s, 25")
HTML: Final = """<!doctype html><title>{path}</title>{tag}
<body style="margin: 0"><a href="/two">two</a><div style="height: 400vh"></div>"""


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


def pages(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/html"), ("Cache-Control", "no-cache")])
    return [HTML.format(path=environ["PATH_INFO"], tag=footfall.script_tag()).encode()]


@contextmanager
def site(**options: Any) -> Iterator[str]:
    """The address of a site that counts its own host."""
    app = wsgi.FootfallMiddleware(
        pages, complement="/_stats", track_localhost=True, transport="httpx", **options
    )
    server = make_server("127.0.0.1", 0, app, Server, Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        app.tracker.close(20)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = program("chromium")
    assert chromium is not None, "mark the test with server('chromium')"
    found = Browser(chromium)
    yield found
    found.close()


def visited(browser: Browser, actions: Callable[[Page], object]) -> None:
    """Visit in a profile of its own."""

    def run(page: Page) -> None:
        assert page.context.browser is not None
        profile = page.context.browser.new_context(
            viewport={"width": 800, "height": 600}, timezone_id="Europe/Berlin"
        )
        try:
            profile.set_default_timeout(15_000)
            profile.add_init_script(CLOCK)
            actions(profile.new_page())
        finally:
            profile.close()

    browser.run(run)


def bodies(server: Vendor) -> list[dict[str, Any]]:
    return [json.loads(request.partition(b"\r\n\r\n")[2]) for request in server.requests]


@contextmanager
def counted_site(**options: bool) -> Iterator[tuple[Vendor, str]]:
    """A site that Plausible counts: what the vendor gets, and the address."""
    with vendor(answering(answer())) as plausible:
        destination = Plausible(domain="example.com", endpoint=plausible.url)
        with site(destinations=[destination], **options) as address:
            yield plausible, address


def lines(server: Vendor, address: str) -> list[str]:
    """What the vendor got: name and path of each event, seconds and depth of an engagement."""
    return [
        " ".join(
            [
                body["name"],
                body["url"].removeprefix(address),
                *([f"{body['e'] // 1000} s, {body['sd']} %"] if "e" in body else []),
            ]
        )
        for body in bodies(server)
    ]


def look(page: Page, seconds: int) -> None:
    page.evaluate("seconds => { ahead += 1000 * seconds }", seconds)


def scroll(page: Page, screens: float) -> None:
    page.evaluate(
        """screens => new Promise((done) => {
            addEventListener("scroll", () => requestAnimationFrame(done), { once: true });
            scrollTo(0, screens * innerHeight);
        })""",
        screens,
    )


@pytest.mark.server("chromium")
def test_engagement_is_sent_of_each_page_that_is_left(browser: Browser) -> None:
    with counted_site(complement_engagement=True) as (plausible, address):

        def got(number: int) -> None:
            assert wait_until(lambda: len(plausible.requests) == number), lines(plausible, address)

        def visit(page: Page) -> None:
            page.goto(f"{address}/one")
            got(1)
            look(page, 7)
            scroll(page, 1)
            scroll(page, 0)
            # It is left by a link.
            page.get_by_role("link").click()
            page.wait_for_function("document.title === '/two'")
            got(3)
            # A route of a script, and one that only renames the page.
            look(page, 4)
            page.evaluate("history.pushState({}, '', '/route')")
            look(page, 1)
            got(5)
            page.evaluate("history.replaceState({}, '', '/renamed')")
            look(page, 5)
            # Back to page two, which is a route, too, and to page one, which was kept.
            page.go_back(wait_until="commit")
            look(page, 1)
            got(7)
            page.go_back(wait_until="commit")
            page.wait_for_function("document.title === '/one'")
            got(9)
            look(page, 60)
            page.close(run_before_unload=True)
            got(10)

        visited(browser, visit)
        assert sorted(lines(plausible, address)) == sorted(
            [
                "pageview /one",
                "engagement /one 7 s, 50 %",
                "pageview /two",
                "engagement /two 4 s, 25 %",
                "pageview /route",
                "engagement /route 6 s, 25 %",
                "pageview /two",
                "engagement /two 1 s, 25 %",
                "pageview /one",
                "engagement /one 60 s, 25 %",
            ]
        )
        assert {body["domain"] for body in bodies(plausible)} == {"example.com"}
        heads = {
            request.partition(b"user-agent: ")[2].split(b"\r\n")[0]
            for request in plausible.requests
        }
        assert len(heads) == 1


@pytest.mark.server("chromium")
def test_engagement_is_sent_when_the_window_loses_the_focus(browser: Browser) -> None:
    with counted_site(complement_engagement=True) as (plausible, address):

        def visit(page: Page) -> None:
            page.goto(f"{address}/one")
            other = page.context.new_page()
            for each in (page, other):
                # Playwright would focus all pages at once.
                session = each.context.new_cdp_session(each)
                session.send("Emulation.setFocusEmulationEnabled", {"enabled": False})

            def focus(one: Page, *, is_focused: bool) -> None:
                one.bring_to_front()
                assert wait_until(lambda: page.evaluate("document.hasFocus()") is is_focused)

            focus(other, is_focused=False)
            # Nobody looks meanwhile. A second is too short for a report, and a further screen not.
            for seconds, screens in ((3, 0), (2, 0), (1, 0), (0, 2), (2, 1)):
                look(page, 3600)
                focus(page, is_focused=True)
                look(page, seconds)
                if screens:
                    scroll(page, screens)
                focus(other, is_focused=False)
            look(page, 3600)
            page.goto(f"{address}/two")
            assert wait_until(lambda: f"pageview {address}/two" in lines(plausible, ""))

        visited(browser, visit)
        found = [line for line in lines(plausible, address) if line.startswith("engagement /one")]
        assert sorted(found) == [f"engagement /one {each} %" for each in SEEN]


@pytest.mark.server("chromium")
def test_a_page_that_stays_open_keeps_the_visit_of_swetrix_alive(browser: Browser) -> None:
    created = answering(answer("201 Created", b"{}"))
    with (
        vendor(created) as swetrix,
        vendor(answering(answer())) as plausible,
        site(
            destinations=[
                Swetrix(pid="aUn1quEid-33", endpoint=swetrix.url, heartbeats=True),
                Plausible(domain="example.com", endpoint=plausible.url),
            ],
            complement_heartbeat=True,
            complement_window=True,
        ) as address,
    ):

        def visit(page: Page) -> None:
            page.goto(f"{address}/one")
            assert wait_until(lambda: len(swetrix.requests) > 2)
            page.evaluate("history.pushState({}, '', '/route')")
            assert wait_until(lambda: len(plausible.requests) == 2), lines(plausible, address)

        visited(browser, visit)
        paths = [request.split(b" ")[1] for request in swetrix.requests]
        assert paths[:3] == [b"/log", b"/log/hb", b"/log/hb"]
        assert {*paths} == {b"/log", b"/log/hb"}
        beat = bodies(swetrix)[1]
        assert beat == {"pid": "aUn1quEid-33"}
        # The page that the server counted has neither.
        first, route = (body for body in bodies(swetrix) if "pg" in body)
        assert (first["pg"], "tz" in first) == ("/one", False)
        assert (route["pg"], route["tz"]) == ("/route", "Europe/Berlin")
        assert [body.get("screen_width") for body in bodies(plausible)] == [None, 800]


@pytest.mark.server("chromium")
def test_routes_in_the_fragment_are_pages_on_wish(browser: Browser) -> None:
    with counted_site(complement_hash_routes=True, complement_engagement=True) as (
        plausible,
        address,
    ):

        def visit(page: Page) -> None:
            page.goto(f"{address}/app")
            # A route, another query of it, a part of the page, and a route again; and Back.
            for fragment in ("#/users", "#/users?page=2", "#part", "#/", "#!/about"):
                page.evaluate("fragment => { location.hash = fragment }", fragment)
                look(page, 1)
            page.go_back(wait_until="commit")
            page.goto("about:blank")

        visited(browser, visit)

        def counted() -> list[str]:
            return sorted(line for line in lines(plausible, address) if line.startswith("pageview"))

        paths = ["/app", "/app%23!/about", "/app%23/", "/app%23/", "/app%23/users"]
        assert wait_until(lambda: len(counted()) == len(paths))
        assert counted() == [f"pageview {path}" for path in sorted(paths)]
        viewed = {line.split()[1] for line in lines(plausible, address) if "engagement" in line}
        assert {"/app", "/app%23/users", "/app%23!/about"} <= viewed
