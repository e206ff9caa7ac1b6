"""`footfall export`: every event, in every format, out of a file that stays as it is."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest

from footfall import cli
from footfall.cli.export import COLUMNS
from footfall.collector.storage.database import MEMORY
from footfall.collector.storage.store import Store
from footfall.collector.wire.messages import IncomingEvent, IncomingRequest
from footfall.delivery.outbox.sqlite_file import OutboxFile
from tests.collector.storage.support import enqueue

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()
ODD = 'a "b", c\n=1+1 é🦶'


def an_event(path: str, at: float = NOON, **changes: Any) -> IncomingEvent:
    request = IncomingRequest(headers={}, peer="127.0.0.1", body=b"{}", at=at)
    return IncomingEvent(
        **{"vendor": "plausible", "domain": "a.test", "name": "pageview", "path": path, **changes},
        visitor="v",
        session="s",
        request=request,
    )


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "it's here.sqlite3"
    with closing(Store(path, clock=lambda: NOON)) as store:
        enqueue(
            store,
            [
                an_event("/old", NOON - 86_400),
                an_event(ODD, props={"plan": ODD}, source="", revenue=("EUR", "19.90")),
                an_event("/b", domain="b.test"),
            ],
        )
        assert store.flush()
    return path


def export(database: Path, *options: str) -> int:
    return cli.main(["export", "--database", str(database), *options])


def test_csv_is_written_with_a_head(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(database) == 0
    printed = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(printed.out, newline="")))
    assert list(rows[0]) == list(COLUMNS)
    assert [row["path"] for row in rows] == ["/old", ODD, "/b"]
    assert rows[1]["received_at"] == "2026-11-21T12:00:00.000"
    assert (rows[1]["currency"], rows[1]["amount"]) == ("EUR", "19.90")
    assert printed.err == "3 events\n"


FORMULAS = (
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1+1",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "＝1+1",
)
# All columns that hold what a visitor or a sender wrote.
TEXTS = (
    "domain", "name", "url", "hostname", "path", "referrer", "source", "utm_source", "utm_medium",
    "utm_campaign", "utm_content", "utm_term", "currency", "amount", "user_agent", "reason",
)  # fmt: skip


@pytest.mark.parametrize("options", [[], ["--raw-csv"]], ids=["for spreadsheets", "raw"])
@pytest.mark.parametrize("formula", FORMULAS, ids=repr)
def test_no_cell_is_a_formula_except_in_raw_csv(
    tmp_path: Path, formula: str, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    database = tmp_path / "events.sqlite3"
    with closing(Store(database, clock=lambda: NOON)) as store:
        enqueue(store, [an_event("/")])
        assert store.flush()
    with closing(sqlite3.connect(database)) as connection:
        columns = ", ".join(f"{name} = :text" for name in TEXTS)
        connection.execute(f"UPDATE events SET {columns}", {"text": formula})
        connection.commit()
    assert export(database, *options) == 0
    [row] = csv.DictReader(io.StringIO(capsys.readouterr().out, newline=""))
    expected = formula if options else f"'{formula}"
    assert {row[name] for name in TEXTS} == {expected}
    # Other formats are read by programs.
    assert export(database, "--format", "jsonl") == 0
    assert json.loads(capsys.readouterr().out)["name"] == formula


def test_a_negative_amount_stays_a_number_in_csv(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = tmp_path / "events.sqlite3"
    with closing(Store(database, clock=lambda: NOON)) as store:
        enqueue(store, [an_event("-19.90", revenue=("EUR", "-19.90"))])
        assert store.flush()
    assert export(database) == 0
    [row] = csv.DictReader(io.StringIO(capsys.readouterr().out, newline=""))
    assert (row["amount"], row["path"]) == ("-19.90", "'-19.90")


def test_json_lines_hold_one_event_each(database: Path, tmp_path: Path) -> None:
    output = tmp_path / "events.jsonl"
    assert export(database, "--format", "jsonl", "-o", str(output)) == 0
    events = [json.loads(line) for line in output.read_text().split("\n")[:-1]]
    assert [event["id"] for event in events] == [1, 2, 3]
    assert events[1]["props"] == {"plan": ODD}
    assert (events[0]["source"], events[1]["source"]) == (None, "")


def test_parquet_has_types(database: Path, tmp_path: Path) -> None:
    output = tmp_path / "it's.parquet"
    assert export(database, "--format", "parquet", "--output", str(output)) == 0
    with duckdb.connect() as connection:
        query = "SELECT id, received_at, path, source, props ->> 'plan' FROM read_parquet(?)"
        rows = connection.execute(query, [str(output)]).fetchall()
    assert rows[1] == (2, datetime(2026, 11, 21, 12), ODD, "", ODD)
    assert rows[0][3] is None


# -- the recipe of the manual ------------------------------------------------------------------

_PAGE = Path(__file__).parents[2] / "docs" / "collector" / "export.md"


def recipe(database: Path) -> list[str]:
    """The statements that the manual shows, of a file."""
    [line] = re.findall(r"^DuckDB reads.*", _PAGE.read_text(), re.MULTILINE)
    quoted = str(database).replace("'", "''")
    return re.findall(
        r"`((?:INSTALL|ATTACH|SELECT) .*?)`", line.replace("footfall.sqlite3", quoted)
    )


def test_the_readmes_query_runs_in_sqlite(database: Path) -> None:
    _, attach, query = recipe(database)
    with closing(sqlite3.connect(MEMORY)) as connection:
        connection.execute(re.sub(r" \(TYPE.*\)", "", attach))
        assert connection.execute(query).fetchall() == [("Direct", 1)]


def test_the_readmes_recipe_runs_in_duckdb(database: Path) -> None:
    install, attach, query = recipe(database)
    assert install == "INSTALL sqlite"
    with duckdb.connect() as connection:
        connection.execute("SET autoinstall_known_extensions = false")
        try:
            connection.execute("LOAD sqlite")
        except duckdb.IOException as error:
            pytest.skip(f"DuckDB's extension sqlite is not installed here: {error}")
        connection.execute(attach)
        assert connection.execute(query).fetchall() == [("Direct", 1)]


@pytest.mark.parametrize(
    ("options", "paths"),
    [
        (["--domain", "b.test"], ["/b"]),
        (["--to", "2026-11-20"], ["/old"]),
        (["--from", "2026-11-21"], [ODD, "/b"]),
        (["--from", "2026-11-22"], []),
    ],
    ids=["domain", "to", "from", "nothing"],
)
def test_events_are_chosen(
    database: Path, options: list[str], paths: list[str], tmp_path: Path
) -> None:
    output = tmp_path / "events.jsonl"
    assert export(database, "--format", "jsonl", "-o", str(output), *options) == 0
    events = [json.loads(line) for line in output.read_text().split("\n")[:-1]]
    assert [event["path"] for event in events] == paths


def test_a_file_is_read_while_a_collector_writes_it(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(Store(database, clock=lambda: NOON)) as store:
        enqueue(store, [an_event("/new")])
        store.flush()
        assert export(database) == 0
    assert "/new" in capsys.readouterr().out


def test_a_reader_that_has_seen_enough_is_no_error(database: Path) -> None:
    with closing(Store(database, clock=lambda: NOON)) as store:
        enqueue(store, [an_event("/" + 500 * "x") for _ in range(500)])
        store.flush()
    command = [sys.executable, "-m", "footfall", "export", "--database", str(database)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_a_day_that_is_none_is_reported(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        export(database, "--from", "yesterday")
    assert "'yesterday' is no day; write it like 2026-11-30" in capsys.readouterr().err


def _database_of(file: Path, statements: Sequence[str]) -> None:
    with closing(sqlite3.connect(file)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def _of_version(file: Path, version: int) -> None:
    Store(file).close()
    _database_of(file, [f"PRAGMA user_version = {version}"])


OTHER_FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a text": (lambda file: file.write_text("Dear diary, " * 99), "is damaged or no database"),
    "nothing": (lambda file: file.touch(), "has no events yet; name one that"),
    "a directory": (lambda file: file.mkdir(), "is a directory; name one that"),
    "another program's": (
        partial(_database_of, statements=("CREATE TABLE auth_user (id INTEGER)",)),
        "holds another program's tables; name one that `footfall collect` has written",
    ),
    "an outbox": (lambda file: OutboxFile(str(file)).close(), "is an outbox, in which events wait"),
    "an earlier version's": (
        partial(_of_version, version=3),
        "was written by an earlier footfall; start `footfall collect` on it once",
    ),
    "a later version's": (
        partial(_of_version, version=99),
        "was written by a later footfall; upgrade, or name one that",
    ),
}


@pytest.mark.parametrize(("make", "what"), OTHER_FILES.values(), ids=OTHER_FILES)
def test_what_is_no_file_of_the_collectors_is_named(
    make: Callable[[Path], object], what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x"
    make(file)
    assert export(file) == 2
    captured = capsys.readouterr()
    assert what in captured.err
    assert "new file" not in captured.err
    assert captured.out == ""


def test_the_database_is_not_overwritten_by_its_export(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = database.read_bytes()
    link = tmp_path / "link"
    link.symlink_to(database)
    for output in (database, link):
        assert export(database, "-o", str(output)) == 2
        assert "--output is the database itself" in capsys.readouterr().err
    assert database.read_bytes() == before


def test_what_cannot_be_done_is_reported(
    database: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = tmp_path / "other"
    other.write_text("no database")
    assert export(tmp_path / "missing") == 2
    assert "there is no such file" in capsys.readouterr().err
    assert not (tmp_path / "missing").exists()
    assert export(other) == 2
    assert "no database" in capsys.readouterr().err
    assert export(database, "--format", "parquet") == 2
    assert "--output" in capsys.readouterr().err
    for output_format in ("csv", "parquet"):
        nowhere = str(tmp_path / "nowhere" / "events")
        assert export(database, "--format", output_format, "-o", nowhere) == 1
        assert "could not be written" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert export(database, "--format", "parquet", "-o", str(tmp_path / "x")) == 2
    assert "footfall[parquet]" in capsys.readouterr().err
