"""`footfall import`: the past of access logs, in a collector's file."""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import sys
import time
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from footfall.access_log import log_import
from footfall.cli import main
from footfall.cli.terminal import complain
from footfall.collector.past_events import PastEvents
from footfall.collector.storage.stats import StatsQuery, TimeRange
from footfall.collector.storage.store import Store
from tests.destinations.support import WEBSITE
from tests.support.json_schemas import validate

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.2 Mobile/15E148 Safari/604.1"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
ALICE, BOB = "203.0.113.9", "198.51.100.7"
START = datetime(2026, 3, 1, 9, tzinfo=UTC)
DOMAIN = "example.com"


def logged(
    minutes: float,
    path: str,
    *,
    ip: str = ALICE,
    agent: str = FIREFOX,
    method: str = "GET",
    status: int = 200,
    size: int = 5_120,
    referrer: str = "-",
) -> str:
    moment = START + timedelta(minutes=minutes)
    return (
        f"{ip} - - [{moment:%d/%b/%Y:%H:%M:%S +0000}] "
        f'"{method} {path} HTTP/2.0" {status} {size} "{referrer}" "{agent}"\n'
    )


# Two visits of Alice and one of Bob on the first day, one of each on the second.
PAGES = [
    logged(0, "/", referrer="https://news.ycombinator.com/"),
    logged(1, "/pricing?utm_source=mail"),
    logged(2, "/", ip=BOB, agent=SAFARI),
    logged(100, "/blog/"),
    logged(1_440, "/"),
    logged(1_441, "/blog/", ip=BOB, agent=SAFARI),
]
OTHERS = [
    logged(0.1, "/static/app.js"),
    logged(0.2, "/", agent=GOOGLEBOT),
    logged(0.3, "/robots.txt", agent=GOOGLEBOT),
    logged(0.4, "/login", method="POST", status=302),
    logged(0.5, "/old", status=301),
    logged(0.6, "/api/items"),
    logged(0.7, "/logo.png", status=304, size=0),
]
LOG = [*PAGES, *OTHERS]
LOG.sort(key=lambda line: line.partition("[")[2][:20])


def write(path: Path, lines: Iterable[str]) -> Path:
    text = "".join(lines).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def run(file: Path, *logs: object, code: int = 0, options: Iterable[str] = ()) -> None:
    paths = [str(each) for each in logs]
    arguments = ["import", *paths, "--domain", DOMAIN, "--database", str(file), *options]
    assert main(arguments) == code


