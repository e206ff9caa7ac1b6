"""The language of a visitor: that which the browser prefers, of all those that it names.

The whole header tells visitors apart; language, script and region are as much as is counted.
"""

from __future__ import annotations

from collections.abc import Iterator

from footfall.common.language_tag import language_tag


def find_language(accept_language: str) -> str | None:
    """The preferred language, such as `de`, `pt-BR`, `zh-Hant-TW`; None where there is none.

    Written as RFC 5646 section 2.1.1 recommends, so that browsers agree. Variants are left out.
    """
    tag = language_tag(accept_language)
    return "-".join(_subtags(tag)) if tag else None


def _subtags(tag: str) -> Iterator[str]:
    language, *others = tag.split("-")
    yield language.lower()
    for each in others:
        if len(each) == 4 and each.isalpha():
            yield each.title()
        elif len(each) < 4:
            yield each.upper()
