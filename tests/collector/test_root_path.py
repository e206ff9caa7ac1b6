"""The collector below a path: what a proxy strips, what it passes on, what a server says."""

from __future__ import annotations

import asyncio
import re
from contextlib import closing
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from footfall.collector import CollectorServer, Store, create_app
from footfall.collector.root_path import RootPath, normalized_root_path, route_path
from footfall.destinations import destination_from
from footfall.errors import ConfigError
from footfall.plausible_api import PlausibleAPI
from tests.collector.support import (
    FIREFOX,
    PAGEVIEW,
    PID,
    post,
    running_collector,
    served,
    stored_events,
    streamed_lines,
)
from tests.support.hit_reports import report_body

TOKEN = "correct horse battery staple"


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("/stats", "/stats"),
        ("stats", "/stats"),
        ("/stats/", "/stats"),
        (" /a/b_c-1.~/ ", "/a/b_c-1.~"),
        ("//stats//", "/stats"),
        ("/", ""),
        ("", ""),
    ],
)
def test_a_root_path_has_one_form(written: str, path: str) -> None:
    assert normalized_root_path(written) == path
    with CollectorServer(root_path=written) as collector:
        assert collector.url.endswith(path)


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("/stats?x=1", "write a path such as /stats"),
        ("/stats#top", "write a path such as /stats"),
        ("/a//b", "write a path such as /stats"),
        ("/a/../b", "write a path such as /stats"),
        ("/a/./b", "write a path such as /stats"),
        ("/a b", "write a path such as /stats"),
        ("/a%20b", "write a path such as /stats"),
        ("/stätte", "write a path such as /stats"),
        ("https://example.com/stats", "write the path alone"),
        ("/api", "a path of the collector's own"),
        ("/live/x", "a path of the collector's own"),
        ("/LOG", "a path of the collector's own"),
    ],
)
def test_what_cannot_be_a_root_path_is_refused(written: str, remedy: str) -> None:
    with pytest.raises(ConfigError, match=remedy) as caught:
        CollectorServer(root_path=written)
    assert [each.option for each in caught.value.faults] == ["root_path"]


def test_no_route_begins_as_a_root_path_may() -> None:
    with closing(Store()) as store:
        routes = create_app(store).routes
    first = {str(getattr(route, "path", "")).split("/")[1] for route in routes} - {""}
    accepted = [each for each in (*first, "log", "backend", "v1") if is_accepted(f"/{each}")]
    assert accepted == []


def is_accepted(root_path: str) -> bool:
    try:
        normalized_root_path(root_path)
    except ValueError:
        return False
    return True


# -- where a request goes ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "root", "path", "expected"),
    [
        # A proxy that strips, one that passes on, and a server that adds what it was told.
        ("/stats", "", "/live", ("/stats", "/live")),
        ("/stats", "", "/stats/live", ("/stats", "/live")),
        ("/stats", "/stats", "/stats/live", ("/stats", "/live")),
        ("/stats", "/stats", "/stats/stats/live", ("/stats", "/live")),
        ("/stats", "", "/", ("/stats", "/")),
        ("/stats", "", "/stats", ("/stats", "/")),
        ("/stats", "", "/stats/", ("/stats", "/")),
        ("/stats", "", "/statsx", ("/stats", "/statsx")),
        # The app around it, and a proxy before that app.
        ("", "/stats", "/stats/live", ("/stats", "/live")),
        ("", "/stats", "/live", ("/stats", "/live")),
        ("", "/x/stats", "/x/stats/live/", ("/x/stats", "/live/")),
        ("/public", "/stats", "/stats/live", ("/public", "/live")),
        ("", "", "/live/", ("", "/live/")),
        ("", "", "//evil.test/", ("", "//evil.test/")),
        ("", "", "/", ("", "/")),
    ],
)
def test_the_path_below_the_root_is_found(
    setting: str, root: str, path: str, expected: tuple[str, str]
) -> None:
    seen: list[tuple[str, str]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope["root_path"], route_path(scope)))

    scope = {"type": "http", "path": path, "root_path": root}
    before = dict(scope)
    asyncio.run(RootPath(app, setting)(scope, None, None))  # type: ignore[arg-type]  # not called
    assert (seen, scope) == ([expected], before)


def test_other_scopes_pass() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)

    asyncio.run(RootPath(app, "/stats")({"type": "lifespan"}, None, None))  # type: ignore[arg-type]  # not called
    assert seen == [{"type": "lifespan"}]


# -- everything below a path ------------------------------------------------------------------

LINKS = re.compile(r'(?:src|href|action|data-url)="(/[^"?#]*)')


