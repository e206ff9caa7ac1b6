"""GoatCounter's API for counting, which checks every field that it gets.

Written from what its documentation says and its source does (version 2.7, read 2026-11).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from footfall.model import Request, Response

_TEXTS: Final = {"path": 2048, "ref": 2048, "title": 1024, "user_agent": 512, "query": 2048}
_OTHERS: Final = {"event", "language", "ip", "created_at"}


@dataclass(kw_only=True)
class GoatCounterServer:
    """One site.

    Args:
        token: The token that may count.
        ignored: The addresses in its setting "Ignore IPs".
        requests_left: How many requests it takes before it answers 429.
        refused_refs: Referrers that it refuses, as it refuses a field that is too long.

    Attributes:
        kept: What it counted.
        sizes: How many events each request had.
    """

    token: str
    ignored: frozenset[str] = frozenset()
    requests_left: int = 60
    refused_refs: frozenset[str] = frozenset()
    kept: list[dict[str, Any]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def receive(self, request: Request) -> Response:
        """The response to a request of ours."""
        assert urlsplit(request.url).query == ""
        return self.respond(urlsplit(request.url).path, request.headers, request.body)

    def respond(self, path: str, headers: Mapping[str, str], body: bytes) -> Response:
        assert path == "/api/v0/count"
        assert headers["content-type"] == "application/json"
        if not self.requests_left:
            limits = {"X-Rate-Limit-Limit": "60", "X-Rate-Limit-Remaining": "0"}
            return self._error(429, "rate limited", limits | {"X-Rate-Limit-Reset": "97"})
        self.requests_left -= 1
        if headers["authorization"] != f"Bearer {self.token}":
            return self._error(401, "unknown token", {})
        assert self.token.encode() not in body
        fields = json.loads(body)
        assert fields.keys() == {"no_sessions", "hits"}
        assert fields["no_sessions"] is True
        hits = fields["hits"]
        assert 0 < len(hits) <= 500
        self.sizes.append(len(hits))
        return self._count(hits)

    def _count(self, hits: list[dict[str, Any]]) -> Response:
        filtered, errors = [], {}
        for index, hit in enumerate(hits):
            _check(hit)
            if hit.get("ip") in self.ignored:
                filtered.append(str(index))
            elif hit.get("ref") in self.refused_refs:
                errors[str(index)] = "ref: must be shorter than 2048 characters.\n"
            else:
                self.kept.append(hit)
        headers = {"x-goatcounter-filter": ", ".join(filtered)} if filtered else {}
        if errors:
            body = json.dumps({"errors": errors}).encode()
            return Response(status=400, headers=headers, body=body)
        return Response(status=202, headers=headers, body=b'{"status":"ok"}')

    def _error(self, status: int, message: str, headers: Mapping[str, str]) -> Response:
        lower = {name.lower(): value for name, value in headers.items()}
        body = json.dumps({"error": message}).encode()
        return Response(status=status, headers=lower, body=body)


def _check(hit: dict[str, Any]) -> None:
    assert hit.keys() <= {*_TEXTS, *_OTHERS}
    for name in _TEXTS.keys() & hit.keys():
        assert isinstance(hit[name], str), name
        assert 0 < len(hit[name]) <= _TEXTS[name], name
        assert "\0" not in hit[name]
    assert hit.get("event", True) is True
    is_file = hit.get("title") == "File Download"
    assert hit["path"].startswith("/") or "event" in hit
    assert is_file is ("title" in hit)
    assert "event" in hit or "query" not in hit or not {*"\t\n\r"} & {*hit["query"]}
    assert str(ip_address(hit.get("ip", "::"))) == hit.get("ip", "::")
    if "created_at" in hit:
        assert datetime.fromisoformat(hit["created_at"]) < datetime.now(UTC)
