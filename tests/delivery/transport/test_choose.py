"""Which transport is chosen, and what is reported where one is not available."""

from __future__ import annotations

import select
import sys

import pytest

from footfall.config import Config
from footfall.delivery.transport import (
    TRANSPORT_NAMES,
    HTTPXTransport,
    MemoryTransport,
    choose,
    why_unavailable,
)
from footfall.errors import ConfigError
from footfall.tracker import Tracker

PLAUSIBLE = "plausible://plausible.io/example.com"


def test_auto_takes_libcurl_where_it_is_installed() -> None:
    assert repr(choose("auto", timeout_seconds=5)) == "CurlTransport(timeout_seconds=5)"


@pytest.fixture
def without_curl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pycurl", None)


@pytest.mark.usefixtures("without_curl")
def test_auto_takes_httpx_where_libcurl_is_missing() -> None:
    assert repr(choose("auto", timeout_seconds=5)) == "HTTPXTransport(timeout_seconds=5)"
    assert why_unavailable("auto") is None


@pytest.mark.usefixtures("without_curl")
def test_libcurl_by_name_needs_its_extra() -> None:
    with pytest.raises(
        ConfigError, match=r'transport=.curl.: run `pip install "footfall\[curl\]"`'
    ):
        Config(destinations=[PLAUSIBLE], transport="curl")


def test_a_pycurl_that_is_too_old_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    import pycurl

    monkeypatch.delattr(pycurl, "PREREQFUNCTION")
    assert isinstance(choose("auto", timeout_seconds=5), HTTPXTransport)
    with pytest.raises(ConfigError, match=r"pip install -U .*: PycURL/.* is too old"):
        Config(destinations=[PLAUSIBLE], transport="curl")


def test_where_there_is_no_poll_httpx_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(select, "poll")
    assert isinstance(choose("auto", timeout_seconds=5), HTTPXTransport)
    with pytest.raises(ConfigError, match=r'write "auto": it needs select.poll'):
        Config(destinations=[PLAUSIBLE], transport="curl")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("auto", "CurlTransport(timeout_seconds=3)"),
        ("curl", "CurlTransport(timeout_seconds=3)"),
        ("httpx", "HTTPXTransport(timeout_seconds=3)"),
    ],
)
def test_the_environment_may_choose_and_the_first_log_line_and_the_stats_show_it(
    name: str, found: str, caplog: pytest.LogCaptureFixture
) -> None:
    environ = {
        "FOOTFALL_DESTINATIONS": PLAUSIBLE,
        "FOOTFALL_TRANSPORT": name,
        "FOOTFALL_TIMEOUT_SECONDS": "3",
    }
    with caplog.at_level("INFO", "footfall"):
        tracker = Tracker.from_options({}, environ=environ)
    assert tracker.stats()["transport"] == found
    assert found in caplog.records[0].getMessage()


@pytest.mark.parametrize("choice", ["libcurl", 7, None, object()])
def test_what_cannot_send_is_no_transport(choice: object) -> None:
    with pytest.raises(ConfigError, match=r'write one of "auto", "curl", "httpx", or give'):
        Config(destinations=[PLAUSIBLE], transport=choice)  # type: ignore[arg-type]


def test_under_pytest_no_transport_sends_anything() -> None:
    for name in TRANSPORT_NAMES:
        made = Tracker(Config.load({"destinations": [PLAUSIBLE], "transport": name}))
        assert isinstance(made.transport, MemoryTransport)
