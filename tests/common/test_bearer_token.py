"""Which tokens a header can carry."""

from __future__ import annotations

import pytest

from footfall.common.bearer_token import token_remedy


@pytest.mark.parametrize("token", ["secret", "correct horse battery staple", "a:b/c@d?e=f&g#h%i~"])
def test_ascii_on_one_line_is_a_token(token: str) -> None:
    assert token_remedy(token) is None


@pytest.mark.parametrize(
    ("token", "remedy"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        (None, "is empty"),
        ("wörter", "ASCII"),
        ("two\nlines", "on one line"),
        ("null\0", "on one line"),
        ("tab\t", "on one line"),
    ],
)
def test_everything_else_is_refused_with_a_remedy(token: object, remedy: str) -> None:
    assert remedy in (token_remedy(token) or "")
