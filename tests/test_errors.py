"""Each error names every fault with its remedy, or whether a request may be sent again."""

from __future__ import annotations

import pytest

from footfall.errors import (
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
    assert str(Fault("x", value, "r")) == f"x={shown!r}: r"
    for kind in (list, tuple, set):
        assert str(Fault("x", kind([value]), "r")) == f"x={kind([shown])!r}: r"
    assert str(Fault("x", {1: [value]}, "r")) == f"x={ {1: [shown]}!r}: r"


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
