"""Sources, channels and countries: small tables of what is named how."""

from __future__ import annotations

from pathlib import Path

import pytest

from footfall.collector.wire.country import find_country, mmdb_lookup
from footfall.collector.wire.traffic_source import find_traffic_source, source_name
from footfall.errors import ConfigError


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("google.com", "Google"),
        ("google.co.uk", "Google"),
        ("news.google.de", "Google"),
        ("mail.google.com", "Gmail"),
        ("gemini.google.com", "Gemini"),
        ("com.google.android.googlequicksearchbox", "Google"),
        ("google.evil.test", "google.evil.test"),
        ("notgoogle.com", "notgoogle.com"),
        ("en.m.wikipedia.org", "Wikipedia"),
        ("t.co", "X (Twitter)"),
        ("old.reddit.com", "Reddit"),
        ("ChatGPT.com", "ChatGPT"),
        ("FB", "Facebook"),
        ("adwords", "Google"),
        ("newsletter", "newsletter"),
        ("localhost", "localhost"),
        (".", "."),
    ],
)
def test_sources_are_known_by_name(source: str, name: str) -> None:
    assert source_name(source) == name


@pytest.mark.parametrize(
    ("source", "medium", "campaign", "channel"),
    [
        (None, None, None, "Direct"),
        ("blog.test", None, None, "Referral"),
        (None, "referral", None, "Referral"),
        ("github.com", None, None, "Referral"),
        ("google.com", None, None, "Organic Search"),
        (None, "organic", None, "Organic Search"),
        ("google.com", "cpc", None, "Paid Search"),
        ("google.com", "cpc", "Cross-network", "Cross-network"),
        ("google.com", "CPC", "summer-shop", "Paid Shopping"),
        ("ebay.de", "ppc", None, "Paid Shopping"),
        ("ebay.de", None, None, "Organic Shopping"),
        ("blog.test", None, "shopping", "Organic Shopping"),
        ("facebook", "paid_social", None, "Paid Social"),
        ("facebook.com", None, None, "Organic Social"),
        ("blog.test", "social", None, "Organic Social"),
        ("youtube.com", "retargeting", None, "Paid Video"),
        ("youtu.be", None, None, "Organic Video"),
        ("blog.test", "video", None, "Organic Video"),
        ("blog.test", "cpm", None, "Display"),
        ("blog.test", "banner", None, "Display"),
        ("blog.test", "cpc", None, "Paid Other"),
        ("claude.ai", None, None, "AI Assistants"),
        ("news", "email", None, "Email"),
        ("newsletter", None, None, "Email"),
        ("outlook.live.com", None, None, "Email"),
        ("blog.test", "affiliate", None, "Affiliates"),
        ("blog.test", "audio", None, "Audio"),
        ("sms", None, None, "SMS"),
        ("blog.test", "web-push", None, "Mobile Push Notifications"),
    ],
)
def test_channels(
    source: str | None, medium: str | None, campaign: str | None, channel: str
) -> None:
    assert find_traffic_source(source, None, medium, campaign).channel == channel


@pytest.mark.parametrize(
    ("source", "referrer", "shown"),
    [
        ("b.test", "https://www.b.test/a/b/?q=secret#top", "b.test/a/b"),
        ("b.test", "android-app://com.b.test/", "com.b.test"),
        ("tag", "https://b.test/a", "b.test/a"),
        (None, "https://b.test/a", None),
        ("tag", None, None),
        ("tag", "ftp://b.test/a", None),
        ("tag", "https://", None),
    ],
)
def test_the_referring_page_is_host_and_path(
    source: str | None, referrer: str | None, shown: str | None
) -> None:
    assert find_traffic_source(source, referrer, None, None).referrer == shown


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
def test_a_cdn_tells_the_country(headers: dict[str, str], expected: str | None) -> None:
    assert find_country(headers, "203.0.113.9", None) == expected


@pytest.fixture
def database(tmp_path: Path) -> Path:
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
def test_a_database_tells_the_country(database: Path, client_ip: str, expected: str | None) -> None:
    assert find_country({}, client_ip, mmdb_lookup(database)) == expected


def test_the_database_knows_better_than_the_header(database: Path) -> None:
    lookup = mmdb_lookup(database)
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
