"""What a field of a dataclass declares of its option."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Optional

import pytest

from footfall.config.declare import declared_options, option


@dataclass(frozen=True, kw_only=True)
class Settings:
    switch: bool = option(True, "on or off")
    maybe: bool | None = option(None, "on, off or as the rest says")
    whole: int = option(3, "a count", low=1, high=9)
    share: Optional[float] = option(None, "a share", low=0, high=1)  # noqa: UP045 - the other form
    choice: Literal["a", "b"] = option("a", "one of two")
    narrow: Literal["cut"] | bool = option(False, "cut or not", choices=(False, "cut"))
    function: Callable[[int], int] | None = option(None, "called with a number")
    several: Sequence[str] | str = option((), "names", shown_default="none")
    secret: str | None = option("s3cret", "a key", is_secret=True)
    unchecked: Literal["a"] = option("a", "checked elsewhere", is_validated=False)
    compiled: int = field(init=False, default=0)


OPTIONS = declared_options(Settings)


@pytest.mark.parametrize(
    ("name", "kind", "is_optional"),
    [
        ("switch", "switch", False),
        ("maybe", "switch", True),
        ("whole", "whole number", False),
        ("share", "number", True),
        ("choice", "choice", False),
        ("narrow", "choice", False),
        ("function", "function", True),
        ("several", "other", False),
        ("secret", "other", True),
    ],
)
def test_the_kind_follows_from_the_type(name: str, kind: str, is_optional: bool) -> None:
    assert (OPTIONS[name].kind, OPTIONS[name].is_optional) == (kind, is_optional)


def test_choices_follow_from_the_type_or_are_given() -> None:
    assert OPTIONS["choice"].choices == ("a", "b")
    assert OPTIONS["narrow"].choices == (False, "cut")
    assert OPTIONS["switch"].choices == ()


def test_bounds_text_and_default_are_kept() -> None:
    whole = OPTIONS["whole"]
    assert (whole.low, whole.high, whole.text, whole.default) == (1, 9, "a count", 3)
    assert OPTIONS["several"].shown_default == "none"
    assert OPTIONS["choice"].is_validated
    assert not OPTIONS["unchecked"].is_validated


def test_only_what_can_be_given_is_an_option() -> None:
    assert "compiled" not in OPTIONS
    assert list(OPTIONS)[:2] == ["switch", "maybe"]


def test_a_secret_is_not_in_the_repr() -> None:
    assert "s3cret" not in repr(Settings())
