"""The nouns are made faster than dataclasses make them, and are the same values."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, fields, make_dataclass, replace
from typing import Any

import pytest

from footfall.model import Event, Hit, Visitor

VISITOR = Visitor(client_ip="203.0.113.9", user_agent="browser")
NOUNS = {
    "Hit": Hit(path="/page", headers={"accept": "*/*"}),
    "Event": Event(url="https://example.com/", visitor=VISITOR, props={"plan": "pro"}),
    "Visitor": VISITOR,
}
every_noun = pytest.mark.parametrize("noun", NOUNS.values(), ids=NOUNS.keys())


@every_noun
def test_a_noun_is_frozen(noun: Any) -> None:
    for each in fields(noun):
        with pytest.raises(FrozenInstanceError):
            setattr(noun, each.name, None)
    with pytest.raises((AttributeError, TypeError)):
        noun.other = 1


@every_noun
def test_a_noun_may_be_copied_and_compared(noun: Any) -> None:
    for same in (replace(noun), copy.deepcopy(noun), pickle.loads(pickle.dumps(noun))):
        assert (type(same), same) == (type(noun), noun)
    other = replace(noun, **{fields(noun)[0].name: "other"})
    assert other != noun


@every_noun
def test_a_noun_is_made_of_what_dataclasses_would_make_it(noun: Any) -> None:
    kind = type(noun)
    slow: Any = make_dataclass(
        kind.__name__,
        [(each.name, each.type, copy.copy(each)) for each in fields(kind)],
        kw_only=True,
    )
    needed = {"url": "/", "visitor": VISITOR} if kind is Event else {}
    made, expected = kind(**needed), slow(**needed)
    assert {each.name: getattr(made, each.name) for each in fields(kind)} == vars(expected)
    assert list(inspect.signature(kind).parameters) == list(inspect.signature(slow).parameters)


def test_what_a_noun_needs_must_be_given() -> None:
    make: Any = Event
    with pytest.raises(TypeError, match="url"):
        make(visitor=VISITOR)
    with pytest.raises(TypeError, match="positional"):
        make("pageview")


def test_two_nouns_share_no_mapping() -> None:
    assert Hit().headers is not Hit().headers
