"""The collector at work: a real server on loopback, spoken to over HTTP."""

from __future__ import annotations

import argparse
import contextlib
import inspect
import json
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

import footfall.collector
from footfall.cli import collect
from footfall.collector import CollectorServer, Store, create_app, server
from footfall.collector.storage.store import KEEP_EVENTS
from footfall.collector.storage.stored_events import EventSearch
from footfall.collector.web import event_stream
from footfall.errors import ConfigError
from tests.support.vendors import unused_port

if TYPE_CHECKING:
    pass

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PID = "aUn1quEid-3x"
PAGEVIEW = {"name": "pageview", "url": "https://a.test/hello", "domain": "a.test"}
TOKEN = "correct horse battery staple"


@pytest.fixture(scope="module")
def running() -> Iterator[CollectorServer]:
    with CollectorServer() as running:
        yield running


@pytest.fixture(scope="module")
def client(running: CollectorServer) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=running.url, headers={"user-agent": FIREFOX}) as client:
        yield client


@pytest.fixture
def http(client: httpx2.Client) -> httpx2.Client:
    """Speaks to a running collector that holds nothing."""
    client.delete("/api/v1/events").raise_for_status()
    return client


@pytest.fixture
def collector(http: httpx2.Client, running: CollectorServer) -> CollectorServer:
    """The collector behind `http`."""
    return running


def post(http: httpx2.Client, **changes: object) -> httpx2.Response:
    return http.post("/api/event", json=PAGEVIEW | changes)


def events(http: httpx2.Client, **query: str | int) -> list[dict[str, Any]]:
    answer = http.get("/api/v1/events", params=query).raise_for_status().json()
    found: list[dict[str, Any]] = answer["events"]
    return found


# -- the wire ---------------------------------------------------------------------------------


def test_a_pageview_is_there_as_soon_as_it_was_answered(http: httpx2.Client) -> None:
    answer = post(http)
    assert (answer.status_code, answer.text) == (202, "ok")
    [event] = events(http)
    assert (event["domain"], event["path"], event["client_ip"]) == ("a.test", "/hello", "127.0.0.1")
    assert event["body"] == PAGEVIEW


PATHS = [
    f"{prefix}/log{suffix}" for prefix in ("", "/v1", "/backend", "/backend/v1") for suffix in "/"
]


@pytest.mark.parametrize("path", [*PATHS, "/log", "/LOG"])
def test_swetrix_answers_on_every_path_it_has(http: httpx2.Client, path: str) -> None:
    answer = http.post(path, json={"pid": PID, "pg": "/x"})
    assert (answer.status_code, answer.json()) == (201, {})
    assert [(event["vendor"], event["path"]) for event in events(http)] == [("swetrix", "/x")]


def test_the_three_endpoints_of_swetrix_share_their_visits(http: httpx2.Client) -> None:
    beat = {"pid": PID}
    assert http.post("/log/hb", json=beat).status_code == 403
    assert http.post("/log/custom", json=beat | {"ev": "Sign up"}).status_code == 201
    assert http.post("/log/hb", json=beat).status_code == 201
    assert http.post("/log", json=beat | {"unique": True}).status_code == 403
    assert [event["name"] for event in events(http)] == ["Sign up"]


def test_bodies_may_come_in_pieces(http: httpx2.Client) -> None:
    pieces = iter([b'{"name":"pageview","url":"https://a.', b'test/x","domain":"a.test"}'])
    answer = http.post("/api/event", content=pieces, headers={"content-type": "application/json"})
    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("path", "size"), [("/api/event", 8_000_001), ("/log", 102_401), ("/log/hb", 102_401)]
)
def test_a_body_over_the_limit_is_refused(http: httpx2.Client, path: str, size: int) -> None:
    headers = {"content-type": "application/json"}
    assert http.post(path, content=b" " * size, headers=headers).status_code == 413


def test_nobody_reads_on_beyond_the_limit(collector: CollectorServer) -> None:
    address = urlsplit(collector.url)
    head = b"POST /log HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    with socket.create_connection((address.hostname, address.port or 0), 5) as connection:
        connection.sendall(head + b"Content-Length: 99999999\r\n\r\n" + b" " * 102_401)
        assert connection.recv(12) == b"HTTP/1.1 413"


