"""The collector's file as an app writes it itself."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from footfall.collector import CollectorServer, Store
from footfall.collector import site_file as module
from footfall.collector.site_file import SiteFile, site_file
from footfall.collector.storage.stats import StatsQuery, TimeRange
from footfall.collector.storage.stored_events import EventSearch
from footfall.common.file_system import Mount
from footfall.config import Config
from footfall.destinations import Collector, SQLite
from footfall.errors import ConfigError
from footfall.model import Event, Response, Visitor
from footfall.tracker import Tracker
from tests.collector.support import FIREFOX, GOOGLEBOT
from tests.support.trackers import counts, visit
from tests.support.vendors import wait_until
from tests.support.waiting import LONG_SECONDS


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "footfall.sqlite3")


def event(path: str = "/", address: str = "203.0.113.7", **changes: Any) -> Event:
    visitor = Visitor(client_ip=address, user_agent=changes.pop("user_agent", FIREFOX))
    return Event(url=f"https://example.com{path}", visitor=visitor, **changes)


def written(file: SiteFile, *events: Event) -> Response:
    destination = file._options
    requests = [destination.request(each) for each in events]
    return file.send(requests[0] if len(requests) == 1 else destination.batch_request(requests))


def rows(path: str, query: str = "SELECT path FROM events ORDER BY id") -> list[Any]:
    with sqlite3.connect(path) as connection:
        found = connection.execute(query).fetchall()
    connection.close()
    return [row[0] if len(row) == 1 else row for row in found]


def test_events_are_in_the_file_when_it_answers(path: str) -> None:
    file = SiteFile(SQLite(path=path))
    assert not Path(path).exists()
    assert written(file, event("/a")).status == 202
    assert rows(path) == ["/a"]
    assert written(file, event("/b"), event("/c")).status == 200
    assert rows(path) == ["/a", "/b", "/c"]
    assert Path(path).stat().st_mode & 0o777 == 0o600
    file.close()
    left = sorted(each.name for each in Path(path).parent.iterdir())
    assert left == ["footfall.sqlite3", "footfall.sqlite3.lock"]
    assert written(file, event("/d")).status == 202, "a closed one opens again"
    file.close()


def test_all_destinations_with_the_same_file_share_it(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(path).parent)
    one = site_file(SQLite(path="footfall.sqlite3", domain="a.test"))
    assert site_file(SQLite(path=path, domain="b.test")) is one
    assert site_file(SQLite(path=path, keep_days=3)) is not one


FAULTS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"path": "missing/footfall.sqlite3"}, "its directory does not exist"),
    ({"path": "f.db", "timezone": "Berlin"}, "write it like Europe/Berlin"),
    ({"path": "f.db", "max_bytes": 5}, "keep at least"),
)


@pytest.mark.parametrize(("options", "remedy"), FAULTS, ids=[text for _, text in FAULTS])
def test_what_cannot_work_is_said_at_the_start(options: dict[str, Any], remedy: str) -> None:
    with pytest.raises(ConfigError, match=remedy):
        Tracker(Config(destinations=[SQLite(**options)]), environ={})


GOOGLE = "https://www.google.com/"
VISITS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("/", "203.0.113.7", {"Referer": GOOGLE}),
    ("/about", "203.0.113.7", {}),
    ("/", "198.51.100.1", {}),
    ("/?utm_source=letter&utm_campaign=spring", "198.51.100.2", {}),
    ("/", "198.51.100.3", {"User-Agent": GOOGLEBOT}),
    ("/prices", "198.51.100.2", {}),
    ("/about", "198.51.100.1", {"User-Agent": FIREFOX}),
)
DIMENSIONS = (
    *("event:page", "event:name", "visit:source", "visit:utm_campaign", "visit:channel"),
    *("visit:browser", "visit:os", "visit:entry_page", "visit:exit_page"),
)


def figures(store: Store) -> dict[str, Any]:
    """All figures, page by page."""
    assert store.flush()
    today = datetime.now(store.zone).date()
    span = TimeRange.of_days(today - timedelta(days=1), today, store.zone)
    found: dict[str, Any] = {}
    for dimension in DIMENSIONS:
        metrics = ("visitors", "events") if dimension == "event:name" else ("visitors", "visits")
        query = StatsQuery(
            range=span, metrics=metrics, dimensions=(dimension,), domain="example.com"
        )
        found[dimension] = store.query(query).rows
    whole = StatsQuery(range=span, metrics=("visitors", "visits", "pageviews", "bounce_rate"))
    return found | {"all": store.query(whole).rows}


@pytest.mark.parametrize("every_hit", [True, False])
def test_the_same_visits_give_the_same_figures_over_http_and_in_a_file(
    path: str, every_hit: bool
) -> None:
    destination = SQLite(path=path, every_hit=every_hit)
    with CollectorServer() as collector:
        over_http = Collector(domain="example.com", endpoint=collector.url, every_hit=every_hit)
        for each in (over_http, destination):
            tracker = Tracker(Config(destinations=[each]), environ={})
            for page, address, headers in VISITS:
                visit(tracker, page, headers={"X-Forwarded-For": address, **headers})
                # Otherwise two pages of one visitor may come at the same millisecond.
                assert tracker.flush(10)
            assert counts(tracker)["accepted"] == len(VISITS) - (not every_hit)
            tracker.close(10)
        store = site_file(destination).store
        assert figures(store) == figures(collector.store)
        assert figures(store)["event:page"]
    store.close()


LOADED = """
import sys
from footfall.config import Config
from footfall.destinations import SQLite
from footfall.tracker import Tracker
tracker = Tracker(Config(destinations=[SQLite(path=sys.argv[1])]), environ={})
visitor = {"ip": "203.0.113.7", "ua": "Mozilla/5.0 Firefox/140.0"}
tracker.track("Signup", url="https://example.com/a", visitor=visitor)
assert tracker.flush(30)
unwanted = {"pycurl", "httpx2", "httpcore2", "starlette", "jinja2", "uvicorn"}
print(sorted(unwanted & {*sys.modules}))
"""


def test_an_app_loads_no_client_and_no_web_framework_for_it(path: str) -> None:
    arguments = [sys.executable, "-c", LOADED, path]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=LONG_SECONDS)
    assert (done.stdout, done.stderr) == ("[]\n", "")
    assert rows(path) == ["/a"]


# -- trouble with the file -----------------------------------------------------------------------


def test_a_file_that_was_deleted_is_made_anew(path: str) -> None:
    file = SiteFile(SQLite(path=path))
    assert written(file, event("/before")).status == 202
    for name in (path, f"{path}-wal", f"{path}-shm"):
        Path(name).unlink()
    assert written(file, event("/after")).status == 202
    assert rows(path) == ["/after"]
    file.close()


def test_a_file_that_cannot_be_opened_is_tried_again(path: str) -> None:
    file = SiteFile(SQLite(path=path))
    Path(path).write_bytes(b"no database" * 1000)
    answer = written(file, event("/a"))
    assert answer.status == 503
    assert b"move it away to start anew" in answer.body
    Path(path).unlink()
    assert written(file, event("/a")).status == 202
    file.close()


def test_a_file_that_is_damaged_while_it_is_used_has_a_remedy(path: str) -> None:
    file = SiteFile(SQLite(path=path))
    for number in range(300):
        assert written(file, event(f"/{number}")).status == 202
    file.close()
    size = Path(path).stat().st_size
    with Path(path).open("r+b") as damaged:
        damaged.seek(4096)
        damaged.write(b"\xff" * (size - 4096))
    answer = written(file, event("/a"))
    assert answer.status == 503
    assert b"malformed" in answer.body
    assert b"move it away to start anew" in answer.body
    Path(path).rename(f"{path}.damaged")
    assert written(file, event("/a")).status == 202
    file.close()


def test_a_directory_that_vanishes_costs_nothing_once_it_is_back(path: str) -> None:
    folder = Path(path).parent / "data"
    folder.mkdir()
    file = SiteFile(SQLite(path=str(folder / "f.db")))
    assert written(file, event("/a")).status == 202
    shutil.rmtree(folder)
    answer = written(file, event("/b"))
    assert answer.status == 503
    assert b"name a file in a directory that can be written to" in answer.body
    folder.mkdir()
    assert written(file, event("/b")).status == 202
    assert rows(str(folder / "f.db")) == ["/b"]
    file.close()


def test_while_another_program_locks_the_file_nothing_is_written_and_nothing_lost(
    path: str,
) -> None:
    file = SiteFile(SQLite(path=path))
    assert written(file, event("/a")).status == 202
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert written(file, event("/b")).status == 503
    other.execute("ROLLBACK")
    other.close()
    assert wait_until(lambda: file.store.write_error is None)
    assert written(file, event("/b")).status == 202
    assert rows(path) == ["/a", "/b"]
    assert rows(path, "SELECT count(*), max(pageviews) FROM visits") == [(1, 2)]
    file.close()


def test_an_app_loses_nothing_to_a_file_that_is_locked_for_a_while(path: str) -> None:
    tracker = Tracker(Config(destinations=[SQLite(path=path)]), environ={})
    visit(tracker, "/a")
    assert wait_until(lambda: counts(tracker).get("accepted") == 1)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for number in range(5):
        visit(tracker, f"/{number}")
    assert wait_until(lambda: counts(tracker).get("retried", 0) > 0)
    other.execute("ROLLBACK")
    other.close()
    assert wait_until(lambda: counts(tracker).get("accepted") == 6)
    assert sorted(rows(path)) == ["/0", "/1", "/2", "/3", "/4", "/a"]
    tracker.close(10)


FULL_DISK = """
import logging, resource, sys
from footfall.config import Config
from footfall.destinations import SQLite
from footfall.tracker import Tracker
from tests.support.trackers import counts, visit
from tests.support.vendors import wait_until

logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
path, (_, hard) = sys.argv[1], resource.getrlimit(resource.RLIMIT_FSIZE)
tracker = Tracker(Config(destinations=[SQLite(path=path)]), environ={})
visit(tracker, "/before")
assert wait_until(lambda: counts(tracker).get("accepted") == 1)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
for number in range(5):
    visit(tracker, f"/{number}")
assert wait_until(lambda: counts(tracker).get("retried", 0) > 0)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
assert wait_until(lambda: counts(tracker).get("accepted") == 6)
assert tracker.close(10)
"""


FILE_TOO_LARGE = "disk I/O error; look at its disk, and at the limits of this process (`ulimit -f`)"


def test_an_app_loses_nothing_to_a_disk_that_is_full_for_a_while(path: str) -> None:
    command = [sys.executable, "-c", FULL_DISK, path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONG_SECONDS, check=True)
    assert sorted(rows(path)) == ["/0", "/1", "/2", "/3", "/4", "/before"]
    assert done.stderr.splitlines() == [
        f"ERROR {path} cannot be written: {FILE_TOO_LARGE}; until it can, events are refused, to "
        "be sent again",
        f"WARNING footfall: sqlite:{path}: {FILE_TOO_LARGE}",
        f"WARNING {path} can be written again",
    ]


NFS = Mount("/data", "nfs4")


def test_on_a_network_file_system_there_is_no_log_and_the_owner_is_told(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "mount_of", lambda _: NFS)
    file = SiteFile(SQLite(path=path))
    assert written(file, event("/a")).status == 202
    assert rows(path, "PRAGMA journal_mode") == ["delete"]
    assert file.store.count(EventSearch()) == 1
    [text] = file.warnings({})
    assert "(nfs4): it is used without a write-ahead log" in text
    file.close()


def test_on_a_disk_that_goes_with_the_deploy_the_owner_is_told(
    path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "mount_of", lambda _: Mount("/", "overlay"))
    for environ in ({}, {"RENDER": "true"}):
        Tracker(Config(destinations=[SQLite(path=path)]), environ=environ)
    warnings = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert len(warnings) == 1
    assert "is on a disk that Render empties with each deploy" in warnings[0]


# -- processes -----------------------------------------------------------------------------------


def test_a_forked_child_opens_the_file_itself(path: str) -> None:
    file = SiteFile(SQLite(path=path))
    assert written(file, event("/parent")).status == 202
    child = os.fork()
    if not child:
        status = 1
        try:
            status = int(written(file, event("/child")).status != 202)
            file.close()
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert written(file, event("/parent/2")).status == 202
    assert rows(path) == ["/parent", "/child", "/parent/2"]
    assert rows(path, "SELECT count(*) FROM visits") == [1]
    file.close()


def test_one_process_does_the_upkeep_and_another_takes_it_over(path: str) -> None:
    files = [SiteFile(SQLite(path=path)) for _ in range(2)]

    def leaders() -> list[bool]:
        return [file._opened._leader_lock.is_held for file in files]

    for number, file in enumerate(files):
        assert written(file, event(f"/{number}")).status == 202
        assert wait_until(lambda: leaders() == [True, False])
    files[0].close()
    assert wait_until(lambda: leaders() == [False, True]), "within seconds"
    files[1].close()


def test_two_processes_that_meet_a_visitor_at_once_count_one_visit(path: str) -> None:
    # Each has the file for itself, as two processes have.
    files = [SiteFile(SQLite(path=path)) for _ in range(2)]
    for file in files:
        assert written(file, event("/first", "192.0.2.1")).status == 202
    begin = threading.Barrier(2)
    answers: list[int] = []

    def write(file: SiteFile, name: str) -> None:
        for number in range(20):
            begin.wait(10)
            answers.append(written(file, event(f"/{name}", f"198.51.100.{number}")).status)
        answers.append(written(file, event("/later", "198.51.100.0")).status)

    threads = [
        threading.Thread(target=write, args=(file, name))
        for file, name in zip(files, "ab", strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == [202] * 42
    assert rows(path, "SELECT count(*) FROM visits") == [21]
    assert rows(path, "SELECT count(DISTINCT session) FROM events") == [21]
    assert rows(path, "SELECT sum(begins) FROM events") == [21]
    for file in files:
        file.close()
