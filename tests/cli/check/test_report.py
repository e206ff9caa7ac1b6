"""What is found, as lines and as JSON."""

from __future__ import annotations

import json

import pytest

from footfall.cli.check.report import CheckReport
from tests.support.json_schemas import validate

ADDRESS = {
    "behind": "nginx",
    "ok": True,
    "answer": "203.0.113.7",
    "source": "auto",
    "reason": "it is the first",
    "remedy": "",
}


def fill(report: CheckReport) -> bool:
    report.begin_settings("the app shop:app")
    report.finding("W011", "a site is misspelt", "Write the other.")
    report.begin_destination("plausible:a.test", "https://a.test/api/event")
    report.step("DNS", "a.test is 203.0.113.1")
    report.step("TLS", "no \x1b[31mTLS", is_ok=False, remedy="Write +http.")
    report.setup("CREATE TABLE a\n(\n    id\n)")
    report.client_ip(ADDRESS, "203.0.113.7\n  chosen  203.0.113.7")
    return report.end()


def test_lines_say_what_is_wrong_and_what_to_change(capsys: pytest.CaptureFixture[str]) -> None:
    assert not fill(CheckReport(is_json=False))
    assert capsys.readouterr().out.splitlines() == [
        "Settings: the app shop:app",
        "  W011       a site is misspelt",
        "             Write the other.",
        "plausible:a.test at https://a.test/api/event",
        "  DNS        a.test is 203.0.113.1",
        "  TLS        no \\x1b[31mTLS",
        "             Write +http.",
        "CREATE TABLE a",
        "(",
        "    id",
        ")",
        "Visitor's address",
        "             203.0.113.7",
        "               chosen  203.0.113.7",
    ]


def test_where_nothing_is_wrong_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    report = CheckReport(is_json=False)
    report.begin_settings("the app shop:app")
    assert report.end()
    assert capsys.readouterr().out.splitlines()[-1] == "All is well."


def test_json_has_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert not fill(CheckReport(is_json=True))
    found = json.loads(capsys.readouterr().out)
    validate("check", found)
    assert (found["version"], found["ok"], found["settings"]) == (1, False, "the app shop:app")
    assert found["findings"][0]["remedy"] == "Write the other."
    steps = found["destinations"][0]["steps"]
    assert [(step["name"], step["ok"]) for step in steps] == [
        ("DNS", True),
        ("TLS", False),
        ("set-up", False),
    ]
    assert found["client_ip"] == ADDRESS


def test_all_is_well_until_something_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    report = CheckReport(is_json=False)
    report.begin_settings("the environment")
    assert report.end()
