"""The endpoints that receive events: a real server on loopback, spoken to over HTTP."""

from __future__ import annotations

import json
import socket
import sqlite3
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx2
import pytest

from footfall.collector import CollectorServer
from footfall.collector.ingest import endpoints
from footfall.collector.ingest.rate_limit import RateLimiter
from footfall.collector.storage import writer_thread
from footfall.collector.wire.sessions import Session
from footfall.collector.wire.visitor_hash import VisitorIdentity
from tests.collector.support import (
    FIREFOX,
    PAGEVIEW,
    PID,
    post,
    running_collector,
    stored_events,
    until,
)
from tests.support.hit_reports import report_body


def test_a_pageview_is_stored_as_soon_as_it_is_answered(http: httpx2.Client) -> None:
    answer = post(http)
    assert (answer.status_code, answer.text) == (202, "ok")
    [event] = stored_events(http)
    assert (event["domain"], event["path"], event["client_ip"]) == ("a.test", "/hello", "127.0.0.1")
    assert event["body"] == PAGEVIEW


PATHS = [
    f"{prefix}/log{suffix}" for prefix in ("", "/v1", "/backend", "/backend/v1") for suffix in "/"
]


@pytest.mark.parametrize("path", [*PATHS, "/log", "/LOG"])
def test_swetrix_answers_on_every_path_it_has(http: httpx2.Client, path: str) -> None:
    answer = http.post(path, json={"pid": PID, "pg": "/x"})
    assert (answer.status_code, answer.json()) == (201, {})
    assert [(event["vendor"], event["path"]) for event in stored_events(http)] == [
        ("swetrix", "/x")
    ]


def test_the_three_endpoints_of_swetrix_share_their_visits(http: httpx2.Client) -> None:
    heartbeat = {"pid": PID}
    assert http.post("/log/hb", json=heartbeat).status_code == 403
    assert http.post("/log/custom", json=heartbeat | {"ev": "Sign up"}).status_code == 201
    assert http.post("/log/hb", json=heartbeat).status_code == 201
    assert http.post("/log", json=heartbeat | {"unique": True}).status_code == 403
    assert [event["name"] for event in stored_events(http)] == ["Sign up"]


def test_bodies_may_be_chunked(http: httpx2.Client) -> None:
    pieces = iter([b'{"name":"pageview","url":"https://a.', b'test/x","domain":"a.test"}'])
    answer = http.post("/api/event", content=pieces, headers={"content-type": "application/json"})
    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("path", "size"), [("/api/event", 1_000_001), ("/log", 102_401), ("/log/hb", 102_401)]
)
def test_a_body_over_the_limit_is_refused(http: httpx2.Client, path: str, size: int) -> None:
    headers = {"content-type": "application/json"}
    assert http.post(path, content=b" " * size, headers=headers).status_code == 413


def test_a_body_is_not_read_beyond_the_limit(collector: CollectorServer) -> None:
    address = urlsplit(collector.url)
    head = b"POST /log HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.create_connection((address.hostname, address.port or 0), 5) as connection:
        connection.sendall(head + b"Content-Length: 99999999\r\n\r\n" + b" " * 102_401)
        assert connection.recv(12) == b"HTTP/1.1 413"


def test_a_sender_may_disconnect_early(collector: CollectorServer) -> None:
    address = urlsplit(collector.url)
    with socket.create_connection((address.hostname, address.port or 0)) as connection:
        connection.sendall(
            b"POST /api/event HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{"
        )
    assert httpx2.get(f"{collector.url}/api/health").status_code == 200