def test_a_sender_that_leaves_early_is_forgotten(collector: CollectorServer) -> None:
    address = urlsplit(collector.url)
    with socket.create_connection((address.hostname, address.port or 0)) as connection:
        connection.sendall(b"POST /api/event HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{")
    assert httpx2.get(f"{collector.url}/api/health").status_code == 200


@pytest.mark.parametrize("path", ["/api/event", "/log/custom"])
def test_scripts_of_any_site_may_post(http: httpx2.Client, path: str) -> None:
    headers = {"origin": "https://a.test", "access-control-request-method": "POST"}
    answer = http.options(path, headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-headers"] == "*"
    posted = http.post(path, json=PAGEVIEW, headers={"origin": "https://a.test"})
    assert posted.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", ["/api/event", "/log", "/log/hb"])
def test_the_wire_is_for_posts(http: httpx2.Client, path: str) -> None:
    answer = http.get(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST, OPTIONS")


def test_declared_domains_and_projects_are_the_only_ones() -> None:
    with (
        CollectorServer(domains=["a.test", PID]) as collector,
        httpx2.Client(base_url=collector.url, headers={"user-agent": FIREFOX}) as http,
    ):
        assert "x-plausible-dropped" not in post(http).headers
        assert post(http, domain="b.test").headers["x-plausible-dropped"] == "1"
        assert http.post("/log", json={"pid": PID}).status_code == 201
        assert http.post("/log", json={"pid": "another-pid1"}).status_code == 404
        shown = [(event["domain"], event["reason"]) for event in events(http)]
        assert shown == [("a.test", None), ("b.test", "not_found"), (PID, None)]


# -- the API ----------------------------------------------------------------------------------


def test_events_are_chosen_and_listed_oldest_first(http: httpx2.Client) -> None:
    for name, domain, url in (
        ("pageview", "a.test", "https://a.test/x"),
        ("Signup", "a.test", "https://a.test/y"),
        ("pageview", "b.test", "https://b.test/x"),
    ):
        post(http, name=name, domain=domain, url=url)
    post(http, name="pageview", url="https://a.test/bot", domain="a.test")
    http.post("/api/event", json=PAGEVIEW, headers={"user-agent": "Googlebot/2.1"})

    def paths(**query: str | int) -> list[str]:
        return [event["path"] for event in events(http, **query)]

    assert paths() == ["/x", "/y", "/x", "/bot", "/hello"]
    assert paths(name="Signup") == ["/y"]
    assert paths(domain="b.test") == ["/x"]
    assert paths(path="/x") == ["/x", "/x"]
    assert paths(status="dropped") == ["/hello"]
    assert paths(reason="bot") == ["/hello"]
    assert paths(reason="dc_ip") == []
    assert paths(limit=2) == ["/bot", "/hello"]
    first = events(http)[0]["id"]
    assert paths(after=first, limit=2) == ["/y", "/x"]
    answer = http.get("/api/v1/events", params={"limit": 1}).json()
    assert (len(answer["events"]), answer["total"]) == (1, 5)


def test_a_question_can_wait_for_its_answer(http: httpx2.Client) -> None:
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(events, http, name="Signup", wait=2, timeout=20)
        for _ in range(2):
            post(http)
            post(http, name="Signup")
        assert len(asked.result()) == 2


def test_a_question_waits_no_longer_than_it_says(http: httpx2.Client) -> None:
    post(http)
    started = time.monotonic()
    assert len(events(http, wait=2, timeout="0.2")) == 1
    assert 0.2 <= time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("path", "query", "error"),
    [
        ("/api/v1/events", "limit=0", "limit must be between 1 and 10000"),
        ("/api/v1/events", "limit=10001", "limit must be between 1 and 10000"),
        ("/api/v1/events", "limit=x", "limit must be a whole number"),
        ("/api/v1/events", "after=-1", "after must be a whole number"),
        ("/api/v1/events", "after=²", "after must be a whole number"),
        ("/api/v1/events", "wait=" + "9" * 5_000, "wait must be a whole number"),
        ("/api/v1/events", "status=lost", "status must be accepted or dropped"),
        ("/api/v1/events", "timeout=soon", "timeout must be a number of seconds"),
        ("/api/v1/events", "timeout=nan", "timeout must be a number of seconds"),
        ("/api/v1/stats", "period=year", "period must be one of day, week, month, all"),
        ("/events/stream", "after=x", "after must be a whole number"),
        ("/live/stream", "after=x", "after must be a whole number"),
        ("/live/stream", "after=1-x", "after must be a whole number"),
        ("/live", "show=lost", "show must be one of tracked, untracked, dropped"),
        ("/nowhere", "", "Not Found"),
    ],
)
def test_a_question_that_makes_no_sense_is_told_why(
    http: httpx2.Client, path: str, query: str, error: str
) -> None:
    answer = http.get(path, params=query)
    assert (answer.status_code // 100, answer.json()) == (4, {"error": error})


def test_a_number_beyond_all_events_finds_none(http: httpx2.Client) -> None:
    post(http)
    assert events(http, after="9" * 19) == []


def test_totals_are_served(http: httpx2.Client) -> None:
    post(http, referrer="https://b.test/")
    post(http, name="Signup")
    answer = http.get("/api/v1/stats", params={"domain": "a.test"}).json()
    assert answer == {
        "period": "day",
        "visitors": 1,
        "visits": 1,
        "pageviews": 1,
        "events": 1,
        "dropped": 0,
        "pages": [{"path": "/hello", "visitors": 1, "pageviews": 1}],
        "sources": [{"source": "b.test", "visitors": 1, "visits": 1}],
        "names": [{"name": "Signup", "visitors": 1, "events": 1}],
        "reasons": [],
    }


def test_clearing_begins_anew(http: httpx2.Client) -> None:
    http.post("/log", json={"pid": PID})
    post(http)
    http.post("/api/event", json={})
    assert http.delete("/api/v1/events").json() == {"deleted": 2}
    assert events(http) == []
    # Nobody has come before, and nothing was refused.
    assert http.post("/log", json={"pid": PID, "unique": True}).status_code == 201
    assert "Refused" not in http.get("/live").text


def test_health_is_told_as_plausible_tells_it(http: httpx2.Client) -> None:
    well = dict.fromkeys(("postgres", "clickhouse", "sites_cache", "sessions"), "ok")
    for path in ("/api/health", "/api/system/health/ready"):
        answer = http.get(path)
        assert (answer.status_code, answer.json()) == (200, well)
    assert http.get("/api/system/health/live").json() == {"ok": True}


def test_a_full_disk_is_told_to_everyone(collector: CollectorServer, http: httpx2.Client) -> None:
    collector.store._writer.fault = "database or disk is full"
    try:
        assert post(http).status_code == 503
        answer = http.post("/log", json={"pid": PID})
        assert (answer.status_code, answer.json()["statusCode"]) == (503, 503)
        assert http.get("/api/health").status_code == 500
        assert "the database cannot be written" in http.get("/live").text
    finally:
        collector.store._writer.fault = None
    assert post(http).status_code == 202


def test_a_salt_that_cannot_be_had_is_no_crash(
    collector: CollectorServer, http: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(day: int) -> bytes:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(collector.store.visits, "_salt", fail)
    assert (post(http).status_code, http.post("/log", json={"pid": PID}).status_code) == (503, 503)


def test_a_file_that_cannot_be_read_is_no_crash(
    collector: CollectorServer, http: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise sqlite3.DatabaseError("disk I/O error")

    monkeypatch.setattr(collector.store, "search", fail)
    answer = http.get("/api/v1/events")
    assert (answer.status_code, "disk I/O error" in answer.json()["error"]) == (500, True)

    def hang(*args: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(collector.store, "clear", hang)
    assert http.delete("/api/v1/events").status_code == 503


# -- the live stream --------------------------------------------------------------------------


@contextlib.contextmanager
def following(http: httpx2.Client, query: str = "", **headers: str) -> Iterator[Iterator[str]]:
    with http.stream("GET", f"/events/stream?{query}", headers=headers, timeout=20) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield (line for line in answer.iter_lines() if line)


def test_new_events_are_streamed_as_they_come(http: httpx2.Client) -> None:
    post(http, url="https://a.test/before")
    assert len(events(http)) == 1
    with following(http) as lines:
        assert next(lines) == "retry: 1000"
        post(http, url="https://a.test/after")
        number, event = next(lines), json.loads(next(lines).removeprefix("data: "))
    assert (number, event["path"]) == (f"id: {event['id']}", "/after")
    assert event == events(http, path="/after")[0]


@pytest.mark.parametrize("is_header", [True, False])
def test_a_stream_goes_on_where_it_was_cut(http: httpx2.Client, is_header: bool) -> None:
    for path in ("/1", "/2", "/3"):
        post(http, url=f"https://a.test{path}")
    first = events(http)[0]["id"]
    query, headers = ("", {"last-event-id": str(first)}) if is_header else (f"after={first}", {})
    with following(http, query, **headers) as lines:
        data = [line for line in (next(lines) for _ in range(5)) if line.startswith("data")]
    assert [json.loads(line[6:])["path"] for line in data] == ["/2", "/3"]


def test_a_stream_can_be_of_one_site(http: httpx2.Client) -> None:
    with following(http, "domain=b.test") as lines:
        next(lines)
        post(http)
        post(http, domain="b.test", url="https://b.test/other")
        next(lines)
        assert json.loads(next(lines)[6:])["path"] == "/other"


def test_a_silent_stream_is_kept_open(http: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "_PING_SECONDS", 0.0)
    with following(http) as lines:
        assert [next(lines), next(lines)] == ["retry: 1000", ": ping"]


def test_the_head_of_a_stream_has_an_end(http: httpx2.Client) -> None:
    assert http.head("/events/stream").status_code == 200
    assert http.head("/live/stream").status_code == 200


def test_events_of_another_process_are_streamed_too(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"
    with (
        CollectorServer(file) as here,
        CollectorServer(file) as there,
        httpx2.Client(base_url=here.url, headers={"user-agent": FIREFOX}) as http,
        httpx2.Client(base_url=there.url, headers={"user-agent": FIREFOX}) as other,
        following(http) as lines,
    ):
        next(lines)
        post(other)
        next(lines)
        assert json.loads(next(lines)[6:])["path"] == "/hello"
        # One visitor, whichever process was asked.
        post(http)
        assert len({event["session"] for event in events(http)}) == 1


# -- who may see it ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8321", 200),
        ("127.0.0.1:8321", 200),
        ("[::1]:8321", 200),
        ("[::1", 200),
        ("evil.test", 403),
        ("localhost.evil.test", 403),
        ("127.0.0.1.evil.test:8321", 403),
        ("", 403),
    ],
)
@pytest.mark.parametrize("path", ["/live", "/api/v1/events", "/static/live.js", "/api/health"])
def test_on_loopback_only_loopback_names_are_answered(
    http: httpx2.Client, path: str, host: str, status: int
) -> None:
    assert http.get(path, headers={"host": host}).status_code == status


def test_events_are_taken_under_any_name(http: httpx2.Client) -> None:
    assert http.post("/api/event", json=PAGEVIEW, headers={"host": "evil.test"}).status_code == 202


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 200, id="a program"),
        pytest.param({"sec-fetch-site": "same-origin"}, 200, id="our page"),
        pytest.param({"sec-fetch-site": "none"}, 200, id="the address bar"),
        pytest.param({"sec-fetch-site": "cross-site"}, 403, id="another site"),
        pytest.param({"sec-fetch-site": "same-site"}, 403, id="another port"),
        pytest.param({"origin": "http://evil.test"}, 403, id="another origin"),
        pytest.param({"origin": "null"}, 403, id="an origin that hides"),
        pytest.param({"origin": "http://localhost:1"}, 403, id="another port, by origin"),
    ],
)
def test_only_our_own_page_may_delete(
    http: httpx2.Client, headers: dict[str, str], status: int
) -> None:
    assert http.delete("/api/v1/events", headers=headers).status_code == status


def test_our_origin_may_delete(collector: CollectorServer, http: httpx2.Client) -> None:
    assert http.delete("/api/v1/events", headers={"origin": collector.url}).status_code == 200


@pytest.mark.parametrize("path", ["/live", "/api/v1/events", "/live/notices", "/static/base.css"])
def test_nothing_leaves_the_page(http: httpx2.Client, path: str) -> None:
    headers = http.get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'self'; ")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in headers


@pytest.fixture(scope="module")
def locked() -> Iterator[CollectorServer]:
    with CollectorServer(token=TOKEN) as locked:
        yield locked


@pytest.fixture(scope="module")
def visitor(locked: CollectorServer) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=locked.url) as visitor:
        yield visitor


