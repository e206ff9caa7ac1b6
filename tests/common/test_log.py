"""One line a minute for each kind of trouble."""

from __future__ import annotations

import logging

import pytest

from footfall.common import log
from footfall.common.log import MAX_KINDS, ThrottledLog


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_kind_is_written_once_a_minute_with_the_number_held_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    throttled = ThrottledLog(clock)
    for clock.now in (0.0, 1.0, 59.0, 61.0):
        throttled.warn("refused", "the vendor refuses")
    throttled.warn("late", "the vendor is late")
    assert [record.message for record in caplog.records] == [
        "the vendor refuses",
        "the vendor refuses (2 more like this)",
        "the vendor is late",
    ]


def test_once_means_once(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    throttled = ThrottledLog(clock)
    for clock.now in (0.0, 1e9):
        throttled.warn_once("note", "read this")
    assert len(caplog.records) == 1


def test_kinds_are_bounded() -> None:
    throttled = ThrottledLog()
    for number in range(3 * MAX_KINDS):
        throttled.warn(str(number), "trouble")
    assert len(throttled._seen) <= MAX_KINDS


def test_a_handler_that_raises_harms_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError("closed")

    monkeypatch.setattr(logging.getLogger("footfall"), "log", broken)
    log.info("hello")
    assert ThrottledLog().warn("kind", "message")


def test_an_error_is_named_by_its_class_and_place_and_never_by_its_text() -> None:
    try:
        raise ValueError("visitor 203.0.113.9")
    except ValueError as caught:
        location = log.error_location(caught)
    assert location.startswith(f"ValueError in {__file__}:")
    assert "203.0.113.9" not in location
    assert log.error_location(KeyError("never raised")) == "KeyError"


def test_each_level_has_a_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="footfall"):
        log.error("cannot work")
        log.warning("defeats itself")
        log.info("ready")
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("ERROR", "cannot work"),
        ("WARNING", "defeats itself"),
        ("INFO", "ready"),
    ]


def test_an_error_is_located_where_it_was_raised_and_not_where_it_was_caught() -> None:
    def fail() -> None:
        raise KeyError("visitor")

    try:
        fail()
    except KeyError as caught:
        location = log.error_location(caught)
    assert location == f"KeyError in {__file__}:{fail.__code__.co_firstlineno + 1}"


def test_an_event_without_a_tracker_is_warned_of_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "_process_log", ThrottledLog())
    log.warn_no_tracker()
    log.warn_no_tracker()
    [record] = caplog.records
    assert "tracker = footfall.Tracker.from_options({})" in record.message


def test_a_message_is_one_printable_line(caplog: pytest.LogCaptureFixture) -> None:
    log.warning("a\nERROR forged\r\x1b[2J\u2028b \u202e\ud800")
    assert caplog.messages == ["a ERROR forged \\x1b[2J b \\u202e\\ud800"]