@pytest.mark.parametrize("path", ["/api/event", "/log/custom"])
def test_scripts_on_any_site_may_post(http: httpx2.Client, path: str) -> None:
    headers = {"origin": "https://a.test", "access-control-request-method": "POST"}
    answer = http.options(path, headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-headers"] == "*"
    posted = http.post(path, json=PAGEVIEW, headers={"origin": "https://a.test"})
    assert posted.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", ["/api/event", "/log", "/log/hb"])
def test_the_ingest_endpoints_accept_only_posts(http: httpx2.Client, path: str) -> None:
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
        shown = [(event["domain"], event["reason"]) for event in stored_events(http)]
        assert shown == [("a.test", None), ("b.test", "not_found"), (PID, None)]


def test_with_a_domain_declared_no_other_project_exists() -> None:
    with running_collector(domains=["a.test"]) as (_, http):
        assert http.post("/log", json={"pid": PID}).status_code == 404
        assert stored_events(http) == []


def test_a_full_disk_is_reported_to_senders_probes_and_pages(
    collector: CollectorServer, http: httpx2.Client
) -> None:
    collector.store._writer.write_error = "database or disk is full"
    try:
        assert post(http).status_code == 503
        answer = http.post("/log", json={"pid": PID})
        assert (answer.status_code, answer.json()["statusCode"]) == (503, 503)
        assert http.get("/api/health").status_code == 500
        assert http.get("/api/system/health/ready").status_code == 503
        assert http.get("/api/system/health/live").status_code == 200
        assert "the database cannot be written" in http.get("/live").text
    finally:
        collector.store._writer.write_error = None
    assert post(http).status_code == 202


def test_a_salt_that_cannot_be_read_is_no_crash(
    collector: CollectorServer, http: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(day: int) -> bytes:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(collector.store.sessions, "_salt", fail)
    assert (post(http).status_code, http.post("/log", json={"pid": PID}).status_code) == (503, 503)


@pytest.mark.parametrize("path", ["/api/event", "/log", "/api/v1/hits", "/api/v1/events/batch"])
def test_a_flood_is_answered_with_retry_after(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(endpoints, "RateLimiter", lambda: RateLimiter(per_second=0.001, burst=2.0))
    monkeypatch.setattr(endpoints, "sender_of", lambda peer, *, is_page: peer)
    with running_collector() as (_, http):
        answers = [http.post(path, json={}) for _ in range(3)]
        assert answers[-1].status_code == 429
        assert answers[-1].headers["retry-after"] == "1"
        assert [each.status_code for each in answers[:2]] == [400, 400]
        assert http.get("/api/v1/events").status_code == 200


def test_a_full_queue_is_answered_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_thread, "_MAX_QUEUED", 0)
    with running_collector() as (_, http):
        assert http.post("/api/event", json=PAGEVIEW).status_code == 503


# -- what our own middleware posts --------------------------------------------------------------


TOKEN = "correct horse battery staple"
INGEST_TOKEN = "tr0ub4dor and 3 more words"


@pytest.fixture(scope="module")
def protected() -> Iterator[httpx2.Client]:
    with (
        CollectorServer(token=TOKEN, ingest_token=INGEST_TOKEN) as collector,
        httpx2.Client(base_url=collector.url, headers={"user-agent": FIREFOX}) as http,
    ):
        yield http


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (f"Bearer {INGEST_TOKEN}", 202),
        (f"bearer {INGEST_TOKEN}", 202),
        (f"BEARER  {INGEST_TOKEN}", 202),
        # Who may read and delete everything may post, too.
        (f"Bearer {TOKEN}", 202),
        (None, 401),
        ("", 401),
        ("Bearer", 401),
        ("Bearer wrong", 401),
        (INGEST_TOKEN, 401),
        (f"Basic {INGEST_TOKEN}", 401),
        ("Bearer w\xf6rong", 401),
    ],
)
def test_a_report_needs_the_ingest_token(
    protected: httpx2.Client, authorization: str | None, status: int
) -> None:
    headers = {} if authorization is None else {b"authorization": authorization.encode("latin-1")}
    answer = protected.post("/api/v1/hits", json=report_body(), headers=headers)
    assert answer.status_code == status
    if status == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "collector://TOKEN@HOST:PORT/DOMAIN" in answer.json()["error"]


def test_the_wires_of_the_vendors_need_no_token(protected: httpx2.Client) -> None:
    assert post(protected).status_code == 202
    assert protected.post("/log", json={"pid": PID, "pg": "/"}).status_code == 201


