"""The client: settings, keys, health and debug requests."""

from __future__ import annotations

import logging

import pytest

import footfall.plausible_api
from footfall.collector import CollectorServer
from footfall.collector.storage.stored_events import EventSearch
from footfall.errors import ConfigError
from footfall.plausible_api import (
    APIError,
    AuthorizationError,
    PlausibleAPI,
    RequestError,
    ServerError,
)
from tests.plausible_api.support import KEY, SITE, SITES_KEY, responding
from tests.support.vendors import vendor


def test_a_collector_is_well(api: PlausibleAPI) -> None:
    health = api.health()
    assert health.is_well
    assert set(health.parts.values()) == {"ok"}


def test_a_token_of_a_collector_is_its_key() -> None:
    with CollectorServer(token="secret") as collector:
        with (
            PlausibleAPI(collector.url) as api,
            pytest.raises(AuthorizationError, match="no "),
        ):
            api.sites.get(SITE)
        with PlausibleAPI(collector.url, sites_key="secret") as api:
            assert list(api.sites.all()) == []


def test_each_api_gets_its_own_key() -> None:
    with (
        vendor(responding("200 OK", 21)) as server,
        PlausibleAPI(server.url, stats_key=KEY, sites_key=SITES_KEY) as api,
    ):
        assert api.stats.visitors_now(SITE) == 21
        assert f"Bearer {KEY}".encode() in server.requests[-1]
        with pytest.raises(ServerError):
            api.sites.get(SITE)
        assert f"Bearer {SITES_KEY}".encode() in server.requests[-1]
        with pytest.raises(ServerError):
            api.health()
        assert b"uthorization" not in server.requests[-1]


def test_without_a_key_no_authorization_is_sent() -> None:
    with vendor(responding("200 OK", 21)) as server, PlausibleAPI(server.url) as api:
        assert api.stats.visitors_now(SITE) == 21
    assert b"uthorization" not in server.requests[-1]


DEBUG_RESPONSES = {
    "plain text": (b"203.0.113.9", "203.0.113.9"),
    "JSON text": (b'"2001:DB8::1"', "2001:db8::1"),
    "JSON object": (b'{"ip":"203.0.113.9","v":"1.0"}', "203.0.113.9"),
    "nothing like it": (b"face 1.2.3 ok", None),
}


@pytest.mark.parametrize(("body", "address"), DEBUG_RESPONSES.values(), ids=DEBUG_RESPONSES.keys())
def test_a_debug_response_contains_the_address(body: bytes, address: str | None) -> None:
    with vendor(responding("200 OK", body)) as server, PlausibleAPI(server.url) as api:
        found = api.debug(SITE, headers={"X-Forwarded-For": "203.0.113.9"})
    assert (found.client_ip, found.is_recorded) == (address, False)
    assert b"x-debug-request: true" in server.requests[0].lower()
    assert b"x-forwarded-for: 203.0.113.9" in server.requests[0].lower()
    assert "203.0.113.9" not in repr(found)


def test_a_collector_returns_the_address_and_counts_nothing(
    api: PlausibleAPI, collector: CollectorServer
) -> None:
    found = api.debug(SITE, headers={"x-forwarded-for": "203.0.113.9"})
    assert (found.client_ip, found.is_recorded) == ("203.0.113.9", False)
    collector.store.flush()
    assert collector.store.count(EventSearch()) == 0


def test_a_server_without_debug_requests_has_counted_it() -> None:
    with vendor(responding("202 Accepted", b"ok")) as server, PlausibleAPI(server.url) as api:
        found = api.debug(SITE)
    assert (found.client_ip, found.is_recorded) == (None, True)


@pytest.mark.parametrize(
    ("status", "kind"), [("400 Bad Request", RequestError), ("500 Oh no", ServerError)]
)
def test_a_refused_debug_request_is_an_error(status: str, kind: type[APIError]) -> None:
    with (
        vendor(responding(status)) as server,
        PlausibleAPI(server.url) as api,
        pytest.raises(kind),
    ):
        api.debug(SITE)


def test_an_unhealthy_server_is_a_result_and_no_error() -> None:
    parts = {"postgres": "ok", "clickhouse": "error"}
    with (
        vendor(responding("500 Internal Server Error", parts)) as server,
        PlausibleAPI(server.url) as api,
    ):
        health = api.health()
    assert not health.is_well
    assert health.parts == parts


def test_all_wrong_settings_are_reported_together_without_the_keys() -> None:
    with pytest.raises(ConfigError) as caught:
        PlausibleAPI("plausible.io", stats_key="two words", sites_key="")
    assert [fault.option for fault in caught.value.faults] == ["base_url", "stats_key", "sites_key"]
    assert "two words" not in str(caught.value)
    with pytest.raises(ConfigError, match="leave out user and password") as caught:
        PlausibleAPI("https://me:s3cret@plausible.io")
    assert "s3cret" not in str(caught.value)


def test_no_repr_and_no_log_line_shows_a_key_or_a_link(
    collector: CollectorServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with PlausibleAPI(collector.url, stats_key=KEY, sites_key=SITES_KEY) as api:
        link = api.shared_links.find_or_create(SITE, "Board")
        shown = " ".join(map(repr, [api, vars(api.stats), vars(api.goals), vars(api.events), link]))
    assert "key=<hidden>" in shown
    for secret in (KEY, SITES_KEY, "auth="):
        assert secret not in shown
        assert secret not in caplog.text


def test_every_exported_name_is_there_and_sorted() -> None:
    names = footfall.plausible_api.__all__
    assert names == sorted(names)
    assert all(getattr(footfall.plausible_api, name).__doc__ for name in names)
