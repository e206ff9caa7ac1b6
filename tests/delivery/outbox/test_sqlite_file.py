"""The outbox's file: who may read it, its order, and files that are not an outbox."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from footfall.common.leader_lock import LeaderLock
from footfall.delivery.outbox.sqlite_file import OutboxFile, UnusableFileError
from tests.delivery.outbox.files import DEAD, NAME
from tests.support.faults import Scripted, watched_site
from tests.support.vendors import wait_until


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777], ids=oct)
def test_only_its_owner_may_read_the_file_and_those_beside_it(path: str, umask: int) -> None:
    before = os.umask(umask)
    try:
        file = OutboxFile(path)
        file.store([(NAME, 1.0, "{}")])
        lock = LeaderLock(path)
        assert lock.acquire()
        found = {
            each.name: stat.S_IMODE(each.stat().st_mode) for each in Path(path).parent.iterdir()
        }
    finally:
        os.umask(before)
    file.close()
    lock.release()
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


def write_database(path: str, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


OTHERS = {
    "another program's": (["CREATE TABLE mine (a)"], "another program"),
    "a later version's": (
        ["CREATE TABLE later (a)", "PRAGMA application_id = 0x466F6F42", "PRAGMA user_version = 9"],
        "later footfall",
    ),
}


@pytest.mark.parametrize(("statements", "reason"), OTHERS.values(), ids=OTHERS.keys())
def test_a_file_that_is_not_an_outbox_is_not_changed(
    path: str, statements: list[str], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    write_database(path, *statements)
    with pytest.raises(UnusableFileError, match=reason):
        OutboxFile(path)
    before = Path(path).read_bytes()
    with watched_site(DEAD, outbox=path, transport=Scripted()) as site:
        site.visits(3)
        assert wait_until(lambda: site.counts() == {"accepted": 3})
    assert Path(path).read_bytes() == before
    assert reason in caplog.text


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