@pytest.fixture
def stranger(visitor: httpx2.Client) -> httpx2.Client:
    """Speaks to a collector with a token, and has not shown it yet."""
    visitor.cookies.clear()
    return visitor


@pytest.mark.parametrize(
    "path", ["/", "/live", "/api/v1/events", "/events/stream", "/static/live.js"]
)
@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": "Bearer wrong"}, {"cookie": "footfall_token=wrong"}],
    ids=["nothing", "a wrong token", "a wrong cookie"],
)
def test_who_does_not_know_the_token_sees_nothing(
    stranger: httpx2.Client, path: str, headers: dict[str, str]
) -> None:
    answer = stranger.get(path, headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert stranger.get(path, params={"token": "wröng"}).status_code == 401


def test_the_wire_and_the_probes_need_no_token(stranger: httpx2.Client) -> None:
    assert post(stranger).status_code == 202
    assert stranger.get("/api/health").status_code == 200
    assert stranger.get("/api/system/health/live").status_code == 200


def test_a_program_shows_the_token_as_bearer(stranger: httpx2.Client) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert stranger.get("/api/v1/events", headers=headers).status_code == 200
    assert stranger.delete("/api/v1/events", headers=headers).status_code == 200


def test_a_browser_shows_the_token_once_and_keeps_a_cookie(stranger: httpx2.Client) -> None:
    answer = stranger.get("/", params={"token": TOKEN, "period": "week", "domain": "ä b"})
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/?period=week&domain=%C3%A4+b",
    )
    cookie = answer.headers["set-cookie"]
    assert TOKEN not in cookie
    assert ("HttpOnly" in cookie, "SameSite=lax" in cookie, "Secure" in cookie) == (
        True,
        True,
        False,
    )
    assert stranger.get("/live").status_code == 200


