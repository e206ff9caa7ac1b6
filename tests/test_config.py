"""Settings: checked once, all faults together, each with its remedy."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_type_hints

import pytest

from footfall.config import Config, Options, as_options, overruled
from footfall.destinations import Plausible
from footfall.errors import ConfigError
from footfall.model import Hit

DSN = "plausible://plausible.io/example.com"


def faults_of(options: dict[str, Any], environ: dict[str, str] | None = None) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        Config.load(options, environ=environ or {})
    return {fault.option: fault.remedy for fault in caught.value.faults}


def test_every_option_is_a_typed_keyword_of_the_adapters() -> None:
    options = [f.name for f in fields(Config) if f.init]
    assert list(get_type_hints(Options)) == options


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "a misspelt option": ({"trusted_proxy": "auto"}, "trusted_proxy", "trusted_proxies"),
    "an unknown destination": ({"destinations": "plausble://x/y.org"}, "destinations", "plausible"),
    "a destination twice": ({"destinations": [DSN, DSN]}, "destinations", "counted twice"),
    "another separator": ({"destinations": f"{DSN}; {DSN}"}, "destinations", "by commas"),
    "a space between": ({"destinations": f"{DSN} {DSN}"}, "destinations", "by commas"),
    "a network": ({"trusted_proxies": ["10.0.0.1/8"]}, "trusted_proxies", "10.0.0.0/8"),
    "an exclude without slash": ({"exclude": ["admin/*"]}, "exclude", "/admin/*"),
    "an extension": ({"download_extensions": ["pdf", "tar.gz"]}, "download_extensions", "endings"),
    "a mode": ({"prefetch": "never"}, "prefetch", "'skip'"),
    "a switch": ({"track_404": "yes"}, "track_404", "True or False"),
    "a number": ({"max_age_seconds": 7200}, "max_age_seconds", "1 to 1800"),
    "a number that is a switch": ({"max_queue": True}, "max_queue", "1 to 1000000"),
    "a part of a number": ({"max_connections": 2.5}, "max_connections", "a whole number"),
    "a function": ({"before_send": "drop"}, "before_send", "function"),
    "a transport": ({"transport": "libcurl"}, "transport", "send"),
    "a short secret": ({"token_secret": "too short"}, "token_secret", "16 characters or more"),
    "a secret that is none": ({"token_secret": 7}, "token_secret", "16 characters or more"),
    "a base URL": ({"base_url": "example.com/shop"}, "base_url", "https://example.com"),
    "localhost": ({"track_localhost": "auto"}, "track_localhost", "None"),
    "no names of parameters": ({"keep_query": None}, "keep_query", "names of parameters"),
    "a number among them": ({"keep_query": ["page", 5]}, "keep_query", "names of parameters"),
    "no extensions": ({"download_extensions": 5}, "download_extensions", "endings"),
    "a mapping of destinations": ({"destinations": {"plausible": "x"}}, "destinations", "a line"),
    "a part of a destination": ({"domain": "example.com"}, "domain", 'destinations=["plausible:'),
}


@pytest.mark.parametrize(("options", "option", "remedy"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_option_is_named_with_its_remedy(
    options: dict[str, Any], option: str, remedy: str
) -> None:
    found = faults_of(options)
    assert list(found) == [option]
    assert remedy in found[option]


def test_all_faults_are_raised_together() -> None:
    options = {key: value for wrong, *_ in WRONG.values() for key, value in wrong.items()}
    assert len(options) > 15
    assert set(faults_of(options)) == set(options)


def test_the_message_lists_each_fault_on_a_line_of_its_own() -> None:
    with pytest.raises(ConfigError) as caught:
        Config.load({"prefetch": "never", "bots": "never"}, environ={})
    head, *lines = str(caught.value).splitlines()
    assert head == "footfall cannot start, 2 settings are wrong:"
    assert [line.strip()[:14] for line in lines] == ["- prefetch='ne", "- bots='never'"]


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


@pytest.mark.parametrize("name", ["token_secrt", "api_key", "password"])
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


def test_a_variable_that_cannot_be_read_has_no_effect_either() -> None:
    assert overruled({"max_queue": 10}, {"FOOTFALL_MAX_QUEUE": "many"}) == ["FOOTFALL_MAX_QUEUE"]


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


def test_download_extensions_are_the_owners_to_choose() -> None:
    config = Config.load({}, environ={"FOOTFALL_DOWNLOAD_EXTENSIONS": ".PDF, epub"})
    assert config.pageview_options.download_extensions == {"pdf", "epub"}
    assert "zip" in Config().pageview_options.download_extensions


def test_default_excludes_can_be_switched_off() -> None:
    hit = Hit(path="/accounts/reset/MQ/set-password/")
    assert Config().path_rules.excluded_by(hit)
    assert not Config(default_exclude=False).path_rules.excluded_by(hit)


def test_cookies_and_authorization_are_never_looked_at() -> None:
    config = Config(destinations=[Plausible(domain="example.com")])
    assert config.request_headers.isdisjoint({"cookie", "authorization", "x-api-key"})
    assert all(name == name.lower() for name in config.request_headers)


def test_the_variables_of_a_kubernetes_service_of_our_name_are_not_ours() -> None:
    injected = {
        "FOOTFALL_SERVICE_HOST": "10.0.0.1",
        "FOOTFALL_SERVICE_PORT_HTTP": "8321",
        "FOOTFALL_PORT": "tcp://10.0.0.1:8321",
        "FOOTFALL_PORT_8321_TCP_ADDR": "10.0.0.1",
    }
    assert Config.load({}, environ=injected).all_destinations == ()
