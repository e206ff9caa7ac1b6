"""The keyword arguments of the adapters, as type checkers see them."""

from __future__ import annotations

from typing import get_type_hints

from footfall.config import OPTIONS, Config, Options


def test_every_option_is_a_typed_keyword_of_the_adapters() -> None:
    declared = get_type_hints(Config)
    typed = get_type_hints(Options)
    assert list(typed) == list(OPTIONS)
    assert typed == {name: declared[name] for name in OPTIONS}
