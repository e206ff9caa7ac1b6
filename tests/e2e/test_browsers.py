"""A real browser visits a real site, and the collector gets the same events from every server.

Each test stops the server with SIGTERM right after the last response. Once the process has ended no
further event can arrive, so the lists below are exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import httpx2

from tests.e2e.chromium import NAVIGATION, USER_AGENT
from tests.e2e.conftest import CollectedEvents, select_fields
from tests.e2e.servers import (
    APPS,
    DJANGO_SITE,
    ServerSpec,
    each_server,
    gunicorn,
    running,
    script,
    uvicorn,
)

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.e2e.chromium import Chromium

SERVERS: Final = {
    "uvicorn-fastapi": uvicorn("fastapi_app:app"),
    "uvicorn-starlette": uvicorn("starlette_app:app", "--app-dir", str(APPS)),
    "uvicorn-plain": uvicorn("plain_asgi:application"),
    "uvicorn-django": uvicorn("mysite.asgi:application", folder=DJANGO_SITE),
    "gunicorn-sync-flask": gunicorn("flask_app:app", "--worker-class", "sync"),
    "gunicorn-gthread-flask": gunicorn(
        "flask_app:app", "--worker-class", "gthread", "--threads", "4"
    ),
    "gunicorn-preload-flask": gunicorn("flask_app:app", "--preload", workers=2),
    "gunicorn-django": gunicorn("mysite.wsgi", folder=DJANGO_SITE),
    "wsgiref-plain": script("plain_wsgi.py"),
}

SOME: Final = ("uvicorn-fastapi", "gunicorn-gthread-flask", "gunicorn-django")

CAMPAIGN: Final = "utm_source=newsletter&utm_medium=email&utm_campaign=launch"
NO_UTM: Final = dict.fromkeys(("source", "medium", "campaign", "content", "term"))


@each_server(SERVERS, "chromium", always=SOME)
def test_a_visit_in_a_browser_is_reported_exactly(
    spec: ServerSpec, chromium: Chromium, collected: CollectedEvents, tmp_path: Path
) -> None:
    with running(spec, tmp_path, FOOTFALL_DESTINATIONS=collected.dsn) as server:

        def visit(page: Page) -> list[str]:
            fetched: list[str] = []
            page.on("response", lambda response: fetched.append(response.url))
            page.goto(
                f"{server.url}/?{CAMPAIGN}&email=secret%40example.com",
                referer="https://news.example.org/item?id=1",
            )
            with page.expect_download() as download:
                page.get_by_role("link", name="guide").click()
            assert download.value.path().read_bytes().startswith(b"%PDF")
            page.get_by_role("link", name="prices").click()
            page.wait_for_url("**/pricing")
            page.get_by_role("button", name="Sign up").click()
            page.wait_for_url("**/thanks", wait_until="commit")
            server.stop()
            return fetched

        fetched = chromium.run(visit)

    expected = [
        _event(
            "pageview",
            f"{server.url}/?{CAMPAIGN}",
            referrer="https://news.example.org/item",
            utm={**NO_UTM, "source": "newsletter", "medium": "email", "campaign": "launch"},
        ),
        _event(
            "File Download",
            f"{server.url}/guide.pdf",
            props={"url": f"{server.url}/guide.pdf"},
        ),
        _event("pageview", f"{server.url}/pricing"),
        _event("Signup", f"{server.url}/signup", props={"plan": "pro"}),
        _event("pageview", f"{server.url}/thanks"),
    ]
    events = collected.events()
    assert _in_order(select_fields(events, *expected[0]), spec) == _in_order(expected, spec)
    assert len({event["visitor"] for event in events}) == 1
    # The browser loaded the static files, and none of them was counted.
    assert {f"{server.url}/static/{name}" for name in ("style.css", "app.js", "logo.svg")} <= {
        *fetched
    }


def _event(name: str, url: str, **facts: Any) -> dict[str, Any]:
    return {
        "name": name,
        "url": url,
        "referrer": None,
        "utm": NO_UTM,
        "props": {},
        "user_agent": USER_AGENT,
        "client_ip": "127.0.0.1",
        "status": "accepted",
        **facts,
    }


def _in_order(events: list[dict[str, Any]], spec: ServerSpec) -> list[dict[str, Any]]:
    return events if spec.is_ordered else sorted(events, key=lambda event: str(event["url"]))


NOT_PAGEVIEWS: Final[list[tuple[str, str, dict[str, str]]]] = [
    ("HEAD", "/", {}),
    ("GET", "/", {"user-agent": "curl/8.5.0"}),
    ("GET", "/", {"sec-purpose": "prefetch"}),
    ("GET", "/", {"sec-fetch-dest": "iframe"}),
    ("GET", "/", {"sec-fetch-dest": "empty", "sec-fetch-mode": "cors"}),
    ("GET", "/favicon.ico", {"accept": "image/*", "sec-fetch-dest": "image"}),
    ("GET", "/static/style.css", {}),
    ("GET", "/health", {}),
    ("GET", "/missing", {}),
    ("POST", "/", {}),
]


@each_server(SERVERS, always=())
def test_requests_that_are_no_pageviews_are_not_reported(
    spec: ServerSpec, collected: CollectedEvents, tmp_path: Path
) -> None:
    with running(spec, tmp_path, FOOTFALL_DESTINATIONS=collected.dsn) as server:
        with httpx2.Client(base_url=server.url, headers=NAVIGATION) as client:
            for method, path, headers in NOT_PAGEVIEWS:
                client.request(method, path, headers=headers)
            # One pageview, so that the list below is not empty for another reason.
            client.get("/pricing")
        server.stop()
    assert select_fields(collected.events(), "name", "url") == [
        {"name": "pageview", "url": f"{server.url}/pricing"}
    ]


FORWARDED: Final = {
    # The proxy on this machine has added the last address. The client sent the one before it.
    "6.6.6.6, 203.0.113.9": "203.0.113.9",
    # Two proxies, the first of them on another machine of the same network.
    "6.6.6.6, 203.0.113.10, 10.0.0.7": "203.0.113.10",
}


@each_server(SERVERS, always=())
def test_a_forged_address_is_not_believed(
    spec: ServerSpec, collected: CollectedEvents, tmp_path: Path
) -> None:
    with running(spec, tmp_path, FOOTFALL_DESTINATIONS=collected.dsn) as server:
        with httpx2.Client(base_url=server.url, headers=NAVIGATION) as client:
            for claim in FORWARDED:
                client.get("/", headers={"x-forwarded-for": claim})
        server.stop()
    addresses = [event["client_ip"] for event in collected.events()]
    assert sorted(addresses) == sorted(FORWARDED.values())
