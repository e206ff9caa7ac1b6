"""Bodies posted to Swetrix's endpoints, field by field."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest

from footfall.collector.wire import swetrix
from tests.collector.support import GOOGLEBOT, PID
from tests.collector.wire.support import PAGE, response_json, to_swetrix


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        pytest.param(swetrix.EventKind.PAGEVIEW, {"pid": PID}, id="the least pageview"),
        pytest.param(
            swetrix.EventKind.PAGEVIEW,
            {"pid": PID, "pg": None, "qs": "", "meta": None, "profileId": ""},
            id="null and empty are absent",
        ),
        pytest.param(swetrix.EventKind.PAGEVIEW, {"pid": PID, "prev": "/x"}, id="an unknown key"),
        pytest.param(swetrix.EventKind.PAGEVIEW, {"pid": PID, "meta": {}}, id="empty meta"),
        pytest.param(
            swetrix.EventKind.PAGEVIEW, {"pid": PID, "meta": ["a"]}, id="meta by accident"
        ),
        pytest.param(
            swetrix.EventKind.PAGEVIEW, {"pid": PID, "pg": 5, "qs": "a=1"}, id="an odd page with qs"
        ),
        pytest.param(swetrix.EventKind.CUSTOM, {"pid": PID, "ev": " "}, id="an event named space"),
        pytest.param(swetrix.EventKind.CUSTOM, {"pid": PID, "ev": "x" * 256}, id="256 characters"),
        pytest.param(
            swetrix.EventKind.PAGEVIEW,
            {"pid": PID, "meta": {"k": "\U0001f43e" * 999}},
            id="1,999 units of meta",
        ),
    ],
)
def test_swetrix_takes(kind: swetrix.EventKind, body: object) -> None:
    result = to_swetrix(body, kind)
    assert (result.response.status, response_json(result), len(result.events)) == (201, {}, 1)


@pytest.mark.parametrize(
    ("kind", "body", "messages"),
    [
        pytest.param("/log", {}, ["pid must be a string"], id="nothing"),
        pytest.param("/log", [PAGE], ["pid must be a string"], id="a list of events"),
        pytest.param(
            "/log",
            {"pid": "YOUR_PROJECT_ID"},
            ["pid must be 12 letters, digits or single hyphens"],
            id="a placeholder",
        ),
        pytest.param(
            "/log",
            {"pid": "abcdef--ghij"},
            ["pid must be 12 letters, digits or single hyphens"],
            id="two hyphens",
        ),
        pytest.param("/log/custom", {"pid": PID}, ["ev should not be empty"], id="no event name"),
        pytest.param(
            "/log/custom",
            {"pid": 5, "ev": ""},
            ["pid must be a string", "ev should not be empty"],
            id="two faults",
        ),
        pytest.param("/log/custom", {"pid": PID, "ev": 5}, ["ev must be a string"], id="a number"),
        pytest.param(
            "/log/custom",
            {"pid": PID, "ev": "x" * 257},
            ["ev must be shorter than or equal to 256 characters"],
            id="257 characters",
        ),
        pytest.param(
            "/log",
            {"pid": PID, "qs": "x" * 2_049, "profileId": 5},
            [
                "profileId must be a string",
                "qs must be shorter than or equal to 2048 characters",
            ],
            id="a long query",
        ),
        pytest.param(
            "/log", {"pid": PID, "meta": "x"}, ["meta must be an object"], id="meta of text"
        ),
        pytest.param(
            "/log", {"pid": PID, "meta": False}, ["meta must be an object"], id="meta false"
        ),
        pytest.param(
            "/log/hb",
            {"pid": PID, "meta": {"a": {}}},
            ["meta values must be strings, numbers, booleans or null"],
            id="nested meta, of a heartbeat too",
        ),
        pytest.param(
            "/log",
            {"pid": PID, "meta": {str(i): 1 for i in range(101)}},
            ["meta must have at most 100 keys"],
            id="101 keys",
        ),
        pytest.param(
            "/log",
            {"pid": PID, "meta": {"k": "\U0001f43e" * 1_000}},
            ["meta keys and values must have at most 2000 characters together"],
            id="2,001 units of meta",
        ),
    ],
)
def test_swetrix_lists_what_is_wrong_with_the_fields(
    kind: str, body: object, messages: list[str]
) -> None:
    result = to_swetrix(body, swetrix.EventKind(kind), headers={"user-agent": GOOGLEBOT})
    expected = {"message": messages, "error": "Bad Request", "statusCode": 400}
    assert (result.response.status, response_json(result), len(result.events)) == (400, expected, 0)


OVER_LIMIT = json.dumps({"pid": PID, "pg": "x" * 102_400}).encode()
LEAST = json.dumps({"pid": PID}).encode()


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        pytest.param(LEAST, {"content-type": "text/plain"}, 400, id="text is not read"),
        pytest.param(LEAST, {"content-type": ""}, 400, id="nor is what has no type"),
        pytest.param(LEAST, {"content-type": "application/json; charset=utf-8"}, 201, id="UTF-8"),
        pytest.param(LEAST, {"content-type": "application/json;charset=latin1"}, 415, id="latin"),
        pytest.param(b"\xef\xbb\xbf" + LEAST, {}, 201, id="a byte order mark"),
        pytest.param(b'{"pid":"aUn1quEid-3x","pg":"\xff"}', {}, 201, id="bytes that are no UTF-8"),
        pytest.param(b'{"pid":"aUn1quEid-3x","pg":"\\udcff"}', {}, 201, id="half a pair"),
        pytest.param(b'{"pid":"aUn1quEid-3x","pg":"\\u0000"}', {}, 201, id="NUL"),
        pytest.param(b"{", {}, 400, id="malformed JSON"),
        pytest.param(b'{"pid":NaN}', {}, 400, id="NaN"),
        pytest.param(b"5", {}, 400, id="a scalar"),
        pytest.param(b"", {}, 400, id="nothing"),
        pytest.param(OVER_LIMIT, {}, 413, id="over 100 KiB"),
        pytest.param(gzip.compress(LEAST), {"content-encoding": "gzip"}, 201, id="gzip"),
        pytest.param(zlib.compress(LEAST), {"content-encoding": "deflate"}, 201, id="deflate"),
        pytest.param(LEAST, {"content-encoding": "identity"}, 201, id="identity"),
        pytest.param(LEAST, {"content-encoding": "zstd"}, 415, id="zstd"),
        pytest.param(LEAST, {"content-encoding": "gzip"}, 400, id="a lie about gzip"),
        pytest.param(gzip.compress(OVER_LIMIT), {"content-encoding": "gzip"}, 413, id="a bomb"),
        pytest.param(OVER_LIMIT, {"content-encoding": "gzip"}, 413, id="long even if packed"),
        pytest.param(
            b"pid=aUn1quEid-3x", {"content-type": "application/x-www-form-urlencoded"}, 201
        ),
        pytest.param(b"a=1&" * 1_001, {"content-type": "application/x-www-form-urlencoded"}, 400),
    ],
)
def test_the_bodies_that_swetrix_reads(body: bytes, headers: dict[str, str], status: int) -> None:
    assert to_swetrix(body, headers=headers).response.status == status


def test_a_malformed_body_gets_one_message_and_not_a_list() -> None:
    body = response_json(to_swetrix(b"{"))
    assert (isinstance(body["message"], str), body["error"]) == (True, "Bad Request")
