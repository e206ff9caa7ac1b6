"""Log lines as JSON."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from footfall.common.json_log import JSONFormatter


@pytest.fixture
def logged() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """A logger, and what it has written."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(JSONFormatter())
    logger = logging.getLogger("some.name")
    logger.addHandler(handler)
    yield logger, text
    logger.removeHandler(handler)


def only_line(text: io.StringIO) -> dict[str, Any]:
    (line,) = text.getvalue().splitlines()
    parsed: dict[str, Any] = json.loads(line)
    return parsed


def test_a_line_has_time_level_logger_and_message(
    logged: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, text = logged
    record = logger.makeRecord("some.name", logging.WARNING, "x.py", 1, "%d of\n%s", (3, "é"), None)
    record.created = 1_764_426_096.1234
    logger.handle(record)
    assert only_line(text) == {
        "time": "2025-11-29T14:21:36.123+00:00",
        "level": "warning",
        "logger": "some.name",
        "message": "3 of\né",
    }
    assert text.getvalue().isascii()


def test_an_exception_is_on_the_same_line(logged: tuple[logging.Logger, io.StringIO]) -> None:
    logger, text = logged
    try:
        raise LookupError("a\nb")
    except LookupError:
        logger.exception("failed", stack_info=True)
    line = only_line(text)
    assert line["exception"].startswith("Traceback (most recent call last):\n")
    assert line["exception"].endswith("LookupError: a\nb")
    assert "test_json_log.py" in line["stack"]


def test_fields_are_added_and_cannot_replace_others(
    logged: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, text = logged
    fields = {"limits": {"bytes": 5}, "file": Path("/x"), "level": "none", "color_message": "x"}
    logger.error("failed", extra=fields)
    line = only_line(text)
    assert (line["limits"], line["file"], line["level"]) == ({"bytes": 5}, "/x", "error")
    assert line.keys() == {"time", "level", "logger", "message", "limits", "file"}
