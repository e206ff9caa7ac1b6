"""Settings: checked once, all faults together, each with its remedy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from footfall.config import OPTIONS, Config
from footfall.destinations import Plausible, Webhook
from footfall.errors import ConfigError
from tests.config.faults import DSN, faults_of

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


def test_cookies_and_authorization_are_never_read() -> None:
    config = Config(destinations=[Plausible(domain="example.com")])
    assert config.request_headers.isdisjoint({"cookie", "authorization", "x-api-key"})
    assert all(name == name.lower() for name in config.request_headers)


def test_a_changed_config_is_checked_and_compiled_again() -> None:
    config = Config(destinations=DSN)
    assert config.is_active
    assert not replace(config, enabled=False).is_active
    with pytest.raises(ConfigError, match="max_queue=0"):
        replace(config, max_queue=0)


def test_a_secret_is_not_in_the_repr() -> None:
    assert "correct horse" not in repr(Config(token_secret="correct horse battery"))


def test_a_config_knows_whether_anything_leaves_the_machine() -> None:
    here = "collector://127.0.0.1:8321/example.com"
    assert Config(destinations=here).is_local_only
    assert not Config(destinations=[here, DSN]).is_local_only


SECRET = "sk_live_51H8xKJ2eZvKYlo2C"
# None of these is a value of any option.
MISPLACED = [
    f"webhook://hooks.example.com/{SECRET}",
    f"https://user:{SECRET}@example.com/x",
    f"https://user:{SECRET}/example.com",
    f"webhook:hooks.example.com/{SECRET}",
    f"redis://localhost:{SECRET}/0?stream=x",
    f"token={SECRET}",
]


def error_of(options: dict[str, Any], environ: dict[str, str]) -> str:
    try:
        Config.load(options, environ=environ)
    except ConfigError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", [*OPTIONS, "destination", "url", "webhook", "api_key"])
def test_no_error_repeats_a_secret_in_whatever_option(name: str) -> None:
    for text in MISPLACED:
        for value in (text, [text], [[text]], {"url": text}, {"a": {"password": SECRET}}):
            for options, environ in (({name: value}, {}), ({}, {f"FOOTFALL_{name.upper()}": text})):
                assert SECRET not in error_of(options, environ)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_warning_and_no_error_repeats_the_path_of_a_webhook(scheme: str) -> None:
    webhook = Webhook(f"{scheme}://hooks.example.com/{SECRET}?x={SECRET}", body=str)
    assert SECRET not in "".join(webhook.warnings)
    with pytest.raises(ConfigError) as caught:
        Config.load({"destinations": [webhook, webhook]}, environ={})
    assert "webhook:hooks.example.com" in str(caught.value)
    assert SECRET not in str(caught.value)


# Of a destination, no part of the address is shown either: the words of a webhook's are secret.
LINES = [
    "webhook://host/{}",
    "webhok://host/a/{}?x=1",
    "webhook:/host/{}",
    "webhook:host/{}",
    "webhook//host/{}",
    "https://hooks.example.com/services/T0/{}",
    "plausible://me:{}/plausible.io",
    "goatcounter://{}",
    "goatcounter//{}@x.goatcounter.com",
    "matomo://stats.example.com/{}/1",
    "matomo:{}@stats.example.com/1",
    "posthog://eu.i.posthog.com/{}",
    "clickhouse://me/{}@ch.example.com/a.b",
    "collector://127.0.0.1:{}/example.com",
    "redis://localhost:{}/0?stream=x",
    "redis://localhost/0?stream=x&pasword={}",
    "plausible://plausible.io/example.com webhook://host/{}",
]


@pytest.mark.parametrize("line", LINES)
def test_no_error_repeats_a_word_of_a_destinations_address(line: str) -> None:
    for value in (line.format("hunter2"), [line.format("hunter2")]):
        with pytest.raises(ConfigError) as caught:
            Config.load({"destinations": value}, environ={})
        assert "hunter2" not in str(caught.value)
