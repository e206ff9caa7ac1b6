"""Fields of a JSON object: their types, and how long they may be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from footfall.collector.wire import checked_fields, limits

FAULTS: dict[str, tuple[Callable[[], object], str]] = {
    "no text": (lambda: checked_fields.text({"a": 1}, "", "a"), "a must be a text"),
    "no text inside": (lambda: checked_fields.text({}, "event", "a"), "event.a must be a text"),
    "a number as text": (
        lambda: checked_fields.text_or_none({"a": 1}, "", "a"),
        "a must be a text",
    ),
    "no object": (lambda: checked_fields.headers({}, "", "a"), "a must be an object"),
    "a number in it": (
        lambda: checked_fields.headers({"a": {"b": 1}}, "", "a"),
        "a must be a text",
    ),
    "a bool as a number": (
        lambda: checked_fields.number({"a": True}, "times", "a"),
        "times.a must be a number",
    ),
    "a bool as an integer": (
        lambda: checked_fields.checked(int, True, "a"),
        "a must be a whole number",
    ),
    "too few": (lambda: checked_fields.row(["x"], 2, "a"), "each of a must have 2 values"),
    "null": (lambda: checked_fields.row(["x", None], 2, "a", nullable=0), "a must be a text"),
}


@pytest.mark.parametrize(("read", "text"), FAULTS.values(), ids=FAULTS.keys())
def test_a_field_of_another_type_is_named(read: Callable[[], object], text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text}$"):
        read()


def test_texts_are_cut_and_names_of_headers_are_in_lower_case() -> None:
    long = "x" * (limits.REPORT_TEXT + 1)
    assert checked_fields.text({"a": long}, "", "a") == long[:-1]
    assert checked_fields.row([long, None], 2, "a", nullable=1) == [long[:-1], None]
    many: dict[str, Any] = {f"A-{number}": "b" for number in range(limits.HEADERS + 1)}
    found = checked_fields.headers({"a": {"B": long, **many}}, "", "a")
    assert (found["b"], found["a-0"], len(found)) == (long[:-1], "b", limits.HEADERS)
    assert checked_fields.text_or_none({"a": None}, "", "a") is None
    assert checked_fields.number({"a": 1}, "", "a") == 1.0
