"""The fields of a request, in every encoding, and the methods of a path."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.collector.api.plausible.support import SIGNUP, SITE

ENCODINGS: dict[str, dict[str, Any]] = {
    "a JSON body": {"json": SIGNUP},
    "a form": {"data": SIGNUP},
    "parts, as curl -F sends them": {"files": {k: (None, v) for k, v in SIGNUP.items()}},
    "a query": {"params": SIGNUP},
    "a query and a body": {"params": {"site_id": SITE}, "json": {**SIGNUP, "site_id": SITE}},
}


@pytest.mark.parametrize("encoding", ENCODINGS.values(), ids=ENCODINGS.keys())
def test_fields_are_read_from_every_encoding_that_plausible_accepts(
    http: httpx2.Client, encoding: dict[str, Any]
) -> None:
    answer = http.put("/api/v1/sites/goals", **encoding)
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "domain": SITE,
            "id": 1,
            "goal_type": "event",
            "display_name": "Signup",
            "event_name": "Signup",
            "page_path": None,
            "custom_props": {},
        },
    )


BODIES = {
    "no JSON": (b"{", "application/json", 400),
    "no object": (b"[]", "application/json", 400),
    "no UTF-8": (b"\xff", "application/json", 400),
    "parts without a boundary": (b"x", "multipart/form-data", 400),
    "a part without a name": (b"--x\r\n\r\n1\r\n--x--", "multipart/form-data; boundary=x", 400),
    "a broken form": (b"\xff", "application/x-www-form-urlencoded", 400),
    "too much": (b" " * 1_000_001, "application/json", 413),
}


@pytest.mark.parametrize(("body", "kind", "status"), BODIES.values(), ids=BODIES.keys())
def test_a_body_that_cannot_be_read_is_refused(
    shared: httpx2.Client, body: bytes, kind: str, status: int
) -> None:
    answer = shared.put("/api/v1/sites/goals", content=body, headers={"content-type": kind})
    assert answer.status_code == status
    assert answer.json()["error"]


@pytest.mark.parametrize(
    ("path", "allow"),
    [("", "GET, POST, HEAD"), ("/goals", "GET, PUT, HEAD"), ("/goals/1", "DELETE")],
)
def test_a_path_names_the_methods_that_it_allows(
    shared: httpx2.Client, path: str, allow: str
) -> None:
    answer = shared.request("PATCH", f"/api/v1/sites{path}")
    assert (answer.status_code, answer.headers["allow"]) == (405, allow)
