"""A Matomo server's bulk tracking, which checks every field that it gets.

Written from what its documentation says and its source does (version 5, read 2026-11).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from footfall.model import Request, Response

_TEXTS: Final = {"url": 1024, "urlref": 1500, "ua": 2048, "lang": 512, "uid": 200, "download": 1024}
_DIMENSION: Final = re.compile(r"dimension[1-9]\d{0,2}")


@dataclass(kw_only=True)
class MatomoServer:
    """One installation.

    Args:
        token: The one token that may write.
        is_superusers: Whether it is a superuser's, who learns which events are invalid.
        sites: The ids of its websites.
        is_recording: Whether its `record_statistics` is on.
        is_queueing: Whether it has the plugin that queues requests.

    Attributes:
        kept: The fields of each event that it tracked.
        sizes: How many events each request had.
    """

    token: str
    is_superusers: bool = False
    sites: frozenset[str] = frozenset({"1"})
    is_recording: bool = True
    is_queueing: bool = False
    kept: list[dict[str, str]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def receive(self, request: Request) -> Response:
        """The response to a request of ours."""
        assert urlsplit(request.url).query == ""
        return self.respond(urlsplit(request.url).path, request.headers, request.body)

    def respond(self, path: str, headers: Mapping[str, str], body: bytes) -> Response:
        assert path == "/matomo.php"
        assert (headers["content-type"], headers["user-agent"]) == ("application/json", "footfall")
        assert "authorization" not in headers
        # It looks for this text, and not at the beginning, to recognise a bulk request.
        assert body.find(b'"requests"') > 0
        fields = json.loads(body)
        assert fields.keys() == {"requests", "token_auth"}
        self.sizes.append(len(fields["requests"]))
        events = [_event(query) for query in fields["requests"]]
        if self.is_queueing:
            self.kept += events
            return Response(status=200, body=b"GIF89a\x01\x00")
        is_allowed = fields["token_auth"] == self.token
        tracked, invalid = 0, []
        for index, event in enumerate(events if self.is_recording else []):
            needs_token = "cip" in event
            if event["idsite"] in self.sites and (is_allowed or not needs_token):
                self.kept.append(event)
                tracked += 1
            else:
                invalid.append(index)
        result: dict[str, Any] = {"status": "success", "tracked": tracked, "invalid": len(invalid)}
        if is_allowed and self.is_superusers:
            result["invalid_indices"] = invalid
        return Response(status=200, body=json.dumps(result).encode())


def _event(query: object) -> dict[str, str]:
    assert isinstance(query, str)
    assert query.startswith("?")
    assert query.isascii()
    pairs = parse_qsl(query[1:], strict_parsing=True, errors="strict")
    event = dict(pairs)
    assert len(event) == len(pairs)
    assert (event.pop("rec"), event.pop("apiv")) == ("1", "1")
    assert event["idsite"].isdecimal()
    for name, max_chars in _TEXTS.items():
        assert 0 < len(event.get(name, "x")) <= max_chars, name
    assert str(ip_address(event.get("cip", "::"))) == event.get("cip", "::")
    assert event.get("cdt", "1").isdecimal()
    assert ("e_c" in event) == ("e_a" in event) == ("ca" in event)
    assert event.get("e_a", "x").strip()
    float(event.get("e_v", "1"))
    assert ("bots" in event) == (event.get("e_a") == "Bot Visit")
    others = {"idsite", "cip", "cdt", "e_c", "e_a", "e_v", "ca", "bots"}
    unknown = event.keys() - {*_TEXTS, *others}
    assert all(_DIMENSION.fullmatch(name) and len(event[name]) <= 255 for name in unknown), unknown
    return event
