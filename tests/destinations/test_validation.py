"""The checks of options that every destination shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from footfall.destinations import Plausible, _validation
from footfall.errors import ConfigError


@dataclass(frozen=True)
class Switches:
    """A frozen object with two options."""

    first: object
    second: object


@pytest.mark.parametrize(
    ("options", "faults"),
    [
        pytest.param(
            {"endpoint": None},
            [("endpoint", "write a URL like https://stats.example.com")],
            id="no endpoint",
        ),
        pytest.param(
            {"endpoint": "stats.example.com"},
            [("endpoint", "write the whole URL: https://stats.example.com")],
            id="no scheme",
        ),
        pytest.param(
            {"endpoint": "https://köln.example"},
            [("endpoint", "write plain ASCII without spaces (the host as xn--…)")],
            id="not ASCII",
        ),
        pytest.param(
            {"endpoint": "https://stats.example.com:x"},
            [("endpoint", "is not a URL: look at its host and its port")],
            id="not a port",
        ),
        pytest.param(
            {"endpoint": "ftp://stats.example.com?key=1"},
            [
                ("endpoint", "the scheme must be https (or http on a network of your own)"),
                ("endpoint", "leave out everything after ? and #"),
            ],
            id="two faults of one URL",
        ),
        pytest.param(
            {"endpoint": "https:///api/event"},
            [("endpoint", "the host is missing or not a host name")],
            id="no host",
        ),
        pytest.param(
            {"endpoint": "https://stats.example.com//api/event#top"},
            [
                ("endpoint", "leave out everything after ? and #"),
                ("endpoint", "write one slash where there are two"),
            ],
            id="slashes and a fragment",
        ),
        pytest.param(
            {"endpoint": "https://stats.example.com:8443/js/script.js"},
            [
                (
                    "endpoint",
                    "that is the browser's script: write https://stats.example.com:8443",
                )
            ],
            id="the script of the snippet",
        ),
    ],
)
def test_an_endpoint_that_cannot_work_is_refused_with_a_remedy(
    options: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    with pytest.raises(ConfigError) as caught:
        Plausible(**{"domain": "example.com"} | options)

    assert [(fault.option, fault.remedy) for fault in caught.value.faults] == faults


@pytest.mark.parametrize(
    ("given", "checked"),
    [
        ("https://A.example", "https://a.example/log"),
        ("https://a.example/base/", "https://a.example/base/log"),
        ("https://a.example/log", "https://a.example/log"),
        ("https://a.example/log/custom", "https://a.example/log"),
        ("https://a.example/custom", "https://a.example/custom/log"),
    ],
)
def test_the_path_of_the_endpoint_is_added_where_it_is_missing(given: str, checked: str) -> None:
    assert _validation.endpoint_at("/log", "/custom")("endpoint", given) == checked


def test_a_full_url_keeps_its_path_and_its_query() -> None:
    url = "https://a.example/hook.js?key=1"
    assert _validation.full_url("url", f" {url} ") == url


def test_every_option_is_replaced_by_what_its_check_returns() -> None:
    switches = Switches(first=True, second="x")
    _validation.validate_options(switches, second=lambda option, value: f"{option}={value}")
    assert switches == Switches(first=True, second="second=x")


def test_the_faults_of_all_options_are_raised_together() -> None:
    switches = Switches(first="false", second=1)
    with pytest.raises(ConfigError) as caught:
        _validation.validate_options(
            switches, first=_validation.boolean, second=_validation.boolean
        )
    assert [fault.option for fault in caught.value.faults] == ["first", "second"]
    assert switches == Switches(first="false", second=1)


@pytest.mark.parametrize("value", ["a", " 0aZ._~+/-== ", "33dc3f2536d3025974cccb4b4d2d98f4"])
def test_a_token_has_the_characters_that_every_part_of_a_request_carries(value: str) -> None:
    assert _validation.required_token("write one")("token", value) == value.strip()


@pytest.mark.parametrize(
    "value", ["", " ", None, 7, "=a", "a b", "a\nb", 'a"b', "a\\b", "é"], ids=repr
)
def test_any_other_token_is_refused_and_not_repeated(value: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        _validation.required_token("write one")("token", value)

    assert [(*fault,) for fault in caught.value.faults] == [("token", "(hidden)", "write one")]


@pytest.mark.parametrize(
    ("url", "host"), [("https://A.example:8443/", "a.example"), ("http://[::1]", "::1"), ("x", "")]
)
def test_the_host_of_a_url_is_in_lower_case_without_port(url: str, host: str) -> None:
    assert _validation.host_of(url) == host