def test_the_way_back_leads_to_no_other_host(stranger: httpx2.Client) -> None:
    url = f"{str(stranger.base_url).rstrip('/')}//evil.test/"
    assert urlsplit(url).path == "//evil.test/"
    answer = httpx2.get(url, params={"token": TOKEN})
    assert answer.headers["location"] == "/evil.test/"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "stats.example"])
def test_an_open_address_needs_a_token(host: str) -> None:
    with pytest.raises(ConfigError, match="token"):
        CollectorServer(host=host)


def test_on_an_open_address_any_name_is_answered() -> None:
    with CollectorServer(host="0.0.0.0", token=TOKEN) as collector:
        url = collector.url.replace("0.0.0.0", "127.0.0.1")
        headers = {"host": "stats.example", "authorization": f"Bearer {TOKEN}"}
        assert httpx2.get(f"{url}/live", headers=headers).status_code == 200


# -- the pages --------------------------------------------------------------------------------


def test_the_navigation_shows_where_one_is(http: httpx2.Client) -> None:
    links = re.findall(
        r'<a href="([^"]*)"( aria-current="page")?>([A-Z]\w+)<', http.get("/live").text
    )
    assert links[:2] == [("/", "", "Dashboard"), ("/live", ' aria-current="page"', "Live")]


