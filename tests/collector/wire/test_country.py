"""The country of a visitor, from a database or a header."""

from __future__ import annotations

from pathlib import Path

import pytest

from footfall.collector.wire.country import find_country, mmdb_lookup
from footfall.errors import ConfigError


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"cf-ipcountry": "DE"}, "DE"),
        ({"cloudfront-viewer-country": "fr"}, "FR"),
        ({"x-vercel-ip-country": "IT"}, "IT"),
        ({"cf-ipcountry": "DE", "x-country-code": "FR"}, "DE"),
        ({"cf-ipcountry": "XX"}, None),
        ({"cf-ipcountry": "T1"}, None),
        ({"cf-ipcountry": "<script>"}, None),
    ],
)
def test_the_country_of_a_cdns_header(headers: dict[str, str], expected: str | None) -> None:
    assert find_country(headers, "203.0.113.9", None) == expected


@pytest.fixture
def mmdb(tmp_path: Path) -> Path:
    from mmdb_writer import MMDBWriter
    from netaddr import IPSet

    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="Test-Country")
    writer.insert_network(IPSet(["203.0.113.0/24"]), {"country": {"iso_code": "NZ"}})
    writer.insert_network(IPSet(["2001:db8::/32"]), {"country": {"iso_code": "SE"}})
    writer.insert_network(IPSet(["198.51.100.0/24"]), {"country": "odd"})
    writer.insert_network(IPSet(["192.0.2.0/24"]), {"registered_country": {"iso_code": "US"}})
    writer.to_db_file(str(tmp_path / "countries.mmdb"))
    return tmp_path / "countries.mmdb"


@pytest.mark.parametrize(
    ("client_ip", "expected"),
    [
        ("203.0.113.9", "NZ"),
        ("2001:db8::9", "SE"),
        ("198.51.100.9", None),
        ("192.0.2.9", None),
        ("10.0.0.1", None),
        ("unknown", None),
        ("", None),
    ],
)
def test_the_country_of_a_database(mmdb: Path, client_ip: str, expected: str | None) -> None:
    assert find_country({}, client_ip, mmdb_lookup(mmdb)) == expected


def test_the_database_wins_over_the_header(mmdb: Path) -> None:
    lookup = mmdb_lookup(mmdb)
    assert find_country({"cf-ipcountry": "DE"}, "203.0.113.9", lookup) == "NZ"
    assert find_country({"cf-ipcountry": "DE"}, "10.0.0.1", lookup) == "DE"


def test_a_database_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("no database")
    for path in (other, tmp_path / "missing.mmdb"):
        with pytest.raises(ConfigError, match="MaxMind format"):
            mmdb_lookup(path)


def test_the_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "maxminddb", None)
    with pytest.raises(ConfigError, match=r"footfall\[geo\]"):
        mmdb_lookup("any.mmdb")