def test_the_ingest_token_does_not_open_the_pages(protected: httpx2.Client) -> None:
    headers = {"authorization": f"Bearer {INGEST_TOKEN}"}
    assert protected.get("/api/v1/events", headers=headers).status_code == 401
    assert protected.get("/api/v1/hits", headers=headers).status_code == 401
    assert protected.get("/", params={"token": INGEST_TOKEN}).status_code == 401


def test_without_an_ingest_token_reports_need_none() -> None:
    with running_collector(token=TOKEN) as (_, http):
        assert http.post("/api/v1/hits", json=report_body()).status_code == 202


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.test"},
        {"origin": "null"},
        {"origin": "http://["},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=lambda headers: "=".join(*headers.items()),
)
def test_pages_of_other_origins_may_not_post_reports(
    http: httpx2.Client, headers: dict[str, str]
) -> None:
    answer = http.post("/api/v1/hits", json=report_body(), headers=headers)
    assert (answer.status_code, "other origins" in answer.json()["error"]) == (403, True)


def test_refused_reports_are_shown_on_the_live_page() -> None:
    with running_collector(ingest_token=INGEST_TOKEN) as (_, http):
        http.post("/api/v1/hits", json=report_body())
        assert "collector://TOKEN@HOST:PORT/DOMAIN" in http.get("/live").text


# -- many events in one request -----------------------------------------------------------------

BATCH = "/api/v1/events/batch"
NDJSON = {"content-type": "application/x-ndjson"}


def a_batch(*paths: str) -> bytes:
    """Lines with a pageview of each path, of one visitor."""
    visitor = {"user_agent": FIREFOX, "client_ip": "203.0.113.9"}
    items = [{**PAGEVIEW, **visitor, "url": f"https://a.test{path}"} for path in paths]
    return "\n".join(map(json.dumps, items)).encode()


def post_batch(http: httpx2.Client, *paths: str) -> httpx2.Response:
    return http.post(BATCH, content=a_batch(*paths), headers=NDJSON)


def test_a_batch_is_stored_in_its_order_as_soon_as_it_is_answered(http: httpx2.Client) -> None:
    paths = [f"/{number}" for number in range(120)]
    answer = post_batch(http, *paths)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert "access-control-allow-origin" not in answer.headers
    found = answer.json()
    assert (found["accepted"], found["dropped"], found["rejected"]) == (120, 0, 0)
    events = stored_events(http)
    assert [event["path"] for event in events] == paths
    assert len({event["session"] for event in events}) == 1
    assert {event["client_ip"] for event in events} == {"203.0.113.9"}


def test_a_batch_of_all_kinds_leaves_what_single_posts_leave(http: httpx2.Client) -> None:
    hit = report_body(tracked=False, request=None, reason="bot")
    lines = [json.dumps(report_body()).encode(), a_batch("/b"), b"{", json.dumps(hit).encode()]
    answer = http.post(BATCH, content=b"\n".join(lines), headers=NDJSON).json()
    assert [each["status"] for each in answer["results"]] == [202, 202, 400, 202]
    assert [event["path"] for event in stored_events(http)] == ["/x", "/b"]
    [shown] = http.get("/api/v1/hits").json()["hits"]
    assert shown["reason"] == "bot"
    assert "Expecting property name" in http.get("/live").text
    # The page of an event shows its own request and response.
    [first, _] = stored_events(http)
    assert "navigation" in http.get(f"/live/{first['id']}").text


