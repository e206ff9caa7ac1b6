"""Text as servers hand it over is decoded, and holds nothing that cannot be encoded again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.rules.url.text import decode_text, without_surrogates


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        pytest.param("/plain", "/plain", id="ASCII"),
        pytest.param("/b\u00c3\u00bccher", "/b\u00fccher", id="UTF-8 decoded as latin-1"),
        pytest.param("/b\u00fccher", "/b\u00fccher", id="latin-1"),
        pytest.param("/\u65e5", "/\u65e5", id="already decoded"),
        pytest.param("/\udcff", "/\ufffd", id="a lone surrogate"),
    ],
)
def test_text_is_decoded_as_utf_8_where_it_is_valid(sent: str, expected: str) -> None:
    assert decode_text(sent) == expected


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_can_be_encoded_afterwards(text: str) -> None:
    for decoded in (decode_text(text), without_surrogates(text)):
        assert decoded.encode().decode() == decoded
