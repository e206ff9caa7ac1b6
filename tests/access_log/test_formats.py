"""The formats of access logs: what is read of a line, and which format a file has."""

from __future__ import annotations

import json

import pytest

from footfall.access_log.formats import recognise
from footfall.access_log.log_line import MalformedLineError
from tests.access_log.support import (
    CADDY,
    CLOUDFRONT,
    CLOUDFRONT_HEAD,
    COMBINED,
    FIREFOX,
    NGINX_JSON,
    NO_TIME,
    NOON,
    PARSERS,
    REQUEST,
    SITE,
    parsed,
)


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        pytest.param("combined", [COMBINED], id="combined"),
        pytest.param("combined", [f'{COMBINED} "-"'], id="nginx's main"),
        pytest.param("vhost-combined", [f"example.com:443 {COMBINED}"], id="with the host"),
        pytest.param("nginx-json", [json.dumps(NGINX_JSON)], id="nginx-json"),
        pytest.param("caddy", [json.dumps(CADDY)], id="caddy"),
        pytest.param("cloudfront", [*CLOUDFRONT_HEAD, CLOUDFRONT], id="cloudfront"),
    ],
)
def test_each_format_gives_the_same_facts(name: str, lines: list[str]) -> None:
    found = recognise(lines, SITE)
    assert found is not None
    assert found.name == name
    line = parsed(name, *lines)
    assert int(line.time) == int(NOON)
    assert (line.peer, line.method, line.status, line.size) == ("203.0.113.9", "GET", 200, 5120)
    assert (line.scheme, line.host) == ("https", "example.com")
    assert line.target[:3] == ("/café/", "/caf%C3%A9/", "utm_source=x")
    assert line.headers["user-agent"] == FIREFOX
    assert line.headers["referer"] == "https://example.org/"
    assert "cookie" not in line.headers
    hit = line.hit(line.answered_headers())
    assert hit.response_headers["content-type"].startswith("text/html")
    assert hit.headers["accept"] == "text/html"


@pytest.mark.parametrize(
    ("name", "line", "cause"),
    [
        ("combined", "", "an empty line"),
        ("combined", "hello", "no time in brackets"),
        ("combined", COMBINED.replace('"', "'"), "no request in quotes"),
        ("combined", COMBINED[:-10], "not of the format of the first lines"),
        ("combined", COMBINED.replace("Nov", "Nev"), NO_TIME),
        ("combined", COMBINED.replace("29/Nov", "31/Nov"), NO_TIME),
        ("combined", COMBINED.replace(REQUEST, r"\x16\x03\x01"), "no request line"),
        ("combined", COMBINED.replace(REQUEST, "-"), "no request line"),
        ("vhost-combined", "", "no host"),
        ("common", "203.0.113.9", "no time in brackets"),
        ("nginx-json", "{", "no JSON"),
        ("nginx-json", "[" * 100_000, "no JSON"),
        ("nginx-json", "[]", "no JSON object"),
        ("nginx-json", "{}", "no request"),
        ("nginx-json", json.dumps({**NGINX_JSON, "msec": "now"}), "no time"),
        ("nginx-json", json.dumps({**NGINX_JSON, "status": "-"}), "no status"),
        ("nginx-json", json.dumps({**NGINX_JSON, "request_uri": ""}), "no request line"),
        ("caddy", json.dumps({"status": 200}), "no request"),
        ("caddy", json.dumps({"status": 200, "request": {}}), "no msec"),
        ("cloudfront", CLOUDFRONT, "no #Fields before it"),
    ],
)  # fmt: skip
def test_a_malformed_line_has_a_cause_and_no_other_error(name: str, line: str, cause: str) -> None:
    with pytest.raises(MalformedLineError) as error:
        PARSERS[name](SITE).parse(line)
    assert str(error.value) == cause


def test_no_format_is_guessed_where_none_fits() -> None:
    assert recognise(["2026/11/29 12:00:00 [error] 7#7: *1 open() failed", ""], SITE) is None
