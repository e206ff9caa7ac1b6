"""The command that prints the value of `dashboard_password`."""

from __future__ import annotations

import getpass
import io
import sys

import pytest

from footfall.dashboard.password import main


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "footfall.dashboard.password.hash_password", lambda password: f"<{password.decode()}>"
    )


def test_a_password_comes_through_a_pipe(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("a secret\r\nmore\n"))
    assert main(["ada"]) == 0
    assert capsys.readouterr().out == "ada:<a secret>\n"


def test_or_is_typed_unseen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(getpass, "getpass", lambda _: "typed")
    assert main(["ada"]) == 0
    assert capsys.readouterr().out == "ada:<typed>\n"


@pytest.mark.parametrize("arguments", [[], [""], ["a:b"], ["a", "b"]])
def test_wrong_usage_is_explained(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "usage: python -m footfall.dashboard.password USER" in capsys.readouterr().err


def test_an_empty_password_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    assert main(["ada"]) == 1
    assert "empty" in capsys.readouterr().err
