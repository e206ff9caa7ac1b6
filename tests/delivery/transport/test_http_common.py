"""What both HTTP transports share."""

from __future__ import annotations

import pytest

from footfall.delivery.transport import http_common


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("timeout=5", 4.0),
        ("timeout=65, max=100", 60.0),
        ("max=100, Timeout = 20", 19.0),
        ("timeout=0", 0.0),
        ("max=100", 4.0),
        ("timeout=abc", 4.0),
        ("xtimeout=9", 4.0),
        ("", 4.0),
    ],
)
def test_a_connection_is_idle_for_as_long_as_the_server_promises(
    value: str, seconds: float
) -> None:
    assert http_common.idle_seconds({"keep-alive": value}, 4.0) == seconds


def test_header_lines_end_with_the_marker() -> None:
    lines = http_common.header_lines({"user-agent": "M\xfc", "x-a": ""})
    assert lines == [b"user-agent: M\xfc", b"x-a: ", b"footfall: 1"]


@pytest.mark.parametrize("text", ["a\r\nb", "a\nb", "a\0", "\x7f"])
def test_a_control_character_is_refused_in_a_name_and_in_a_value(text: str) -> None:
    for headers in ({text: "1"}, {"x-a": text}):
        with pytest.raises(ValueError, match="control character"):
            http_common.header_lines(headers)


def test_a_tab_and_a_soft_hyphen_are_no_control_characters() -> None:
    assert http_common.header_lines({"x-a": "a\tb\xad"})[0] == b"x-a: a\tb\xad"


def test_header_lines_are_parsed_and_repeated_ones_joined() -> None:
    lines = [b"Via: a\r\n", b"X-Empty:", b"via:b", b"Date: 1:2:3"]
    assert http_common.parse_headers(lines) == {"via": "a, b", "x-empty": "", "date": "1:2:3"}
