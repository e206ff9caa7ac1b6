"""Which headers and bodies of a request may be stored."""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.collector.storage.redaction import storable_body, storable_headers
from tests.collector.support import PAGEVIEW, PID, running_collector, stored_events

VISITOR = "203.0.113.9"

SECRETS = {
    "authorization": "Bearer s3cret-authorization",
    "proxy-authorization": "Basic s3cret-proxy",
    "cookie": "sid=s3cret-cookie",
    "x-api-key": "s3cret-api-key",
    "api-key": "s3cret-other-key",
    "x-auth-token": "s3cret-auth",
    "x-csrftoken": "s3cret-csrf",
    "x-amz-security-token": "s3cret-amz",
    "cf-access-jwt-assertion": "eyJhbGciOiJSUzI1NiJ9.s3cret-cloudflare",
    "x-goog-iap-jwt-assertion": "eyJhbGciOiJFUzI1NiJ9.s3cret-google",
    "x-unheard-of": "s3cret-unheard",
    "referer": "https://a.test/reset?token=s3cret-referer",
    "origin": "https://user:s3cret-user@a.test/reset?token=s3cret-origin",
}
"""Headers of a browser, a proxy or an API client that hold a secret."""

ADDRESSES = {
    "forwarded": 'for="[2001:DB8:0:0:0:0:0:A1b2]:443"',
    "x-forwarded-for": "2001:db8::a1b2, 10.0.0.1",
    "x-real-ip": "2001:db8::a1b2",
    "cf-connecting-ipv6": "2001:db8::a1b2",
    "x-vercel-proxied-for": "2001:0DB8:0:0:0:0:0:A1B2",
    "x-client": "2001:db8:0::a1b2",
    "via": "1.1 2001:db8:0:0::a1b2",
    "x-forwarded-host": "[2001:0db8::0:a1b2]:443",
}
"""The same address in several spellings, in headers that have it by name or by chance."""

UNLISTED = sorted((SECRETS | ADDRESSES).keys() - {"origin", "via", "x-forwarded-host"})


def test_no_secret_and_no_address_of_a_header_reaches_the_file(tmp_path: Path) -> None:
    with running_collector(tmp_path / "c.sqlite3") as (_, http):
        for path, body in (("/api/event", PAGEVIEW), ("/log", {"pid": PID, "pg": "/"})):
            answer = http.post(path, json=body, headers=SECRETS | ADDRESSES)
            assert answer.status_code in (201, 202)
        shown = stored_events(http)
        assert [event["client_ip"] for event in shown] == ["2001:db8::a1b2"] * 2
        files = {each.name: each.read_bytes().lower() for each in tmp_path.iterdir()}
    assert sorted(files) == ["c.sqlite3", "c.sqlite3-shm", "c.sqlite3-wal"]
    found = {
        (name, text)
        for name, content in files.items()
        for text in (b"s3cret", b"a1b2", b"eyjhbgc")
        if text in content
    }
    assert found == set()


def test_nothing_in_memory_holds_a_credential(http: httpx2.Client) -> None:
    http.post("/api/event", json=PAGEVIEW, headers=SECRETS)
    (event,) = stored_events(http)
    page = http.get(f"/live/{event['id']}").text
    assert "curl" in page
    for name in ("authorization", "proxy-authorization", "cookie", "x-api-key"):
        assert SECRETS[name] not in page


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [
        ("user-agent", "Chrome/120.0.0.0", "Chrome/120.0.0.0"),
        ("accept-language", "de,en;q=0.5", "de,en;q=0.5"),
        ("content-type", "application/json", "application/json"),
        ("sec-ch-ua", '"Chromium";v="140"', '"Chromium";v="140"'),
        ("sec-fetch-site", "cross-site", "cross-site"),
        ("sec-gpc", "1", "1"),
        ("cf-ipcountry", "NZ", "NZ"),
        ("x-plausible-ip-type", "dc_ip", "dc_ip"),
        ("x-debug-request", "true", "true"),
        ("x-forwarded-proto", "https", "https"),
        ("x-forwarded-host", "a.test", "a.test"),
        ("host", "stats.test:8321", "stats.test:8321"),
        ("origin", "https://a.test", "https://a.test"),
        ("origin", "null", "null"),
        ("origin", "https://u:p@a.test:8080/b?token=c#d", "https://a.test:8080"),
        ("origin", "token=c", None),
        ("via", "x" * 2_000, "x" * 2_000),
        ("via", "x" * 2_001, None),
        ("referer", "https://a.test/", None),
        ("x-" + "a" * 200, "1", None),
        *((name, "x", None) for name in UNLISTED),
    ],
)
def test_only_headers_of_the_list_are_stored(name: str, value: str, stored: str | None) -> None:
    kept = {} if stored is None else {name: stored}
    assert storable_headers({name: value}, VISITOR) == kept


@pytest.mark.parametrize(
    ("client_ip", "value"),
    [
        (VISITOR, VISITOR),
        (VISITOR, f"1.1 {VISITOR}:443, 1.1 b"),
        (VISITOR, "203.000.113.009"),
        (VISITOR, "::ffff:203.0.113.9"),
        (VISITOR, "[::FFFF:CB00:7109]:80"),
        (f"::ffff:{VISITOR}", VISITOR),
        ("2001:db8::1", "2001:0DB8:0:0:0:0:0:1"),
        ("2001:0DB8:0:0:0:0:0:1", "https://[2001:db8::1]:443"),
        ("2001:db8::1", "2001:db8:0:0:0:0:0:1:443"),
        ("2001:db8::1", "2001%3Adb8%3A%3A1"),
        ("fe80::1%eth0", "[fe80:0::1]"),
        ("unknown", "1.1 UNKNOWN"),
    ],
)
def test_a_value_with_the_visitors_address_is_not_stored(client_ip: str, value: str) -> None:
    assert storable_headers({"via": value}, client_ip) == {}


@pytest.mark.parametrize("value", ["198.51.100.1", "203.0.113.90", "2001:db8::2", "1:2:3", "::"])
def test_another_address_is(value: str) -> None:
    assert storable_headers({"via": value}, VISITOR) == {"via": value}


@pytest.mark.parametrize("client_ip", ["127.0.0.1", "::1", ""])
def test_the_address_of_this_machine_hides_no_header(client_ip: str) -> None:
    headers = {"host": "127.0.0.1:8321", "origin": "http://[::1]:8321"}
    assert storable_headers(headers, client_ip) == headers


def test_a_long_body_is_not_stored() -> None:
    assert (storable_body(b"x" * 16_384), storable_body(b"x" * 16_385)) == ("x" * 16_384, None)


def spellings(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> list[str]:
    return [str(address), address.exploded, address.exploded.upper()]


@given(address=st.ip_addresses(), around=st.sampled_from(["{}", "[{}]:443", "for={};", "a {} b"]))
def test_no_spelling_of_the_address_is_stored(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, around: str
) -> None:
    for client_ip in spellings(address):
        for spelling in spellings(address):
            value = around.format(spelling)
            stored = storable_headers({"via": value}, client_ip)
            assert stored == ({"via": value} if address.is_loopback else {})


@given(headers=st.dictionaries(st.text(), st.text()), client_ip=st.text())
def test_any_text_may_come(headers: dict[str, str], client_ip: str) -> None:
    json.dumps(storable_headers(headers, client_ip))
