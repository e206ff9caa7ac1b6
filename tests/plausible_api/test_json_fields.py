"""Fields of a response that are missing or of another type."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from footfall.plausible_api import PlausibleAPI, ServerError, json_fields
from tests.plausible_api.support import SITE, responding
from tests.support.vendors import vendor

RESPONSES: dict[str, tuple[bytes, Callable[[PlausibleAPI], object]]] = {
    "a web page": (b"<h1>Hello</h1>", lambda api: api.sites.get(SITE)),
    "a web page for a probe": (b"<h1>Hello</h1>", lambda api: api.health()),
    "a number for an object": (b'{"results": 3}', lambda api: api.stats.aggregate(SITE)),
    "a list for a site": (b"[]", lambda api: api.sites.get(SITE)),
    "no list": (b"{}", lambda api: list(api.goals.all(SITE))),
    "a text for a number": (b'"21"', lambda api: api.stats.visitors_now(SITE)),
    "no results": (b"{}", lambda api: api.stats.aggregate(SITE)),
    "rows of another shape": (
        b'{"results":[{"metrics":[1,2],"dimensions":[]}]}',
        lambda api: api.stats.query(SITE),
    ),
    "an object for a text": (b'{"domain": {}}', lambda api: api.sites.get(SITE)),
    "a goal that is a number": (b'{"goals":[3]}', lambda api: list(api.goals.all(SITE))),
    "an id that is no number": (
        b'{"results":[{"id":"x","name":"y"}]}',
        lambda api: api.events.all(SITE),
    ),
}


@pytest.mark.parametrize(("body", "ask"), RESPONSES.values(), ids=RESPONSES.keys())
def test_a_response_of_another_shape_is_a_server_error(
    body: bytes, ask: Callable[[PlausibleAPI], object]
) -> None:
    with (
        vendor(responding("200 OK", body)) as server,
        PlausibleAPI(server.url) as api,
        pytest.raises(ServerError, match=r"base_url|were requested"),
    ):
        ask(api)


def test_a_list_may_be_under_its_key_or_the_whole_response() -> None:
    assert json_fields.list_at({"goals": [1]}, "goals") == [1]
    assert json_fields.list_at([1], "goals") == [1]


def test_a_required_text_may_be_a_number_and_an_optional_one_may_be_missing() -> None:
    assert json_fields.text_at({"id": 7}, "id") == "7"
    assert json_fields.integer_at({"id": "7"}, "id") == 7
    assert json_fields.optional_text_at({"id": 7}, "id") is None
    assert json_fields.optional_text_at({}, "id") is None


def test_an_object_that_is_missing_is_empty_and_read_only() -> None:
    missing = json_fields.object_at({}, "meta")
    assert missing == {}
    with pytest.raises(TypeError):
        missing["a"] = 1  # type: ignore[index]


def test_values_get_the_names_that_were_requested() -> None:
    row = {"metrics": [3, None]}
    assert json_fields.values_by_name(["visitors", "visits"], row, "metrics") == {
        "visitors": 3,
        "visits": None,
    }
    with pytest.raises(ServerError, match="has 2 metrics where 1 were requested"):
        json_fields.values_by_name(["visitors"], row, "metrics")
