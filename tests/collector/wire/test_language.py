"""The language of a visitor."""

from __future__ import annotations

import pytest

from footfall.collector.wire.language import find_language


@pytest.mark.parametrize(
    ("accept_language", "language"),
    [
        ("en-GB,en;q=0.9,de;q=0.8", "en-GB"),
        ("en;q=0.8, de-at", "de-AT"),
        ("DE", "de"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("es-419,es;q=0.9", "es-419"),
        # What one browser in a thousand says is no part of it.
        ("de-CH-1996", "de-CH"),
        ("sl-rozaj-biske", "sl"),
        ("*, fr;q=0.5", "fr"),
        ("de;q=0, fr;q=0", None),
        ("*", None),
        ("", None),
        ("en_US", None),
        ("i-klingon, x-private", None),
        ("<script>", None),
        ("a" * 8_192, None),
        ("x," * 4_096 + "de", None),
        ("de," + "x" * 8_192, "de"),
        ("en;q=1;q=1;q=1", None),
        ("\x00\udcff, nl", "nl"),
    ],
)
def test_the_language_is_the_preferred_one_and_short(
    accept_language: str, language: str | None
) -> None:
    assert find_language(accept_language) == language
