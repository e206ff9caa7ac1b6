"""JSON of nginx's variables, and Caddy's own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from footfall.access_log.log_line import MalformedLineError
from tests.access_log.support import (
    CADDY,
    CLOUDFRONT,
    CLOUDFRONT_HEAD,
    COMBINED,
    NGINX_JSON,
    NOON,
    PARSERS,
    SITE,
    parsed,
)


def test_json_has_the_headers_that_were_sent_and_no_other() -> None:
    line = parsed("nginx-json", json.dumps(NGINX_JSON))
    assert line.headers["sec-fetch-dest"] == "document"
    assert "sec-purpose" not in line.headers
    assert line.answered_headers() == {"content-type": "text/html; charset=utf-8"}
    without = {**NGINX_JSON, "http_accept": "", "sent_http_content_type": ""}
    line = parsed("nginx-json", json.dumps(without))
    hit = line.hit(line.answered_headers())
    assert "accept" not in hit.headers
    assert hit.response_headers == {}


@pytest.mark.parametrize("name", ["nginx-json", "caddy"])
def test_of_a_response_there_is_what_a_decision_reads(name: str) -> None:
    example = {"nginx-json": NGINX_JSON, "caddy": CADDY}[name]
    found = parsed(name, json.dumps({**example, "sent_http_server": "nginx"}))
    assert found.answered_headers() == {"content-type": "text/html; charset=utf-8"}


TIMES = [1_795_953_907.25, "1795953907.25", "2026-11-29T12:05:07Z", "29/Nov/2026:13:05:07 +0100"]


@pytest.mark.parametrize("time", TIMES)
def test_json_may_spell_times_in_any_of_nginxs_ways(time: Any) -> None:
    fields = {name: value for name, value in NGINX_JSON.items() if name != "msec"}
    assert int(parsed("nginx-json", json.dumps({**fields, "time": time})).time) == int(NOON)


# Of the last but one an import never ended: it is neither before nor after another.
@pytest.mark.parametrize("time", [None, True, -1, "", "x", 1_795_953_907_250, "nan", 1e300])
def test_json_without_a_time_of_a_log_is_malformed(time: Any) -> None:
    for name, fields in (("nginx-json", {"msec": time}), ("caddy", {"ts": time})):
        example = NGINX_JSON if name == "nginx-json" else CADDY
        with pytest.raises(MalformedLineError, match="no time"):
            parsed(name, json.dumps({**example, **fields}))


@pytest.mark.parametrize(("size", "expected"), [("12", 12), ("-", None), ("9" * 5_000, None)])
def test_a_size_is_one_that_a_response_has(size: str, expected: int | None) -> None:
    assert (
        parsed("nginx-json", json.dumps({**NGINX_JSON, "body_bytes_sent": size})).size == expected
    )
    assert parsed("combined", COMBINED.replace(" 5120 ", f" {size} ")).size == expected
    assert parsed("cloudfront", *CLOUDFRONT_HEAD, CLOUDFRONT.replace("5120", size)).size == expected


def test_what_caddy_says_of_itself_is_no_request() -> None:
    own = {"level": "info", "ts": 1.0, "msg": "serving initial configuration"}
    assert PARSERS["caddy"](SITE).parse(json.dumps(own)) is None


def test_an_older_caddy_names_address_and_port_together() -> None:
    request = {name: value for name, value in CADDY["request"].items() if name != "remote_ip"}
    older = {**CADDY, "request": {**request, "remote_addr": "203.0.113.9:41342"}}
    assert parsed("caddy", json.dumps(older)).peer == "203.0.113.9"


def test_nginx_may_log_the_request_line_as_a_whole() -> None:
    fields = {name: value for name, value in NGINX_JSON.items() if name != "request_uri"}
    line = parsed("nginx-json", json.dumps({**fields, "request": "GET /x?y=1 HTTP/1.1"}))
    assert (line.method, line.target.path, line.target.query) == ("GET", "/x", "y=1")
