"""Strict JSON, URIs and addresses."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.collector.wire.parsing import (
    cut,
    hostname_of,
    media_type,
    read_json,
    referring_host,
    split_uri,
)


def test_a_value_that_was_read_can_be_written_again() -> None:
    value = read_json('{"a":"\\ud83d\\ude00\\udcff","b":"\\\\ud800"}')
    assert value == {"a": "\U0001f600\ufffd\ufffd\ufffd", "b": "\\ud800"}


@pytest.mark.parametrize("depth", [99, 101])
def test_deep_nesting_is_refused(depth: int) -> None:
    text = "[" * depth + "]" * depth
    if depth < 100:
        assert read_json(text + " ") is not None
        assert read_json(f'{{"a":"{"[" * 200}"}}') == {"a": "[" * 200}
    else:
        with pytest.raises(ValueError, match="deep"):
            read_json(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_finite_numbers_survive(number: float) -> None:
    assert math.isclose(read_json(json.dumps(number)), number, rel_tol=0, abs_tol=0)


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1" + "0" * 309, "-1" + "0" * 309])
def test_a_number_that_is_infinite_as_a_float_is_refused(number: str) -> None:
    with pytest.raises(ValueError, match="too large"):
        read_json(number)


def test_large_whole_numbers_survive() -> None:
    assert read_json("1" + "0" * 308) == 10**308


@pytest.mark.parametrize(
    ("uri", "parts"),
    [
        ("https://u@a.test:1/x?q#f", ("https", "u@a.test:1", "/x", "q", "f")),
        ("//a.test", ("", "a.test", "", "", "")),
        ("a.test/x", ("", "", "a.test/x", "", "")),
        ("1x:y", ("", "", "1x:y", "", "")),
        ("a:?\nb", ("a", "", "", "\nb", "")),
        ("", ("", "", "", "", "")),
    ],
)
def test_every_text_is_split_as_a_uri(uri: str, parts: tuple[str, ...]) -> None:
    assert tuple(split_uri(uri)) == parts


@pytest.mark.parametrize(
    ("authority", "hostname"),
    [
        ("www.a.test", "a.test"),
        ("www.www.a.test:80", "www.a.test"),
        ("u:p@a.test", "a.test"),
        ("[::1]:80", "::1"),
        ("", "(none)"),
        ("www.", "(none)"),
    ],
)
def test_hostnames_are_as_plausible_writes_them(authority: str, hostname: str) -> None:
    assert hostname_of(authority) == hostname


def test_only_http_and_app_referrers_name_a_site() -> None:
    assert referring_host("https://b.test/x", "a.test") == "b.test"
    assert referring_host("android-app://com.x/", "a.test") == "com.x"
    for referrer in (None, "https://www.a.test/", "http://localhost/", "ftp://b.test/"):
        assert referring_host(referrer, "a.test") is None


def test_the_media_type_is_lower_case_without_parameters() -> None:
    assert media_type({"content-type": " Application/JSON ; charset=utf-8"}) == "application/json"
    assert media_type({}) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [("abcdef", "abcde"), ("ab", "ab"), ("ééé", "éé"), ("😀😀", "😀"), ("", "")],
)
def test_a_text_is_cut_between_characters(text: str, expected: str) -> None:
    assert cut(text, 5) == expected
