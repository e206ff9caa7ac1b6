"""The README and the manual are true: every option, reason, command and output in them is real."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from footfall.cli import COMMANDS, command_module, main
from footfall.collector import CollectorServer
from footfall.collector.web.reason_texts import REMEDIES
from footfall.config import Config
from footfall.errors import ConfigError
from footfall.model import Request, Response
from footfall.rules.pageview import REASONS
from footfall.tracker import Tracker
from tests.agreement.test_agreement import DIFFERENCES
from tests.support.adapters import CHROME
from tests.support.documents import README, ROOT, TEXTS, blocks_of
from tests.support.vendors import wait_until

COUNTING = TEXTS["docs/counting.md"]
# Where a command is described with its options.
COMMAND_PAGES = {
    "demo": ("README.md", "docs/command-line.md"),
    "collect": ("docs/collector/settings.md",),
    "check": ("docs/command-line.md", "docs/numbers.md"),
    "explain": ("docs/command-line.md", "docs/counting.md"),
    "export": ("docs/collector/export.md",),
    "forward": ("docs/moving.md",),
    "import": ("docs/access-logs.md",),
    "goals": ("docs/command-line.md", "docs/numbers.md"),
    "relay": ("docs/relay.md",),
    "mcp": ("docs/agents.md",),
    "completion": ("docs/command-line.md",),
    "run": ("docs/command-line.md",),
    "tail": ("docs/command-line.md",),
}


def test_it_lists_every_reason_with_its_meaning_and_remedy() -> None:
    rows = [
        f"| `{reason}` | {meaning} | {REMEDIES.get(reason, '')} |".replace("  ", " ")
        for reason, meaning in REASONS.items()
    ]
    assert [row for row in rows if row not in COUNTING] == []


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
    command_module(command).add_arguments(parser)
    text = "\n".join(TEXTS[page] for page in COMMAND_PAGES[command])
    assert f"footfall {command}" in text
    options = [name for name in options_of(parser) if name != "--help"]
    assert [name for name in options if name not in text] == []


# -- the output that it shows -----------------------------------------------------------------


def shown(beginning: str) -> list[str]:
    """The parts of the block with this beginning; lines between them are omitted."""
    outputs = {block.code for block in blocks_of("") if block.code.startswith(beginning)}
    [output] = outputs  # the same on each page that shows it
    return re.split(r"^\.\.\.\n", output, flags=re.MULTILINE)


def output_of(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    main(shlex.split(command)[1:])
    return capsys.readouterr().out


def assert_shows(pieces: list[str], output: str) -> None:
    for piece in pieces:
        assert piece in output
        output = output[output.index(piece) + len(piece) :]


@pytest.mark.parametrize("command", ["demo", "explain"])
def test_it_shows_the_output_of_commands(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FOOTFALL_DESTINATIONS", raising=False)
    first, *pieces = shown(f"$ footfall {command}")
    command_line, _, piece = first.removeprefix("$ ").partition("\n")
    assert_shows([piece, *pieces], output_of(command_line, capsys))


def test_it_shows_the_output_of_a_check(capsys: pytest.CaptureFixture[str]) -> None:
    with CollectorServer() as collector:
        here = collector.url.removeprefix("http://")
        first, *pieces = (piece.replace("127.0.0.1:8321", here) for piece in shown("$ footfall ch"))
        command_line, _, piece = first.removeprefix("$ ").partition("\n")
        assert_shows([piece, *pieces], output_of(command_line, capsys))


def test_it_shows_the_error_for_wrong_options() -> None:
    wrong: dict[str, Any] = {
        "destination": "plausible://plausible.io/example.com",
        "trusted_proxies": ["10.0.0.1/8"],
    }
    with pytest.raises(ConfigError) as caught:
        Config.load(wrong, environ={})
    assert shown("footfall cannot start") == [f"{caught.value}\n"]


class Dropping:
    """A vendor that accepts an event and throws it away."""

    def send(self, request: Request) -> Response:
        return Response(status=202, headers={"x-plausible-dropped": "1"}, body=b"ok")


def test_it_shows_the_warning_about_a_dropped_event(caplog: pytest.LogCaptureFixture) -> None:
    config = Config(destinations="plausible://plausible.io/example.com", transport=Dropping())
    tracker = Tracker(config, environ={})
    visitor = {"ip": "198.51.100.7", "ua": CHROME}
    tracker.track("Signup", url="https://example.com/", visitor=visitor)
    # The warning is logged after the event was counted.
    assert wait_until(lambda: caplog.messages)
    assert shown("footfall: plausible") == [f"{line}\n" for line in caplog.messages]


def test_it_names_every_difference_from_the_vendors_script() -> None:
    text = TEXTS["docs/comparison.md"]
    missing = [
        name for name, meaning in DIFFERENCES.items() if f"| {name} | {meaning} |" not in text
    ]
    assert missing == []


def test_the_readme_is_a_front_page_of_under_250_lines() -> None:
    assert len(README.splitlines()) < 250


def test_the_costs_of_other_packages_are_those_that_were_measured() -> None:
    costs = TEXTS["docs/comparison.md"].partition("### What they cost")[2]
    measured = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    numbers = re.findall(r"\d+,\d{3}(?:,\d{3})?", costs)
    assert len(numbers) == 8
    assert [number for number in numbers if number.replace("1,745", "1745") not in measured] == []
