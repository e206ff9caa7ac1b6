"""Event names, text and header values in the form that vendors accept."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.destinations import _wire_format, check_event_name
from footfall.errors import EventError


@pytest.mark.parametrize(
    "name", ["pageview", "Sign up", "404", "Köln 👨‍👩‍👧", "n" * 120, "Engagement"]
)
def test_a_name_that_every_vendor_takes_passes(name: str) -> None:
    check_event_name(name)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "an event needs a name, not ''"),
        (" \u3000", r"an event needs a name, not ' \\u3000'"),
        (None, "an event needs a name, not None"),
        (
            "n" * 121,
            "^the event name 'n{20}'… has 121 characters; 120 is the most that Plausible t",
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


@given(value=ODD_TEXTS | st.text(), longest=st.integers(0, 40))
def test_usual_text_passes_as_by_the_rule_for_all_text(value: str, longest: int) -> None:
    by_the_rule = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]", "\ufffd", value[:longest])
    assert _wire_format.trim_text(value, longest) == by_the_rule


@given(value=ODD_TEXTS | st.text(), longest=st.integers(0, 40))
def test_a_usual_header_passes_as_by_the_rule_for_all_headers(value: str, longest: int) -> None:
    shown = re.sub("[\x00-\x08\x0a-\x1f\x7f]", " ", value[:longest])
    by_the_rule = shown.encode("latin-1", errors="replace").decode("latin-1").strip(" \t")
    assert _wire_format.header_value(value, longest) == by_the_rule