def test_the_events_of_a_batch_are_written_in_one_commit(
    collector: CollectorServer, http: httpx2.Client
) -> None:
    processed: list[int] = []
    unsubscribe = collector.store.subscribe(lambda: processed.append(collector.store.processed))
    before = collector.store.processed
    post_batch(http, *(f"/{number}" for number in range(600)))
    until(lambda: bool(processed))
    unsubscribe()
    assert processed == [before + 600]


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("text/plain", b"{}", 415),
        ("application/json", b"{}", 400),
        ("application/x-ndjson", b" " * 1_000_001, 413),
        ("application/x-ndjson", b"{}\n" * 1_001, 413),
    ],
)
def test_a_batch_that_cannot_be_read_stores_nothing(
    http: httpx2.Client, kind: str, body: bytes, status: int
) -> None:
    answer = http.post(BATCH, content=body, headers={"content-type": kind})
    assert (answer.status_code, "error" in answer.json()) == (status, True)
    assert stored_events(http) == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_batch_can_only_be_posted(http: httpx2.Client, method: str) -> None:
    answer = http.request(method, BATCH)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_no_page_of_another_site_may_post_a_batch(http: httpx2.Client) -> None:
    asked = {"origin": "https://b.test", "access-control-request-method": "POST"}
    assert "access-control-allow-origin" not in http.options(BATCH, headers=asked).headers
    for headers in ({"origin": "https://b.test"}, {"sec-fetch-site": "cross-site"}):
        answer = http.post(BATCH, content=a_batch("/"), headers={**NDJSON, **headers})
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers
    assert stored_events(http) == []


def test_a_batch_needs_the_ingest_token(protected: httpx2.Client) -> None:
    assert post_batch(protected, "/").status_code == 401
    headers = {**NDJSON, "authorization": f"Bearer {INGEST_TOKEN}"}
    answer = protected.post(BATCH, content=a_batch("/"), headers=headers)
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)


def test_the_events_of_a_batch_are_counted_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "RateLimiter", lambda: RateLimiter(per_second=0.001, burst=9.0))
    monkeypatch.setattr(endpoints, "sender_of", lambda peer, *, is_page: peer)
    with running_collector() as (_, http):
        faulty = http.post(BATCH, content=b"{\n" * 5, headers=NDJSON)
        assert faulty.json()["rejected"] == 5
        assert [post_batch(http, *"1234").status_code for _ in "ab"] == [200, 429]


def test_other_requests_are_answered_while_a_batch_is_read(
    collector: CollectorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading a thousand events takes the event loop for some time, in pieces."""
    sessions = collector.store.sessions
    in_turn: list[str] = []
    find = sessions.get_or_start

    def note(identity: VisitorIdentity, now: float) -> Session:
        in_turn.append(identity.domain)
        if len(in_turn) == 10:
            other.start()
            # The request is in the socket before the batch goes on.
            assert sent.wait(30)
        return find(identity, now)

    sent = threading.Event()

    def post_single() -> None:
        address = urlsplit(collector.url)
        body = json.dumps(PAGEVIEW | {"domain": "b.test"}).encode()
        head = b"POST /api/event HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        with socket.create_connection((address.hostname, address.port or 0)) as connection:
            connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            sent.set()
            assert connection.recv(12) == b"HTTP/1.1 202"

    other = threading.Thread(target=post_single)
    monkeypatch.setattr(sessions, "get_or_start", note)
    with httpx2.Client(base_url=collector.url) as http:
        assert post_batch(http, *map(str, range(1_000))).json()["accepted"] == 1_000
        other.join()
    assert in_turn.index("b.test") < 1_000


def test_a_batch_that_is_not_written_is_refused_and_begins_no_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer_thread, "_MAX_QUEUED", 0)
    hit = json.dumps(report_body(tracked=False, request=None)).encode()
    with running_collector() as (collector, http):
        answer = http.post(BATCH, content=hit + b"\n" + a_batch("/a", "/b"), headers=NDJSON)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert http.get("/api/v1/hits").json()["hits"] == []
        monkeypatch.undo()
        assert post_batch(http, "/a", "/b").status_code == 200
        assert [event["path"] for event in stored_events(http)] == ["/a", "/b"]
        assert collector.store.totals("all").visits == 1


def test_a_salt_that_cannot_be_read_in_the_middle_is_no_crash(
    collector: CollectorServer, http: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    salt = collector.store.sessions._salt
    days: list[int] = []

    def fail(day: int) -> bytes:
        days.append(day)
        if len(days) == 2:
            raise sqlite3.OperationalError("database is locked")
        return salt(day)

    monkeypatch.setattr(collector.store.sessions, "_salt", fail)
    answer = post_batch(http, "/a", "/b")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert post_batch(http, "/a", "/b").json()["accepted"] == 2
    assert [event["path"] for event in stored_events(http)] == ["/a", "/b"]
