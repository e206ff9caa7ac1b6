"""A visitor token gives back the visitor that was written, and no other."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.errors import EventError
from footfall.events.visitor_token import read, write
from footfall.model import Visitor

SECRET = "a secret of this app alone"
VISITOR = Visitor(client_ip="203.0.113.7", user_agent="Mozilla/5.0", language="de-CH")

ANY_VISITOR = st.builds(
    Visitor,
    client_ip=st.none() | st.ip_addresses(network="203.0.113.0/24").map(str),
    user_agent=st.text(st.characters(max_codepoint=255)),
    language=st.text(max_size=9),
)


def test_a_plain_token_is_three_texts() -> None:
    assert write(VISITOR) == {"ip": "203.0.113.7", "ua": "Mozilla/5.0", "lang": "de-CH"}


def test_a_signed_token_is_32_digits_larger() -> None:
    token = write(VISITOR, SECRET)

    assert token == write(VISITOR) | {"sig": token["sig"]}
    assert re.fullmatch("[0-9a-f]{32}", token["sig"])


@pytest.mark.parametrize("change", [{"ip": 7}, {"ua": ["Mozilla/5.0"]}, {"lang": {"de": 1}}])
def test_a_plain_token_holds_texts_alone(change: dict[str, Any]) -> None:
    with pytest.raises(EventError, match="no text"):
        read({**write(VISITOR), **change})


@given(ANY_VISITOR, st.none() | st.text(min_size=16))
def test_a_token_leads_back_to_its_visitor_through_json(
    visitor: Visitor, secret: str | None
) -> None:
    assert read(json.loads(json.dumps(write(visitor, secret))), secret) == visitor


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"ip": "203.0.113.8"}, id="another address"),
        pytest.param({"ua": "Mozilla/5.1"}, id="another browser"),
        pytest.param({"lang": "de"}, id="another language"),
        pytest.param({"ua": "Mozilla/5.0de-CH", "lang": ""}, id="text moved across"),
        pytest.param({"sig": "0" * 32}, id="another signature"),
        pytest.param({"sig": ""}, id="an empty signature"),
        pytest.param({"sig": None}, id="no signature"),
        pytest.param({"sig": "ü" * 32}, id="a signature of no digits"),
        pytest.param({"sig": 7}, id="a number for a signature"),
        pytest.param({"ip": 7}, id="a number for an address"),
        pytest.param({"ua": ["Mozilla/5.0"]}, id="a list for a browser"),
    ],
)
def test_an_altered_token_is_refused(change: dict[str, Any]) -> None:
    token: dict[str, Any] = {**write(VISITOR, SECRET), **change}
    with pytest.raises(EventError, match=r"token_secret|no text"):
        read(token, SECRET)


def test_a_token_of_another_app_is_refused() -> None:
    with pytest.raises(EventError, match="same secret"):
        read(write(VISITOR, "another app's secret"), SECRET)
    with pytest.raises(EventError, match="same secret"):
        read(write(VISITOR), SECRET)


def test_what_the_app_made_itself_needs_no_signature() -> None:
    assert read(VISITOR, SECRET) == VISITOR


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("203.0.113.7:4711", "203.0.113.7"),
        ("", None),
    ],
)
def test_an_address_has_one_spelling(address: str, expected: str | None) -> None:
    assert read({"ip": address}).client_ip == expected
    assert read(Visitor(client_ip=address)).client_ip == expected


@pytest.mark.parametrize("address", ["unknown", "203.0.113.7, 198.51.100.1", "a\r\nb"])
def test_what_is_no_address_is_refused(address: str) -> None:
    for token in ({"ip": address}, Visitor(client_ip=address)):
        with pytest.raises(EventError, match="no IP address"):
            read(token)
