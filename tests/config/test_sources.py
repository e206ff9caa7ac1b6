"""Options as people write them: in a settings mapping, and as `FOOTFALL_*` in the environment."""

from __future__ import annotations

from typing import Any

import pytest

from footfall.config import Config, as_options, overruled, under_pytest
from footfall.errors import ConfigError
from footfall.model import Hit
from tests.config.faults import DSN, faults_of

ENVIRONMENT = {
    "destinations": ("FOOTFALL_DESTINATIONS", f"{DSN},swetrix://api.swetrix.com/aUn1quEid123"),
    "a switch": ("FOOTFALL_ENABLED", "0"),
    "a number": ("FOOTFALL_MAX_AGE_SECONDS", "30"),
    "a whole number": ("FOOTFALL_MAX_QUEUE", "500"),
    "globs": ("FOOTFALL_EXCLUDE", "/admin/**,/api/**"),
    "a count of proxies": ("FOOTFALL_TRUSTED_PROXIES", "2"),
    "names": ("FOOTFALL_KEEP_QUERY", "page, sort"),
    "no anonymising": ("FOOTFALL_ANONYMIZE_IP", "off"),
    "localhost": ("FOOTFALL_TRACK_LOCALHOST", "true"),
}


def test_the_environment_fills_what_the_options_leave_out() -> None:
    config = Config.load({"max_queue": 7}, environ=dict(ENVIRONMENT.values()))
    assert [place.name for place in config.all_destinations] == [
        "plausible:example.com",
        "swetrix:aUn1quEid123@api.swetrix.com",
    ]
    assert (config.enabled, config.max_age_seconds, config.max_queue) == (False, 30.0, 7)
    assert config.path_rules.excluded_by(Hit(path="/api/x")) == "exclude /api/**"
    assert config.resolver.source == "2 proxies"
    assert config.url_options.keep_query == frozenset({"page", "sort"})
    assert config.pageview_options.track_localhost is True
    assert not config.is_active


@pytest.mark.parametrize(
    ("name", "text", "remedy"),
    [
        ("FOOTFALL_DESTINATION", DSN, "did you mean FOOTFALL_DESTINATIONS?"),
        ("FOOTFALL_DESTINATIONS", "plausible.io", "plausible://plausible.io/example.com"),
        ("FOOTFALL_DOMAIN", "example.com", "FOOTFALL_DESTINATIONS=plausible://"),
        ("FOOTFALL_COLOUR", "blue", "the options are destinations, enabled"),
        ("FOOTFALL_ENABLED", "perhaps", "1 or 0"),
        ("FOOTFALL_MAX_QUEUE", "many", "number"),
        ("FOOTFALL_MAX_QUEUE", "1.5", "a whole number"),
        ("FOOTFALL_MAX_QUEUE", "0", "1 to 1000000"),
        ("FOOTFALL_BEFORE_SEND", "module:function", "no such option in the environment"),
        ("FOOTFALL_TOKEN_SECRET", "short", "16 characters"),
    ],
)
def test_a_wrong_variable_is_named_with_its_remedy(name: str, text: str, remedy: str) -> None:
    found = faults_of({}, {name: text})
    assert list(found) == [name]
    assert remedy in found[name]


def test_an_empty_variable_is_none() -> None:
    assert Config.load({}, environ={"FOOTFALL_DESTINATIONS": "  "}).all_destinations == ()


def test_a_fault_says_where_the_option_stands() -> None:
    with pytest.raises(ConfigError, match=r"settings\.FOOTFALL bot="):
        Config.load({"bot": "skip"}, environ={}, origin="settings.FOOTFALL ")


def test_every_fault_says_where_its_option_stands() -> None:
    options = {"max_queue": 0, "exclude": "admin", "bot": "skip"}
    environ = {"FOOTFALL_BOTS": "never", "FOOTFALL_TRUSTED_PROXIES": "cloudfare"}
    with pytest.raises(ConfigError) as caught:
        Config.load(options, environ=environ, origin="FOOTFALL ")
    assert {fault.option for fault in caught.value.faults} == {
        "FOOTFALL max_queue",
        "FOOTFALL exclude",
        "FOOTFALL bot",
        "FOOTFALL_BOTS",
        "FOOTFALL_TRUSTED_PROXIES",
    }


