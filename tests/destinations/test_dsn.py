"""Destinations written as one line, and lists of such lines."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footfall.destinations import (
    ClickHouse,
    Collector,
    Destination,
    GoatCounter,
    Matomo,
    Plausible,
    PostHog,
    Swetrix,
    Umami,
    destination_from,
    split_dsns,
)
from footfall.destinations._dsn import _VENDORS
from footfall.errors import ConfigError
from tests.destinations.strategies import ANY_TEXT
from tests.destinations.support import PID, PLAUSIBLE, WEBSITE, OwnDestination


@pytest.mark.parametrize(
    ("line", "destination"),
    [
        ("plausible://plausible.io/example.com", Plausible(domain="example.com")),
        (" PLAUSIBLE://plausible.io/example.com/ ", Plausible(domain="example.com")),
        (
            "plausible://plausible.io/a.example,b.example",
            Plausible(domain="a.example,b.example"),
        ),
        (
            "plausible://plausible.io/api/event/example.com",
            Plausible(domain="example.com"),
        ),
        (
            "plausible://stats.example.com/example.com%2Fblog",
            Plausible(domain="example.com/blog", endpoint="https://stats.example.com"),
        ),
        (
            "plausible+http://127.0.0.1:8000/example.com",
            Plausible(domain="example.com", endpoint="http://127.0.0.1:8000"),
        ),
        (
            "plausible://s.example/example.com?ip_headers=X-Forwarded-For,X-Plausible-IP",
            Plausible(
                domain="example.com",
                endpoint="https://s.example",
                ip_headers=("X-Forwarded-For", "X-Plausible-IP"),
            ),
        ),
        (f"swetrix://api.swetrix.com/{PID}", Swetrix(pid=PID)),
        (f"swetrix://api.swetrix.com/log/{PID}", Swetrix(pid=PID)),
        (
            f"swetrix://stats.example.com/backend/{PID}",
            Swetrix(pid=PID, endpoint="https://stats.example.com/backend/log"),
        ),
        (
            f"swetrix+http://[::1]:5005/{PID}?send_origin=No&unique=1",
            Swetrix(pid=PID, endpoint="http://[::1]:5005/log", send_origin=False, unique=True),
        ),
        (
            "plausible://plausible.io/example.com?script_version=36",
            Plausible(domain="example.com", script_version=36),
        ),
        (
            f"swetrix://api.swetrix.com/{PID}?old_server=yes",
            Swetrix(pid=PID, old_server=True),
        ),
        (f"swetrix://api.swetrix.com/{PID}?heartbeats=1", Swetrix(pid=PID, heartbeats=True)),
        (f"umami://cloud.umami.is/{WEBSITE}", Umami(website=WEBSITE)),
        (
            f"umami+http://127.0.0.1:3000/{WEBSITE}",
            Umami(website=WEBSITE, endpoint="http://127.0.0.1:3000"),
        ),
        (
            "matomo://t0ken@stats.example.com/matomo/1",
            Matomo(site=1, token="t0ken", endpoint="https://stats.example.com/matomo"),
        ),
        (
            "matomo+http://t0ken@127.0.0.1:8080/matomo.php/7?dimensions=plan:1,%20a:b:12",
            Matomo(
                site=7,
                token="t0ken",
                endpoint="http://127.0.0.1:8080",
                dimensions={"plan": 1, "a:b": 12},
            ),
        ),
        (
            "posthog://phc_a@eu.i.posthog.com",
            PostHog(token="phc_a", endpoint="https://eu.i.posthog.com"),
        ),
        (
            "clickhouse://web:p%40ss:word-of%20sixteen@ch.example.com:8443/footfall.events",
            ClickHouse(
                table="footfall.events",
                user="web",
                password="p@ss:word-of sixteen",
                endpoint="https://ch.example.com:8443",
            ),
        ),
        (
            "clickhouse+http://web:password-of-sixteen@127.0.0.1/ch/events",
            ClickHouse(
                table="events",
                user="web",
                password="password-of-sixteen",
                endpoint="http://127.0.0.1/ch",
            ),
        ),
        (
            "goatcounter://t0ken@Example.goatcounter.com/",
            GoatCounter(token="t0ken", endpoint="https://example.goatcounter.com"),
        ),
        (
            "goatcounter+http://t0ken@127.0.0.1:8080/stats/api/v0/count",
            GoatCounter(token="t0ken", endpoint="http://127.0.0.1:8080/stats"),
        ),
        ("collector://127.0.0.1:8321/example.com", Collector(domain="example.com")),
        (
            "collector://localhost:8321/example.com",
            Collector(domain="example.com", endpoint="http://localhost:8321"),
        ),
        (
            "collector+https://127.0.0.1/example.com",
            Collector(domain="example.com", endpoint="https://127.0.0.1"),
        ),
        (
            "collector://example.com/stats/example.com",
            Collector(domain="example.com", endpoint="https://example.com/stats"),
        ),
        (
            "collector://s3cret@127.0.0.1:8321/example.com",
            Collector(domain="example.com", token="s3cret"),
        ),
        (
            "collector://a%40b%2Fc%3Ad:e@example.com/stats/example.com?every_hit=0",
            Collector(
                domain="example.com",
                endpoint="https://example.com/stats",
                token="a@b/c:d:e",
                every_hit=False,
            ),
        ),
    ],
)
def test_a_line_describes_a_destination(line: str, destination: Destination) -> None:
    assert destination_from(line) == destination


@pytest.mark.parametrize(
    ("word", "means"),
    [
        ("true", True),
        ("1", True),
        ("yes", True),
        ("ON", True),
        (" false ", False),
        ("0", False),
        ("No", False),
        ("off", False),
    ],
)
def test_a_switch_in_a_line_is_read_as_people_write_it(word: str, means: bool) -> None:
    project = destination_from(f"swetrix://api.swetrix.com/{PID}?send_origin={word}&unique={word}")

    assert project == Swetrix(pid=PID, send_origin=means, unique=means)


@pytest.mark.parametrize("destination", [PLAUSIBLE, OwnDestination()], ids=["ours", "the user's"])
def test_an_object_with_the_four_members_is_a_destination(destination: Destination) -> None:
    assert destination_from(destination) is destination


BEGIN = (
    "begin with plausible, swetrix, umami, matomo, posthog, goatcounter, clickhouse, collector, "
    "sqlite, as in plausible://plausible.io/example.com"
)


@pytest.mark.parametrize(
    ("line", "faults"),
    [
        pytest.param("", [("destinations", BEGIN)], id="nothing"),
        pytest.param("example.com", [("destinations", BEGIN)], id="no scheme"),
        pytest.param(
            "https://plausible.io/api/event", [("destinations", BEGIN)], id="a bare endpoint"
        ),
        pytest.param(
            "plausable://plausible.io/example.com",
            [
                (
                    "destinations",
                    "did you mean plausible, as in plausible://plausible.io/example.com",
                )
            ],
            id="a slip of the pen",
        ),
        pytest.param(
            f"swetrix+ftp://api.swetrix.com/{PID}",
            [("destinations", "did you mean swetrix, as in swetrix://api.swetrix.com/PROJECT_ID")],
            id="neither http nor https",
        ),
        pytest.param(
            "plausible://plausible.io",
            [
                (
                    "destinations",
                    "name the domain at the end: plausible://plausible.io/example.com",
                )
            ],
            id="no site",
        ),
        pytest.param(
            "plausible://plausible.io/api/event",
            [
                (
                    "destinations",
                    "name the domain at the end: plausible://plausible.io/example.com",
                )
            ],
            id="the endpoint and no site",
        ),
        pytest.param(
            "collector://127.0.0.1:8321/api/event",
            [
                (
                    "destinations",
                    "name the domain at the end: collector://127.0.0.1:8321/example.com",
                )
            ],
            id="a collector and no site",
        ),
        pytest.param(
            "swetrix://api.swetrix.com/log/",
            [("destinations", "name the pid at the end: swetrix://api.swetrix.com/PROJECT_ID")],
            id="the endpoint and no project",
        ),
        pytest.param(
            "plausible://me:secret@plausible.io/example.com?ip_header=x&colour=red",
            [
                ("ip_header", "did you mean ip_headers?"),
                ("colour", "no such option; there is: ip_headers, script_version"),
                ("endpoint", "leave out user and password: the events endpoint takes none"),
            ],
            id="a password and unknown options",
        ),
        pytest.param(
            f"swetrix://api.swetrix.com/{PID}?colour=",
            [("colour", "no such option; there is: send_origin, old_server, heartbeats, unique")],
            id="an unknown option without value",
        ),
        pytest.param(
            "umami://cloud.umami.is/WEBSITE_ID",
            [("website", "write the website's id, a UUID such as 6a1f4bc2-...-9d0e7f3b5c88")],
            id="a placeholder of Umami",
        ),
        pytest.param(
            "plausible://plausible.io/example.com?script_version=new",
            [("script_version", "write a whole number, or leave it out")],
            id="no number",
        ),
        pytest.param(
            "matomo://stats.example.com/1",
            [
                (
                    "token",
                    "write the token_auth of a user who may write to the website: "
                    "matomo://TOKEN@HOST/SITE_ID",
                )
            ],
            id="no token",
        ),
        pytest.param(
            "matomo://secret\u00e9@stats.example.com/x?token_auth=secret&token=secret&dimensions=plan",
            [
                ("token_auth", "no such option; there is: dimensions"),
                ("token", "write it before the host: matomo://TOKEN@HOST/SITE_ID"),
                ("site", "write the website's id, a whole number such as 1"),
                (
                    "token",
                    "write the token_auth of a user who may write to the website: "
                    "matomo://TOKEN@HOST/SITE_ID",
                ),
                (
                    "dimensions",
                    "give each prop a dimension of its own, 1 to 999: "
                    "dimensions=plan:1,section:2, or Matomo(dimensions={'plan': 1, 'section': 2})",
                ),
            ],
            id="everything wrong",
        ),
        pytest.param(
            "matomo://secret@stats.example.com/matomo.php",
            [("destinations", "name the site at the end: matomo://TOKEN@stats.example.com/1")],
            id="a Matomo and no site",
        ),
        pytest.param(
            "posthog://phx_secret@us.posthog.com",
            [
                (
                    "token",
                    "is a personal API key; write the project's key, which begins with phc_: "
                    "posthog://PROJECT_KEY@HOST",
                ),
                ("endpoint", "PostHog takes events at https://us.i.posthog.com"),
            ],
            id="another key and another host of PostHog",
        ),
        pytest.param(
            "clickhouse://secret@ch.example.com/a-b?password=secret",
            [
                (
                    "password",
                    "write it before the host: clickhouse://USER:PASSWORD@HOST:8443/DATABASE.TABLE",
                ),
                (
                    "table",
                    "write database.table, as in "
                    "clickhouse://USER:PASSWORD@HOST:8443/footfall.events",
                ),
                (
                    "password",
                    "give the user a password of 16 or more ASCII characters: "
                    "clickhouse://USER:PASSWORD@HOST:8443/footfall.events",
                ),
            ],
            id="a ClickHouse without a user",
        ),
        pytest.param(
            "clickhouse://ch.example.com",
            [
                (
                    "destinations",
                    "name the table at the end: "
                    "clickhouse://USER:PASSWORD@HOST:8443/footfall.events",
                )
            ],
            id="a ClickHouse without a table",
        ),
        pytest.param(
            "goatcounter://?a=secret",
            [
                ("a", "no such option; there is: none"),
                (
                    "token",
                    "write an API token that may record pageviews: "
                    "goatcounter://TOKEN@example.goatcounter.com",
                ),
                ("endpoint", "the host is missing or not a host name"),
            ],
            id="a GoatCounter without anything",
        ),
        pytest.param(
            "collector://127.0.0.1/example.com?domain=b.example",
            [("domain", "no such option; there is: every_hit")],
            id="an option that the path says",
        ),
        pytest.param(
            "collector://@127.0.0.1/example.com",
            [("token", "is empty: write the token, or leave the option out")],
            id="an empty token",
        ),
        pytest.param(
            "collector://secret%0A@127.0.0.1/example.com?token=secret&tokn=secret",
            [
                ("token", "write it before the host: collector://TOKEN@HOST:PORT/DOMAIN"),
                ("tokn", "no such option; there is: every_hit"),
                ("token", "write a token of ASCII letters, digits and punctuation, on one line"),
            ],
            id="a token in the query, where logs would show it",
        ),
        pytest.param(
            f"swetrix://api.swetrix.com/{PID}?unique=perhaps",
            [("unique", "write True or False")],
            id="neither yes nor no",
        ),
        pytest.param(
            "collector://[::1/example.com",
            [("endpoint", "is not a URL: look at its host and its port")],
            id="no URL",
        ),
    ],
)
def test_a_line_that_describes_no_destination_is_refused_with_a_remedy(
    line: str, faults: list[tuple[str, str]]
) -> None:
    with pytest.raises(ConfigError) as caught:
        destination_from(line)

    assert [(fault.option, fault.remedy) for fault in caught.value.faults] == faults
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("value", [None, 7, {"domain": "example.com"}, Plausible, object()])
def test_an_object_that_is_no_destination_is_refused(value: Any) -> None:
    with pytest.raises(ConfigError, match="write a line like"):
        destination_from(value)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param("", (), id="nothing"),
        pytest.param(" , ", (), id="only a comma"),
        pytest.param("plausible://h/a.example", ("plausible://h/a.example",), id="one"),
        pytest.param(
            "plausible://h/a.example,b.example?ip_headers=A,B,\n Swetrix+http://h/x,",
            ("plausible://h/a.example,b.example?ip_headers=A,B", "Swetrix+http://h/x"),
            id="commas inside a line",
        ),
    ],
)
def test_a_list_is_split_where_a_scheme_begins(text: str, lines: tuple[str, ...]) -> None:
    assert split_dsns(text) == lines


@settings(deadline=None)
@given(st.sampled_from([*(f"{name}://" for name in _VENDORS), ""]), ANY_TEXT)
def test_whatever_line_is_written_it_is_a_destination_or_a_config_error(
    scheme: str, rest: str
) -> None:
    with contextlib.suppress(ConfigError):
        destination = destination_from(scheme + rest)
        assert replace(destination) == destination  # type: ignore[type-var] # ours are dataclasses


# A line, and what its error says to end it with.
URLS_AS_SITES = {
    "plausible://plausible.io/https://example.com": "/example.com",
    "plausible://plausible.io/http://www.example.com/": "/www.example.com",
    "plausible://plausible.io/https:/example.com": "/example.com",
    "plausible://plausible.io/example.com/pricing": "/example.com",
    "plausible://stats.test/sub/https://me:s3cret@example.com/a": "/example.com",
    "collector://s3cretT0ken@stats.test/https://example.com": "/example.com",
    "swetrix://api.swetrix.com/https://example.com": "/PROJECT_ID",
}


@pytest.mark.parametrize("line", URLS_AS_SITES)
def test_a_site_that_is_written_as_a_url_is_named_with_what_to_write(line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        destination_from(line)
    [fault] = caught.value.faults
    assert fault.remedy.endswith(f"alone, without scheme and path: {URLS_AS_SITES[line]}")
    assert "s3cret" not in str(caught.value)


def test_a_server_of_ones_own_may_be_below_any_path() -> None:
    assert destination_from("plausible://s.test/stats.example.com/a.test").endpoint == (
        "https://s.test/stats.example.com/api/event"
    )


# An endpoint, and whether TLS is doubtful there.
LOCAL_TLS = {
    "plausible://127.0.0.1:8000/a.test": True,
    "plausible://localhost:8000/a.test": True,
    "collector+https://127.0.0.1:8321/a.test": True,
    f"umami://[::1]:3000/{WEBSITE}": True,
    "plausible+http://127.0.0.1:8000/a.test": False,
    "plausible://localhost/a.test": False,
    "plausible://localhost:8443/a.test": False,
    "plausible://stats.test:8000/a.test": False,
}


@pytest.mark.parametrize("line", LOCAL_TLS)
def test_tls_to_a_port_of_this_machine_is_doubted(line: str) -> None:
    warnings = getattr(destination_from(line), "warnings", ())
    assert [("+http" in each) for each in warnings] == [True] * LOCAL_TLS[line]
