"""The tables of Plausible's CSV import: every column, and the figures of the dashboard."""

from __future__ import annotations

import csv
import io
import sqlite3
import zipfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from footfall.cli import main
from footfall.collector.past_events import PastEvents
from footfall.collector.plausible_tables import TABLES
from footfall.collector.storage.stats import StatsQuery, TimeRange
from footfall.collector.storage.store import Store
from footfall.destinations import SQLite
from footfall.model import Event, Visitor

# The head lines of the examples in Plausible's documentation (docs: csv-import, read 2026-11).
DOCUMENTED = """
imported_browsers "date","browser","browser_version","visitors","visits","visit_duration","bounces","pageviews"
imported_devices "date","device","visitors","visits","visit_duration","bounces","pageviews"
imported_entry_pages "date","entry_page","visitors","entrances","visit_duration","bounces","pageviews"
imported_exit_pages "date","exit_page","visitors","visit_duration","exits","bounces","pageviews"
imported_custom_events "date","name","link_url","path","visitors","events"
imported_locations "date","country","region","city","visitors","visits","visit_duration","bounces","pageviews"
imported_operating_systems "date","operating_system","operating_system_version","visitors","visits","visit_duration","bounces","pageviews"
imported_pages "date","hostname","page","visits","visitors","pageviews"
imported_sources "date","source","referrer","utm_source","utm_medium","utm_campaign","utm_content","utm_term","pageviews","visitors","visits","visit_duration","bounces"
imported_visitors "date","visitors","pageviews","bounces","visits","visit_duration"
"""  # noqa: E501 -- as they are written there
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.2 Mobile/15E148 Safari/604.1"
)
START = datetime(2026, 3, 1, 9, tzinfo=UTC)
DOMAIN = "example.com"
ALICE = Visitor(client_ip="203.0.113.9", user_agent=FIREFOX)
BOB = Visitor(client_ip="198.51.100.7", user_agent=SAFARI)


def an_event(path: str, visitor: Visitor = ALICE, **changes: object) -> Event:
    return Event(**{"url": f"https://{DOMAIN}{path}", "visitor": visitor, **changes})  # type: ignore[arg-type]


# In minutes since the start.
VISITS: list[tuple[int, Event]] = [
    (0, an_event("/", referrer="https://news.ycombinator.com/item")),
    (1, an_event("/pricing?utm_source=mail&utm_medium=email&utm_campaign=spring")),
    (2, an_event("/", BOB)),
    (3, an_event("/prices.pdf", name="File Download", props={"url": "https://example.com/p.pdf"})),
    (4, an_event("/gone", BOB, name="404", props={"path": "/gone"})),
    (5, an_event("/signup", name="Signup", props={"plan": "pro"})),
    (100, an_event("/blog/?utm_source=mail&utm_medium=email")),
    (890, an_event("/night", BOB)),
    (905, an_event("/morning", BOB)),
    (1_500, an_event("/", BOB, referrer="https://www.google.com/")),
    (4_400, an_event("/,\"odd\"\n=1", BOB)),
]  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "footfall.sqlite3"
    destination = SQLite(path=str(path), domain=DOMAIN)
    with PastEvents(str(path), DOMAIN, now=START.timestamp() + 90 * 86_400) as past:
        for minutes, event in VISITS:
            at = (START + timedelta(minutes=minutes)).timestamp()
            assert past.add(destination.request(event), at) is None
        past.commit([])
    # There is no database of countries to find them in.
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE visits SET country = 'DE' WHERE browser = 'Firefox'")
    return path


def exported(file: Path, *options: str, code: int = 0) -> dict[str, list[dict[str, str]]]:
    output = file.with_suffix(".zip")
    arguments = ["export", "--database", str(file), "--format", "plausible"]
    assert main([*arguments, "--output", str(output), *options]) == code
    with zipfile.ZipFile(output) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    return {name: list(csv.DictReader(io.StringIO(text))) for name, text in texts.items()}


def test_every_column_is_documented() -> None:
    documented = dict(line.split(" ", 1) for line in DOCUMENTED.strip().splitlines())
    assert {t.name: ",".join(f'"{c}"' for c in t.columns) for t in TABLES} == documented


