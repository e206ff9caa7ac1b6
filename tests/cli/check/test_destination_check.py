"""`footfall check`: against a real collector, against vendors with one answer, and dead ports."""

from __future__ import annotations

import itertools
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from footfall.cli import main
from footfall.collector import CollectorServer
from tests.cli.check.common import ADDRESS, SITE, line, newest
from tests.support.clickhouse import ClickHouseServer
from tests.support.goatcounter import GoatCounterServer
from tests.support.matomo import MatomoServer
from tests.support.posthog import PostHogServer
from tests.support.vendors import (
    Respond,
    Vendor,
    answer,
    answering,
    responding,
    unused_port,
    vendor,
)


def output(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


# -- against vendors that take many at once -------------------------------------------------------

BULK: dict[str, tuple[Respond, str]] = {
    "ClickHouse": (
        ClickHouseServer(user="me", password="s3cret-of-16-chars").respond,
        "clickhouse+http://me:s3cret-of-16-chars@{}/footfall.events",
    ),
    "GoatCounter": (GoatCounterServer(token="s3cret").respond, "goatcounter+http://s3cret@{}"),
    "Matomo": (MatomoServer(token="s3cret").respond, "matomo+http://s3cret@{}/1"),
    "PostHog": (PostHogServer(token="s3cret").respond, "posthog+http://s3cret@{}"),
}


@pytest.mark.parametrize(("respond", "line"), BULK.values(), ids=BULK.keys())
def test_a_vendor_says_that_it_took_the_event(
    respond: Respond, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--client-ip", ADDRESS, "--url", "https://a.test/"]
    with vendor(responding(respond)) as server:
        code = main(["check", line.format(f"127.0.0.1:{server.port}"), *options])
    text = output(capsys)

    assert code == 0
    assert "meaning    accepted: the vendor took the event" in text
    assert "s3cret" not in text
    assert ("not shown  whether it keeps the event" in text) is line.startswith("posthog")


def test_clickhouses_table_is_offered_where_it_is_missing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    respond, line = BULK["ClickHouse"]
    options = ["--client-ip", ADDRESS, "--url", "https://a.test/"]
    with vendor(responding(respond)) as server:
        to = line.format(f"127.0.0.1:{server.port}")
        assert main(["check", to.replace("footfall.events", "web.visits"), *options]) == 1
        text = output(capsys)
        assert "CREATE DATABASE IF NOT EXISTS web;\n\nCREATE TABLE web.visits\n(\n    id" in text
        assert "GRANT INSERT ON web.visits TO me;\n" in text
        assert "s3cret" not in text
        assert main(["check", to.replace("s3cret", "another"), *options]) == 1
        assert "CREATE" not in output(capsys)


# -- against a collector ----------------------------------------------------------------------


def test_a_file_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "f.sqlite3"
    arguments = ["check", f"sqlite:///{file}", "--client-ip", ADDRESS, "--url", "https://a.test/"]
    assert main(arguments) == 0
    assert "meaning    accepted: the vendor took the event" in output(capsys)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT domain, path FROM events").fetchall() == [("a.test", "/")]


def test_a_file_of_one_site_needs_no_options(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", f"sqlite:///{tmp_path}/f.sqlite3?domain=a.test"]) == 0
    assert "sent       pageview of https://a.test/footfall-check, " in output(capsys)


def test_a_file_that_cannot_be_written_has_a_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "f.sqlite3"
    file.write_text("no database" * 100)
    arguments = ["check", f"sqlite:///{file}", "--client-ip", ADDRESS, "--url", "https://a.test/"]
    assert main(arguments) == 1
    text = output(capsys)
    assert "move it away to start anew" in text
    assert "remedy     see the meaning; the file has to be whole" in text


def test_an_event_that_arrives_is_read_back(
    collector: CollectorServer, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(2):
        assert main(["check", line("collector", collector.url)]) == 0
        text = output(capsys)
        assert f"sent       pageview of https://{SITE}/footfall-check, client IP 127.0.0.1" in text
        assert "answer     HTTP 202" in text
        assert "meaning    accepted: the vendor took the event" in text
        assert f"read back  {number} current visitors before, {number + 1} now" in text
    assert (newest(collector).path, newest(collector).status) == ("/footfall-check", "accepted")


def test_a_collector_with_a_token_is_read_back_with_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with CollectorServer(token="secret") as collector:
        assert main(["check", line("collector", collector.url)]) == 0
        assert "wants its token: set FOOTFALL_COLLECTOR_TOKEN to its --token" in output(capsys)
        monkeypatch.setenv("COLLECTOR_TOKEN", "other")
        assert main(["check", line("collector", collector.url)]) == 0
        assert "compare FOOTFALL_COLLECTOR_TOKEN with its --token" in output(capsys)
        monkeypatch.setenv("COLLECTOR_TOKEN", "secret")
        assert main(["check", line("collector", collector.url)]) == 0
        assert "read back  2 current visitors before, 3 now" in output(capsys)


def test_the_collectors_own_variable_opens_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with CollectorServer(token="secret") as collector:
        monkeypatch.setenv("FOOTFALL_COLLECTOR_TOKEN", "secret")
        monkeypatch.setenv("COLLECTOR_TOKEN", "another")
        assert main(["check", line("collector", collector.url)]) == 0
        assert "read back  0 current visitors before, 1 now" in output(capsys)


def test_a_wrong_ingest_token_is_found_as_the_middleware_would_find_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with CollectorServer(ingest_token="s3cret one") as collector:
        where = collector.url.removeprefix("http://")
        assert main(["check", f"collector://{where}/{SITE}"]) == 1
        missing = output(capsys)
        assert main(["check", f"collector://s3cret%20two@{where}/{SITE}"]) == 1
        wrong = output(capsys)
        assert main(["check", f"collector://s3cret%20one@{where}/{SITE}"]) == 0
        right = output(capsys)
    assert "collector wants its --ingest-token (FOOTFALL_COLLECTOR_INGEST_TOKEN)" in missing
    assert f"write it into the destination: collector://TOKEN@{where}/{SITE}" in missing
    assert "does not know this destination's token" in wrong
    assert "meaning    accepted" in right
    assert "s3cret" not in missing + wrong + right


def test_an_event_that_is_dropped_is_explained(
    collector: CollectorServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", line("collector", collector.url, "b.test")]) == 1
    text = output(capsys)
    assert "x-plausible-dropped: 1" in text
    assert f"meaning    dropped_by_vendor: it dropped the event; {collector.url}/live" in text
    assert f"remedy     {collector.url} shows the reason" in text
    assert newest(collector).reason == "not_found"


@pytest.mark.parametrize(
    ("address", "remedy"),
    [
        (ADDRESS, "add the site b.test, or wait a minute if it is new; give your browser's"),
        ("10.0.0.1", "10.0.0.1 is no public address"),
    ],
)
def test_what_plausible_drops_has_a_remedy(
    collector: CollectorServer, capsys: pytest.CaptureFixture[str], address: str, remedy: str
) -> None:
    arguments = [line("plausible+http", collector.url, "b.test"), "--client-ip", address]
    assert main(["check", *arguments]) == 1
    text = output(capsys)
    assert "it knows no site 'b.test'" in text
    assert remedy in text


def test_swetrix_is_checked_by_its_answer(
    collector: CollectorServer, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--client-ip", ADDRESS, "--url", f"https://{SITE}/", "--name", "Test"]
    destination = line("swetrix+http", collector.url, "aUn1quEid-3x")
    assert main(["check", destination, *arguments]) == 0
    assert "meaning    accepted" in output(capsys)
    assert (newest(collector).vendor, newest(collector).name) == ("swetrix", "Test")
    assert main(["check", line("swetrix+http", collector.url, "aUn1quEid-4x"), *arguments]) == 1
    assert "rejected" in output(capsys)


# -- against vendors with one answer ----------------------------------------------------------


def counting(*visitors: int) -> Any:
    """A Plausible that takes every event, and counts visitors like this; the last for ever."""
    numbers = itertools.chain(visitors, itertools.repeat(visitors[-1]))

    def behave(connection: Any, server: Vendor) -> None:
        while request := server.read_request(connection):
            body = b"ok" if request.startswith(b"POST") else json.dumps(next(numbers)).encode()
            connection.sendall(answer("202 Accepted" if body == b"ok" else "200 OK", body))

    return behave


def plausible(url: str, *, wait: float = 30.0) -> list[str]:
    wanted = ["--client-ip", ADDRESS, "--wait", str(wait)]
    return ["check", line("plausible+http", url), *wanted]


def test_the_count_is_asked_until_it_rises(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PLAUSIBLE_STATS_KEY", "s3cret")
    with vendor(counting(7, 7, 7, 8)) as server:
        assert main(plausible(server.url)) == 0
    text = output(capsys)
    assert "read back  7 current visitors before, 8 now" in text
    assert "s3cret" not in text
    asked = [request for request in server.requests if request.startswith(b"GET")]
    assert len(asked) == 4
    assert all(b"Bearer s3cret" in request for request in asked)


def test_an_event_that_never_shows_did_not_arrive(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PLAUSIBLE_STATS_KEY", "s3cret")
    with vendor(counting(7)) as server:
        assert main(plausible(server.url, wait=0.2)) == 1
    assert "read back  still 7 current visitors after 0.2 s" in output(capsys)


def test_numbers_that_cannot_be_read_leave_the_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PLAUSIBLE_STATS_KEY", "s3cret")
    with vendor(answering(answer())) as server:
        assert main(plausible(server.url)) == 0
    assert "read back  not possible" in output(capsys)


def test_numbers_that_fail_later_leave_the_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PLAUSIBLE_STATS_KEY", "s3cret")
    replies = iter(["200 OK", "202 Accepted", "402 Payment Required"])

    def behave(connection: Any, server: Vendor) -> None:
        while server.read_request(connection):
            connection.sendall(answer(next(replies), b"3"))

    with vendor(behave) as server:
        assert main(plausible(server.url)) == 0
    assert "part of the Business plan" in output(capsys)


def test_without_a_key_nothing_is_read_back(capsys: pytest.CaptureFixture[str]) -> None:
    with vendor(counting(7)) as server:
        assert main(plausible(server.url)) == 0
    assert "read back  not tried: that takes Plausible, and its key" in output(capsys)
    assert len(server.requests) == 1


def test_a_server_that_reports_no_address_needs_one_given(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with vendor(answering(answer())) as server:
        assert main(["check", line("collector", server.url)]) == 1
    assert "give --client-ip" in output(capsys)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [("404 Not Found", "rejected"), ("503 Busy", "retry"), ("500 Oh no", "unknown")],
)
def test_another_answer_is_shown_and_explained(
    capsys: pytest.CaptureFixture[str], status: str, verdict: str
) -> None:
    with vendor(answering(answer(status, b"<h1>Oh</h1>"))) as server:
        assert main(plausible(server.url)) == 1
    text = output(capsys)
    assert f"answer     HTTP {status[:3]}" in text
    assert "'<h1>Oh</h1>'" in text
    assert f"meaning    {verdict}: HTTP {status[:3]}" in text
    assert "remedy     check that" in text


@pytest.mark.parametrize(
    ("status", "message", "remedy"),
    [
        ("400 Bad Request", "Project is disabled", "project: see in Swetrix whether"),
        ("400 Bad Request", "This origin is not allowed", "origin: let the project allow"),
        ("404 Not Found", "No such project", "the vendor knows no such address or site"),
    ],
)
def test_the_last_line_names_the_cause_that_the_vendor_names(
    capsys: pytest.CaptureFixture[str], status: str, message: str, remedy: str
) -> None:
    with vendor(answering(answer(status, f'{{"message":"{message}"}}'.encode()))) as server:
        destination = line("swetrix+http", server.url, "aUn1quEid-3x")
        arguments = ["--client-ip", ADDRESS, "--url", f"https://{SITE}/"]
        assert main(["check", destination, *arguments]) == 1
    assert output(capsys).splitlines()[-1].startswith(f"  remedy     {remedy}")


@pytest.mark.parametrize("scheme", ["plausible+http", "collector", "swetrix+http"])
def test_a_refused_connection_is_reported(capsys: pytest.CaptureFixture[str], scheme: str) -> None:
    url = f"http://127.0.0.1:{unused_port()}"
    site = "aUn1quEid-3x" if scheme.startswith("swetrix") else SITE
    arguments = ["--url", f"https://{SITE}/"]
    for address in (
        ([], ["--client-ip", ADDRESS]) if scheme == "collector" else (["--client-ip", ADDRESS],)
    ):
        assert main(["check", line(scheme, url, site), *arguments, *address]) == 1
        assert "refused" in output(capsys)
