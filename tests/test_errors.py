"""Each error names every fault with its remedy, or whether a request may be sent again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_network
from pathlib import PurePosixPath

import pytest

from footfall.errors import (
    HIDDEN,
    Ambiguous,
    ConfigError,
    EventError,
    Fault,
    FootfallError,
    NotSent,
    TimedOut,
    TransportError,
    hide_credentials,
)


def test_one_fault_is_named_with_its_value_and_its_remedy() -> None:
    fault = Fault("base_url", "example", "write https://example.com")
    error = ConfigError(fault)
    assert error.faults == (fault,)
    assert str(error) == (
        "footfall cannot start:\n  - base_url='example': write https://example.com"
    )


def test_all_faults_are_listed_and_counted() -> None:
    error = ConfigError([Fault("a", 1, "write 2"), Fault("b", None, "leave it out")])
    assert str(error) == (
        "footfall cannot start, 2 settings are wrong:\n  - a=1: write 2\n  - b=None: leave it out"
    )


def test_a_long_value_is_cut() -> None:
    text = str(Fault("exclude", "x" * 500, "shorten it"))
    assert text == f"exclude='{'x' * 38}…{'x' * 39}': shorten it"


@pytest.mark.parametrize("option", ["token", "--token", "FOOTFALL_TOKEN_SECRET", "sites_key"])
def test_a_secret_is_not_repeated(option: str) -> None:
    assert str(Fault(option, "hunter2", "lengthen it")) == f"{option}=(hidden): lengthen it"


def test_the_file_of_a_secret_is_shown() -> None:
    assert str(Fault("--token-file", "/x", "make it")) == "--token-file='/x': make it"


URLS = {
    "user and password": ("https://me:hunter2@e.test/x", "https://***@e.test/x"),
    "no scheme": ("me:hunter2@e.test/x", "***@e.test/x"),
    "a token": ("collector://hunter2@e.test/a@b", "collector://***@b"),
    "a slash in the token": ("collector://hun/ter2@e.test/a", "collector://***@e.test/a"),
    "a space in the password": ("https://me:hun ter2@e.test", "https://***@e.test"),
    "quotes in the password": ("https://me:hun'ter\"2@e.test", "https://***@e.test"),
    "an @ in the password": ("https://me:hun@ter2@e.test", "https://***@e.test"),
    "no user": ("https://e.test/@me", "https://e.test/@me"),
    "a token in the query": (
        "https://e.test/x?token=hunter2&b=1#hunter2",
        "https://e.test/x?token=***&b=***#***",
    ),
    "a query without a name": ("https://e.test/x?hunter2", "https://e.test/x?***"),
    "an empty query": ("https://e.test/x?", "https://e.test/x?"),
    "a pattern with a question mark": ("/page?=[a]", "/page?=[a]"),
    "a path": ("/srv/me@1.sqlite3", "/srv/me@1.sqlite3"),
    "a pattern": ("^/u/[^@]+$", "^/u/[^@]+$"),
}


@pytest.mark.parametrize(("value", "shown"), URLS.values(), ids=URLS)
def test_a_password_in_a_url_is_not_repeated(value: str, shown: str) -> None:
    assert hide_credentials(value) == shown


def printed(value: object) -> str:
    return str(Fault("x", value, "")).removeprefix("x=").removesuffix(": ")


def function() -> None: ...


@dataclass
class Login:
    password: str = "hunter2"


KEY = "sk_live_51H8xKJ2eZvKYlo2C"
PRINTED: dict[str, tuple[object, str]] = {
    "a number": (1.5, "1.5"),
    "nothing": (None, "None"),
    "a word": ("never", "'never'"),
    "a host": ("stats.example.com:8000", "'stats.example.com:8000'"),
    "a pattern": ("/admin/**", "'/admin/**'"),
    "a file": ("/var/lib/app/footfall.db", "'/var/lib/app/footfall.db'"),
    "an origin": ("https://example.com:8000", "'https://example.com:8000'"),
    "what is hidden already": (HIDDEN, HIDDEN),
    "an address, which may be a webhook's": ("https://h.test/hunter2", "'https://h.test/***'"),
    "one of another scheme": ("webhok://h.test/a/hunter2?x=1", "'webhok://h.test/***'"),
    "one with a slash too few": ("webhook:/h.test/hunter2", "'webhook:/h.test/***'"),
    "two in a text": ("a://b/hunter2 c://d/hunter2", "'a://b/*** c://d/***'"),
    "a password without a host": ("https://me:hunter2/", "'https://me:***/'"),
    "one without a scheme": ("//me:hunter2@host", "'//***@host'"),
    "a key": (KEY, "'***'"),
    "a key in a text": (f"Bearer {KEY}", "'Bearer ***'"),
    "a named secret": ("token=hunter2", "'token=***'"),
    "one in JSON": ('{"api_key": "hunter2"}', '\'{"api_key": "***"}\''),
    "a list": (["a", ("https://h.test/hunter2",)], "['a', ('https://h.test/***',)]"),
    "a set": ({KEY}, "{'***'}"),
    "no items": ((), "()"),
    "a dict": (
        {"url": "https://me:hunter2@h.test", "login": {"password": "hunter2"}},
        "{'url': 'https://***@h.test', 'login': {'password': ***}}",
    ),
    "a dict in a list": ([{"token": ["hunter2"]}], "[{'token': ***}]"),
    "a path": (PurePosixPath("/srv/x.db"), "PurePosixPath('/srv/x.db')"),
    "a network": (ip_network("10.0.0.0/8"), "IPv4Network('10.0.0.0/8')"),
    "a regex": (re.compile("^/a/[^@]+$"), "re.compile('^/a/[^@]+$')"),
    "bytes": (b"hunter2", "<a bytes>"),
    "a function": (function, "<function>"),
    "an object": (Login(), "<a Login>"),
    "a class": (Login, "<Login>"),
    "a partial": (partial(print, "hunter2"), "<a partial>"),
}


@pytest.mark.parametrize(("value", "shown"), PRINTED.values(), ids=PRINTED)
def test_no_value_is_printed_that_may_hold_a_secret(value: object, shown: str) -> None:
    assert printed(value) == shown


@pytest.mark.parametrize(
    ("error", "bases"),
    [
        (ConfigError, (FootfallError, ValueError)),
        (EventError, (FootfallError, ValueError)),
        (TransportError, (FootfallError, OSError)),
        (NotSent, (TransportError,)),
        (Ambiguous, (TransportError,)),
        (TimedOut, (Ambiguous,)),
    ],
)
def test_an_error_can_be_caught_as_what_it_is(
    error: type[Exception], bases: tuple[type[Exception], ...]
) -> None:
    assert all(issubclass(error, base) for base in bases)


def test_what_was_not_sent_is_not_ambiguous() -> None:
    assert not issubclass(NotSent, Ambiguous)
    assert not issubclass(Ambiguous, NotSent)