def test_a_mounted_collector_finds_itself() -> None:
    with closing(Store()) as store:
        app = Starlette(routes=[Mount("/stats", create_app(store, hosts=None, token=TOKEN))])
        with served(app) as url:
            wire = httpx2.post(f"{url}/stats/api/event", json=PAGEVIEW)
            assert wire.status_code == 202
            assert httpx2.get(f"{url}/stats/api/health").status_code == 200
            headers = {"authorization": f"Bearer {TOKEN}"}
            page = httpx2.get(f"{url}/stats/live", headers=headers).text
            paths = re.findall(r'(?:src|href|action|data-url)="(/[^"?]*)', page)
            assert paths
            assert [each for each in paths if not each.startswith("/stats/")] == []
            # The server did not start the app, so nobody tells it what was written.
            query = {"wait": "2", "timeout": "10"}
            with ThreadPoolExecutor(1) as pool:
                asked = pool.submit(
                    httpx2.get, f"{url}/stats/api/v1/events", params=query, headers=headers
                )
                httpx2.post(f"{url}/stats/api/event", json=PAGEVIEW)
                assert asked.result().json()["total"] == 2


@contextlib.contextmanager
def served(app: Starlette) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    running = uvicorn.Server(uvicorn.Config(app, log_level="warning", log_config=None))
    thread = threading.Thread(target=running.run, args=([listener],))
    thread.start()
    until(lambda: running.started)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    running.should_exit = True
    thread.join()


# -- the server -------------------------------------------------------------------------------