@pytest.mark.parametrize("name", ["token_secrt", "tokensecrt", "tokn", "api_key", "password"])
def test_what_may_be_a_secret_is_not_shown_however_it_is_spelled(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Config.load({name: "hunter2"}, environ={f"FOOTFALL_{name.upper()}": "hunter2"})
    assert str(caught.value).count("(hidden)") == 2
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("settings", [DSN, [DSN], 5])
def test_settings_that_are_no_dict_are_a_fault(settings: object) -> None:
    with pytest.raises(ConfigError, match="write a dict, such as"):
        as_options(settings)


OVERRULED: dict[str, tuple[Any, bool]] = {
    "another destination": ("plausible://plausible.io/example.org", True),
    "the same": (DSN, False),
    "the same in a list": ([DSN], False),
    "none": ((), True),
}


@pytest.mark.parametrize(("said", "is_overruled"), OVERRULED.values(), ids=OVERRULED.keys())
def test_a_variable_without_effect_is_known(said: Any, is_overruled: bool) -> None:
    environ = {"FOOTFALL_DESTINATIONS": DSN, "FOOTFALL_MAX_QUEUE": "10", "PATH": "/bin"}
    assert overruled({"destinations": said, "max_queue": 10}, environ) == (
        ["FOOTFALL_DESTINATIONS"] if is_overruled else []
    )


def test_what_the_app_sets_may_be_overridden() -> None:
    environ = {
        "FOOTFALL_OVERRIDE": "Destinations, enabled, sample_rate",
        "FOOTFALL_DESTINATIONS": DSN,
        "FOOTFALL_ENABLED": "1",
        "FOOTFALL_MAX_QUEUE": "10",
    }
    given = {"destinations": [], "enabled": False, "max_queue": 20, "sample_rate": 0.5}
    config = Config.load(given, environ=environ)
    assert (len(config.all_destinations), config.enabled, config.max_queue) == (1, True, 20)
    assert config.sample_rate == 1.0
    assert overruled(given, environ) == ["FOOTFALL_MAX_QUEUE"]


def test_a_variable_that_cannot_be_read_has_no_effect_either() -> None:
    assert overruled({"max_queue": 10}, {"FOOTFALL_MAX_QUEUE": "many"}) == ["FOOTFALL_MAX_QUEUE"]


def test_the_variables_of_a_kubernetes_service_of_our_name_are_not_ours() -> None:
    injected = {
        "FOOTFALL_SERVICE_HOST": "10.0.0.1",
        "FOOTFALL_SERVICE_PORT_HTTP": "8321",
        "FOOTFALL_PORT": "tcp://10.0.0.1:8321",
        "FOOTFALL_PORT_8321_TCP_ADDR": "10.0.0.1",
    }
    assert Config.load({}, environ=injected).all_destinations == ()


def test_the_variables_of_the_collector_are_its_own() -> None:
    environ = {"FOOTFALL_COLLECTOR_TOKEN": "s3cret", "FOOTFALL_COLLECTOR_ROOT_PATH": "/stats"}
    assert Config.load({}, environ=environ).all_destinations == ()


def test_a_function_in_a_mapping_is_taken_and_in_the_environment_is_not() -> None:
    config = Config.load({"client_ip": lambda headers, peer: peer}, environ={})
    assert config.resolver.asks_function
    assert "it is a function" in faults_of({}, {"FOOTFALL_CLIENT_IP": "x"})["FOOTFALL_CLIENT_IP"]


def test_settings_are_read_whatever_their_case() -> None:
    assert as_options({"MAX_QUEUE": 7, "bots": "count"}) == {"max_queue": 7, "bots": "count"}


def test_pytest_is_known_by_its_variable() -> None:
    assert under_pytest({"PYTEST_VERSION": "9.0"})
    assert not under_pytest({})
