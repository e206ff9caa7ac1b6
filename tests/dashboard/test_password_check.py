"""HTTP's basic authentication, with few guesses."""

from __future__ import annotations

import base64

import pytest

from footfall.common.password_hash import PasswordHash
from footfall.dashboard.password_check import PasswordCheck, Verdict
from tests.dashboard.support import CHEAP_HASH, basic

RIGHT = basic("ada", "secret")


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def check(clock: Clock) -> PasswordCheck:
    return PasswordCheck("ada", PasswordHash(CHEAP_HASH), clock)


def test_user_and_password_have_to_be_right(check: PasswordCheck) -> None:
    assert check.verdict(RIGHT) is Verdict.RIGHT
    assert check.verdict(RIGHT.replace("Basic", "bAsIc")) is Verdict.RIGHT
    for wrong in (basic("ada", "secre"), basic("Ada", "secret"), basic("", "")):
        assert check.verdict(wrong) is Verdict.WRONG


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic !",
        "Basic é",
        f"Bearer {RIGHT[6:]}",
        "Basic " + base64.b64encode(b"ada").decode(),
        "Basic " + base64.b64encode(b"ada:" + b"x" * 2_000).decode(),
    ],
)
def test_what_is_no_guess_costs_nothing(check: PasswordCheck, header: str) -> None:
    for _ in range(20):
        assert check.verdict(header) is Verdict.WRONG
    assert check.verdict(RIGHT) is Verdict.RIGHT


def test_wrong_guesses_are_few(check: PasswordCheck, clock: Clock) -> None:
    verdicts = [check.verdict(basic("ada", str(number))) for number in range(20)]
    assert verdicts == [Verdict.WRONG] * 5 + [Verdict.TOO_MANY] * 15
    assert check.verdict(RIGHT) is Verdict.TOO_MANY, "nobody is told by the time"
    clock.now += 5
    assert check.verdict(basic("ada", "x")) is Verdict.WRONG
    assert check.verdict(basic("ada", "y")) is Verdict.TOO_MANY
    clock.now += 3_600
    verdicts = [check.verdict(basic("ada", str(number))) for number in range(6)]
    assert verdicts == [Verdict.WRONG] * 5 + [Verdict.TOO_MANY]


def test_who_is_in_stays_in(check: PasswordCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check.verdict(RIGHT) is Verdict.RIGHT
    for number in range(20):
        check.verdict(basic("ada", str(number)))
    monkeypatch.setattr(PasswordHash, "matches", lambda *_: pytest.fail("it was hashed again"))
    assert check.verdict(RIGHT) is Verdict.RIGHT
