"""`footfall check` as a command: its destinations, its exit codes, and wrong usage."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from footfall.cli import main
from footfall.collector import CollectorServer
from footfall.collector.storage.stored_events import EventSearch
from tests.cli.check.common import ADDRESS, line, newest
from tests.support.terminal import Terminal
from tests.support.vendors import unused_port

MISTAKES = {
    "an address of no proxy": (["plausible://plausible.io/a.test", "--peer", "::1"], "need the"),
    "no app": (["--app", "shop"], "write MODULE:APP"),
    "a queue": (["redis://127.0.0.1/0?stream=a"], "footfall relay check"),
    "no such vendor": (["plausibel://plausible.io/a.test"], "did you mean plausible"),
    "no address, and nobody to ask": (["plausible://stats.test/a.test"], "give --client-ip"),
    "no address at all": (
        ["plausible://plausible.io/a.test", "--client-ip", "x"],
        "--client-ip: 'x'",
    ),
    "all that is missing at once": (
        ["swetrix://stats.test/aUn1quEid-3x"],
        "an id only; and --client-ip: ",
    ),
    "no page for Swetrix": (["swetrix://stats.test/aUn1quEid-3x"], "give --url"),
    "no page for Umami": (
        ["umami://stats.test/6a1f4bc2-7c3e-4a65-8f04-9d0e7f3b5c88"],
        "knows by an id only",
    ),
    "no page for a file that counts for each host": (
        ["sqlite:///nowhere.sqlite3"],
        "give --url: a page of the site, since the file counts for each host\n",
    ),
    "a name that nobody takes": (
        ["plausible://plausible.io/a.test", "--name", "engagement"],
        "reserved",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_exits_with_2_before_anything_is_sent(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["check", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_all_destinations_are_checked_though_one_fails(
    collector: CollectorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = f"http://127.0.0.1:{unused_port()}"
    lines = [line("collector", nowhere), line("plausible+http", collector.url)]
    monkeypatch.setenv("FOOTFALL_DESTINATIONS", ",".join(lines))
    assert main(["check", "--client-ip", ADDRESS]) == 1
    assert collector.store.count(EventSearch()) == 0
    assert main(["check", "--send", "--client-ip", ADDRESS]) == 1
    assert newest(collector).status == "accepted"


def test_without_a_destination_it_says_what_to_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 1
    assert "FOOTFALL_DESTINATIONS in the environment" in capsys.readouterr().out


def test_a_terminal_shows_what_fails_in_red(tmp_path: Path) -> None:
    nowhere = line("collector", f"http://127.0.0.1:{unused_port()}")
    command = [sys.executable, "-m", "footfall", "check"]
    for no_colour, count in ((None, 1), ("1", 0)):
        variables = {"FOOTFALL_DESTINATIONS": nowhere, "NO_COLOR": no_colour, "TERM": "xterm"}
        with Terminal(command, folder=tmp_path, variables=variables) as terminal:
            assert terminal.wait() == 1
        assert "Start it: `footfall collect`" in terminal.text
        assert terminal.raw.count("\x1b[31m  connection") == count


def test_pasted_headers_say_which_address_would_count(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FOOTFALL_DESTINATIONS", f"collector://127.0.0.1:{unused_port()}/a.test")
    main(["check", "-H", "X-Forwarded-For: 203.0.113.9, 198.51.100.1", "--peer", "10.0.0.1"])
    assert "\n             198.51.100.1 (auto: " in capsys.readouterr().out
