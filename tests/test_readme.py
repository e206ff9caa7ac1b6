"""The README keeps its word: every option, reason and code block in it is real."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from footfall.cli import COMMANDS
from footfall.config import Config
from footfall.pageview import REASONS
from tests.agreement.test_agreement import DIFFERENCES

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_it_lists_every_option_and_no_other() -> None:
    table = README.split("| option | default | what it does |")[1].split("\n\n")[0]
    listed = re.findall(r"`(\w+)`", "".join(row.split("|")[1] for row in table.splitlines()[2:]))
    assert sorted(listed) == sorted(f.name for f in fields(Config) if f.init)


def test_it_lists_every_reason_with_its_meaning() -> None:
    missing = [
        reason for reason, meaning in REASONS.items() if f"| `{reason}` | {meaning} |" not in README
    ]
    assert missing == []


def options_of(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                yield from options_of(each)
        else:
            yield from (name for name in action.option_strings if name.startswith("--"))


@pytest.mark.parametrize("command", COMMANDS)
def test_it_names_every_command_with_its_options(command: str) -> None:
    parser = argparse.ArgumentParser(add_help=False)
    import_module(f"footfall.cli.{command}").add_arguments(parser)
    wanted = [f"footfall {command}", *options_of(parser)]
    assert [name for name in wanted if name not in README and name != "--help"] == []


@pytest.mark.parametrize("block", BLOCKS, ids=[block.splitlines()[0][:40] for block in BLOCKS])
def test_its_code_runs(block: str) -> None:
    around: dict[str, Any] = {"MIDDLEWARE": [], "INSTALLED_APPS": [], "__name__": "readme"}
    if "token = " in block:
        around["footfall"] = __import__("footfall")
        block = block.splitlines()[0]
    if "get_asgi_application" in block:
        from tests.doors import set_up_django

        set_up_django()
    exec(compile(block, "README.md", "exec"), around)


def test_it_names_every_difference_from_the_vendors_script() -> None:
    missing = [
        name for name, meaning in DIFFERENCES.items() if f"| {name} | {meaning} |" not in README
    ]
    assert missing == []


def test_it_stays_a_manual_and_not_a_book() -> None:
    assert len(README.splitlines()) < 500
