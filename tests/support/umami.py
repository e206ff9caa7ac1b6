"""An Umami server's two endpoints, by what each version does; it checks every field that it gets.

Written from what the servers were read to do (version 2.16 to 3.1, read 2026-11).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from footfall.model import Request, Response

# Enough to tell the agents of these tests apart: an empty one is no bot's.
_BOT: Final = re.compile(r"bot|curl|python|^[\w.-]+(/[\d.]+)?$", re.IGNORECASE)

_STRINGS: Final = {
    "website": 36,
    "hostname": 100,
    "url": 500,
    "referrer": 500,
    "language": 35,
    "name": 50,
    "id": 50,
    "userAgent": 2048,
}
_OTHERS: Final = {"data", "ip", "timestamp"}


@dataclass(kw_only=True)
class UmamiServer:
    """One installation.

    Args:
        version: Such as `(3, 1, 0)`; None is the cloud.
        ignored: The addresses in its IGNORE_IP.

    Attributes:
        kept: What it stored: the payload, with the `ip`, `userAgent` and `timestamp` that count.
        paths: The paths of all requests.
    """

    version: tuple[int, ...] | None = (3, 1, 0)
    websites: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    kept: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def _version(self) -> tuple[int, ...]:
        return self.version or (99,)

    def receive(self, request: Request) -> Response:
        """The response to a request of ours."""
        path = urlsplit(request.url).path
        return self.respond(path, request.headers, request.body)

    def respond(self, path: str, headers: Mapping[str, str], body: bytes) -> Response:
        self.paths.append(path)
        assert headers["content-type"] == "application/json"
        if path == "/api/send":
            return self._send(headers, json.loads(body))
        assert path == "/api/batch"
        if self.version is None:
            return Response(status=405)
        if self.version < (2, 17):
            return Response(status=404, body=b"<!DOCTYPE html><title>404</title>")
        if (3,) <= self.version < (3, 0, 2):
            return self._error(500, "Server error", "server-error")
        items = json.loads(body)
        assert isinstance(items, list)
        responses = [self._send(headers, item) for item in items]
        details = [
            {"index": index, "response": json.loads(each.body)}
            for index, each in enumerate(responses)
            if each.status != 200
        ]
        errors = len(details)
        result = {"size": len(items), "processed": len(items) - errors, "errors": errors}
        return Response(status=200, body=json.dumps(result | {"details": details}).encode())

    def _send(self, headers: Mapping[str, str], body: Any) -> Response:
        assert [*body] == ["type", "payload"]
        assert body["type"] == "event"
        payload = body["payload"]
        self._check(payload)
        agent = payload.get("userAgent") or headers["user-agent"]
        if _BOT.search(headers["user-agent"] if self._version < (2, 18) else agent):
            return Response(status=200, body=b'{"beep":"boop"}')
        if payload["website"] not in self.websites:
            return self._error(400, "Website not found.", "bad-request")
        ip = payload.get("ip") or headers.get("x-forwarded-for", "").partition(",")[0]
        if ip in self.ignored:
            return self._error(403, "Forbidden", "forbidden")
        stored = {**payload, "ip": ip, "userAgent": agent}
        if self._version < (2, 17):
            stored.pop("timestamp", None)
        self.kept.append(stored)
        return Response(status=200, body=b'{"cache":"x","sessionId":"y","visitId":"z"}')

    def _check(self, payload: Mapping[str, Any]) -> None:
        assert set(payload) <= {*_STRINGS, *_OTHERS}
        for name in _STRINGS.keys() & payload.keys():
            assert isinstance(payload[name], str), name
            assert 0 < len(payload[name]) <= _STRINGS[name], name
        assert str(ip_address(payload.get("ip", "::"))) == payload.get("ip", "::")
        assert isinstance(payload.get("timestamp", 0), int)
        assert isinstance(payload.get("data", {}), dict)

    def _error(self, status: int, message: str, code: str) -> Response:
        error: object = {"message": message, "code": code, "status": status}
        if self._version < (3,):
            error = message
        return Response(status=status, body=json.dumps({"error": error}).encode())
