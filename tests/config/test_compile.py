"""What the options are compiled into."""

from __future__ import annotations

import re
from typing import Any

import pytest

from footfall.config import Config
from footfall.errors import ConfigError
from footfall.model import Hit
from tests.config.faults import DSN


@pytest.mark.parametrize(
    ("destinations", "counts_localhost"),
    [
        ("collector://127.0.0.1:8321/example.com", True),
        ("plausible://plausible.io/example.com", False),
        (f"collector://127.0.0.1:8321/example.com,{DSN}", False),
        ((), False),
    ],
    ids=["collector here", "vendor", "both", "none"],
)
def test_localhost_counts_by_itself_where_nothing_leaves_the_machine(
    destinations: Any, counts_localhost: bool
) -> None:
    config = Config.load({"destinations": destinations}, environ={})
    assert config.pageview_options.track_localhost is counts_localhost


def test_download_extensions_can_be_chosen() -> None:
    config = Config.load({}, environ={"FOOTFALL_DOWNLOAD_EXTENSIONS": ".PDF, epub"})
    assert config.pageview_options.download_extensions == {"pdf", "epub"}
    assert "zip" in Config().pageview_options.download_extensions


def _is_k(segment: str) -> bool:
    return segment == "k"


@pytest.mark.parametrize(
    ("given", "environ", "expected"),
    [
        pytest.param({}, {}, True, id="the default"),
        pytest.param({}, {"FOOTFALL_HIDE_PATH_SECRETS": "off"}, False, id="off by a variable"),
        pytest.param({}, {"FOOTFALL_HIDE_PATH_SECRETS": "1"}, True, id="on by a variable"),
        pytest.param({"hide_path_secrets": False}, {}, False, id="off"),
        pytest.param({"hide_path_secrets": _is_k}, {}, _is_k, id="a function"),
        pytest.param(
            {"hide_path_secrets": ["K-[0-9]+"]}, {}, (re.compile("K-[0-9]+"),), id="a regex"
        ),
    ],
)
def test_the_site_owner_says_what_a_path_hides(
    given: dict[str, Any], environ: dict[str, str], expected: object
) -> None:
    assert Config.load(given, environ=environ).url_options.hide_path_secrets == expected


@pytest.mark.parametrize("value", ["K-[0-9]+", ["("], [], 5, None, [5]])
def test_what_cannot_hide_is_refused(value: Any) -> None:
    with pytest.raises(ConfigError, match="give a list of regexes, or a function"):
        Config(hide_path_secrets=value)


def test_default_excludes_can_be_switched_off() -> None:
    hit = Hit(path="/accounts/reset/MQ/set-password/")
    assert Config().path_rules.excluded_by(hit)
    assert not Config(default_exclude=False).path_rules.excluded_by(hit)


@pytest.mark.parametrize(
    ("options", "seconds"),
    [({}, 60), ({"outbox": "outbox.db"}, 300), ({"outbox": "outbox.db", "max_age_seconds": 7}, 7)],
    ids=["in memory", "outbox", "given"],
)
def test_events_may_grow_older_in_an_outbox(options: dict[str, Any], seconds: float) -> None:
    assert Config(**options).limits.max_age_seconds == seconds


@pytest.mark.parametrize(("options", "seconds"), [({}, 3600), ({"max_age_seconds": 7}, 7)])
def test_a_limit_of_the_site_owners_is_that_of_late_events_too(
    options: dict[str, Any], seconds: float
) -> None:
    assert Config(**options).limits.late_max_age_seconds == seconds


def test_a_star_keeps_the_whole_query() -> None:
    assert Config(keep_query="*").url_options.keep_query == "*"


@pytest.mark.parametrize("value", [" * ", ["*"], "*,page"], ids=["spaces", "list", "and a name"])
def test_a_star_that_is_not_alone_is_a_fault(value: Any) -> None:
    with pytest.raises(ConfigError, match="and no other name"):
        Config(keep_query=value)