def report_of(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    validate("import", found)
    return found


def query(file: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(sql).fetchall()


def figures(file: Path) -> list[tuple[Any, ...]]:
    """Visitors, visits, pageviews, bounce rate and duration of each day."""
    with closing(Store(file)) as store:
        span = TimeRange.of_days(START.date(), START.date() + timedelta(days=2), store.zone)
        metrics = ("visitors", "visits", "pageviews", "bounce_rate", "visit_duration")
        found = store.query(StatsQuery(range=span, metrics=metrics, dimensions=("time:day",)))
        return [(*row.dimensions, *row.metrics) for row in found.rows]


FIGURES = [
    ("2026-03-01", 2, 3, 4, 67, 20),
    ("2026-03-02", 2, 2, 2, 100, 0),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "footfall.sqlite3"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return write(tmp_path / "access.log", LOG)


def test_history_and_bots_are_there(
    file: Path, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(file, log)
    assert figures(file) == FIGURES
    assert query(file, "SELECT path, source, browser, device FROM events ORDER BY id LIMIT 3") == [
        ("/", "news.ycombinator.com", "Firefox", "Desktop"),
        ("/pricing", "mail", "Firefox", "Desktop"),
        ("/", None, "Safari", "Mobile"),
    ]
    # The page alone: the robots.txt of a bot is no visit of anybody's.
    assert query(file, "SELECT name, kind, number FROM dropped_counts") == [
        ("Googlebot", "search", 1)
    ]
    printed = capsys.readouterr().out
    assert f"{log}: combined (nginx, Apache), 13 lines" in printed
    assert "From 2026-03-01 09:00:00 UTC to 2026-03-02 09:01:00 UTC" in printed
    assert "Counted: 6\n            6  pageview" in printed
    assert "The User-Agent is a bot's" in printed


def test_every_line_has_a_reason(file: Path, log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(file, log, options=["--json"])
    found = report_of(capsys)
    assert found["counted"] == {"pageview": 6}
    assert found["not_counted"] == {
        "bot": 2,
        "method": 1,
        "redirect": 1,
        "not_html": 2,
        "not_navigation": 1,
    }
    assert found["lines"] == 13
    assert found["malformed"] == {}


def test_a_dry_run_writes_nothing(
    file: Path, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(file, log, options=["--dry-run", "--json"])
    found = report_of(capsys)
    assert (found["written"], found["counted"]) == (False, {"pageview": 6})
    assert not file.exists()
    run(file, log, options=["--dry-run"])
    assert "Would count: 6" in capsys.readouterr().out


def test_the_apps_own_options_decide(
    file: Path, log: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTFALL_EXCLUDE", "/blog/**")
    monkeypatch.setenv("FOOTFALL_DESTINATIONS", "plausible://plausible.io/example.com")
    run(file, log, options=["--json"])
    assert report_of(capsys)["not_counted"]["excluded"] == 2


def test_a_second_run_imports_nothing(
    file: Path, log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(file, log)
    before = query(file, "SELECT * FROM events")
    rotated = log.rename(tmp_path / "access.log.1")
    packed = write(tmp_path / "access.log.1.gz", LOG)
    for again in (rotated, packed, tmp_path / "*.log.1*"):
        capsys.readouterr()
        run(file, again, options=["--json"])
        found = report_of(capsys)
        assert (found["lines"], found["counted"]) == (0, {})
        assert len(found["logs"]) == 1
    assert query(file, "SELECT * FROM events") == before


@pytest.mark.parametrize("lines", [1, 6, 12])
def test_a_file_that_has_grown_goes_on_where_it_ended(
    file: Path, tmp_path: Path, lines: int, capsys: pytest.CaptureFixture[str]
) -> None:
    log = write(tmp_path / "access.log", [*LOG[:lines], LOG[lines][:20]])
    run(file, log)
    assert "left for the next time" in capsys.readouterr().out
    write(log, LOG)
    run(file, log)
    assert figures(file) == FIGURES
    assert query(file, "SELECT count(*) FROM imported_logs") == [(1,)]


@pytest.mark.parametrize("lines", [1, 8])
def test_an_interrupted_import_goes_on_behind_its_last_commit(
    file: Path,
    log: Path,
    lines: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_import, "_LINES_PER_PROGRESS", lines)
    monkeypatch.setattr(log_import, "_LINES_PER_COMMIT", lines)
    committed = 0
    commit = PastEvents.commit

    def commit_once(self: PastEvents, positions: Any) -> None:
        nonlocal committed
        if committed == 1:
            raise KeyboardInterrupt
        commit(self, positions)
        committed += 1

    monkeypatch.setattr(PastEvents, "commit", commit_once)
    run(file, log, code=130)
    assert "run the same again" in capsys.readouterr().err
    assert 0 < len(query(file, "SELECT 1 FROM events")) < 6
    monkeypatch.setattr(PastEvents, "commit", commit)
    run(file, log)
    assert figures(file) == FIGURES


def test_logs_of_several_servers_are_read_in_the_order_of_time(file: Path, tmp_path: Path) -> None:
    write(tmp_path / "one.log", LOG[::2])
    write(tmp_path / "two.log.gz", LOG[1::2])
    run(file, tmp_path / "two.log.gz", tmp_path / "one.log")
    assert figures(file) == FIGURES


def test_the_log_of_a_second_server_finds_the_visitors_of_the_first(
    file: Path, tmp_path: Path
) -> None:
    run(file, write(tmp_path / "one.log", PAGES[:1]))
    run(file, write(tmp_path / "two.log", PAGES[1:]))
    assert figures(file) == FIGURES


def test_the_keys_of_past_visitors_are_deleted_two_days_later(
    file: Path, log: Path, tmp_path: Path
) -> None:
    run(file, log)
    assert query(file, "SELECT count(*) FROM import_salts") == [(2,)]
    later = time.time() + 2 * 86_400
    with PastEvents(str(file), DOMAIN, now=later):
        assert query(file, "SELECT count(*) FROM import_salts") == [(0,)]


def test_malformed_lines_are_counted_and_shown(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = [logged(3, "/x").replace("HTTP/2.0", "SSH"), "\x1b[2Jnonsense\n"]
    log = write(tmp_path / "access.log", [*LOG[:5], *broken, *LOG[5:]])
    run(file, log)
    assert figures(file) == FIGURES
    printed = capsys.readouterr().out
    assert "Could not be read: 2" in printed
    assert f"{log}:7: \\x1b[2Jnonsense" in printed


def test_lines_have_their_numbers_in_the_whole_file(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = write(tmp_path / "access.log", LOG)
    run(file, log)
    write(log, [*LOG, "nonsense\n"])
    capsys.readouterr()
    run(file, log)
    assert f"{log}:14: nonsense" in capsys.readouterr().out


def test_an_unknown_format_is_refused_with_its_line(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = write(tmp_path / "error.log", ["\n", "2026/03/01 [error] 7#7: *1 failed\n"])
    run(file, log, code=2)
    printed = capsys.readouterr().err
    assert f"{log}:2: the format is not known: '2026/03/01 [error] 7#7: *1 failed'" in printed
    assert "--log-format (" in printed
    assert not file.exists()


def test_a_format_that_is_named_is_not_guessed(file: Path, tmp_path: Path) -> None:
    log = write(tmp_path / "access.log", ["what a server said first\n", *LOG])
    run(file, log, options=["--log-format", "combined"])
    assert figures(file) == FIGURES


def test_a_damaged_file_is_told_and_the_others_are_read(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = write(tmp_path / "access.log", LOG)
    cut = tmp_path / "b.log.gz"
    cut.write_bytes(gzip.compress("".join(LOG * 400).replace("Mar", "Apr").encode())[:-50])
    run(file, log, cut, code=1)
    assert figures(file) == FIGURES
    assert "the compressed file is cut short" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["none.log"], "none.log"),
        (["*.none"], "*.none: there is no such file"),
        (["{log}", "--to", "plausible://plausible.io/example.com"], "takes no times"),
        (["{log}", "--to", f"umami://stats.example.com/{WEBSITE}"], "footfall forward FILE umami://"),
        (["{log}", "--timezone", "Mars/Olympus"], "write it like Europe/Berlin"),
        (["{log}", "--database", "none/x.sqlite3"], "its directory does not exist"),
        (["{log}", "--trusted-proxies", "nonsense"], "trusted_proxies"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_at_the_start(
    log: Path,
    arguments: list[str],
    text: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(log.parent)
    given = [each.format(log=log) for each in arguments]
    assert main(["import", *given, "--domain", DOMAIN]) == 2
    assert text in capsys.readouterr().err


def test_standard_input_is_recognised_again(
    file: Path, log: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for expected in (6, 0):

        class Stdin:
            buffer = io.BytesIO("".join(LOG).encode())

        monkeypatch.setattr(sys, "stdin", Stdin)
        run(file, "-", options=["--json"])
        assert sum(report_of(capsys)["counted"].values()) == expected
    run(file, log, options=["--json"])
    assert report_of(capsys)["lines"] == 0


def test_what_footfall_counted_itself_is_not_counted_again(
    file: Path, log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # An import is not what footfall counts itself, so a second file goes on.
    run(file, write(tmp_path / "old.log", PAGES[:2]))
    with PastEvents(str(file), DOMAIN, now=time.time()) as past:
        assert past.first_own_event() is None
    own = write(tmp_path / "own.log", PAGES[3:4])
    run(file, own)
    assert query(file, "DELETE FROM imported_events WHERE first_id = 3 OR last_id = 3") == []
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE imported_events SET last_id = 2")
    capsys.readouterr()
    run(file, log, options=["--json"])
    found = report_of(capsys)
    assert found["not_counted"]["already_counted"] == 3
    capsys.readouterr()
    run(file, log, options=["--until", "2026-03-02", "--json"])
    assert report_of(capsys)["lines"] == 0


def test_hosts_are_told_apart(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [f"{DOMAIN}:443 {line}" for line in PAGES[:2]] + [f"other.test:443 {PAGES[2]}"]
    log = write(tmp_path / "vhosts.log", lines)
    run(file, log, options=["--dry-run"])
    assert "Hosts: example.com 2, other.test 1. --host counts one" in capsys.readouterr().out
    run(file, log, options=["--host", "other.test", "--json"])
    assert report_of(capsys)["not_counted"] == {"other_host": 2}
    assert query(file, "SELECT hostname FROM events") == [("other.test",)]


def test_proxies_that_are_trusted_name_the_visitor(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [f'{line[:-1]} "198.51.100.{number}"\n' for number, line in enumerate(PAGES)]
    log = write(tmp_path / "access.log", lines)
    run(file, log, options=["--trusted-proxies", f"{ALICE},{BOB}"])
    assert query(file, "SELECT count(DISTINCT visitor) FROM events") == [(6,)]


def test_an_event_of_a_later_visit_is_not_of_an_earlier_one(file: Path, tmp_path: Path) -> None:
    # The later log first: its visit is hours away from those of the earlier one.
    run(file, write(tmp_path / "b.log", PAGES[3:4]))
    run(file, write(tmp_path / "a.log", PAGES[:3]))
    run(file, write(tmp_path / "c.log", PAGES[4:]))
    assert figures(file) == FIGURES


def test_a_bar_is_shown_on_a_terminal(
    file: Path, log: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from footfall.cli import import_log

    monkeypatch.setattr(import_log, "_SECONDS_BETWEEN_BARS", 0.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    run(file, log)
    assert "[########################] 100%  13 lines" in capsys.readouterr().err
    complain("")
