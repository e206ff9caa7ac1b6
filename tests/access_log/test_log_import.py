"""Imports as a whole: hooks that fail, copies, and what is passed over."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from footfall.access_log.log_import import ImportReport, LogImport, LogOfImport, without_copies
from footfall.config import Config
from footfall.destinations import SQLite
from tests.access_log.support import COMBINED, SITE

FILE = SQLite(path="none.sqlite3", domain="example.com")


def imported(path: Path, **options: Any) -> ImportReport:
    config = Config(destinations=[FILE], **options)
    log_import = LogImport(config, FILE, [LogOfImport(str(path), None, SITE)], None)
    log_import.run()
    return log_import.report


def fail(hit: object) -> bool:
    raise RuntimeError("the owner's")


def test_a_function_of_the_owner_that_fails_costs_its_line(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text(f"{COMBINED}\n" * 3)
    assert imported(log, should_track=fail).not_counted == {"error": 3}
    assert imported(log, should_track=lambda hit: False).not_counted == {"should_track": 3}
    assert imported(log).counted == {"pageview": 3}


def test_a_redirected_target_is_read_as_a_path(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text(COMBINED.replace("GET /", "GET http://example.com/") + "\n")
    assert imported(log).counted == {"pageview": 1}


def test_missing_pages_count_where_the_app_counts_them(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text(COMBINED.replace('" 200 ', '" 404 ') + "\n")
    assert imported(log, track_404=True).counted == {"404": 1}
    assert imported(log).not_counted == {"not_found": 1}


def test_downloads_count(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text(COMBINED.replace("/caf%C3%A9/", "/prices.pdf") + "\n")
    assert imported(log).counted == {"File Download": 1}


def test_of_a_file_and_its_copies_the_longest_is_read(tmp_path: Path) -> None:
    text = "".join(COMBINED.replace(":07 ", f":{n:02} ") + "\n" for n in range(60)).encode()
    (tmp_path / "a.log").write_bytes(text)
    (tmp_path / "b.log.gz").write_bytes(gzip.compress(text[:3_000]))
    (tmp_path / "c.log").write_bytes(b"")
    (tmp_path / "d.log").write_bytes(b"")
    logs = [LogOfImport(str(path), None, SITE) for path in sorted(tmp_path.iterdir())]
    kept, copies = without_copies(logs)
    assert [Path(each.path).name for each in kept] == ["a.log", "c.log", "d.log"]
    assert [(Path(a.path).name, Path(b.path).name) for a, b in copies] == [("b.log.gz", "a.log")]


def test_a_file_that_is_replaced_meanwhile_is_not_taken_for_itself(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_text(f"{COMBINED}\n" * 3)
    log = LogOfImport(str(path), None, SITE)
    path.write_text(COMBINED.replace("/caf", "/other") + "\n")
    log_import = LogImport(Config(destinations=[FILE]), FILE, [log], None)
    assert log_import.run().lines == 0
    assert log.error == "the file was replaced meanwhile, as by a rotation; run it again"
    path.unlink()
    log_import.run()
    assert "No such file" in log.error


def test_hosts_that_clients_invent_are_bounded(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text("".join(f"{n}.example.com:443 {COMBINED}\n" for n in range(1_500)))
    report = imported(log)
    assert (report.counted["pageview"], len(report.hosts)) == (1_500, 1_000)


def test_an_empty_file_is_read_without_a_format(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(b"")
    assert imported(log).lines == 0


@pytest.mark.parametrize("number", [3, 8])
def test_examples_of_malformed_lines_are_bounded(tmp_path: Path, number: int) -> None:
    log = tmp_path / "access.log"
    log.write_text(COMBINED + "\n" + "nonsense\n" * number)
    report = imported(log)
    assert report.malformed == {"no time in brackets": number}
    assert len(report.examples) == min(number, 5)
