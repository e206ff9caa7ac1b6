"""A SQLite file as a destination: its line, and what it would post to a collector."""

from __future__ import annotations

from typing import Any

import pytest

from footfall.destinations import Collector, Only, SQLite, destination_from, file_of, is_local
from footfall.destinations.sqlite import RequestGroup
from footfall.errors import ConfigError
from footfall.events.hit_report import HitReport
from footfall.model import ACCEPTED, Event, OutcomeKind, Response, Visitor

EVENT = Event(url="https://www.example.com/a", visitor=Visitor(client_ip="203.0.113.7"))
NAMED = Collector(domain="example.com", endpoint="http://localhost")

LINES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("sqlite:///footfall.sqlite3", {"path": "footfall.sqlite3"}),
    ("sqlite:////var/lib/a b/f.db", {"path": "/var/lib/a b/f.db"}),
    ("SQLite:///C:\\data\\f.db", {"path": "C:\\data\\f.db"}),
    ("sqlite:///f.db?domain=www.Example.com", {"path": "f.db", "domain": "example.com"}),
    (
        "sqlite:///f.db?keep=500&keep_days=30&max_size=2GB&timezone=Europe/Berlin",
        {
            "path": "f.db",
            "keep_events": 500,
            "keep_days": 30,
            "max_bytes": 2_000_000_000,
            "timezone": "Europe/Berlin",
        },
    ),
    (
        "sqlite:///f.db?mmdb=/geo/country.mmdb&every_hit=off",
        {"path": "f.db", "mmdb": "/geo/country.mmdb", "every_hit": False},
    ),
)


@pytest.mark.parametrize(("line", "options"), LINES, ids=[line for line, _ in LINES])
def test_a_line_names_the_file_and_what_is_kept(line: str, options: dict[str, Any]) -> None:
    assert destination_from(line) == SQLite(**options)


FAULTS: tuple[tuple[str, str], ...] = (
    ("sqlite://footfall.sqlite3", "write three slashes before a path relative to the working"),
    ("sqlite://", "write three slashes"),
    ("sqlite:///", "write three slashes"),
    ("sqlite:///f.db?keep_day=3", "did you mean keep_days?"),
    ("sqlite:///f.db?journal=wal", "there is: domain, keep, keep_days"),
    ("sqlite:///f.db?keep=0", "write a whole number above 0"),
    ("sqlite:///f.db?keep_days=many", "write a whole number above 0"),
    ("sqlite:///f.db?max_size=5", "write it like 500MB or 2GB"),
    ("sqlite:///f.db?every_hit=perhaps", "write True or False"),
    ("sqlite:///f.db?domain=https://example.com/", "write the site's name alone: example.com"),
    ("sqlite:///f.db?domain=a.test,b.test", "write one site"),
    ("sqlit:///f.db", "did you mean sqlite, as in sqlite:///footfall.sqlite3"),
)


@pytest.mark.parametrize(("line", "remedy"), FAULTS, ids=[line for line, _ in FAULTS])
def test_a_line_that_cannot_work_says_what_to_write(line: str, remedy: str) -> None:
    with pytest.raises(ConfigError) as caught:
        destination_from(line)
    assert remedy in caught.value.faults[0].remedy


def test_its_events_stay_on_this_machine() -> None:
    destination = SQLite(path="f.db")
    assert is_local(destination)
    assert file_of(destination) is destination
    assert file_of(Only(to=destination, hosts=["a.test"])) is destination
    assert file_of(NAMED) is None
    assert (destination.name, destination.endpoint) == ("sqlite:f.db", "sqlite:///f.db")
    assert SQLite(path="f.db", domain="a.test").name == "sqlite:f.db@a.test"


def test_it_makes_what_a_collector_would_get() -> None:
    report = HitReport(event=EVENT, is_tracked=True, reason="navigation")
    for destination in (SQLite(path="f.db"), SQLite(path="f.db", domain="example.com")):
        assert destination.request(EVENT) == NAMED.request(EVENT)
        assert destination.report(report, sent_at=1.0) == NAMED.report(report, sent_at=1.0)
        group = destination.batch_request([NAMED.request(EVENT)] * 2)
        assert isinstance(group, RequestGroup)
        assert group.requests == [NAMED.request(EVENT)] * 2


HOSTS = (
    ("https://www.example.com/", "example.com"),
    ("http://127.0.0.1:8000/", "127.0.0.1"),
    ("http://[::1]:8000/", "-1"),
    ("http://bücher.example/", "bücher.example"),
    ("http://a$b/", "a-b"),
    ("/no-host", "localhost"),
)


@pytest.mark.parametrize(("url", "site"), HOSTS, ids=[url for url, _ in HOSTS])
def test_without_a_domain_it_counts_for_the_host_of_the_page(url: str, site: str) -> None:
    request = SQLite(path="f.db").request(Event(url=url, visitor=Visitor(client_ip="192.0.2.1")))
    assert f'"domain":"{site}"' in request.body.decode()


def test_what_was_not_written_is_tried_again_with_the_cause() -> None:
    destination = SQLite(path="f.db")
    locked = Response(status=503, body=b"database is locked")
    assert destination.read(locked).kind is OutcomeKind.RETRY
    assert destination.read(locked).detail == "database is locked"
    assert [each.kind for each in destination.read_batch(locked, 3)] == [OutcomeKind.RETRY] * 3
    results = b'{"results": [{"status": 202}, {"status": 202, "dropped": "bot"}]}'
    kinds = [each.kind for each in destination.read_batch(Response(status=200, body=results), 2)]
    assert kinds == [OutcomeKind.ACCEPTED, OutcomeKind.DROPPED]
    assert destination.read(Response(status=202)) == ACCEPTED
