"""The README is true: every option, reason, command, output and code block in it is real."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from footfall.cli import COMMANDS, main
from footfall.collector import CollectorServer
from footfall.config import Config
from footfall.errors import ConfigError
from footfall.model import Request, Response
from footfall.rules.pageview import REASONS
from footfall.tracker import Tracker
from tests.agreement.test_agreement import DIFFERENCES
from tests.support.adapters import CHROME
from tests.support.vendors import wait_until

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
OUTPUTS = re.findall(
    r"```\n(.*?)```", re.sub(r"```\w+\n.*?```", "", README, flags=re.DOTALL), re.DOTALL
)
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


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
    # Those of the collector fill a page of their own, which it links.
    options = [] if command == "collect" else options_of(parser)
    # Those of the relay are on a page that the README links.
    page = "docs/relay.md" if command == "relay" else "README.md"
    assert f"footfall {command}" in README
    assert page == "README.md" or f"]({page})" in README
    text = (ROOT / page).read_text("utf-8")
    assert [name for name in options if name not in text and name != "--help"] == []


@pytest.mark.parametrize("block", BLOCKS, ids=[block.splitlines()[0][:40] for block in BLOCKS])
def test_its_code_runs_without_a_warning(block: str, caplog: pytest.LogCaptureFixture) -> None:
    namespace: dict[str, Any] = {"MIDDLEWARE": [], "INSTALLED_APPS": [], "__name__": "readme"}
    namespace["application"] = lambda environ, start_response: []
    if "token = " in block:
        namespace["footfall"] = __import__("footfall")
        block = block.splitlines()[0]
    if "get_asgi_application" in block:
        from tests.support.adapters import set_up_django

        set_up_django()
    exec(compile(block, "README.md", "exec"), namespace)
    assert [line.getMessage() for line in caplog.records if line.name == "footfall"] == []


# -- the output that it shows -----------------------------------------------------------------


def shown(beginning: str) -> list[str]:
    """The parts of the block with this beginning; the README omits lines between them."""
    [block] = [block for block in OUTPUTS if block.startswith(beginning)]
    return re.split(r"^\.\.\.\n", block, flags=re.MULTILINE)


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
    missing = [
        name for name, meaning in DIFFERENCES.items() if f"| {name} | {meaning} |" not in README
    ]
    assert missing == []


def test_it_stays_under_500_lines() -> None:
    assert len(README.splitlines()) < 500
