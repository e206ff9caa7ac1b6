"""What is checked of each option by itself, by its kind."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from footfall.config import OPTIONS, Config
from footfall.config.validate import validate
from footfall.delivery import outbox
from footfall.delivery.transport import MemoryTransport

DEFAULTS = {name: getattr(Config(), name) for name in OPTIONS}


def remedies(**values: Any) -> list[str]:
    return [fault.remedy for fault in validate(DEFAULTS | values, OPTIONS.values())]


def test_the_defaults_have_no_fault() -> None:
    assert remedies() == []


@pytest.mark.parametrize(
    "values",
    [
        {"track_localhost": None},
        {"track_localhost": False},
        {"anonymize_ip": "truncate"},
        {"is_bot": bool},
        {"sample_rate": 0},
        {"sample_rate": 0.25},
        {"max_age_seconds": None},
        {"max_age_seconds": 1800},
        {"outbox": Path("outbox.db")},
        {"token_secret": "sixteen letters."},
    ],
    ids=repr,
)
def test_right_values_have_no_fault(values: dict[str, Any]) -> None:
    assert remedies(**values) == []


@pytest.mark.parametrize(
    ("values", "remedy"),
    [
        ({"debug": 1}, "write True or False"),
        ({"debug": None}, "write True or False"),
        ({"track_localhost": "auto"}, "write True, False or None"),
        ({"anonymize_ip": True}, "write False or 'truncate'"),
        ({"outbox_mode": "twice"}, "write 'at_most_once' or 'at_least_once'"),
        ({"is_bot": "GPTBot"}, "give a function, or leave it out"),
        ({"sample_rate": 1.1}, "write a number from 0 to 1"),
        ({"sample_rate": True}, "write a number from 0 to 1"),
        ({"sample_rate": None}, "write a number from 0 to 1"),
        ({"timeout_seconds": 0}, "write a number from 0.1 to 60"),
        ({"max_queue": 1e3}, "write a whole number from 1 to 1000000"),
        ({"max_connections": 0}, "write a whole number from 1 to 64"),
        ({"outbox": ""}, "write the path of a file, such as /var/lib/app/outbox.db"),
        (
            {"outbox": "outbox.db", "mode": "sync"},
            'goes with mode="thread": "sync" leaves nothing to keep',
        ),
        (
            {"transport": "carrier pigeon"},
            'write one of "auto", "curl", "httpx", or give an object with send(request)',
        ),
        ({"token_secret": "short"}, "write a random text of 16 characters or more"),
    ],
    ids=repr,
)
def test_a_wrong_value_has_a_remedy(values: dict[str, Any], remedy: str) -> None:
    assert remedies(**values) == [remedy]


def test_a_secret_is_not_shown() -> None:
    [fault] = validate(DEFAULTS | {"token_secret": "short"}, OPTIONS.values())
    assert fault.value == "(hidden)"


def test_what_is_checked_when_it_is_compiled_is_left_alone() -> None:
    assert remedies(client_ip="X-Real-IP", path_mode="template") == []


def test_an_outbox_needs_file_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "IS_POSSIBLE", False)
    assert remedies(outbox="outbox.db") == ["needs file locks that this system does not have"]


def test_a_transport_whose_package_is_missing_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pycurl", None)
    [remedy] = remedies(transport="curl")
    assert 'pip install "footfall[curl]"' in remedy


def test_an_object_with_send_is_a_transport() -> None:
    assert remedies(transport=MemoryTransport()) == []
