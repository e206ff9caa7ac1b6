"""The option of the complement."""

from __future__ import annotations

from typing import Any

import pytest

from footfall.config import Config
from footfall.errors import ConfigError
from tests.support.adapters import PLAUSIBLE


def loaded(given: dict[str, Any], **environ: str) -> Config:
    return Config.load({"destinations": [PLAUSIBLE], **given}, environ=environ)


def test_there_is_none_by_default() -> None:
    assert loaded({}).complement_options is None


@pytest.mark.parametrize("path", ["/_stats", "_stats/", " /_stats "])
def test_its_path_has_one_spelling(path: str) -> None:
    for config in (loaded({"complement": path}), loaded({}, FOOTFALL_COMPLEMENT=path)):
        assert config.complement_options is not None
        assert config.complement_options.path == "/_stats"


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"complement": "/"}, "complement='/': write a path such as \"/_stats\""),
    ({"complement": ""}, "complement='': write a path"),
    ({"complement": True}, "complement=True: write a path"),
    ({"complement": "/a b"}, "complement='/a b': write a path such as /stats, of letters"),
    (
        {"complement": "/stats", "dashboard": "/stats/"},
        "complement='/stats': is not to be one path with the dashboard, /stats, nor below it",
    ),
    ({"complement": "/stats/c", "dashboard": "/stats"}, "nor below it or above it"),
    ({"complement": "/a", "dashboard": "/a/stats"}, "nor below it or above it"),
    ({"complement": "/a", "path_mode": "route"}, 'leave path_mode at "path"'),
]


@pytest.mark.parametrize(("given", "fault"), FAULTS)
def test_what_cannot_work_is_a_fault(given: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError) as raised:
        loaded(given)
    assert fault in str(raised.value)


def test_a_dashboard_that_cannot_work_is_a_fault_of_its_own() -> None:
    with pytest.raises(ConfigError) as raised:
        loaded({"complement": "/_stats", "dashboard": "/a b"})
    assert {fault.option for fault in raised.value.faults} == {"dashboard"}