def until(is_true: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.005)


@pytest.mark.parametrize(
    ("host", "start"),
    [
        ("127.0.0.1", "http://127.0.0.1:"),
        ("localhost", "http://localhost:"),
        ("::1", "http://[::1]:"),
    ],
)
def test_the_url_is_where_it_listens(host: str, start: str) -> None:
    with CollectorServer(host=host) as collector:
        assert collector.url.startswith(start)
        assert collector.url in repr(collector)
        assert httpx2.get(f"{collector.url}/live").status_code == 200


def test_a_port_in_use_is_told(collector: CollectorServer) -> None:
    port = urlsplit(collector.url).port or 0
    with pytest.raises(ConfigError, match=f"127.0.0.1:{port}.*choose another port"):
        CollectorServer(port=port)


@pytest.mark.parametrize("port", [-1, 65_536, 99_999])
def test_a_port_that_is_none_is_told(port: int) -> None:
    with pytest.raises(ConfigError, match="choose one up to 65535"):
        CollectorServer(port=port)


def test_a_database_that_cannot_be_opened_frees_the_port(tmp_path: Path) -> None:
    port = unused_port()
    with pytest.raises(ConfigError, match="database"):
        CollectorServer(tmp_path / "nowhere" / "x.sqlite3", port=port)
    CollectorServer(port=port).close()


@pytest.mark.parametrize("never", [True, False])
def test_a_server_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch, never: bool) -> None:
    def run(self: uvicorn.Server, sockets: list[socket.socket]) -> None:
        sockets[0].close()
        while never and not self.should_exit:
            time.sleep(0.01)

    monkeypatch.setattr(server, "_START_SECONDS", 0.1)
    monkeypatch.setattr(uvicorn.Server, "run", run)
    with pytest.raises(RuntimeError, match="did not start"):
        CollectorServer()


def test_closing_writes_what_was_answered(tmp_path: Path) -> None:
    with (
        CollectorServer(tmp_path / "events.sqlite3") as collector,
        httpx2.Client(base_url=collector.url) as http,
    ):
        for _ in range(20):
            post(http)
    assert collector.close() == 0
    with closing(Store(tmp_path / "events.sqlite3")) as store:
        assert store.count(EventSearch()) == 20


def test_closing_ends_open_streams_and_questions(tmp_path: Path) -> None:
    collector = CollectorServer()
    with httpx2.Client(base_url=collector.url) as http, following(http) as lines:
        next(lines)
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(events, http, wait=5, timeout=30)
            time.sleep(0.2)
            started = time.monotonic()
            collector.close()
            assert time.monotonic() - started < 3
            assert asked.result() == []
        assert list(lines) == []


# -- the command ------------------------------------------------------------------------------


def arguments(*line: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    collect.add_arguments(parser)
    return parser.parse_args(line)


def command(*line: str) -> subprocess.Popen[str]:
    start = "import sys; from footfall.cli import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", start, "collect", *line],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def url_of(running: subprocess.Popen[str]) -> str:
    assert running.stdout is not None
    line = running.stdout.readline()
    found = re.match(r"Collecting on (\S+) into ", line)
    assert found, line
    return found[1]


