"""The Host header is checked on every route, against DNS rebinding."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from footfall.collector import CollectorServer
from footfall.destinations import Collector
from footfall.model import Event, Visitor
from tests.collector.support import FIREFOX, PAGEVIEW, PID, running_collector
from tests.support.hit_reports import report_body

TOKEN = "correct horse battery staple"

# What a page that an attacker's name has led here could send.
ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "/", None),
    ("GET", "/live", None),
    ("GET", "/static/live.js", None),
    ("GET", "/api/v1/events", None),
    ("DELETE", "/api/v1/events", None),
    ("GET", "/api/openapi.json", None),
    ("GET", "/events/stream", None),
    ("GET", "/metrics", None),
    ("GET", "/nowhere", None),
    ("POST", "/api/v1/hits", report_body()),
    ("POST", "/api/v1/events/batch", [report_body()]),
    ("POST", "/api/event", PAGEVIEW),
    ("OPTIONS", "/api/event", None),
    ("POST", "/log", {"pid": PID, "pg": "/"}),
    ("POST", "/backend/v1/log/custom", {"pid": PID, "ev": "Signup"}),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
@pytest.mark.parametrize("host", ["evil.test", "evil.test:8321"])
def test_a_foreign_name_reaches_no_route(
    collector: CollectorServer, http: httpx2.Client, method: str, path: str, body: Any, host: str
) -> None:
    headers = {"host": host, "origin": f"http://{host}", "sec-fetch-site": "same-origin"}
    answer = http.request(method, path, json=body, headers=headers)
    assert answer.status_code == 403
    assert answer.text == (
        "this collector does not know the name evil.test; start it with --allowed-host evil.test\n"
    )
    assert http.get("/api/v1/events").json()["total"] == 0


@pytest.mark.parametrize(
    "path", ["/api/health", "/api/system/health/ready", "/api/system/health/live"]
)
def test_a_probe_may_use_any_name(http: httpx2.Client, path: str) -> None:
    assert http.get(path, headers={"host": "10.1.2.3:8321"}).status_code == 200


@pytest.fixture(scope="module")
def named() -> Iterator[CollectorServer]:
    """A collector that has names of its own."""
    names = ["Stats.Example.com", ".internal", "10.0.0.7", "[2001:db8::7]", "collector"]
    with CollectorServer(allowed_hosts=names, host="127.0.0.1") as named:
        yield named


HOSTS: list[tuple[str, bool]] = [
    ("localhost", True),
    ("LOCALHOST:8321", True),
    ("localhost.", True),
    ("a.localhost", True),
    ("127.0.0.1", True),
    ("127.0.0.2:1", True),
    ("[::1]:8321", True),
    ("[0:0:0:0:0:0:0:1]", True),
    ("[::1]:", True),
    ("localhost.evil.test", False),
    ("127.0.0.1.evil.test:8321", False),
    ("evil.test", False),
    ("", False),
    (":8321", False),
    ("[::1", False),
    ("::1", False),
    ("[localhost]", False),
    ("user@localhost", False),
    ("localhost:port", False),
    ("localhost:123456", False),
    ("localhost, evil.test", False),
    ("localhost/", False),
    ("localhost..", False),
    ("l\xf6calhost", False),
]
NAMED: list[tuple[str, bool]] = [
    ("stats.example.com", True),
    ("STATS.example.COM:443", True),
    ("stats.example.com.", True),
    ("a.stats.example.com", False),
    ("example.com", False),
    ("notstats.example.com", False),
    ("a.internal", True),
    ("a.b.internal:80", True),
    ("internal", True),
    ("notinternal", False),
    ("10.0.0.7:8321", True),
    ("10.0.0.8", False),
    ("[2001:DB8:0::7]", True),
    ("2001:db8::7", False),
    ("collector:8321", True),
]


def status_of(server: CollectorServer, *lines: bytes, version: bytes = b"1.1") -> int:
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port or 0), 10) as connection:
        head = [b"GET /api/v1/stats HTTP/" + version, *lines, b"Connection: close", b"", b""]
        connection.sendall(b"\r\n".join(head))
        return int(connection.recv(12).split()[1])


@pytest.mark.parametrize(("host", "is_known"), HOSTS)
def test_without_names_only_those_of_this_machine_are_known(
    collector: CollectorServer, host: str, is_known: bool
) -> None:
    found = status_of(collector, b"Host: " + host.encode("latin-1"))
    assert found == (200 if is_known else 403)


@pytest.mark.parametrize(("host", "is_known"), [*HOSTS, *NAMED])
def test_names_are_known_exactly_or_with_a_dot_and_all_below(
    named: CollectorServer, host: str, is_known: bool
) -> None:
    found = status_of(named, b"Host: " + host.encode("latin-1"))
    assert found == (200 if is_known else 403)


def test_a_request_that_names_no_host_is_refused(collector: CollectorServer) -> None:
    assert status_of(collector, version=b"1.0") == 403
    assert status_of(collector, b"Host: localhost", version=b"1.0") == 200


@pytest.mark.parametrize("second", [b"localhost", b"evil.test"])
def test_two_hosts_are_no_valid_request(collector: CollectorServer, second: bytes) -> None:
    assert status_of(collector, b"Host: localhost", b"Host: " + second) == 400


@pytest.fixture(scope="module")
def opened() -> Iterator[CollectorServer]:
    with CollectorServer(host="0.0.0.0", token=TOKEN) as opened:
        yield opened


@pytest.mark.parametrize("host", ["stats.example", "collector:8321", "10.1.2.3"])
def test_on_an_open_address_without_names_any_name_is_known(
    opened: CollectorServer, host: str
) -> None:
    authorization = f"Authorization: Bearer {TOKEN}".encode()
    assert status_of(opened, b"Host: " + host.encode(), authorization) == 200
    assert status_of(opened, authorization, version=b"1.0") == 200


def test_on_an_open_address_names_close_the_rest() -> None:
    with running_collector(host="0.0.0.0", token=TOKEN, allowed_hosts=["stats.example"]) as (
        collector,
        _,
    ):
        authorization = f"Authorization: Bearer {TOKEN}".encode()
        for host, status in (
            (b"stats.example", 200),
            (b"localhost", 200),
            # The address of the connection itself, as probes and scrapers name it.
            (b"127.0.0.1", 200),
            (b"collector", 403),
            (b"0.0.0.0", 403),
        ):
            assert status_of(collector, b"Host: " + host, authorization) == status


def test_an_address_of_its_own_is_known() -> None:
    with CollectorServer(host="127.0.0.3") as collector:
        assert httpx2.get(f"{collector.url}/live").status_code == 200


# -- what the log says ------------------------------------------------------------------------


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]


def test_the_log_names_the_option_once_a_minute_for_events_and_for_pages(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with running_collector() as (_, http):
        for number in range(5):
            http.get("/live", headers={"host": f"scan{number}.test"})
            http.post("/api/event", json=PAGEVIEW, headers={"host": "stats.test:80"})
    assert warnings(caplog) == [
        "footfall: a request for a page was refused: this collector does not know the name "
        "scan0.test; start it with --allowed-host scan0.test",
        "footfall: an event was refused: this collector does not know the name stats.test; "
        "start it with --allowed-host stats.test",
    ]


@pytest.mark.parametrize("host", ["x" * 5_000, "\x1b]0;OWNED", "a\x7fb", "l\xf6calhost", ""])
def test_no_name_floods_the_log_or_the_terminal(
    host: str, caplog: pytest.LogCaptureFixture
) -> None:
    with CollectorServer() as collector:
        status_of(collector, b"Host: " + host.encode("latin-1"))
    for line in warnings(caplog):
        assert (line.isprintable(), line.isascii(), len(line) < 700) == (True, True, True)


def test_the_log_of_the_middleware_names_the_option() -> None:
    event = Event(url="https://a.test/", visitor=Visitor(client_ip="8.8.8.8", user_agent=FIREFOX))
    with running_collector() as (collector, http):
        destination = Collector(domain="a.test", endpoint=collector.url)
        request = destination.request(event)
        headers = {**request.headers, "host": "stats.internal:8321"}
        answer = http.post("/api/event", content=request.body, headers=headers)
        outcome = destination.read(model_response(answer))
    assert outcome.pause
    assert "start it with --allowed-host stats.internal)" in (outcome.detail or "")


def model_response(answer: httpx2.Response) -> Any:
    from footfall.model import Response

    return Response(status=answer.status_code, headers=dict(answer.headers), body=answer.content)
