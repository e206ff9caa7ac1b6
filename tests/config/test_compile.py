"""What the options are compiled into."""

from __future__ import annotations

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
