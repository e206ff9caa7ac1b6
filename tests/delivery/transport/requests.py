"""Requests for tests of transports."""

from __future__ import annotations

from footfall.model import Request


def request_to(url: str, body: bytes = b"{}") -> Request:
    return Request(url=url + "/api/event", headers={"user-agent": "Mozilla/5.0"}, body=body)
