"""Text from outside, as a terminal and a log may show it."""

from __future__ import annotations

import json
import sys
import unicodedata

import pytest

from footfall.common.printable import escaped, escaped_json, escaped_lines

TEXTS = {
    "nothing": ("", ""),
    "plain": ("größe 🦶 日本 a\\b", "größe 🦶 日本 a\\b"),
    "a colour": ("\x1b[31mred", "\\x1b[31mred"),
    "a window's title": ("\x1b]0;x\x07", "\\x1b]0;x\\x07"),
    "line breaks": ("a\r\nb\x0bc\x0cd", "a\\r\\nb\\x0bc\\x0cd"),
    "a tab and a backspace": ("a\tb\x08\x7f", "a\\tb\\x08\\x7f"),
    "C1": ("\x80\x9b2J\x85", "\\x80\\x9b2J\\x85"),
    "Unicode's line breaks": ("a\u2028b\u2029", "a\\u2028b\\u2029"),
    "directions": ("\u202ea\u2066b\u2069\u200f\u061c", "\\u202ea\\u2066b\\u2069\\u200f\\u061c"),
    "invisible tags": ("a\U000e0041", "a\\U000e0041"),
    "half a surrogate pair": ("\ud800", "\\ud800"),
    "joiners": ("👩\u200d💻 می\u200cخواهم", "👩\u200d💻 می\u200cخواهم"),
}


@pytest.mark.parametrize(("text", "shown"), TEXTS.values(), ids=TEXTS.keys())
def test_what_is_not_printable_is_escaped(text: str, shown: str) -> None:
    assert escaped(text) == shown
    assert escaped_lines(text) == shown.replace("\\n", "\n")


def test_no_character_controls_a_terminal() -> None:
    categories = ("Cc", "Cs", "Zl", "Zp")
    directions = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    for char in map(chr, range(sys.maxunicode + 1)):
        is_control = unicodedata.category(char) in categories
        if is_control or unicodedata.bidirectional(char) in directions:
            assert escaped(char).isascii(), hex(ord(char))
            assert escaped(char).isprintable(), hex(ord(char))


@pytest.mark.parametrize("text", [text for text, _ in TEXTS.values()], ids=TEXTS.keys())
def test_json_keeps_its_meaning(text: str) -> None:
    shown = escaped_json(json.dumps({text: [text]}, ensure_ascii=False, indent=1))
    assert json.loads(shown) == {text: [text]}
    assert all(escaped(line) == line for line in shown.split("\n"))