@pytest.mark.parametrize("prefix", ["", "/stats"], ids=["stripped", "passed on"])
def test_every_route_works_below_the_root_path(prefix: str) -> None:
    with (
        running_collector(root_path="/stats") as (collector, _),
        httpx2.Client(
            base_url=collector.url.removesuffix("/stats") + prefix, headers={"user-agent": FIREFOX}
        ) as http,
    ):
        assert "curl -i -X POST http://127.0.0.1:" in (empty := http.get("/live").text)
        assert "/stats/api/event" in empty
        assert post(http).status_code == 202
        assert http.post("/log", json={"pid": PID, "pg": "/"}).status_code == 201
        assert http.post("/api/v1/hits", json=report_body(tracked=False)).status_code == 202
        assert len(stored_events(http)) == 2
        for path in ("/api/health", "/api/system/health/ready"):
            assert http.get(path, headers={"host": "10.0.0.1"}).status_code == 200
        assert http.get("/api/openapi.json").json()["servers"] == [{"url": "/stats"}]
        for page in ("/", "/live", "/live/1", "/live/u1", "/live/notices", "/live/999"):
            links = LINKS.findall(http.get(page).text)
            assert links or page == "/live/notices"
            assert [link for link in links if f"{link}/"[:7] != "/stats/"] == []
            for link in {*links} - {"/stats/live/stream"}:
                assert http.get(link.removeprefix("/stats")).status_code == 200, link
        with streamed_lines(http, "after=0") as lines:
            assert any(line.startswith("data: ") for line in lines)
        assert http.delete("/api/v1/events").json() == {"deleted": 2}


@pytest.mark.parametrize("page", ["/", "/live"])
def test_an_empty_collector_shows_lines_to_copy_that_work(page: str) -> None:
    with running_collector(root_path="/stats") as (collector, http):
        text = http.get(page).text
        found = re.search(r"FOOTFALL_DESTINATIONS=(\S+?)<", text)
        assert found is not None
        assert destination_from(found[1]).endpoint == f"{collector.url}/api/event"


def test_the_curl_command_of_an_event_leads_to_where_the_reader_is() -> None:
    with running_collector(root_path="/stats") as (_, http):
        post(http)
        http.post("/log/custom", json={"pid": PID, "ev": "Signup"})
        http.post("/api/v1/hits", json=report_body(request=inner_request()))
        headers = {"host": "localhost:1234"}
        pages = [http.get(f"/live/{number}", headers=headers).text for number in (1, 2, 3)]
    for page, path in zip(pages, ("api/event", "log/custom", "api/event"), strict=True):
        assert f"curl -i -X POST http://localhost:1234/stats/{path} " in page


def inner_request() -> dict[str, Any]:
    inner: dict[str, Any] = report_body()["request"]
    return inner | {"url": "http://app.test:99/elsewhere/api/event"}


def test_the_plausible_api_works_below_the_root_path() -> None:
    with running_collector(root_path="/stats") as (collector, http):
        post(http)
        with PlausibleAPI(collector.url) as api:
            assert api.stats.visitors_now("a.test") == 1


@pytest.mark.parametrize("prefix", ["", "/stats"], ids=["stripped", "passed on"])
def test_a_redirect_names_the_path_alone(prefix: str) -> None:
    with running_collector(root_path="/stats") as (collector, _):
        url = collector.url.removesuffix("/stats") + prefix
        answer = httpx2.get(f"{url}/live/?show=dropped")
        assert answer.headers["location"] == "/stats/live?show=dropped"


# -- the cookie -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent_to", "location"),
    [("/", "/stats/"), ("/stats", "/stats/"), ("/stats/live", "/stats/live"), ("/x", "/stats/x")],
)
def test_the_cookie_belongs_to_the_path(sent_to: str, location: str) -> None:
    with running_collector(root_path="/stats", token=TOKEN) as (collector, _):
        url = collector.url.removesuffix("/stats")
        answer = httpx2.get(f"{url}{sent_to}", params={"token": TOKEN})
        assert (answer.status_code, answer.headers["location"]) == (303, location)
        assert "Path=/stats;" in answer.headers["set-cookie"]


# -- in another app ---------------------------------------------------------------------------


@pytest.mark.parametrize("root_path", ["", "/stats"])
def test_in_another_app_it_is_where_it_is_mounted(root_path: str) -> None:
    with closing(Store()) as store:
        mounted = create_app(store, hosts=None, token=TOKEN, root_path=root_path)
        with served(Starlette(routes=[Mount("/stats", mounted)])) as url:
            assert httpx2.post(f"{url}/stats/api/event", json=PAGEVIEW).status_code == 202
            answer = httpx2.get(f"{url}/stats/live", params={"token": TOKEN})
            assert answer.headers["location"] == "/stats/live"
            assert "Path=/stats;" in answer.headers["set-cookie"]
