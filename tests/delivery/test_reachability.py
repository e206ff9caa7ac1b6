"""The steps to a destination, against real servers."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
import trustme

from footfall.collector import CollectorServer
from footfall.collector.storage.stored_events import EventSearch
from footfall.delivery.reachability import ReachStep, steps_to
from footfall.destinations import Destination, Only, Queue, SQLite, destination_from
from tests.delivery.vendor_behaviours import CERTIFICATES, server_context
from tests.support.vendors import (
    answer,
    answering,
    closing_at_once,
    plain_http,
    unused_port,
    vendor,
)

SITE = "example.com"


def steps(line: str | Destination) -> list[ReachStep]:
    return [*steps_to(destination_from(line), timeout_seconds=5.0)]


def failed(line: str) -> ReachStep:
    """The last step, which is the only one that fails."""
    *before, last = steps(line)
    assert all(step.is_ok and not step.remedy for step in before)
    assert not last.is_ok
    assert last.remedy
    return last


def test_a_collector_is_reached(collector: CollectorServer) -> None:
    found = steps(f"collector://{collector.url.removeprefix('http://')}/{SITE}")
    assert [(step.name, step.is_ok) for step in found] == [
        ("DNS", True),
        ("connection", True),
        ("HTTP", True),
    ]
    assert collector.store.count(EventSearch()) == 0


def test_a_collector_that_does_not_run_is_named() -> None:
    step = failed(f"collector://127.0.0.1:{unused_port()}/{SITE}")
    assert step.name == "connection"
    assert step.text.endswith(": Connection refused")
    assert "`footfall collect`" in step.remedy


def test_another_program_on_the_collectors_port_is_named() -> None:
    with vendor(answering(answer("404 Not Found"))) as server:
        step = failed(f"collector://127.0.0.1:{server.port}/{SITE}")
    assert step.name == "HTTP"
    assert "/api/health answers 404" in step.text
    assert "Another program" in step.remedy


def test_a_name_that_does_not_resolve_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_name(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_such_name)
    step = failed(f"plausible://plausibel.test/{SITE}")
    assert step.name == "DNS"
    assert step.text == "plausibel.test does not resolve: Name or service not known"


def test_tls_to_a_plain_port_is_named_with_the_line_to_write() -> None:
    with vendor(plain_http) as server:
        step = failed(f"plausible://127.0.0.1:{server.port}/{SITE}")
    assert step.name == "TLS"
    assert "plausible+http://" in step.remedy


@pytest.mark.parametrize("kind", ["nobody-vouches", "expired"])
def test_a_certificate_that_is_not_valid_is_named(kind: str, trusted: trustme.CA) -> None:
    context = server_context(CERTIFICATES[kind](trusted))
    with vendor(answering(answer()), tls=context) as server:
        step = failed(f"plausible://127.0.0.1:{server.port}/{SITE}")
    assert step.name == "TLS"
    assert "certificate" in step.remedy


def test_a_vendor_is_reached_over_tls_whatever_it_answers_to_this(trusted: trustme.CA) -> None:
    context = server_context(trusted.issue_cert("127.0.0.1"))
    with vendor(answering(answer("405 Method Not Allowed")), tls=context) as server:
        found = steps(f"plausible://127.0.0.1:{server.port}/{SITE}")
        assert server.requests[0].startswith(b"GET /api/event ")
    assert [step.name for step in found if step.is_ok] == ["DNS", "connection", "TLS", "HTTP"]


def test_a_server_that_fails_or_says_nothing_is_named() -> None:
    with vendor(answering(answer("502 Bad Gateway"))) as server:
        assert "answers 502" in failed(f"plausible+http://127.0.0.1:{server.port}/{SITE}").text
    with vendor(closing_at_once) as server:
        assert "no answer" in failed(f"plausible+http://127.0.0.1:{server.port}/{SITE}").text


def test_a_proxy_is_used_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with vendor(answering(answer())) as proxy:
        monkeypatch.setenv("http_proxy", f"http://user:secret@127.0.0.1:{proxy.port}")
        found = steps(f"plausible+http://plausible.test/{SITE}")
        assert b"GET http://plausible.test/api/event " in proxy.requests[0]
    assert [(step.name, step.is_ok) for step in found] == [("proxy", True), ("HTTP", True)]
    assert not any("secret" in step.text for step in found)


def test_a_queue_has_no_address() -> None:
    queue = Queue(label="events", put=lambda packs: None)
    for each in (queue, Only(to=queue, hosts=[SITE])):
        assert steps(each) == []


def test_a_file_is_named_with_its_folder_and_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.sqlite3"
    [step] = steps(f"sqlite:///{file}")
    assert step == ReachStep("file", is_ok=True, text=f"{file} is made with the first event")
    assert not file.exists()
    file.touch()
    monkeypatch.chdir(tmp_path)
    for each in ("sqlite:///a.sqlite3", Only(to=SQLite(path="a.sqlite3"), hosts=[SITE])):
        [step] = steps(each)
        assert step.text == f"a.sqlite3 is there, below the working directory {tmp_path}"


def test_a_file_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (
        failed(f"sqlite:///{tmp_path}/no/a.sqlite3").text == f"there is no directory {tmp_path}/no"
    )
    # Root, as which the tests may run, may write everywhere.
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert "may not be written by this user" in failed(f"sqlite:///{tmp_path}/a.sqlite3").text
