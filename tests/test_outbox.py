"""The outbox: what outlives a process, who may take it out, and what happens where the file fails.

Numbers in ids are those of the fault catalogue. Processes, kills, locks and the vendor are real.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from footfall.config import Config
from footfall.delivery import lane
from footfall.delivery.outbox import leader_lock
from footfall.delivery.outbox import outbox as rooms
from footfall.delivery.outbox import sqlite_file as files
from footfall.delivery.outbox.drainer import WINDOW
from footfall.delivery.outbox.leader_lock import LeaderLock
from footfall.delivery.outbox.sqlite_file import OutboxFile, UnusableFileError
from footfall.errors import ConfigError
from footfall.events.json import to_json
from footfall.model import Event, Visitor
from footfall.tracker import Tracker
from tests.support import vendors
from tests.support.faults import Scripted, Site, watched_site
from tests.support.vendors import Vendor, vendor, wait_until

ACCEPTING = vendors.answering(vendors.answer())
NAME = "plausible:example.com@127.0.0.1:9"
DEAD = "plausible+http://127.0.0.1:9/example.com"


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "outbox.db")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "BUSY_SECONDS", 0.2)
    monkeypatch.setattr(rooms, "YIELD_SECONDS", 0.1)


def dsn_of(server: Vendor, site: str = "example.com") -> str:
    return server.url.replace("http://", "plausible+http://") + f"/{site}"


def made(number: int, at: float) -> Event:
    return Event(
        url=f"https://example.com/{number}",
        visitor=Visitor(client_ip=f"198.51.100.{number % 250 + 1}", user_agent="Mozilla/5.0"),
        time=at,
    )


def rows_in(path: str) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("SELECT count(*) FROM events").fetchone()[0])
    finally:
        connection.close()


def fill(path: str, number: int, *, destination: str = NAME, at: float | None = None) -> None:
    file = OutboxFile(path)
    at = time.time() if at is None else at
    file.store((destination, at, to_json(made(each, at))) for each in range(number))
    file.close()


def urls(server: Vendor) -> Counter[str]:
    """How often the vendor was told of each page."""
    return Counter(re.findall(r'example\.com/([^"]+)"', b"\n".join([*server.requests]).decode()))


def deliver(site: Site, seconds: float = 60.0) -> bool:
    """Wait until nothing is at hand and nothing is in the file."""
    outbox = site.tracker._lanes.outbox
    assert outbox is not None

    def is_done() -> bool:
        counts = site.counts()
        return counts.get("queued", 0) == 0 and rows_in(outbox.stats()["path"]) == 0

    site.tracker.settle()
    return wait_until(is_done, seconds)


# -- the file ----------------------------------------------------------------------------------


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777], ids=oct)
def test_only_its_owner_may_read_the_file_and_its_companions(path: str, umask: int) -> None:
    before = os.umask(umask)
    try:
        file = OutboxFile(path)
        file.store([(NAME, 1.0, "{}")])
        election = LeaderLock(path)
        assert election.acquire()
        found = {
            each.name: stat.S_IMODE(each.stat().st_mode) for each in Path(path).parent.iterdir()
        }
    finally:
        os.umask(before)
    file.close()
    election.release()
    names = {"outbox.db", "outbox.db-wal", "outbox.db-shm", "outbox.db.lock"}
    assert found == dict.fromkeys(names, 0o600)


def test_a_file_that_others_could_read_is_closed_to_them(path: str) -> None:
    Path(path).touch(0o644)
    OutboxFile(path).close()
    assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600


def test_the_oldest_event_comes_first_and_each_destination_has_its_own(path: str) -> None:
    file = OutboxFile(path)
    file.store(
        [("a", 3.0, "third"), ("a", 1.0, "first"), ("b", 0.0, "other"), ("a", 2.0, "second")]
    )
    assert [row.event for row in file.oldest("a", 2)] == ["first", "second"]
    first = file.oldest("a", 1)[0].id
    assert [row.event for row in file.oldest("a", 1, {first})] == ["second"]
    file.close()


def strangers(path: str, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


STRANGERS = {
    "another program's": (["CREATE TABLE mine (a)"], "another program"),
    "a later version's": (
        ["CREATE TABLE later (a)", "PRAGMA application_id = 0x466F6F42", "PRAGMA user_version = 9"],
        "later footfall",
    ),
}


@pytest.mark.parametrize(("statements", "said"), STRANGERS.values(), ids=STRANGERS.keys())
def test_a_file_that_is_not_ours_is_left_alone(
    path: str, statements: list[str], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    strangers(path, *statements)
    with pytest.raises(UnusableFileError, match=said):
        OutboxFile(path)
    before = Path(path).read_bytes()
    with watched_site(DEAD, outbox=path, transport=Scripted()) as site:
        site.visits(3)
        assert wait_until(lambda: site.counts() == {"accepted": 3})
    assert Path(path).read_bytes() == before
    assert said in caplog.text


# -- the way through ---------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["at_most_once", "at_least_once"])
def test_an_event_goes_through_the_file_and_the_account_closes(path: str, mode: str) -> None:
    with vendor(ACCEPTING) as server:
        with watched_site(dsn_of(server), outbox=path, outbox_mode=mode) as site:
            site.visits(300)
            assert deliver(site)
            assert site.counts() == {"accepted": 300, "stored": 300}
            assert site.tracker.stats()["destinations"].popitem()[1]["taken"] == 300
        assert len(urls(server)) == 300
        assert set(urls(server).values()) == {1}


def test_only_the_outbox_thread_touches_the_file(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = set()
    connect = sqlite3.connect

    def watched(*args: Any, **options: Any) -> Any:
        names.add(threading.current_thread().name)
        return connect(*args, **options)

    monkeypatch.setattr(sqlite3, "connect", watched)
    with watched_site(DEAD, outbox=path, transport=Scripted()) as site:
        site.visits(20)
        assert wait_until(lambda: site.counts().get("accepted") == 20)
    assert names == {"footfall outbox"}


def test_no_file_and_no_thread_is_there_before_the_first_event(path: str) -> None:
    before = {*threading.enumerate()}
    with watched_site(DEAD, outbox=path, transport=Scripted()) as site:
        assert site.tracker.flush(1)
        assert not Path(path).exists()
        assert {*threading.enumerate()} <= before
        assert site.tracker.stats()["outbox"]["is_drainer"] is False
        site.visit()


def test_26_a_dead_vendor_holds_up_only_its_own_rows(path: str) -> None:
    with vendor(ACCEPTING) as server:
        refusing = f"plausible+http://127.0.0.1:{vendors.unused_port()}/example.com"
        with watched_site(refusing, dsn_of(server), outbox=path) as site:
            site.visits(600)
            assert wait_until(lambda: site.counts(1).get("accepted") == 600)
            dead = site.counts(0)
            assert dead["stored"] == 600
            assert dead.get("queued", 0) <= WINDOW
            # What its breaker keeps back waits in the file.
            assert wait_until(lambda: site.tracker.stats()["outbox"]["rows"] >= 600 - WINDOW - 100)


def test_what_cannot_be_sent_at_the_end_stays_and_the_next_process_sends_it(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a slow machine the first of them would have had its four tries before the end.
    monkeypatch.setattr(lane, "may_retry", lambda item, outcome, max_tries: True)
    with vendor(ACCEPTING) as server:
        port = server.url.rpartition(":")[2]
        dsn = dsn_of(server)
        refused = Scripted(*[vendors_refusal() for _ in range(1000)])
        with watched_site(dsn, outbox=path, transport=refused) as site:
            site.visits(100)
            assert wait_until(lambda: site.counts().get("stored") == 100)
            assert site.tracker.flush(2.0), "nothing is lost"
            counts = site.counts()
            assert "lost_at_exit" not in counts
            assert "failed" not in counts
            assert rows_in(path) == 100, port
            with watched_site(dsn, outbox=path) as next_site:
                next_site.visit("/wake")
                assert deliver(next_site)
        assert len(urls(server)) == 101
        assert set(urls(server).values()) == {1}


def vendors_refusal() -> Exception:
    from footfall.errors import NotSent

    return NotSent("refused")


def test_a_process_that_ends_delivers_what_it_can(path: str) -> None:
    with vendor(ACCEPTING) as server:
        fill(path, 500, destination=f"plausible:example.com@{server.url[7:]}")
        with watched_site(dsn_of(server), outbox=path) as site:
            site.visit("/last")
            assert site.tracker.flush(5.0)
            assert rows_in(path) == 0
        assert len(urls(server)) == 501


def test_only_one_of_two_takes_out_and_the_other_one_does_not_wait_for_it(path: str) -> None:
    other = LeaderLock(path)
    assert other.acquire()
    with watched_site(DEAD, outbox=path, transport=Scripted()) as site:
        site.visits(10)
        assert wait_until(lambda: site.counts() == {"stored": 10})
        started = time.monotonic()
        assert site.tracker.flush(5.0)
        assert time.monotonic() - started < 2.5
        assert site.counts() == {"stored": 10}
        other.release()
        site.visit()
        assert wait_until(lambda: site.counts().get("accepted") == 11), "elected when it is free"
        assert site.tracker.stats()["outbox"]["is_drainer"] is True


def test_71_what_is_from_yesterday_is_counted_and_never_sent(path: str) -> None:
    fill(path, 50, at=time.time() - 86_400)
    transport = Scripted()
    with watched_site(DEAD, outbox=path, transport=transport) as site:
        site.visit()
        assert wait_until(lambda: site.counts() == {"accepted": 1, "expired": 50, "stored": 1})
        assert len(transport.requests) == 1


def test_the_oldest_of_too_many_rows_go_and_are_counted(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from footfall.delivery.outbox import drainer

    monkeypatch.setattr(drainer, "PURGE_SECONDS", 0.0)
    refused = Scripted(*[vendors_refusal() for _ in range(1000)])
    with watched_site(DEAD, outbox=path, transport=refused) as site:
        outbox = site.tracker._lanes.outbox
        assert outbox is not None
        outbox._drainer._max_rows = 100
        site.visits(1000)
        assert wait_until(lambda: site.counts().get("stored") == 1000)
        assert wait_until(lambda: rows_in(path) <= 100)
        assert site.counts()["dropped_full"] >= 1000 - 100 - WINDOW


def test_the_rows_of_a_destination_that_is_gone_grow_old_and_go(path: str) -> None:
    fill(path, 20, destination="plausible:former.example", at=time.time() - 86_400)
    with watched_site(DEAD, outbox=path, transport=Scripted()) as site:
        site.visit()
        assert wait_until(lambda: site.tracker.stats()["outbox"]["orphaned"] == 20)


def test_68_a_row_that_is_not_known_is_counted_and_does_not_stop_the_others(path: str) -> None:
    fill(path, 5)
    file = OutboxFile(path)
    later = to_json(made(1, time.time())).replace('"v":1', '"v":99')
    file.store([(NAME, time.time(), later), (NAME, time.time(), "no JSON")])
    file.close()
    with watched_site(DEAD, outbox=path, transport=Scripted()) as site:
        site.visit()
        assert wait_until(lambda: site.counts() == {"accepted": 6, "failed": 2, "stored": 1})
        assert rows_in(path) == 0


def test_options_are_checked_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"outbox_mode.*\n.*outbox=17"):
        Config(destinations=[DEAD], outbox=17, outbox_mode="twice")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match='mode="thread"'):
        Config(destinations=[DEAD], outbox="a.db", mode="sync")
    monkeypatch.setattr("footfall.delivery.outbox.IS_POSSIBLE", False)
    with pytest.raises(ConfigError, match="file locks"):
        Config(destinations=[DEAD], outbox="a.db")


def test_an_outbox_lets_events_live_for_longer() -> None:
    assert Config(destinations=[DEAD]).limits.max_age_seconds == 60
    assert Config(destinations=[DEAD], outbox="a.db").limits.max_age_seconds == 300
    assert Config(destinations=[DEAD], outbox="a.db", max_age_seconds=9).limits.max_age_seconds == 9


# -- where the file fails ----------------------------------------------------------------------


def full(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(files, "MAX_PAGES", 4)
    monkeypatch.setattr(OutboxFile.__init__, "__kwdefaults__", {"max_pages": 6})


def without_directory(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    Path(path).parent.rmdir()


def directory_in_its_place(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    Path(path).mkdir()


def without_locks(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)


def garbage(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    Path(path).write_bytes(b"this is no database at all" * 1000)
    monkeypatch.setattr(leader_lock.LeaderLock, "acquire", lambda self: False)


BREAK: dict[str, Callable[[pytest.MonkeyPatch, str], None]] = {
    "69-disk full": full,
    "69-no such directory": without_directory,
    "69-a directory": directory_in_its_place,
    "69-no locks, as on NFS": without_locks,
    "69-damaged, and another one has to move it": garbage,
}


@pytest.mark.parametrize("break_it", BREAK.values(), ids=BREAK.keys())
def test_where_the_file_fails_events_wait_in_memory(
    path: str,
    break_it: Callable[[pytest.MonkeyPatch, str], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    break_it(monkeypatch, path)
    with vendor(ACCEPTING) as server:
        with watched_site(dsn_of(server), outbox=path) as site:
            for _ in range(5):
                site.visits(40)
                site.tracker.settle()
            assert wait_until(lambda: sum(site.counts().values()) >= 200)
            assert wait_until(lambda: site.counts().get("accepted", 0) >= 150), site.counts()
            assert site.tracker.stats()["outbox"]["is_in_use"] is False
        assert max(urls(server).values()) <= 5, "each page five times"
    assert caplog.text.count(f"the outbox {path} cannot be used") == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_69_read_only(path: str) -> None:
    Path(path).parent.chmod(0o500)
    with watched_site(DEAD, outbox=path, transport=Scripted()) as site:
        site.visits(5)
        assert wait_until(lambda: site.counts() == {"accepted": 5})


@contextmanager
def locked(path: str) -> Iterator[None]:
    fill(path, 0)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        connection.close()


def test_69_locked_by_another_program(
    path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(rooms, "RETRY_SECONDS", 0.3)
    with watched_site(DEAD, outbox=path, transport=Scripted()) as site:
        with locked(path):
            site.visits(20)
            assert wait_until(lambda: site.counts() == {"accepted": 20})
        assert wait_until(lambda: not site.tracker._lanes.outbox._next_open_at > time.monotonic())  # type: ignore[union-attr]
        site.visits(5)
        assert wait_until(lambda: site.counts().get("stored", 0) > 0), "in use again"
        assert wait_until(lambda: site.counts().get("accepted") == 25)
    assert len(re.findall(f"{path} cannot be used .*locked", caplog.text)) == 1


def test_69_a_damaged_file_is_moved_aside(path: str, caplog: pytest.LogCaptureFixture) -> None:
    Path(path).write_bytes(b"this is no database at all" * 1000)
    Path(path + ".corrupt-1").touch()
    with watched_site(DEAD, outbox=path, transport=Scripted()) as site:
        site.visits(5)
        assert wait_until(lambda: site.counts().get("accepted") == 5)
        assert wait_until(lambda: Path(path + ".corrupt-2").exists())
        site.visits(5)
        assert wait_until(lambda: site.counts().get("stored", 0) > 0)
    assert "moved to" in caplog.text


def test_69_a_file_that_hangs_is_left_to_itself(
    path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gate = threading.Event()
    store = OutboxFile.store

    def hang(self: OutboxFile, rows: Any) -> None:
        gate.wait(10)
        store(self, rows)

    monkeypatch.setattr(OutboxFile, "store", hang)
    monkeypatch.setattr(rooms, "HANGING_SECONDS", 0.1)
    with watched_site(DEAD, outbox=path, transport=Scripted()) as site:
        site.visit()
        assert wait_until(lambda: site.tracker._lanes.outbox._step_began_at is not None)  # type: ignore[union-attr]
        time.sleep(0.15)  # the hang itself, not a wait for its end
        site.visits(10)
        assert wait_until(lambda: site.counts().get("accepted") == 10)
        gate.set()
        assert wait_until(lambda: site.counts().get("stored") == 1)
    assert "does not answer" in caplog.text


def test_a_file_that_was_deleted_is_made_anew(path: str) -> None:
    with watched_site(DEAD, outbox=path, transport=Scripted()) as site:
        site.visits(3)
        assert wait_until(lambda: site.counts().get("accepted") == 3)
        for ending in ("", "-wal", "-shm"):
            Path(path + ending).unlink(missing_ok=True)
        site.visits(3)
        assert wait_until(lambda: site.counts().get("accepted") == 6)
        assert Path(path).exists()


def test_without_threads_events_wait_in_memory(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "footfall outbox":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with watched_site(DEAD, outbox=path, transport=Scripted()) as site:
        site.visits(5)
        assert wait_until(lambda: site.counts() == {"accepted": 5})


def test_70_a_log_that_was_cut_short_costs_its_end_and_no_more(path: str) -> None:
    code = (
        "import sys, os\n"
        "from footfall.delivery.outbox.sqlite_file import OutboxFile\n"
        "file = OutboxFile(sys.argv[1])\n"
        "for number in range(50):\n"
        "    file.store([('a', float(number), 'x' * 500)])\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, path], check=False, timeout=20)
    log = Path(path + "-wal")
    os.truncate(log, log.stat().st_size * 2 // 3)
    file = OutboxFile(path)
    assert 10 < file.count() < 50
    file.store([("a", 100.0, "on")])
    file.close()


# -- several processes -------------------------------------------------------------------------

CHILD = """
import sys, time
from footfall.tracker import Tracker

