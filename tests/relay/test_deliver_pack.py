"""One pack in the worker of any queue, and the documented recipes for Celery and PostgreSQL."""

from __future__ import annotations

import base64
import logging
import os
import re
import shutil
import subprocess
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from footfall.destinations import Queue, Swetrix
from footfall.errors import ConfigError
from footfall.events.json import to_json
from footfall.events.pack import Pack, UnknownVersionError
from footfall.model import ENGAGEMENT, HEARTBEAT, Engagement
from footfall.relay import deliver
from tests.relay.queues import destination, pages, urls
from tests.support import vendors
from tests.support.faults import watched_site
from tests.support.vendors import unused_port, vendor, wait_until

ACCEPTING = vendors.answering(vendors.answer())
PAGE = (Path(__file__).parents[2] / "docs" / "relay.md").read_text("utf-8")
RECIPES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def packed(number: int, **changes: Any) -> Pack:
    events = [replace(each, **changes) for each in pages(range(number))]
    return Pack.of("\n".join(map(to_json, events)).encode(), time.time())


def test_a_pack_is_delivered_to_each_destination() -> None:
    with vendor(ACCEPTING) as one, vendor(ACCEPTING) as other:
        to = [destination(one), destination(other)]
        assert deliver(packed(30).to_bytes(), to) == {each.name: 0 for each in to}
        for each in (one, other):
            assert urls(each) == {str(number): 1 for number in range(30)}


def test_what_could_not_be_delivered_in_time_is_returned() -> None:
    to = f"plausible+http://127.0.0.1:{unused_port()}/example.com"
    [left] = deliver(packed(3).to_bytes(), [to], timeout_seconds=0.2).values()
    assert left == 3


def test_an_encrypted_pack_is_delivered_by_who_has_its_key() -> None:
    packs: list[bytes] = []
    keys = [f"{name}:{base64.b64encode(name.encode() * 8).decode()}" for name in ("2025", "2026")]
    with watched_site(Queue(put=packs.append, keys=keys[1]), environ={}) as site:
        site.visits(20)
        assert site.tracker.flush(5.0)
    assert {Pack.from_bytes(pack).key_id for pack in packs} == {"2026"}
    with vendor(ACCEPTING) as plausible:
        to = [destination(plausible)]
        for pack in packs:
            with pytest.raises(UnknownVersionError):
                deliver(pack, to, keys=keys[0])
            deliver(pack, to, keys=",".join(keys))
        assert {*urls(plausible).values()} == {1}
        assert len(urls(plausible)) == 20
    with pytest.raises(ConfigError, match="openssl rand") as raised:
        deliver(packs[0], to, keys="2026:c2VjcmV0")
    assert "c2VjcmV0" not in str(raised.value)
    with pytest.raises(ConfigError, match="openssl rand"):
        Queue(put=packs.append, keys="2026")


def test_an_engagement_goes_to_whom_it_is_for() -> None:
    with vendor(ACCEPTING) as server:
        project = Swetrix(pid="aUn1quEid-33", endpoint=server.url)
        pack = packed(3, name=ENGAGEMENT, engagement=Engagement(3000, 50)).to_bytes()
        deliver(pack, [destination(server), project])
        assert [b'"sd":50,"e":3000' in request for request in server.requests] == [True] * 3


def test_a_heartbeat_goes_to_whom_it_is_for() -> None:
    with vendor(ACCEPTING) as plausible:
        deliver(packed(3, name=HEARTBEAT).to_bytes(), [destination(plausible)])
        assert plausible.requests == []


