"""The pages on running the collector are true: options, variables, files and links exist."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Final

import pytest

from footfall.cli import COMMANDS, command_module
from footfall.collector.ingest.rate_limit import EVENTS_PER_SECOND
from footfall.collector.settings import PREFIX, SETTINGS, Setting
from footfall.collector.wire import limits
from footfall.destinations import destination_from
from tests.test_readme import options_of

ROOT: Final = Path(__file__).parents[1]
PAGES: Final = sorted((ROOT / "docs" / "collector").glob("*.md"))
EXAMPLES: Final = sorted(
    path for path in (ROOT / "examples" / "collector").iterdir() if path.is_file()
)
TEXTS: Final = {path.name: path.read_text(encoding="utf-8") for path in (*PAGES, *EXAMPLES)}

# What docker, pip, systemctl, Dockerfiles, coreutils, uvicorn and curl have, and we do not.
OTHERS_OPTIONS: Final = {
    *("--build", "--detach", "--format", "--now", "--read-only", "--reference", "--upgrade"),
    *("--directory", "--from", "--mode", "--no-cache-dir", "--no-create-home", "--owner"),
    *("--interval", "--start-period", "--system", "--timeout", "--uid"),
    *("--data-binary", "--timeout-graceful-shutdown"),
}


def our_options() -> set[str]:
    found: set[str] = set()
    for command in COMMANDS:
        parser = argparse.ArgumentParser(add_help=False)
        command_module(command).add_arguments(parser)
        found.update(options_of(parser))
    return found


@pytest.mark.parametrize("name", TEXTS)
def test_every_option_that_it_names_exists(name: str) -> None:
    named = {*re.findall(r"(?<![\w-])--[a-z][a-z-]*[a-z]", TEXTS[name])}
    assert named - our_options() - OTHERS_OPTIONS == set()


@pytest.mark.parametrize("name", TEXTS)
def test_every_variable_that_it_names_exists(name: str) -> None:
    named = {*re.findall(rf"{PREFIX}[A-Z_]+", TEXTS[name])}
    assert named - {each.variable for each in SETTINGS.values()} == set()


@pytest.mark.parametrize("name", TEXTS)
def test_every_destination_that_it_names_can_be_used(name: str) -> None:
    for line in re.findall(r"\b[a-z]+(?:\+http)?://[\w@.:]+/example\.com\b", TEXTS[name]):
        # In containers, and on networks of one's own, nothing speaks TLS to the collector itself.
        is_plain = destination_from(line.replace("TOKEN", "x" * 16)).endpoint.startswith("http:")
        assert is_plain == (":8321" in line), line


def test_the_settings_are_listed_as_the_command_line_describes_them() -> None:
    def option(declared: Setting) -> str:
        short = f"{declared.short}, " if declared.short else ""
        value = "" if declared.is_switch else f" {declared.metavar or declared.name.upper()}"
        return f"{short}{declared.flag}{value}"

    rows = [f"| `{option(each)}` | {each.text} |" for each in SETTINGS.values()]
    assert "\n".join(rows) in TEXTS["settings.md"]


def test_the_limits_are_those_of_the_code() -> None:
    rows = {
        "JSON at `/api/event`": limits.PLAUSIBLE_BODY,
        "`text/plain` at `/api/event`": limits.PLAUSIBLE_BODY,
        "a form at `/api/event`": limits.PLAUSIBLE_FORM,
        "a body at `/log` and below, decompressed, too": limits.SWETRIX_BODY,
        "a body at `/api/v1/hits`": limits.REPORT_BODY,
        "a body at `/api/v1/events/batch`": limits.BATCH_BODY,
        "events in it": limits.BATCH_ITEMS,
        "path and query": limits.TARGET_BYTES,
        "headers": limits.HEADER_BYTES,
        f"bodies of all requests at once, but for {limits.SMALL_BODY:,} bytes of each": (
            limits.BODIES_IN_FLIGHT
        ),
        "events of one peer, a second": int(EVENTS_PER_SECOND),
    }
    table = TEXTS["sizes.md"].partition("| | limit |")[2]
    written = re.findall(r"^\| (.+) \| ([\d,]+)(?: bytes)? \| \d+ \|$", table, re.MULTILINE)
    assert {name: int(number.replace(",", "")) for name, number in written} == rows


def test_the_log_lines_to_alert_on_are_those_of_the_collector() -> None:
    sources = (ROOT / "src" / "footfall" / "collector").rglob("*.py")
    code = "".join(path.read_text(encoding="utf-8") for path in sources)
    code = re.sub(r'"\s*f?"', "", code)  # one text on several lines
    lines = re.findall(r"^\| `(.+?)` \|", TEXTS["health.md"].partition("alert on")[2], re.MULTILINE)
    # Where a text of the code holds a value, or begins.
    joints = re.compile(r"\b[A-Z]+\b|: (?:\.\.\.)?|, which|(?<=an event)")
    parts = [part.strip() for line in lines for part in joints.split(line)]
    assert len(parts) > len(lines) > 5
    assert [part for part in parts if part not in code] == []


def test_every_page_and_every_file_is_linked() -> None:
    linked = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in PAGES
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    }
    assert {*PAGES, *EXAMPLES} - linked == set()