def test_the_files_have_the_names_and_the_heads_that_the_vendor_takes(file: Path) -> None:
    exported(file)
    with zipfile.ZipFile(file.with_suffix(".zip")) as archive:
        assert sorted(archive.namelist()) == sorted(
            f"{table.name}_20260301_20260304.csv" for table in TABLES
        )
        head = archive.read("imported_visitors_20260301_20260304.csv").split(b"\r\n")[:2]
    assert head == [
        b'"date","visitors","pageviews","bounces","visits","visit_duration"',
        b'"2026-03-01",2,5,1,4,1320',
    ]


def test_the_figures_of_days_are_those_of_the_dashboard(file: Path) -> None:
    rows = exported(file)["imported_visitors_20260301_20260304.csv"]
    with closing(Store(file)) as store:
        span = TimeRange.of_days(START.date(), START.date() + timedelta(days=3), store.zone)
        metrics = ("visitors", "visits", "pageviews", "bounce_rate", "visit_duration")
        query = StatsQuery(range=span, metrics=metrics, dimensions=("time:day",))
        found = {row.dimensions[0]: row.metrics for row in store.query(query).rows}
    assert {
        row["date"]: (
            int(row["visitors"]),
            int(row["visits"]),
            int(row["pageviews"]),
            round(100 * int(row["bounces"]) / int(row["visits"])),
            round(int(row["visit_duration"]) / int(row["visits"])),
        )
        for row in rows
    } == found


def test_each_table_has_its_rows(file: Path) -> None:
    found = {name.rsplit("_", 2)[0]: rows for name, rows in exported(file).items()}

    def of(table: str, *columns: str) -> list[tuple[str, ...]]:
        first_day = (row for row in found[table] if row["date"] == "2026-03-01")
        return sorted(tuple(row[name] for name in columns) for row in first_day)

    assert of("imported_sources", "source", "referrer", "utm_source", "utm_medium", "visits") == [
        ("", "", "", "", "2"),
        ("Hacker News", "news.ycombinator.com/item", "", "", "1"),
        ("mail", "", "mail", "email", "1"),
    ]
    assert ("/", "2", "2") in of("imported_pages", "page", "visitors", "pageviews")
    assert ("/blog/", "1", "1") in of("imported_entry_pages", "entry_page", "entrances", "bounces")
    assert ("/pricing", "1") in of("imported_exit_pages", "exit_page", "exits")
    assert of("imported_custom_events", "name", "link_url", "path", "visitors", "events") == [
        ("404", "", "/gone", "1", "1"),
        ("File Download", "https://example.com/p.pdf", "", "1", "1"),
        ("Signup", "", "", "1", "1"),
    ]
    assert of("imported_locations", "country", "region", "city", "visits") == [("DE", "", "0", "2")]
    assert of("imported_devices", "device", "visits") == [("Desktop", "2"), ("Mobile", "2")]
    assert ("Firefox", "140.0", "2") in of(
        "imported_browsers", "browser", "browser_version", "visits"
    )
    assert ("iOS", "17.2", "2") in of(
        "imported_operating_systems", "operating_system", "operating_system_version", "visits"
    )
    assert [row["page"] for row in found["imported_pages"] if row["date"] == "2026-03-04"] == [
        '/,"odd"\n=1'
    ]


def test_days_are_those_of_a_time_zone_and_can_be_chosen(file: Path) -> None:
    found = exported(file, "--timezone", "Pacific/Auckland", "--from", "2026-03-02")
    rows = found["imported_visitors_20260302_20260304.csv"]
    assert [row["date"] for row in rows] == ["2026-03-02", "2026-03-04"]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--format", "plausible"], "name a file with --output"),
        (["--format", "umami"], "footfall forward FILE umami://HOST/WEBSITE_ID"),
        (["--format", "matomo"], "footfall forward FILE matomo://HOST/SITE_ID"),
        (["--format", "plausible", "-o", "x.zip", "--timezone", "Mars"], "write it like"),
        (["--format", "plausible", "-o", "x.zip", "--domain", "b.test"], "has no events"),
        (["--format", "plausible", "-o", "x.zip", "--from", "2027-01-01"], "has no events"),
    ],
)
def test_what_cannot_be_exported_is_told(
    file: Path,
    options: list[str],
    text: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(file.parent)
    assert main(["export", "--database", str(file), *options]) == 2
    assert text in capsys.readouterr().err


def test_the_vendors_limit_is_told(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exported(file)
    assert "Plausible takes only days before the first visitor" in capsys.readouterr().err
