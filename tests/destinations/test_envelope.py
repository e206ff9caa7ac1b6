"""Several requests in one, by what their bodies have in common."""

from __future__ import annotations

import pytest

from footfall.destinations._envelope import Envelope
from footfall.model import Request


@pytest.mark.parametrize(
    ("envelope", "events", "body"),
    [
        pytest.param(Envelope(b"[", b"]"), [b"1"], b"[1]", id="one"),
        pytest.param(Envelope(b"[", b"]"), [b"[1]", b"2"], b"[[1],2]", id="two"),
        pytest.param(Envelope(b"", b"", b"\n"), [b"{}", b"{}"], b"{}\n{}", id="lines"),
    ],
)
def test_the_events_of_several_bodies_go_into_one(
    envelope: Envelope, events: list[bytes], body: bytes
) -> None:
    requests = [
        Request(url=f"https://a.example/{index}", headers={"a": "b"}, body=envelope.body(event))
        for index, event in enumerate(events)
    ]

    assert envelope.merged(requests) == Request(
        url="https://a.example/0", headers={"a": "b"}, body=body
    )
