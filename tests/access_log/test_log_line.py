"""What a line records: its request line, and its target."""

from __future__ import annotations

import pytest

from footfall.access_log.log_line import MalformedLineError, request_line, target_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GET / HTTP/1.1", ("GET", "/")),
        ("GET /", ("GET", "/")),
        ("OPTIONS * HTTP/1.1", ("OPTIONS", "*")),
        ("GET http://example.com/x HTTP/1.1", ("GET", "http://example.com/x")),
    ],
)
def test_a_request_line_has_a_method_and_a_target(text: str, expected: tuple[str, str]) -> None:
    method, target = expected
    assert request_line(text) == (method, target_of(target))


@pytest.mark.parametrize(
    "text",
    ["", "-", "GET", "GET  HTTP/1.1", "\x16\x03\x01", "SSH-2.0-Go", "GET / SIP/2.0", "a b c d"],
)
def test_what_is_no_http_is_refused(text: str) -> None:
    with pytest.raises(MalformedLineError):
        request_line(text)


@pytest.mark.parametrize(
    ("text", "path", "raw_path", "query"),
    [
        ("/", "/", "", ""),
        ("/caf%C3%A9?x=1", "/café", "/caf%C3%A9", "x=1"),
        ("/caf\xc3\xa9", "/café", "", ""),
        ("/%ff%00", "/\ufffd\0", "/%ff%00", ""),
        ("http://example.com/x?y", "/x", "", "y"),
        ("http://example.com", "/", "", ""),
        ("*", "/", "", ""),
    ],
)
def test_a_target_is_decoded_as_a_server_decodes_it(
    text: str, path: str, raw_path: str, query: str
) -> None:
    assert target_of(text)[:3] == (path, raw_path, query)


def test_long_targets_are_cut_as_those_of_apps_are() -> None:
    target = target_of("/" + "x" * 100_000 + "?" + "y" * 100_000)
    assert len(target.path) < 5_000
    assert len(target.query) < 10_000
