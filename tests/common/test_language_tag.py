"""The language that an `Accept-Language` header prefers."""

from __future__ import annotations

import pytest

from footfall.common.language_tag import language_tag


@pytest.mark.parametrize(
    ("accept_language", "tag"),
    [
        ("de-CH,de;q=0.9,en;q=0.8", "de-CH"),
        ("en;q=0.3, fr-CA ; q=0.7", "fr-CA"),
        ("en;q=0.5,fr;q=0.5", "en"),
        ("en;q=1,fr", "en"),
        ("*, de;q=0.5", "de"),
        ("zh-Hant-TW", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("de-CH-1996", "de-CH-1996"),
        ("ca-valencia", "ca-valencia"),
        ("en_US, en;q=0.1", "en"),
        ("de;q=0", ""),
        ("de;q=high,en;q=1.0", "en"),
        ("C", ""),
        ("*", ""),
        ("", ""),
        (",;\0\udcff,", ""),
        ("٣٣", ""),
        ("x" * 511 + ",de", ""),
    ],
)
def test_the_tag_of_the_highest_weight_is_preferred(accept_language: str, tag: str) -> None:
    assert language_tag(accept_language) == tag
