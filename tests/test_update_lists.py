"""The tool that writes the lists of other projects as modules."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

TOOL = runpy.run_path(str(Path(__file__).parent.parent / "tools" / "update_lists.py"))


def module(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    exec(compile(text, "written", "exec"), found)
    return found


def test_hosts_of_spam_are_written_once_each_in_lower_case() -> None:
    text = TOOL["spam_hosts"]("b.example\nA.example\n\nb.example\n" + "x" * 99, "2026-01-02")

    assert module(text)["SPAM_HOSTS"] == {"a.example", "b.example", "x" * 99}
    assert "spammers.txt, of 2026-01-02." in text


def test_an_agents_class_is_read_from_its_name_and_what_the_list_says() -> None:
    uses = {
        "Foo-User": ("Scrapes data.", ""),
        "Foo-SearchBot": ("Unclear.", ""),
        "FooBot": ("AI Data Scrapers", "It searches."),
        "FooBot/1.0": ("AI Assistants", ""),
        "Bar": ("Undocumented AI Agents", "It answers queries. More info: /agents/bar"),
        "Baz": ("Undocumented AI Agents", "Description unavailable from /agents/baz"),
        "Scrapy": ("Scrapes data.", ""),
    }
    given = {name: {"function": use, "description": text} for name, (use, text) in uses.items()}
    written = module(TOOL["ai_agents"](json.dumps(given), "2026-01-02"))["AI_AGENTS"]

    assert written == {
        "ai-assistant": ("Foo-User", "FooBot"),
        "ai-search": ("Bar", "Foo-SearchBot"),
        "ai-training": ("Baz",),
    }
