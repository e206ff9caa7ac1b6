"""The collector keeps to its own description, whatever is sent, and to Plausible's of events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS
from starlette.routing import Route

import footfall
from footfall.collector import CollectorServer, Store, create_app
from footfall.collector.api.openapi import DOCUMENT_FILE
from footfall.collector.api.plausible.site_query import MAX_ROWS
from footfall.collector.storage.stats.metrics import METRICS
from footfall.collector.storage.stored_events import MAX_LIMIT, PERIODS
from footfall.collector.wire.limits import BATCH_BODY, BATCH_ITEMS
from footfall.destinations.collector import REPORT_VERSION

pytestmark = pytest.mark.long

DOCUMENT: dict[str, Any] = json.loads(DOCUMENT_FILE.read_text())
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
FEW = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
# Plausible takes what it can use of nearly anything, and ignores the rest; and a text that the
# description allows may name a goal, a period or a date that is none.
LENIENT = ("negative_data_rejection", "positive_data_acceptance")
# Swetrix itself answers 500 where the page is no text, and so does the collector.
BROKEN_AS_SWETRIX = "not_a_server_error"


@schemathesis.serializer("application/x-ndjson", "application/jsonl")
def ndjson(context: object, value: object) -> bytes:
    """Whatever is made from the description; a text as it is."""
    return (value if isinstance(value, str) else json.dumps(value)).encode()


@pytest.fixture(scope="module")
def collector() -> Iterator[CollectorServer]:
    with CollectorServer() as running:
        yield running


@pytest.fixture(scope="module")
def full(collector: CollectorServer) -> str:
    """The address of a collector that has something to show."""
    event = {"name": "Signup", "url": "https://a.test/", "domain": "a.test", "props": {"plan": 1}}
    goal = {"site_id": "a.test", "goal_type": "event", "event_name": "Signup"}
    headers = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140"}
    httpx2.post(f"{collector.url}/api/event", json=event, headers=headers).raise_for_status()
    httpx2.put(f"{collector.url}/api/v1/sites/goals", json=goal).raise_for_status()
    return collector.url


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """One connection for all, or most of the time would be spent on making them."""
    with requests.Session() as session:
        yield session


def without(*names: str) -> Any:
    return [CHECKS.get_one(name) for name in names]


@SCHEMA.parametrize()
@FEW
def test_every_answer_is_as_described(
    case: schemathesis.Case[Any], full: str, session: requests.Session
) -> None:
    if "wait" in case.query:
        # What is waited for may never come.
        case.query["timeout"] = 0
    is_swetrix = case.operation.path in ("/log", "/log/custom")
    excluded = without(*LENIENT, *((BROKEN_AS_SWETRIX,) if is_swetrix else ()))
    case.call_and_validate(base_url=full, session=session, excluded_checks=excluded)


# -- Plausible's own description of events ----------------------------------------------------

EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["domain", "name", "url"],
    "additionalProperties": False,
    "properties": {
        "domain": {"type": "string", "pattern": "^[a-z0-9]{1,20}[.]test$"},
        "name": {"type": "string", "pattern": "^[A-Za-z0-9]", "maxLength": 100},
        "url": {"type": "string", "pattern": "^https://[a-z]{1,20}[.]test(/[ -~]{0,40}){0,9}$"},
        "referrer": {"type": ["string", "null"]},
        "props": {
            "type": "object",
            "maxProperties": 40,
            "propertyNames": {"maxLength": 75},
            "additionalProperties": {
                "anyOf": [
                    {"type": "string", "maxLength": 500},
                    {"type": ["number", "boolean", "null", "array", "object"]},
                ]
            },
        },
        "revenue": {
            "type": "object",
            "properties": {"currency": {"type": "string"}, "amount": {"type": "number"}},
        },
        "interactive": {"type": "boolean"},
        "screen_width": {"type": "integer"},
        "v": {"type": "integer"},
        "hashMode": {"enum": [0, 1, "0", "1", None]},
    },
}
PUBLISHED: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Events, as senders of Plausible describe them", "version": "1"},
    "paths": {
        "/api/event": {
            "post": {
                "parameters": [
                    {
                        "in": "header",
                        "name": name,
                        "schema": {"type": "string", "pattern": "^[ -~]*$"},
                    }
                    for name in ("User-Agent", "X-Forwarded-For")
                ],
                "requestBody": {
                    "required": True,
                    "content": {
                        kind: {"schema": EVENT} for kind in ("application/json", "text/plain")
                    },
                },
                "responses": {
                    "202": {"description": "taken"},
                    "400": {
                        "description": "refused",
                        "content": {"application/json": {"schema": {"type": "object"}}},
                    },
                },
            }
        }
    },
}
"""In our words; the fields are those of the server's source, read 2026-11."""


