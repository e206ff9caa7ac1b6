"""The values are frozen, comparable, hide addresses in their repr, and share nothing mutable."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, fields, make_dataclass, replace
from typing import Any

import pytest

from footfall.model import Decision, Event, Hit, Outcome, OutcomeKind, Request, Response, Visitor

VISITOR = Visitor(client_ip="203.0.113.9", user_agent="browser")
VALUES = {
    "Hit": Hit(path="/page", headers={"accept": "*/*"}),
    "Event": Event(url="https://example.com/", visitor=VISITOR, props={"plan": "pro"}),
    "Visitor": VISITOR,
    "Decision": Decision(kind="skip", reason="bot"),
    "Request": Request(url="https://vendor.test/", headers={"a": "203.0.113.9"}, body=b"{}"),
    "Response": Response(status=202, body=b"ok"),
    "Outcome": Outcome(kind=OutcomeKind.RETRY, retry_after=2.0),
}
REQUIRED: dict[type, dict[str, Any]] = {
    Event: {"url": "/", "visitor": VISITOR},
    Decision: {"kind": "skip", "reason": "bot"},
    Request: {"url": "/", "headers": {}, "body": b""},
    Response: {"status": 200},
    Outcome: {"kind": OutcomeKind.ACCEPTED},
}
every_value = pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())


@every_value
def test_a_value_is_frozen(value: Any) -> None:
    for each in fields(value):
        with pytest.raises(FrozenInstanceError):
            setattr(value, each.name, None)
    with pytest.raises((AttributeError, TypeError)):
        value.other = 1


@every_value
def test_a_value_may_be_copied_and_compared(value: Any) -> None:
    for same in (replace(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert (type(same), same) == (type(value), value)
    other = replace(value, **{fields(value)[0].name: "other"})
    assert other != value


@every_value
def test_a_value_has_the_fields_and_defaults_that_its_class_declares(value: Any) -> None:
    kind = type(value)
    plain: Any = make_dataclass(
        kind.__name__,
        [(each.name, each.type, copy.copy(each)) for each in fields(kind)],
        kw_only=True,
    )
    required = REQUIRED.get(kind, {})
    made, expected = kind(**required), plain(**required)
    assert {each.name: getattr(made, each.name) for each in fields(kind)} == vars(expected)
    assert list(inspect.signature(kind).parameters) == list(inspect.signature(plain).parameters)


def test_a_required_field_must_be_given_by_keyword() -> None:
    make: Any = Event
    with pytest.raises(TypeError, match="url"):
        make(visitor=VISITOR)
    with pytest.raises(TypeError, match="positional"):
        make("pageview")


def test_two_values_share_no_mapping() -> None:
    assert Hit().headers is not Hit().headers


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(
            VISITOR, "Visitor(client_ip=<hidden>, user_agent='browser')", id="an address is hidden"
        ),
        pytest.param(
            Visitor(user_agent="x" * 50),
            f"Visitor(client_ip=<unknown>, user_agent='{'x' * 40}')",
            id="a long user agent is cut",
        ),
        pytest.param(
            VALUES["Request"],
            "Request(url='https://vendor.test/', headers=<1>, body=<2 B>)",
            id="headers and body are hidden",
        ),
    ],
)
def test_a_repr_hides_what_holds_an_address(value: object, expected: str) -> None:
    assert repr(value) == expected


def test_the_identity_of_a_visitor_is_the_address_and_the_user_agent() -> None:
    same = replace(VISITOR, language="de", headers={"dnt": "1"})
    assert same.identity == VISITOR.identity == ("203.0.113.9", "browser")


@pytest.mark.parametrize(
    ("kind", "expected"), [("pageview", True), ("event", True), ("skip", False)]
)
def test_a_decision_counts_unless_it_skips(kind: Any, expected: bool) -> None:
    assert Decision(kind=kind, reason="any").is_counted is expected
