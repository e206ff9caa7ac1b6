"""Exports of Plausible's in a file: a round trip keeps the figures."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from footfall.cli import main
from footfall.collector.storage.stats import StatsQuery, TimeRange
from footfall.collector.storage.stats.query import Filter
from footfall.collector.storage.stats.rollups import ROLLUP_DIMENSIONS, TOTAL
from footfall.collector.storage.store import Store
from tests.collector.storage.support import enqueue
from tests.collector.support import incoming_event
from tests.collector.test_plausible_tables import DOMAIN, FIREFOX, START, exported, file
from tests.support.json_schemas import validate

__all__ = ["file"]

DAYS = (START.date(), START.date() + timedelta(days=3))
# The pageviews of a visit that runs across midnight are those of their own days in the format.
METRICS = ("visitors", "visits", "pageviews", "bounce_rate", "visit_duration")
LISTS = [name for names in ROLLUP_DIMENSIONS.values() for name in names if name != TOTAL]


def run(database: Path, *files: Path, code: int = 0, options: tuple[str, ...] = ()) -> None:
    paths = [str(each) for each in files]
    arguments = ["--from", "plausible", "--domain", DOMAIN, "--database", str(database)]
    assert main(["import", *paths, *arguments, *options]) == code


def figures(path: Path, *dimensions: str, days: tuple[date, date] = DAYS) -> Mapping[Any, Any]:
    with closing(Store(path)) as store:
        span = TimeRange.of_days(*days, store.zone)
        found = store.query(StatsQuery(range=span, metrics=METRICS, dimensions=dimensions))
        return {row.dimensions: row.metrics for row in found.rows}


def packed(path: Path, **tables: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in tables.items():
            archive.writestr(f"imported_{name}_20260301_20260304.csv", text)
    return path


VISITORS = "date,visitors,pageviews,bounces,visits,visit_duration\n2026-03-01,2,5,1,4,1320\n"


def test_a_round_trip_keeps_every_daily_figure(file: Path, tmp_path: Path) -> None:
    exported(file)
    again = tmp_path / "again.sqlite3"
    run(again, file.with_suffix(".zip"))
    for dimensions in ((), ("time:day",), ("time:month",)):
        assert figures(again, *dimensions) == figures(file, *dimensions)


def test_a_round_trip_keeps_the_lists(file: Path, tmp_path: Path) -> None:
    exported(file)
    again = tmp_path / "again.sqlite3"
    run(again, file.with_suffix(".zip"))
    before, after = lists(file), lists(again)
    # The format has no languages, no row of nowhere, and of pages those that were viewed.
    del before["visit:country"][("(not set)",)]
    for path in ("/gone", "/prices.pdf", "/signup"):
        del before["event:page"][(path,)]
    assert (len(before.pop("visit:language")), after.pop("visit:language")) == (1, {})
    assert after == before


def lists(path: Path) -> dict[str, dict[Any, Any]]:
    """Of each list the values with their visits; of events, with their visitors."""
    found = {}
    with closing(Store(path)) as store:
        span = TimeRange.of_days(*DAYS, store.zone)
        for name in LISTS:
            # Visits of finer rows add up exactly, and visitors do not.
            metric = "visitors" if name.startswith("event:") else "visits"
            query = StatsQuery(range=span, metrics=(metric,), dimensions=(name,))
            found[name] = {row.dimensions: row.metrics for row in store.query(query).rows}
    return found


def test_an_import_again_replaces_its_days(file: Path, tmp_path: Path) -> None:
    exported(file)
    again = tmp_path / "again.sqlite3"
    for _ in range(2):
        run(again, file.with_suffix(".zip"))
    assert figures(again, "time:day") == figures(file, "time:day")


def test_days_that_are_counted_are_left_out(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exported(file)
    again = tmp_path / "again.sqlite3"
    own = datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()
    with closing(Store(again, clock=lambda: own)) as store:
        enqueue(store, [incoming_event("/", at=own, domain=DOMAIN, starts_session=True)])
        assert store.flush()
    before = figures(again, "time:day")
    run(again, file.with_suffix(".zip"))
    assert "Left out: " in capsys.readouterr().out
    after = dict(figures(again, "time:day"))
    assert after.pop(("2026-03-01",)) == figures(file, "time:day")[("2026-03-01",)]
    assert after == before


def test_filters_leave_imported_days_out_and_the_page_says_so(file: Path, tmp_path: Path) -> None:
    from footfall.collector import CollectorServer

    exported(file)
    again = tmp_path / "again.sqlite3"
    run(again, file.with_suffix(".zip"))
    with closing(Store(again)) as store:
        span = TimeRange.of_days(*DAYS, store.zone)
        chosen = Filter("is", "visit:browser", ("Firefox",))
        query = StatsQuery(range=span, metrics=("visitors",), filters=(chosen,))
        assert store.query(query).rows[0].metrics == (0,)
    with CollectorServer(port=0, database=again) as server:
        params = {"period": "custom", "from": "2026-03-01", "to": "2026-03-04"}
        page = httpx2.get(f"{server.url}/", params=params).text
        assert "Imported days" not in page
        assert "Hacker News" in page
        page = httpx2.get(f"{server.url}/", params={**params, "browser": "Firefox"}).text
        assert "Imported days are left out" in page


@pytest.mark.parametrize(
    ("tables", "text"),
    [
        ({}, "has none of the files of an export"),
        ({"visitors": "visitors\n1\n"}, ":1: has no column date"),
        ({"visitors": VISITORS + "2026-13-01,1,1,1,1,1\n"}, ".csv:3: "),
        ({"visitors": VISITORS + "2026-03-02,x,1,1,1,1\n"}, ".csv:3: invalid literal"),
        ({"visitors": VISITORS + "2026-03-02,-1,1,1,1,1\n"}, ".csv:3: visitors is -1"),
        ({"visitors": VISITORS + "2026-03-02\n\n,"}, ".csv:5: "),
    ],
)
def test_what_is_no_export_is_refused_with_its_line(
    tmp_path: Path, tables: dict[str, str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    database = tmp_path / "x.sqlite3"
    run(database, packed(tmp_path / "x.zip", **tables), code=2)
    assert text in capsys.readouterr().err
    assert dict(figures(database)) == {(): (0, 0, 0, None, None)}


def test_a_file_that_is_no_zip_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.zip").write_text("PK\3\4 nothing")
    run(tmp_path / "x.sqlite3", tmp_path / "x.zip", code=2)
    assert "no zip that can be read" in capsys.readouterr().err


def test_a_dry_run_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database, log = tmp_path / "x.sqlite3", packed(tmp_path / "x.zip", visitors=VISITORS, odd="x")
    run(database, log, options=("--dry-run", "--json"))
    result = json.loads(capsys.readouterr().out)
    validate("import_plausible", result)
    [found] = result["exports"]
    assert (result["written"], found["rows"]) == (False, {"imported_visitors": 1})
    assert found["ignored"] == ["imported_odd_20260301_20260304.csv"]
    assert not database.exists()


def test_what_the_dashboard_cannot_show_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path / "x.sqlite3", packed(tmp_path / "x.zip", visitors=VISITORS))
    assert capsys.readouterr().out.endswith(
        "without hours, filters, and hostname, link_url, path, region, city, browser_version, "
        "operating_system_version\n"
    )


def test_lines_of_imported_days_are_not_counted_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database, log = tmp_path / "x.sqlite3", tmp_path / "access.log"
    run(database, packed(tmp_path / "x.zip", visitors=VISITORS))
    line = '203.0.113.9 - - [0{}/Mar/2026:09:00:00 +0000] "GET / HTTP/2.0" 200 9 "-" "{}"\n'
    log.write_text(line.format(1, FIREFOX) + line.format(2, FIREFOX))
    capsys.readouterr()
    arguments = ["--domain", DOMAIN, "--database", str(database), "--json"]
    assert main(["import", str(log), *arguments]) == 0
    assert json.loads(capsys.readouterr().out)["not_counted"] == {"already_imported": 1}
    assert dict(figures(database, "time:day")) == {
        ("2026-03-01",): (2, 4, 5, 25, 330),
        ("2026-03-02",): (1, 1, 1, 100, 0),
    }


def test_imported_days_go_with_their_domain(tmp_path: Path) -> None:
    database = tmp_path / "x.sqlite3"
    run(database, packed(tmp_path / "x.zip", visitors=VISITORS))
    with closing(Store(database)) as store:
        assert store.domains() == [DOMAIN]
        assert store.oldest_day() == date(2026, 3, 1)
        store.delete_domain(DOMAIN)
        assert store.oldest_day() is None
