"""Event names, text and header values in the form that vendors accept."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.destinations import _wire_format, check_event_name
from footfall.errors import EventError
from footfall.model import Visitor


@pytest.mark.parametrize(
    "name", ["pageview", "Sign up", "404", "Köln 👨‍👩‍👧", "n" * 120, "Engagement"]
)
def test_a_name_that_every_vendor_takes_passes(name: str) -> None:
    check_event_name(name)
    with pytest.raises(EventError, match="120 is the most"):
        check_event_name(name + "n" * 121)
    check_event_name("n" * 256, 256)
    with pytest.raises(EventError, match="256 is the most"):
        check_event_name(name + "n" * 256, 256)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "an event needs a name, not ''"),
        (" \u3000", r"an event needs a name, not ' \\u3000'"),
        (None, "an event needs a name, not None"),
        (
            "n" * 121,
            "^the event name 'n{20}'… has 121 characters; 120 is the most that can be sent",
        ),
        ("a\nb", r"^the event name 'a\\nb' holds characters that cannot be shown$"),
        ("a\udcff", "holds characters that cannot be shown"),
        ("engagement", "the event name 'engagement' is reserved"),
        (" engagement", "the event name 'engagement' is reserved"),
    ],
)
def test_a_name_that_some_vendor_refuses_is_refused_at_the_call(name: object, why: str) -> None:
    with pytest.raises(EventError, match=why):
        check_event_name(name)


ODD_TEXTS = st.text(
    st.sampled_from("aZ0 ~\t\n\x00\x1f\x7f\x80\x85\xa0\xad\xff\u20ac\u2028\ud800\U0001f600")
)


@given(value=ODD_TEXTS | st.text(), limit=st.integers(0, 40))
def test_the_short_cut_for_usual_text_changes_nothing(value: str, limit: int) -> None:
    expected = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]", "\ufffd", value[:limit])
    assert _wire_format.trim_text(value, limit) == expected


@given(value=ODD_TEXTS | st.text(), limit=st.integers(0, 40))
def test_the_short_cut_for_usual_headers_changes_nothing(value: str, limit: int) -> None:
    shown = re.sub("[\x00-\x08\x0a-\x1f\x7f]", " ", value[:limit])
    expected = shown.encode("latin-1", errors="replace").decode("latin-1").strip(" \t")
    assert _wire_format.header_value(value, limit) == expected


@pytest.mark.parametrize(
    ("value", "limit", "utf8", "utf16"),
    [
        ("abc", 2, "ab", "ab"),
        ("é€", 4, "é", "é€"),
        ("\U0001f43ea", 3, "", "\U0001f43ea"),
        ("\U0001f43ea", 1, "", ""),
        ("a\udcff", 4, "a\ufffd", "a\ufffd"),
    ],
)
def test_trimmed_text_has_whole_characters(value: str, limit: int, utf8: str, utf16: str) -> None:
    assert _wire_format.trim_utf8(value, limit) == utf8
    assert _wire_format.trim_utf16(value, limit) == utf16


def test_trimmed_fields_are_noted_once_in_their_order() -> None:
    trimmed = _wire_format.TrimmedFields()

    assert trimmed.note_if_shorter("url", "abc", "ab") == "ab"
    assert trimmed.note_if_shorter("name", "abc", "abc") == "abc"
    trimmed.note("props")
    trimmed.note("url")

    assert trimmed.names == ("url", "props")


def test_a_visitors_address_is_in_each_ip_header_and_the_user_agent_always_there() -> None:
    headers = _wire_format.visitor_headers(Visitor(client_ip="203.0.113.7"), ["a", "b"])

    assert headers == {
        "content-type": "application/json",
        "user-agent": "",
        "a": "203.0.113.7",
        "b": "203.0.113.7",
    }
    assert _wire_format.visitor_headers(Visitor(), ["a"]).keys() == {"content-type", "user-agent"}


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.dictionaries(st.text(), inner, max_size=3) | st.lists(inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://me:pw@a.example:8443/b/c?d=e?f#g?h", ("a.example:8443", "/b/c", "d=e?f")),
        ("https://a.example", ("a.example", "/", "")),
        ("https://a.example?b@c", ("a.example", "/", "b@c")),
        ("app:///a", ("", "/a", "")),
        ("https://[::1]:80/@", ("[::1]:80", "/@", "")),
        ("", ("", "/", "")),
        ("no url", ("", "no url", "")),
    ],
)
def test_any_text_has_the_parts_of_a_page(url: str, parts: tuple[str, str, str]) -> None:
    assert _wire_format.page_parts(url) == parts


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1_800_000_000, "2027-01-15T08:00:00.000Z"),
        (1_800_000_000.1259, "2027-01-15T08:00:00.125Z"),
        (-1.0, "1969-12-31T23:59:59.000Z"),
        (0.0, ""),
        (1e18, ""),
        (float("inf"), ""),
        (float("nan"), ""),
    ],
)
def test_a_time_is_written_in_utc(seconds: float, text: str) -> None:
    assert _wire_format.utc_text(seconds) == text


@given(fields=st.dictionaries(st.sampled_from(["name", "url", "props", "v"]), _VALUES))
def test_a_body_is_compact_json_of_its_fields(fields: dict[str, Any]) -> None:
    expected = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    assert _wire_format.json_body(fields) == expected.encode()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b""], ids=repr)
def test_a_body_is_strict_json_or_nothing(value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        _wire_format.json_body({"props": {"value": value}})
