"""Swetrix's wire: what is sent for an event, and what its responses mean."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from footfall.destinations import Only, Swetrix, outcome_of
from footfall.errors import ConfigError
from footfall.events.details import PERF_NAMES
from footfall.model import ACCEPTED, HEARTBEAT, Outcome, OutcomeKind, Request, Response, Revenue
from tests.destinations.support import (
    PAGEVIEW,
    PID,
    SWETRIX,
    SWETRIX_FIELDS,
    SWETRIX_HEADERS,
    VISITOR,
    body_of,
)


def test_a_pageview_is_one_post_with_the_visitors_headers() -> None:
    assert SWETRIX.request(PAGEVIEW) == Request(
        url="https://api.swetrix.com/log",
        headers=SWETRIX_HEADERS | {"origin": "https://example.com"},
        body=b'{"pid":"aUn1quEid-33","pg":"/pricing","lc":"de-CH"}',
    )


def test_a_custom_event_goes_to_an_address_of_its_own() -> None:
    assert SWETRIX.request(replace(PAGEVIEW, name="Sign up")) == Request(
        url="https://api.swetrix.com/log/custom",
        headers=SWETRIX_HEADERS | {"origin": "https://example.com"},
        body=b'{"pid":"aUn1quEid-33","ev":"Sign up","pg":"/pricing","lc":"de-CH"}',
    )


def test_an_event_named_heartbeat_is_sent_as_a_heartbeat() -> None:
    assert SWETRIX.request(replace(PAGEVIEW, name=HEARTBEAT)) == SWETRIX.heartbeat(VISITOR)


@pytest.mark.parametrize(
    ("profile_id", "fields", "trimmed"),
    [
        ("user-17", {"profileId": "user-17"}, ()),
        ("guest", {}, ()),
        ("p" * 257, {}, ("profileId",)),
    ],
)
def test_a_heartbeat_has_the_profile_of_its_visitor(
    profile_id: str, fields: dict[str, str], trimmed: tuple[str, ...]
) -> None:
    request = SWETRIX.request(replace(PAGEVIEW, name=HEARTBEAT, profile_id=profile_id))
    assert json.loads(request.body) == {"pid": PID, **fields}
    assert request.trimmed == trimmed


def test_a_heartbeat_names_the_project_alone() -> None:
    assert SWETRIX.heartbeat(VISITOR) == Request(
        url="https://api.swetrix.com/log/hb",
        headers=SWETRIX_HEADERS,
        body=b'{"pid":"aUn1quEid-33"}',
    )


@pytest.mark.parametrize(
    ("change", "added"),
    [
        pytest.param({}, {}, id="a pageview"),
        pytest.param({"name": "\n"}, {"ev": "(none)"}, id="a blank name"),
        pytest.param({"name": "n" * 257}, {"ev": "n" * 256}, id="a long name"),
        pytest.param(
            {"referrer": "https://news.example.org/a"},
            {"ref": "https://news.example.org/a"},
            id="a referrer",
        ),
        pytest.param({"previous": "/home"}, {"prev": "/home"}, id="the page before it"),
        pytest.param({"interactive": False}, {}, id="not interactive"),
        pytest.param(
            {"props": {"plan": "pro", "seats": 3, "none": None, "list": [1]}},
            {"meta": {"plan": "pro", "seats": "3"}},
            id="props",
        ),
        pytest.param({"visitor": replace(VISITOR, language="")}, {"lc": None}, id="no language"),
        pytest.param({"time_zone": "Europe/Kyiv"}, {"tz": "Europe/Kyiv"}, id="a time zone"),
        pytest.param({"time_zone": "here\n"}, {}, id="a time zone that is none"),
        pytest.param({"profile_id": " 4711 "}, {"profileId": "4711"}, id="a profile"),
        pytest.param({"profile_id": "p" * 256}, {"profileId": "p" * 256}, id="a long profile"),
        pytest.param({"profile_id": "p" * 257}, {}, id="a profile cut would be somebody else's"),
        pytest.param({"profile_id": "a\udcff"}, {}, id="and so would one with other letters"),
        pytest.param({"profile_id": "Anonymous"}, {}, id="a profile of nobody"),
        pytest.param(
            {"perf": dict.fromkeys(PERF_NAMES, 12.6) | {"more": 1}},
            {"perf": dict.fromkeys(PERF_NAMES, 12.6)},
            id="all eight durations",
        ),
        pytest.param({"perf": {"ttfb": 12}}, {}, id="one duration alone is not invented upon"),
        pytest.param(
            {"name": "Paid", "perf": dict.fromkeys(PERF_NAMES, 1)},
            {"ev": "Paid"},
            id="durations are a pageview's",
        ),
        pytest.param({"screen_width": 1280}, {}, id="what Swetrix does not take"),
    ],
)
def test_an_event_becomes_a_body(change: dict[str, Any], added: dict[str, Any]) -> None:
    expected = {key: value for key, value in (SWETRIX_FIELDS | added).items() if value is not None}

    assert body_of(SWETRIX, replace(PAGEVIEW, **change)) == expected


def test_the_origin_can_be_left_out() -> None:
    assert "origin" not in Swetrix(pid=PID, send_origin=False).request(PAGEVIEW).headers


@pytest.mark.parametrize(
    ("accept_language", "locale"),
    [
        ("de-CH,de;q=0.9,en;q=0.8", "de-CH"),
        ("*", None),
    ],
)
def test_the_locale_is_the_language_tag_of_the_highest_weight(
    accept_language: str, locale: str | None
) -> None:
    visitor = replace(VISITOR, language=accept_language)

    assert body_of(SWETRIX, replace(PAGEVIEW, visitor=visitor)).get("lc") == locale


@pytest.mark.parametrize(
    ("change", "trimmed"),
    [
        pytest.param({}, (), id="nothing"),
        pytest.param({"url": "https://a.example/" + "p" * 2000}, ("pg",), id="the path"),
        pytest.param({"url": "https://a.example/?" + "q" * 2049}, ("qs",), id="the query"),
        pytest.param(
            {"url": "https://a.example/?utm_source=" + "s" * 2001}, ("so",), id="a campaign value"
        ),
        pytest.param({"name": "n" * 257}, ("name",), id="the name"),
        pytest.param({"profile_id": "p" * 257}, ("profileId",), id="the profile"),
        pytest.param({"referrer": "r" * 2001}, ("ref",), id="the referrer"),
        pytest.param({"previous": "/" * 2001}, ("prev",), id="the page before it"),
        pytest.param({"props": {"k": "v" * 2000}}, ("meta",), id="a value"),
        pytest.param({"props": {f"k{n}": n for n in range(101)}}, ("meta",), id="one prop"),
        *(
            pytest.param({"props": {key: 1}}, ("meta",), id=key)
            for key in (
                *["constructor", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString"],
                *["__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__"],
            )
        ),
        pytest.param({"revenue": Revenue("EUR", Decimal("19.90"))}, ("revenue",), id="the revenue"),
    ],
)
def test_trimmed_fields_are_listed(change: dict[str, Any], trimmed: tuple[str, ...]) -> None:
    assert SWETRIX.request(replace(PAGEVIEW, **change)).trimmed == trimmed


@pytest.mark.parametrize(
    ("given", "sent_to"),
    [
        ("https://api.swetrix.com", "https://api.swetrix.com/log"),
        ("https://api.swetrix.com/log", "https://api.swetrix.com/log"),
        ("https://api.swetrix.com/log/custom", "https://api.swetrix.com/log"),
        ("https://api.swetrix.com/log/hb/", "https://api.swetrix.com/log"),
        ("https://example.com/custom", "https://example.com/custom/log"),
        ("https://stats.example.com/backend", "https://stats.example.com/backend/log"),
        ("https://stats.example.com/backend/log/", "https://stats.example.com/backend/log"),
        ("https://stats.example.com/backend/v1/log", "https://stats.example.com/backend/v1/log"),
    ],
)
def test_an_endpoint_may_be_the_base_or_the_whole_address(given: str, sent_to: str) -> None:
    assert Swetrix(pid=PID, endpoint=given).endpoint == sent_to


@pytest.mark.parametrize(
    ("options", "faults"),
    [
        pytest.param(
            {"pid": "YOUR_PROJECT_ID"},
            [
                (
                    "pid",
                    "this is a placeholder: copy the id of your project from its settings "
                    "in Swetrix",
                )
            ],
            id="the placeholder of the documentation",
        ),
        pytest.param(
            {"pid": "aUn1quEid-3"},
            [
                (
                    "pid",
                    "a project id has exactly 12 letters, digits or single hyphens, "
                    "this one has 11 characters",
                )
            ],
            id="one character short",
        ),
        pytest.param(
            {"pid": "aUn1qu--d-33"},
            [
                (
                    "pid",
                    "a project id has exactly 12 letters, digits or single hyphens, "
                    "this one has 12 characters",
                )
            ],
            id="two hyphens together",
        ),
        pytest.param(
            {"pid": None},
            [("pid", "a project id has exactly 12 letters, digits or single hyphens")],
            id="no project",
        ),
        pytest.param(
            {"pid": "", "endpoint": "x", "send_origin": "false", "unique": 1},
            [
                ("pid", "a project id has exactly 12 letters, digits or single hyphens"),
                ("endpoint", "write the whole URL: https://x"),
                ("send_origin", "write True or False"),
                ("unique", "write True or False"),
            ],
            id="all of them at once",
        ),
    ],
)
def test_settings_that_cannot_work_are_refused_with_a_remedy(
    options: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    with pytest.raises(ConfigError) as caught:
        Swetrix(**{"pid": PID} | options)

    assert [(fault.option, fault.remedy) for fault in caught.value.faults] == faults


def test_a_project_id_may_have_blanks_around_it() -> None:
    assert Swetrix(pid=f" {PID}\n").pid == PID


def test_the_name_distinguishes_targets() -> None:
    assert SWETRIX.name == "swetrix:aUn1quEid-33@api.swetrix.com"


def test_unique_is_sent_and_warned_of() -> None:
    project = Swetrix(pid=PID, unique=True)

    assert SWETRIX.warnings == ()
    assert body_of(project, PAGEVIEW) == SWETRIX_FIELDS | {"unique": True}
    assert project.warnings == (
        "unique=True counts one pageview per visit: Swetrix refuses every further page with 403. "
        "Leave it out to see all pages.",
    )


def test_plain_http_over_a_network_is_warned_of() -> None:
    assert Swetrix(pid=PID, endpoint="http://stats.example.com").warnings == (
        "http://stats.example.com/log is plain http: visitors' IP addresses travel unencrypted. "
        "Use https, or keep the endpoint on this machine.",
    )


@pytest.mark.parametrize("body", [b"{}", b"", b"null", b'{"message":""}', b"\xff\x00", b"[[1]]"])
def test_an_event_that_was_kept_is_accepted(body: bytes) -> None:
    assert SWETRIX.read(Response(status=201, body=body)) == ACCEPTED


BOT = Response(status=201, body=b'{"message":"Bot traffic\\ndetected"}')


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(BOT, id="201, by servers of today"),
        pytest.param(replace(BOT, status=403), id="403, by servers of 2024"),
    ],
)
@pytest.mark.parametrize("project", [SWETRIX, Swetrix(pid=PID, unique=True)], ids=["", "unique"])
def test_a_message_about_bots_means_that_the_event_was_thrown_away(
    project: Swetrix, response: Response
) -> None:
    assert project.read(response) == Outcome(
        kind=OutcomeKind.DROPPED,
        detail=(
            "it took the visitor for a bot and threw the event away (it says: Bot traffic detected)"
        ),
        log_key="bot",
    )


CLOUDFLARE = "104.16.0.1"


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        pytest.param(
            {"visitor": replace(VISITOR, user_agent="curl/8.0", client_ip=CLOUDFLARE)},
            "bot",
            "its user agent matches a bot's (curl, library)",
            id="a bot's user agent before all",
        ),
        pytest.param(
            {"visitor": replace(VISITOR, client_ip=CLOUDFLARE), "referrer": "https://a.example/"},
            "proxy_address",
            "its address is Cloudflare's, so it is a proxy's and not the visitor's",
            id="then the address",
        ),
        pytest.param(
            {"referrer": "https://spam.example/a"},
            "referrer",
            "its referrer spam.example is on",
            id="then the referrer",
        ),
        pytest.param({}, "other", "the project's bot protection is too strict", id="nothing shows"),
    ],
)
def test_a_drop_is_explained_with_the_evidence_of_the_event(
    change: dict[str, Any], kind: str, words: str
) -> None:
    outcome = SWETRIX.why_dropped(SWETRIX.read(BOT), replace(PAGEVIEW, **change), has_kept=False)

    assert outcome.log_key == kind
    assert f"(it says: Bot traffic detected). Most likely {words}" in outcome.detail
    assert CLOUDFLARE not in outcome.detail


FORBIDDEN = "HTTP 403: the vendor forbids the request; a firewall or an access rule is in front "


@pytest.mark.parametrize(
    ("project", "body", "outcome"),
    [
        pytest.param(
            Swetrix(pid=PID, unique=True),
            b'{"statusCode":403,"message":"not unique"}',
            Outcome(
                kind=OutcomeKind.REJECTED,
                detail=(
                    "HTTP 403: a repeat of what is counted once, or a heartbeat without a "
                    "session; no fault (it says: not unique)"
                ),
                log_key="repeat",
                is_expected=True,
            ),
            id="expected where it was asked for",
        ),
        pytest.param(
            SWETRIX,
            b'{"statusCode":403,"message":"not unique"}',
            Outcome(
                kind=OutcomeKind.REJECTED,
                detail=FORBIDDEN + "of the endpoint (it says: not unique)",
                pause=True,
            ),
            id="a fault where it was not",
        ),
        pytest.param(
            Swetrix(pid=PID, unique=True),
            b"<h1>Blocked</h1>",
            Outcome(kind=OutcomeKind.REJECTED, detail=FORBIDDEN + "of the endpoint", pause=True),
            id="said by anything else, it will not pass",
        ),
    ],
)
def test_a_403_depends_on_who_sends_it(project: Swetrix, body: bytes, outcome: Outcome) -> None:
    assert project.read(Response(status=403, body=body)) == outcome


@pytest.mark.parametrize(
    ("body", "message", "kind", "remedy"),
    [
        (
            b'{"message":["pid must be a string","ev is too long"]}',
            "pid must be a string; ev is too long",
            "invalid pid ev",
            "pid: copy the project's id from its settings in Swetrix; "
            "ev: an older server takes simpler names only; write old_server=True",
        ),
        (
            b'{"message":"Project is disabled","error":"Bad Request"}',
            "Project is disabled",
            "invalid project",
            "project: see in Swetrix whether the project exists and is active",
        ),
        (
            b'{"message":"This origin is not allowed","error":"Bad Request"}',
            "This origin is not allowed",
            "invalid origin",
            "origin: let the project allow the visited host, or write send_origin=False",
        ),
        (
            b'{"message":"This origin is not allowed by the project\'s settings"}',
            "This origin is not allowed by the project's settings",
            "invalid origin",
            "origin: let the project allow the visited host, or write send_origin=False",
        ),
        (
            b'{"message":["Metadata object can\'t have more than 20 keys"]}',
            "Metadata object can't have more than 20 keys",
            "invalid meta",
            "meta: an older server takes fewer and shorter props; write old_server=True",
        ),
    ],
)
def test_a_refusal_quotes_the_message_of_swetrix_with_a_remedy(
    body: bytes, message: str, kind: str, remedy: str
) -> None:
    assert SWETRIX.read(Response(status=400, body=body)) == Outcome(
        kind=OutcomeKind.REJECTED,
        detail=(
            f"HTTP 400: the vendor refuses the event (it says: {message}). "
            f"What to do about {remedy}"
        ),
        log_key=kind,
    )


INSERT_FAILED = b'{"statusCode":500,"message":"Error occured while saving log data"}'
PERF = dict.fromkeys(PERF_NAMES, 1.0)


@pytest.mark.parametrize(
    ("project", "event", "body", "kind"),
    [
        pytest.param(SWETRIX, {}, INSERT_FAILED, OutcomeKind.RETRY, id="a pageview"),
        pytest.param(
            Only(to=SWETRIX, hosts=["example.com"]), {}, INSERT_FAILED, OutcomeKind.RETRY, id="only"
        ),
        pytest.param(SWETRIX, {"name": "Paid"}, INSERT_FAILED, OutcomeKind.RETRY, id="an event"),
        pytest.param(
            SWETRIX, {"props": {"perf": "{"}}, INSERT_FAILED, OutcomeKind.RETRY, id="a prop"
        ),
        pytest.param(
            SWETRIX, {"perf": PERF}, INSERT_FAILED, OutcomeKind.UNKNOWN, id="with a second insert"
        ),
        pytest.param(
            Swetrix(pid=PID, unique=True), {}, INSERT_FAILED, OutcomeKind.UNKNOWN, id="unique"
        ),
        pytest.param(
            SWETRIX, {}, b'{"message":"Internal server error"}', OutcomeKind.UNKNOWN, id="another"
        ),
    ],
)
def test_an_insert_that_failed_is_sent_again(
    project: Swetrix | Only, event: dict[str, Any], body: bytes, kind: OutcomeKind
) -> None:
    request = project.request(replace(PAGEVIEW, **event))

    assert outcome_of(project, request, Response(status=500, body=body)).kind is kind


@pytest.mark.parametrize("status", [402, 404, 413, 429, 500])
def test_only_a_400_is_about_fields(status: int) -> None:
    named = SWETRIX.read(Response(status=status, body=b'{"message":"project and pid"}'))
    silent = SWETRIX.read(Response(status=status))

    assert named == replace(silent, detail=f"{silent.detail} (it says: project and pid)")


@pytest.mark.parametrize("body", [b'{"error":"Bad Request"}', b"{}", b"Every event is bad"])
def test_a_refusal_that_names_nothing_is_only_quoted(body: bytes) -> None:
    outcome = SWETRIX.read(Response(status=400, body=body))

    assert (outcome.kind, outcome.log_key) == (OutcomeKind.REJECTED, "")