def three_one(found: dict[str, Any]) -> dict[str, Any]:
    """The same as OpenAPI 3.1, which has lists of types."""
    return {**found, "openapi": "3.1.0"}


@schemathesis.openapi.from_dict(three_one(PUBLISHED)).parametrize()
@settings(FEW, max_examples=40)
def test_every_event_that_plausible_takes_is_taken(
    case: schemathesis.Case[Any], collector: CollectorServer, session: requests.Session
) -> None:
    excluded = without("negative_data_rejection")
    case.call_and_validate(base_url=collector.url, session=session, excluded_checks=excluded)


# -- the description itself -------------------------------------------------------------------


def test_the_description_is_served_and_is_one(collector: CollectorServer) -> None:
    found = httpx2.get(f"{collector.url}/api/openapi.json").json()
    assert found == DOCUMENT | {"servers": [{"url": "/"}]}
    SCHEMA.validate()


def described(path: str, method: str) -> Any:
    """The schema of a JSON body, or the schemas of the parameters by name."""
    operation = DOCUMENT["paths"][path][method]
    if "requestBody" in operation:
        return operation["requestBody"]["content"]["application/json"]["schema"]["properties"]
    inline = [each for each in operation["parameters"] if "name" in each]
    return {each["name"]: each["schema"] for each in inline}


def test_the_version_is_the_package_s() -> None:
    assert DOCUMENT["info"]["version"] == footfall.__version__


def test_the_bounds_are_those_of_the_code() -> None:
    events, totals = described("/api/v1/events", "get"), described("/api/v1/stats", "get")
    query, report = described("/api/v2/query", "post"), described("/api/v1/hits", "post")
    assert events["limit"]["maximum"] == MAX_LIMIT
    assert totals["period"]["enum"] == list(PERIODS)
    assert query["metrics"]["items"]["enum"] == list(METRICS)
    assert query["pagination"]["properties"]["limit"]["maximum"] == MAX_ROWS
    assert report["version"] == {"const": REPORT_VERSION}
    batch = DOCUMENT["paths"]["/api/v1/events/batch"]["post"]
    assert batch["requestBody"]["content"]["application/json"]["schema"]["maxItems"] == BATCH_ITEMS
    assert f"{BATCH_ITEMS:,} events" in batch["description"]
    assert f"{BATCH_BODY:,} bytes" in batch["requestBody"]["description"]
    assert DOCUMENT["components"]["schemas"]["BatchItem"]["properties"]["version"] == {
        "const": REPORT_VERSION
    }


def test_every_path_of_the_api_is_described_and_no_other() -> None:
    store = Store()
    app = create_app(store)
    store.close()
    routed = {
        route.path.replace(":path}", "}")
        for route in app.routes
        if isinstance(route, Route) and route.path.startswith(("/api/", "/metrics"))
    }
    ingest = {"/api/event", "/log", "/log/custom", "/log/hb"}
    assert routed == set(DOCUMENT["paths"]) - ingest


def test_no_description_is_without_a_summary_and_an_answer() -> None:
    for methods in DOCUMENT["paths"].values():
        for operation in methods.values():
            assert operation["summary"].endswith(".")
            assert {"200", "201", "202"} & set(operation["responses"])
