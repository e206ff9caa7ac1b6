"""What the processes of an app have used of a budget, in a file and in Redis."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from footfall.delivery.budget_ledgers import FileLedger, RedisLedger
from footfall.destinations import RedisStream
from tests.support.redis_server import redis_server

TIMES = 20


def add_often(path: str) -> None:
    ledger = FileLedger(path)
    for _ in range(TIMES):
        ledger.add({"2026-11-30": 1})


def test_all_add_up_in_one_file_that_others_cannot_read(tmp_path: Path) -> None:
    outbox = str(tmp_path / "outbox.db")
    # Each opens the file for itself, as processes do.
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(add_often, [outbox] * 2))
    assert FileLedger(outbox).add({"2026-11-30": 2, "2026-11": 0}) == {
        "2026-11-30": 2 * TIMES + 2,
        "2026-11": 0,
    }
    [file] = tmp_path.glob("outbox.db-budget")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_old_periods_are_deleted(tmp_path: Path) -> None:
    ledger = FileLedger(str(tmp_path / "outbox.db"))
    for day in range(50):
        ledger.add({f"2026-01-{day:02}": 1})
    assert ledger.add({"2026-01-00": 0, "2026-01-20": 0}) == {"2026-01-00": 0, "2026-01-20": 1}


def test_a_file_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        FileLedger(str(tmp_path / "missing" / "outbox.db")).add({"2026-11": 1})


@pytest.mark.server("redis-server")
def test_hosts_add_up_in_redis(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        queue = RedisStream(url=f"redis://127.0.0.1:{server.port}/0", stream="shop")
        one, other = RedisLedger(queue), RedisLedger(queue)
        assert one.add({"2026-11-30": 3, "2026-11": 3}) == {"2026-11-30": 3, "2026-11": 3}
        assert other.add({"2026-11-30": 1}) == {"2026-11-30": 4}
        assert 30 * 86_400 < server.client.ttl("footfall:{shop}:budget:2026-11") <= 40 * 86_400
    with pytest.raises(redis.exceptions.ConnectionError):
        one.add({"2026-11": 1})