path, dsn, mode, name, number, age = sys.argv[1:]
tracker = Tracker.from_options(
    {
        "destinations": [dsn],
        "outbox": path or None,
        "outbox_mode": mode,
        "max_age_seconds": float(age),
        "track_localhost": True,
        "shutdown_timeout_seconds": 10,
    },
    environ={},
)
for each in range(int(number)):
    tracker.track(
        "Told",
        url=f"https://example.com/{name}-{each}",
        visitor={"ip": f"198.51.100.{each % 250 + 1}", "ua": "Mozilla/5.0 (X11; Linux x86_64)"},
    )
    time.sleep(0.002)
print("told", flush=True)
sys.stdin.readline()
tracker.flush()
account = [*tracker.stats()["destinations"].values()][0]
print({key: value for key, value in account.items() if value}, flush=True)
"""


@contextmanager
def process(*args: object) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, *map(str, args)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    with child:
        try:
            yield child
        finally:
            child.kill()


def end(child: subprocess.Popen[str]) -> str:
    """Let a process finish; what it says of its account."""
    said, _ = child.communicate("\n", timeout=30)
    return said


@pytest.mark.parametrize("mode", ["at_most_once", "at_least_once"])
def test_30_a_killed_drainer_is_succeeded_and_no_row_of_the_others_is_lost(
    path: str, mode: str
) -> None:
    with vendor(vendors.slow(0.005, vendors.answer())) as server:
        args = (dsn_of(server), mode)
        with process(path, *args, "victim", 5000, 60) as victim:
            assert wait_until(lambda: len(server.requests) > 20)
            with (
                process(path, *args, "b", 400, 60) as second,
                process(path, *args, "c", 400, 60) as third,
            ):
                assert wait_until(lambda: any(url.startswith("c-") for url in urls(server)))
                victim.send_signal(signal.SIGKILL)
                victim.wait()
                for child in (second, third):
                    assert child.stdout is not None
                    assert child.stdout.readline() == "told\n"
                assert wait_until(lambda: rows_in(path) == 0)
                end(second)
                end(third)
        found = urls(server)
    told = {f"{name}-{number}" for name in "bc" for number in range(400)}
    missing = told - set(found)
    twice = [url for url, times in found.items() if times > 1]
    if mode == "at_most_once":
        assert twice == []
        assert len(missing) <= WINDOW
    else:
        assert missing == set()
        assert len(twice) <= WINDOW
    assert max(found.values()) <= 2


def test_the_next_drainer_is_elected_within_a_moment(path: str) -> None:
    with vendor(ACCEPTING) as server:
        args = (dsn_of(server), "at_most_once")
        with process(path, *args, "a", 1, 60) as first:
            assert wait_until(lambda: len(server.requests) == 1)
            with process(path, *args, "b", 2000, 60):
                # What the second one writes, the first one sends.
                assert wait_until(lambda: any(url.startswith("b-") for url in urls(server)))
                first.kill()
                first.wait()
                killed, before = time.monotonic(), len(server.requests)
                assert wait_until(lambda: len(server.requests) > before + 1, 10)
                assert time.monotonic() - killed < 3.0


def test_72_after_a_freeze_nothing_stale_is_sent(path: str) -> None:
    with vendor(ACCEPTING) as server:
        with process(path, dsn_of(server), "at_most_once", "a", 5000, 1) as child:
            assert wait_until(lambda: len(server.requests) > 5)
            child.send_signal(signal.SIGSTOP)
            before = len(server.requests)
            fill(path, 50, destination=f"plausible:example.com@{server.url[7:]}", at=time.time())
            time.sleep(1.5)  # the freeze
            child.send_signal(signal.SIGCONT)
            assert wait_until(lambda: len(server.requests) > before + 20)
            sent = urls(server)
        assert not any(url.isdigit() for url in sent), "rows that grew old in the freeze"


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_opens_the_file_anew(path: str) -> None:
    with vendor(ACCEPTING) as server, watched_site(dsn_of(server), outbox=path) as site:
        site.visit("/before")
        assert wait_until(lambda: site.counts().get("accepted") == 1)
        inherited = site.tracker._lanes.outbox._file  # type: ignore[union-attr]
        assert inherited is not None
        child = os.fork()
        if child == 0:
            status = 1
            try:
                site.visit("/child")
                is_stored = wait_until(lambda: site.counts().get("stored") == 1, 5)
                outbox = site.tracker._lanes.outbox
                assert outbox is not None
                is_own = outbox._file is not None and outbox._file is not inherited
                # The parent still holds the lock.
                status = 0 if is_stored and is_own and not outbox._leader_lock.is_held else 1
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        site.visit("/after")
        assert wait_until(lambda: len(urls(server)) == 3)
        assert urls(server) == Counter(["before", "child", "after"])


def test_a_tracker_that_is_forgotten_takes_its_outbox_along(path: str) -> None:
    import gc

    tracker = Tracker.from_options(
        {"destinations": [DEAD], "outbox": path, "transport": Scripted()}, environ={}
    )
    outbox = tracker._lanes.outbox
    assert outbox is not None
    outbox.put(tracker._lanes.all[0], [made(1, time.time())])
    thread = outbox._thread
    assert thread is not None
    assert tracker.flush(5)
    del outbox, tracker
    gc.collect()
    assert wait_until(lambda: gc.collect() >= 0 and not thread.is_alive(), 15)


def test_a_closed_tracker_keeps_no_thread_and_the_next_event_starts_one(path: str) -> None:
    with watched_site(DEAD, outbox=path, transport=Scripted()) as site:
        for number in range(1, 4):
            site.visit()
            assert wait_until(lambda: site.counts().get("accepted") == number)  # noqa: B023
            thread = site.tracker._lanes.outbox._thread  # type: ignore[union-attr]
            assert thread is not None
            assert site.tracker.close(5)
            assert wait_until(lambda: not thread.is_alive())  # noqa: B023
