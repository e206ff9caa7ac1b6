"""Whoever can post events cannot empty the file, fill it, or hide what counts."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import httpx2
import pytest

from footfall.collector.ingest import endpoints
from footfall.collector.ingest.rate_limit import BURST, EVENTS_PER_SECOND, RateLimiter
from tests.collector.support import FIREFOX, GOOGLEBOT, running_collector, stored_events
from tests.support.waiting import MAX_SECONDS

pytestmark = pytest.mark.long

SITE = "example.com"
REAL = 100
POSTS = 60
DOMAINS = ",".join(f"x{number}" for number in range(100))


def a_body(domain: str, path: str = "/") -> bytes:
    event = {"name": "pageview", "url": f"https://{SITE}{path}", "domain": domain}
    return json.dumps(event, separators=(",", ":")).encode()


@contextlib.contextmanager
def a_process(file: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], httpx2.Client]]:
    """A collector in a process of its own, as a site owner runs it."""
    command = [sys.executable, "-m", "footfall", "collect", "-p", "0", "--database", str(file)]
    running = subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert running.stdout is not None
        found = re.match(r"Collecting on (\S+) into ", running.stdout.readline())
        assert found is not None
        headers = {"user-agent": FIREFOX, "content-type": "text/plain"}
        with httpx2.Client(base_url=found[1], headers=headers, timeout=MAX_SECONDS) as http:
            yield running, http
        running.send_signal(signal.SIGTERM)
        running.wait(MAX_SECONDS)
    finally:
        running.kill()
        running.communicate()


def send_real_events(http: httpx2.Client) -> None:
    for number in range(REAL):
        answer = http.post("/api/event", content=a_body(SITE, f"/{number}"))
        assert (answer.status_code, answer.headers.get("x-plausible-dropped")) == (202, None)


def accepted(http: httpx2.Client) -> int:
    query: dict[str, str | int] = {"domain": SITE, "status": "accepted", "limit": 10_000}
    return len(stored_events(http, **query))


def test_no_way_leads_an_undeclared_domain_into_the_file(tmp_path: Path) -> None:
    spam = {"referrer": "https://1-best-seo.com/"}
    event = {"name": "pageview", "url": f"https://{SITE}/", "domain": "x.test"}
    with running_collector(tmp_path / "c.sqlite3", domains=[SITE]) as (_, http):
        for user_agent in (FIREFOX, GOOGLEBOT, ""):
            for body in (event, event | spam, event | {"name": "engagement", "e": 1}):
                answer = http.post("/api/event", json=body, headers={"user-agent": user_agent})
                assert answer.headers["x-plausible-dropped"] == "1"
            for path in ("/log", "/log/custom"):
                body = {"pid": "x" * 12, "ev": "Signup", "lc": "x.test"}
                http.post(path, json=body, headers={"user-agent": user_agent})
        shown = {(event["domain"], event["reason"]) for event in stored_events(http)}
        assert shown == {
            ("x.test", "not_found"),
            ("x.test", "spam_referrer"),
            ("x" * 12, "bot"),
        }
        files = [each.read_bytes() for each in tmp_path.iterdir()]
    assert len(files) == 3
    assert not [each for each in files if b"x.test" in each or b"xxxxxxxxxxxx" in each]


FLOODS = {
    "unknown domains": (DOMAINS, FIREFOX),
    "bots": (",".join([SITE] * 100), GOOGLEBOT),
}


@pytest.mark.parametrize("flood", FLOODS)
def test_events_that_are_dropped_push_out_none_that_counts(tmp_path: Path, flood: str) -> None:
    domain, user_agent = FLOODS[flood]
    file = tmp_path / "events.sqlite3"
    with a_process(file, "--keep", "5000", "--domain", SITE) as (_, http):
        send_real_events(http)
        assert accepted(http) == REAL
        for _ in range(POSTS):
            answer = http.post(
                "/api/event", content=a_body(domain), headers={"user-agent": user_agent}
            )
            assert (answer.status_code, answer.headers["x-plausible-dropped"]) == (202, "100")
        assert accepted(http) == REAL
        # They are shown as before, with the address that this process knows.
        shown = stored_events(http, status="accepted")
        assert {event["client_ip"] for event in shown} == {"127.0.0.1"}
        assert {event["headers"]["user-agent"] for event in shown} == {FIREFOX}


def test_an_undeclared_domain_leaves_nothing_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"
    with a_process(file, "--domain", SITE) as (running, http):
        send_real_events(http)
        for _ in range(POSTS):
            http.post("/api/event", content=a_body(f"exmaple.com,{DOMAINS}"))
        # A newcomer who has mistyped a domain is told.
        page = http.get("/live").text
        assert "exmaple.com" in page or "x98" in page
        (event,) = http.get("/api/v1/events?domain=exmaple.com&limit=1").json()["events"]
        assert (event["status"], event["reason"]) == ("dropped", "not_found")
        assert "--domain" in http.get(f"/live/{event['id']}").text
        running.send_signal(signal.SIGTERM)
        _, log = running.communicate(timeout=MAX_SECONDS)
    assert "footfall: the collector drops events for 'exmaple.com'" in log
    assert "start it with --domain 'exmaple.com' too" in log
    # Once a minute at most.
    assert log.count("which is none of its domains") == 1
    with contextlib.closing(sqlite3.connect(file)) as connection:
        tables = ("events", "dropped_events", "dropped_counts", "sites")
        rows = [connection.execute(f"SELECT count(*) FROM {each}").fetchone()[0] for each in tables]
    assert rows == [REAL, 0, 0, 1]


def test_several_processes_may_be_flooded_at_once(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"
    options = ("--keep", "500", "--domain", SITE)
    with a_process(file, *options) as (_, first), a_process(file, *options) as (_, second):
        send_real_events(first)
        send_real_events(second)
        bots = a_body(",".join([SITE] * 100))

        def flood(http: httpx2.Client) -> None:
            for _ in range(POSTS):
                http.post("/api/event", content=bots, headers={"user-agent": GOOGLEBOT})

        with ThreadPoolExecutor() as pool:
            list(pool.map(flood, (first, second)))
        for http in (first, second):
            assert accepted(http) == 2 * REAL
            assert http.get("/api/v1/stats").json()["dropped"] == 2 * POSTS * 100
        ids = [event["id"] for event in stored_events(first, limit=10_000)]
    assert len(ids) == len({*ids}) == 10_000
    assert ids == sorted(ids)


def test_a_page_of_another_site_is_limited_by_its_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "time", SimpleNamespace(monotonic=lambda: 1.0))
    with running_collector() as (_, http):
        http.headers["content-type"] = "text/plain"
        headers = {"sec-fetch-site": "cross-site"}
        body = a_body(DOMAINS)
        statuses = [
            http.post("/api/event", content=body, headers=headers).status_code for _ in range(POSTS)
        ]
        # 5,000 at once; the clock stands still.
        assert statuses == [202] * 50 + [429] * 10
        # Apps on this machine go on.
        assert http.post("/api/event", content=a_body(SITE)).status_code == 202


def test_the_longest_events_of_a_page_do_not_empty_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "time", SimpleNamespace(monotonic=lambda: 1.0))
    props = {f"{number:0300}": "x" * 2_000 for number in range(30)}
    event = json.loads(a_body(",".join([SITE] * 100))) | {"props": props}
    file = tmp_path / "c.sqlite3"
    with running_collector(file, domains=[SITE], max_bytes=100_000_000) as (_, http):
        http.headers["content-type"] = "text/plain"
        send_real_events(http)
        headers = {"sec-fetch-site": "cross-site"}
        statuses = [
            http.post("/api/event", content=json.dumps(event), headers=headers).status_code
            for _ in range(POSTS)
        ]
        # The oldest of all.
        assert len(stored_events(http, path="/0")) == 1
        # The clock stands still, and each event takes 21 tokens.
        assert statuses == [202] * 3 + [429] * (POSTS - 3)


def test_a_long_body_takes_the_tokens_of_many_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """However little of it is stored: reading a megabyte of lists takes a third of a second."""
    monkeypatch.setattr(endpoints, "time", SimpleNamespace(monotonic=lambda: 1.0))
    # A fifth of the tokens, for fewer bodies.
    defaults = (EVENTS_PER_SECOND, BURST / 5)
    monkeypatch.setattr(RateLimiter.__init__, "__defaults__", defaults)
    body = json.dumps(json.loads(a_body(SITE)) | {"x": [[]] * 240_000})
    with running_collector() as (_, http):
        headers = {"content-type": "text/plain", "sec-fetch-site": "cross-site"}
        statuses = [
            http.post("/api/event", content=body, headers=headers).status_code for _ in range(7)
        ]
    assert statuses == [202] * 5 + [429] * 2


def test_invented_domains_do_not_push_out_a_site() -> None:
    with running_collector() as (collector, http):
        http.headers["content-type"] = "text/plain"
        for _ in range(3):
            http.post("/api/event", content=a_body(SITE))
        for start in range(0, 1_500, 100):
            domains = ",".join(f"a{start + number}" for number in range(100))
            http.post("/api/event", content=a_body(domains))
        assert SITE in http.get("/").text
        assert SITE in collector.store.domains()
        assert len(collector.store.registry.seen_domains()) == 1_000
        assert SITE in collector.store.registry.seen_domains()


def test_a_public_collector_without_domains_warns_at_the_start(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for options, is_warned in (
        ({"host": "0.0.0.0", "token": "t" * 16}, True),
        ({"host": "0.0.0.0", "token": "t" * 16, "domains": [SITE]}, False),
        ({"host": "127.0.0.1"}, False),
        # A proxy in front publishes it under this name.
        ({"allowed_hosts": ["stats.example.com"]}, True),
        ({"allowed_hosts": ["stats.example.com"], "domains": [SITE]}, False),
    ):
        caplog.clear()
        with running_collector(**options):
            warned = [each for each in caplog.records if "name yours with --domain" in each.message]
        assert bool(warned) == is_warned
