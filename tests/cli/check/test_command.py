"""`footfall check` as a command: its destinations, its exit codes, and wrong usage."""

from __future__ import annotations

import pytest

from footfall.cli import main
from footfall.collector import CollectorServer
from tests.cli.check.common import ADDRESS, line, newest
from tests.support.vendors import unused_port

MISTAKES = {
    "no destination": ([], "or set FOOTFALL_DESTINATIONS"),
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
    assert newest(collector).status == "accepted"