@pytest.mark.parametrize(
    ("pack", "error"),
    [
        (b"", ValueError),
        (b"footfall 1 1\n{}", ValueError),
        (packed(1)._replace(version=2).to_bytes(), UnknownVersionError),
        (packed(2)._replace(body=b"damaged").to_bytes(), ValueError),
    ],
    ids=["nothing", "no time", "a later version", "a damaged body"],
)
def test_what_is_no_pack_is_refused(pack: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        deliver(pack, ["plausible://plausible.io/example.com"])


def recipe(word: str, **names: Any) -> dict[str, Any]:
    """The names that a recipe of the page defines; those given replace its own places."""
    [code] = [each for each in RECIPES if word in each]
    for place, line in names.pop("places", {}).items():
        assert place in code
        code = code.replace(place, line)
    namespace: dict[str, Any] = {"deliver": deliver, **names}
    exec(compile(code, word, "exec"), namespace)
    return namespace


@pytest.fixture
def undoing_celery(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Undo what a worker of Celery changes in its process."""
    from celery import _state

    # Each app of a process gets these tasks.
    monkeypatch.setattr(_state, "_on_app_finalizers", {*_state._on_app_finalizers})
    level = logging.root.level
    names = ("LOGLEVEL", "LOGFILE", "LOGFORMAT")
    for name in ("CELERY_LOG_LEVEL", "CELERY_LOG_FILE", *(f"_MP_FORK_{each}_" for each in names)):
        monkeypatch.setenv(name, "")
    with warnings.catch_warnings():
        yield
        logging.captureWarnings(False)
    logging.root.setLevel(level)


@pytest.mark.long
@pytest.mark.usefixtures("undoing_celery")
def test_the_recipe_for_celery_delivers_each_event_once() -> None:
    from celery.contrib.testing.worker import start_worker

    with vendor(ACCEPTING) as plausible:
        line = plausible.url.replace("http://", "plausible+http://") + "/example.com"
        places = {
            "redis://queue.internal:6379/1": "memory://",
            "plausible://plausible.io/shop.example.com": line,
        }
        tasks = recipe("def deliver_pack", places=places)
        # In this process the log is pytest's.
        tasks["app"].conf.update(worker_hijack_root_logger=False, worker_redirect_stdouts=False)
        [code] = [each for each in RECIPES if "Queue(put=" in each and "import Queue" in each]
        [line] = re.findall(r"^queue = .*$", code, re.MULTILINE)
        made: dict[str, Any] = {"Queue": Queue, "deliver_pack": tasks["deliver_pack"]}
        exec(line, made)
        with (
            start_worker(tasks["app"], perform_ping_check=False, shutdown_timeout=30),
            watched_site(made["queue"], environ={}) as site,
        ):
            site.visits(150)
            assert wait_until(lambda: len(urls(plausible)) == 150)
            assert site.counts() == {"accepted": 150}
        assert {*urls(plausible).values()} == {1}


# Debian keeps the programs of each version in a folder of its own.
POSTGRESQL = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))[-1:] or [Path("pg_ctl")]


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """A server in a folder, as a user other than root, and its connection string."""
    port, [pg_ctl] = unused_port(), POSTGRESQL
    data = folder / "data"
    options = f"-p {port} -k {folder} -c listen_addresses= -c fsync=off"
    as_user: list[str] = []
    if os.geteuid() == 0:  # which PostgreSQL refuses
        # With root's right to use any folder: pytest closes those above to other users.
        rights = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *rights]
        shutil.chown(folder, "postgres")
    start = [*as_user, str(pg_ctl), "-D", str(data), "-w", "-l", str(folder / "log")]
    quiet: Any = {"check": True, "stdout": subprocess.DEVNULL, "cwd": "/"}
    initdb = [str(pg_ctl.with_name("initdb")), "-A", "trust", "-U", "postgres", str(data)]
    subprocess.run([*as_user, *initdb, "--no-sync"], **quiet)
    subprocess.run([*start, "-o", options, "start"], **quiet)
    try:
        yield f"host={folder} port={port} user=postgres dbname=postgres"
    finally:
        subprocess.run([*start, "-m", "immediate", "stop"], **quiet)


@pytest.mark.long
@pytest.mark.server(str(POSTGRESQL[0]))
def test_the_recipe_for_postgresql_delivers_each_event_once(tmp_path: Path) -> None:
    [table] = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    with postgresql(tmp_path) as dsn, vendor(ACCEPTING) as plausible:
        line = plausible.url.replace("http://", "plausible+http://") + "/example.com"
        places = {"plausible://plausible.io/shop.example.com": line}
        names = recipe("def put(pack)", places=places, psycopg=psycopg, DSN=dsn)
        with psycopg.connect(dsn) as connection:
            connection.execute(table)
        for _ in range(2):
            threading.Thread(target=_until_closed, args=(names["work"],), daemon=True).start()
        with watched_site(Queue(put=names["put"]), environ={}) as site:
            site.visits(150)
            assert wait_until(lambda: len(urls(plausible)) == 150)
            assert site.counts() == {"accepted": 150}
        assert {*urls(plausible).values()} == {1}


def _until_closed(work: Any) -> None:
    """Work until the server ends."""
    try:
        work()
    except psycopg.Error:
        return
