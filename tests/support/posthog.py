"""PostHog's capture and ingestion, as far as they take, refuse and recognise events.

Written from what its documentation says and its source does (read 2026-11). It checks every field.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from footfall.model import Request, Response

_TEXTS: Final = frozenset(
    {"$current_url", "$host", "$pathname", "$referrer", "$referring_domain", "$raw_user_agent"}
    | {"$ip", "$browser_language", "$timezone", "$lib"}
)
_OTHERS: Final = frozenset({"$viewport_width", "$process_person_profile", "$cookieless_mode"})


@dataclass(kw_only=True)
class PostHogServer:
    """One project.

    Args:
        token: Its key.
        is_cookieless: Whether cookieless tracking is on.
        is_over_quota: Whether its billing limit is reached.

    Attributes:
        stored: What it has stored, by what it recognises a repeat by.
        sizes: How many events each request had.
    """

    token: str
    is_cookieless: bool = True
    is_over_quota: bool = False
    stored: dict[tuple[str, ...], dict[str, Any]] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)

    @property
    def kept(self) -> list[dict[str, Any]]:
        """The stored events."""
        return [*self.stored.values()]

    def receive(self, request: Request) -> Response:
        """The response to a request of ours."""
        assert urlsplit(request.url).query == ""
        return self.respond(urlsplit(request.url).path, request.headers, request.body)

    def respond(self, path: str, headers: Mapping[str, str], body: bytes) -> Response:
        assert path == "/batch/"
        assert (headers["content-type"], headers["user-agent"]) == ("application/json", "footfall")
        assert "authorization" not in headers
        fields = json.loads(body)
        assert fields.keys() == {"api_key", "batch"}
        if fields["api_key"] != self.token:
            return Response(status=401, body=b"API key is not valid: unknown")
        self.sizes.append(len(fields["batch"]))
        for event in fields["batch"]:
            self._check(event)
        if self.is_over_quota:
            return Response(status=200, body=b'{"status":"Ok","quota_limited":["events"]}')
        for event in fields["batch"]:
            self._ingest(event)
        return Response(status=200, body=b'{"status":"Ok"}')

    def _check(self, event: dict[str, Any]) -> None:
        assert event.keys() <= {"event", "distinct_id", "properties", "uuid", "timestamp"}
        assert ("uuid" in event) is ("timestamp" in event)
        assert 0 < len(event["event"]) <= 200
        assert event["event"] == "$pageview" or not event["event"].startswith("$")
        assert 0 < len(event["distinct_id"]) <= 200
        if "uuid" in event:
            assert str(UUID(event["uuid"])) == event["uuid"]
            assert datetime.fromisoformat(event["timestamp"]).utcoffset() is not None
        properties = event["properties"]
        own = {name for name in properties if name.startswith("$")}
        assert own <= _TEXTS | _OTHERS, own
        for name in own & _TEXTS:
            assert isinstance(properties[name], str), name
            assert properties[name], name
        assert str(ip_address(properties.get("$ip", "::"))) == properties.get("$ip", "::")
        assert all(isinstance(value, str | int | float) for value in properties.values())

    def _ingest(self, event: dict[str, Any]) -> None:
        properties = dict(event["properties"])
        is_anonymous = event["distinct_id"] == "$posthog_cookieless"
        assert is_anonymous is properties.pop("$cookieless_mode", False)
        if is_anonymous:
            if not self.is_cookieless:
                return
            assert properties["$process_person_profile"] is False
            facts = [properties.pop(name) for name in ("$raw_user_agent", "$ip")]
            found = repr([*facts, properties["$host"]]).encode()
            event = {**event, "distinct_id": hashlib.sha256(found).hexdigest()}
        event = {**event, "properties": properties}
        day = event.get("timestamp", "")[:10]
        unnamed = str(len(self.stored))
        key = (day, event["event"], event["distinct_id"], event.get("uuid", unnamed))
        self.stored[key] = event
