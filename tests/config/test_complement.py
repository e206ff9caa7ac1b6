"""The option of the complement."""

from __future__ import annotations

from typing import Any

import pytest

from footfall.config import Config
from footfall.destinations import Queue
from footfall.errors import ConfigError
from footfall.tracker import Tracker
from footfall.tracker.setup_checks import doubtful
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
    (
        {"complement_engagement": True},
        'complement_engagement=True: needs the option complement, such as complement="/_stats"',
    ),
    ({"complement": "/a", "complement_engagement": "perhaps"}, "complement_engagement='perhaps'"),
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


SWETRIX = "swetrix://api.swetrix.com/aUn1quEid-33"


BEATING = f"{SWETRIX}?heartbeats=1"
UMAMI = "umami://cloud.umami.is/b2b8d3a4-1111-4222-8333-444455556666"


@pytest.mark.parametrize(
    ("part", "destinations", "warnings"),
    [
        ("engagement", [PLAUSIBLE], 0),
        ("engagement", [SWETRIX, "sqlite:///a.sqlite3"], 0),
        ("engagement", [Queue(put=print, engagement=True)], 0),
        ("engagement", [], 0),
        ("engagement", [SWETRIX], 1),
        ("engagement", [Queue(put=print)], 1),
        ("heartbeat", [PLAUSIBLE, BEATING], 0),
        ("heartbeat", [Queue(put=print, heartbeats=True)], 0),
        ("heartbeat", [PLAUSIBLE, SWETRIX], 1),
        ("window", [UMAMI, SWETRIX], 0),
        ("window", [UMAMI], 1),
    ],
    ids=str,
)
def test_a_part_that_nobody_takes_is_warned_of(part: str, destinations: Any, warnings: int) -> None:
    option = f"complement_{part}"
    config = loaded({"complement": "/_stats", option: True, "destinations": destinations})
    assert config.complement_options is not None
    assert config.complement_options.parts == {part}
    found = config.complement_options.warnings
    assert len(found) == warnings
    assert all(text.startswith(f"{option} has no effect: ") for text in found)
    shown = [each.text for each in doubtful(config)]
    assert [text for text in shown if text in found] == list(found)


def test_the_warning_is_logged_at_the_start(caplog: pytest.LogCaptureFixture) -> None:
    options = {"complement": "/_stats", "complement_engagement": True, "destinations": [SWETRIX]}
    Tracker(loaded(options), environ={})
    assert "complement_engagement has no effect" in caplog.text