def test_the_defaults_of_the_command() -> None:
    expected = {
        "host": "127.0.0.1",
        "port": 8321,
        "database": "footfall.sqlite3",
        "domains": [],
        "keep": KEEP_EVENTS,
        "keep_days": None,
        "max_size": None,
        "timezone": "UTC",
        "mmdb": None,
        "token": None,
        "forward": [],
        "chaos": None,
        "open": False,
    }
    assert vars(arguments()) == expected
    assert collect.HELP
    default = inspect.signature(CollectorServer).parameters["keep_events"].default
    assert default == KEEP_EVENTS


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_command_with_everything_written(
    tmp_path: Path, number: signal.Signals
) -> None:
    file = tmp_path / "events.sqlite3"
    running = command("-p", "0", "--database", str(file), "--domain", "a.test")
    url = url_of(running)
    assert running.stdout is not None
    advice = running.stdout.readline()
    assert advice == f"  FOOTFALL_DESTINATIONS=collector://{urlsplit(url).netloc}/a.test\n"
    with httpx2.Client(base_url=url) as http, following(http) as lines:
        next(lines)
        for _ in range(20):
            assert post(http).status_code == 202
        running.send_signal(number)
        started = time.monotonic()
        _, errors = running.communicate(timeout=10)
        assert time.monotonic() - started < 3
    # What asyncio's debug mode says of a machine that was slow is no word of the command's.
    said = re.sub(r"(?m)^Executing <.+ took [0-9.]+ seconds\n", "", errors)
    assert (running.returncode, said) == (0, "")
    with closing(Store(file)) as store:
        assert store.count(EventSearch()) == 20
    assert [each.name for each in tmp_path.iterdir()] == ["events.sqlite3"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["--host", "0.0.0.0"], "set a token"),
        (["--database", "/nowhere/x.sqlite3"], "database"),
        (["--keep", "0"], "keep_events"),
        (["--keep-days", "0"], "keep_days"),
        (["--max-size", "1KB"], "max_bytes"),
        (["--timezone", "Moon/Base"], "write it like Europe/Berlin"),
        (["--mmdb", "/nowhere/x.mmdb"], "MaxMind format"),
        (["-p", "70000"], "choose one up to 65535"),
        (["--forward", "nowhere"], "destinations"),
        (["--chaos", "boom"], "the kinds are a status"),
    ],
)
def test_what_cannot_work_is_told_at_the_start(
    line: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with unchanged_signals():
        code = collect.run(arguments("-p", "0", "--database", ":memory:", *line))
    assert (code, said in capsys.readouterr().err) == (2, True)


@pytest.mark.parametrize("missing", ["uvicorn", "starlette", "jinja2"])
def test_a_missing_extra_is_named(missing: str) -> None:
    start = "import sys; from footfall.cli import main; sys.exit(main(sys.argv[1:]))"
    without = f"import sys; sys.modules[{missing!r}] = None; {start}"
    line = [sys.executable, "-c", without, "collect", "--database", ":memory:", "-p", "0"]
    ended = subprocess.run(line, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (2, f"{footfall.collector.MISSING}\n")
    assert 'pip install "footfall[collector]"' in footfall.collector.MISSING


@pytest.mark.parametrize(
    ("missing", "is_the_extra"), [("starlette.routing", True), ("footfall.collector.app", False)]
)
def test_only_the_extra_is_blamed_on_the_extra(
    monkeypatch: pytest.MonkeyPatch, missing: str, is_the_extra: bool
) -> None:
    def fail(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)

    monkeypatch.setattr("importlib.import_module", fail)
    with pytest.raises(ModuleNotFoundError) as caught:
        _ = footfall.collector.create_app
    assert (str(caught.value) == footfall.collector.MISSING) == is_the_extra


def test_the_collector_has_no_other_names() -> None:
    assert sorted(footfall.collector.__all__) == footfall.collector.__all__
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = footfall.collector.nothing


@contextlib.contextmanager
def unchanged_signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(("line", "path"), [([], ""), (["--token", "a b&c"], "/?token=a%20b%26c")])
def test_the_page_is_opened_on_request(
    line: list[str],
    path: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    opened: list[str] = []

    def open_and_leave(url: str) -> None:
        opened.append(url)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(webbrowser, "open", open_and_leave)
    with unchanged_signals():
        code = collect.run(arguments("-p", "0", "--database", ":memory:", "--open", *line))
    printed = capsys.readouterr().out
    assert code == 0
    assert [url.partition("/?")[0] + url[len(url.partition("/?")[0]) :] for url in opened] == opened
    assert opened[0] == printed.split()[2] + path
    assert ("Bearer TOKEN" in printed) == bool(line)
    assert "a b&c" not in printed


@pytest.mark.parametrize(
    ("text", "size"),
    [("500MB", 500_000_000), ("1.5gb", 1_500_000_000), ("2 TB", 2_000_000_000_000), ("7B", 7)],
)
def test_sizes_are_read(text: str, size: int) -> None:
    assert arguments("--max-size", text).max_size == size


def test_a_size_that_is_none_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        arguments("--max-size", "much")
    assert "write it like 500MB or 2GB" in capsys.readouterr().err


def test_lost_events_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda url: signal.raise_signal(signal.SIGTERM))
    close = Store.close
    monkeypatch.setattr(Store, "close", lambda self: close(self) + 3)
    with unchanged_signals():
        code = collect.run(arguments("-p", "0", "--database", ":memory:", "--open"))
    assert (code, capsys.readouterr().err) == (1, "3 events could not be written\n")
