"""A line of each format, all of the same request."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from footfall.access_log.formats import FORMATS
from footfall.access_log.log_line import LoggedSite, LogLine

SITE = LoggedSite("example.com")
PARSERS = {each.name: each.parser for each in FORMATS}
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
NOON = datetime(2026, 11, 29, 12, 5, 7, tzinfo=UTC).timestamp()

COMBINED = (
    '203.0.113.9 - - [29/Nov/2026:13:05:07 +0100] "GET /caf%C3%A9/?utm_source=x HTTP/2.0" 200 5120'
    f' "https://example.org/" "{FIREFOX}"'
)
REQUEST = "GET /caf%C3%A9/?utm_source=x HTTP/2.0"
NO_TIME = "no time such as 29/Nov/2026:13:05:07 +0100"
NGINX_JSON = {
    "msec": 1_795_953_907.25,
    "remote_addr": "203.0.113.9",
    "request_method": "GET",
    "scheme": "https",
    "host": "example.com",
    "request_uri": "/caf%C3%A9/?utm_source=x",
    "status": 200,
    "body_bytes_sent": 5120,
    "http_user_agent": FIREFOX,
    "http_referer": "https://example.org/",
    "http_accept": "text/html",
    "http_sec_fetch_dest": "document",
    "http_sec_purpose": "",
    "http_cookie": "session=secret",
    "sent_http_content_type": "text/html; charset=utf-8",
    "sent_http_content_disposition": "",
}
CADDY: dict[str, Any] = {
    "level": "info",
    "ts": 1_795_953_907.25,
    "logger": "http.log.access",
    "msg": "handled request",
    "request": {
        "remote_ip": "203.0.113.9",
        "remote_port": "41342",
        "client_ip": "203.0.113.9",
        "proto": "HTTP/2.0",
        "method": "GET",
        "host": "example.com",
        "uri": "/caf%C3%A9/?utm_source=x",
        "headers": {
            "User-Agent": [FIREFOX],
            "Accept": ["text/html"],
            "Referer": ["https://example.org/"],
            "Cookie": ["REDACTED"],
            "Sec-Fetch-Dest": ["document"],
        },
        "tls": {"resumed": False},
    },
    "duration": 0.000929675,
    "size": 5120,
    "status": 200,
    "resp_headers": {"Content-Type": ["text/html; charset=utf-8"], "Server": ["Caddy"]},
}
CLOUDFRONT_HEAD = (
    "#Version: 1.0",
    "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status "
    "cs(Referer) cs(User-Agent) cs-uri-query x-host-header cs-protocol x-forwarded-for "
    "sc-content-type",
)
CLOUDFRONT = "\t".join(
    [
        *("2026-11-29", "12:05:07", "FRA56-P1", "5120", "203.0.113.9", "GET", "d1.cloudfront.net"),
        *("/caf%C3%A9/", "200", "https://example.org/", FIREFOX.replace(" ", "%20")),
        *("utm_source=x", "example.com", "https", "-", "text/html"),
    ]
)


def parsed(name: str, *lines: str) -> LogLine:
    parser = PARSERS[name](SITE)
    found = [parser.parse(line) for line in lines][-1]
    assert found is not None
    return found
