"""The validation rules of each vendor, as functions that list what a request breaks."""

from __future__ import annotations

import ipaddress
import json
import re
from decimal import Decimal
from typing import Any, Protocol

from footfall.events.details import PERF_NAMES
from footfall.model import Request, Response
from tests.destinations.support import CLICKHOUSE, GOATCOUNTER, MATOMO, PID, POSTHOG, WEBSITE
from tests.support.clickhouse import ClickHouseServer
from tests.support.goatcounter import GoatCounterServer
from tests.support.matomo import MatomoServer
from tests.support.posthog import PostHogServer

# RFC 9110 section 5.5, without white space around the value.
FIELD_VALUE = re.compile(r"|[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?")


def refuse_number(text: str) -> None:
    raise AssertionError(f"{text} is not JSON")


def strict_json(body: bytes) -> dict[str, Any]:
    """What a strict parser reads: UTF-8, no NaN, no lone surrogates."""
    parsed = json.loads(body.decode("utf-8", errors="strict"), parse_constant=refuse_number)
    json.dumps(parsed, ensure_ascii=False).encode("utf-8", errors="strict")
    assert isinstance(parsed, dict)
    return parsed


def header_violations(request: Request) -> list[str]:
    """The headers that HTTP does not allow, or that are longer than 2048 characters."""
    return [
        f"header {name}={value!r:.40}"
        for name, value in request.headers.items()
        if not FIELD_VALUE.fullmatch(value) or name != name.lower() or len(value) > 2048
    ]


def plausible_violations(request: Request) -> list[str]:
    """The rules of Plausible's own validation that this request breaks."""
    body = strict_json(request.body)
    props, revenue = body.get("props", {}), body.get("revenue")
    rules = {
        "the keys it knows": body.keys()
        <= {
            "name",
            "url",
            "domain",
            "referrer",
            "props",
            "revenue",
            "interactive",
            "screen_width",
        },
        "a name that is not blank": bool(body["name"].strip()),
        "a name of 120 characters": len(body["name"]) <= 120,
        "a url of 2000 bytes": len(body["url"].encode()) <= 2000,
        "a url that is no data": not body["url"].lower().startswith("data:"),
        "a domain": body["domain"] == "example.com",
        "a referrer of 2000 characters": len(body.get("referrer", "")) <= 2000,
        "30 props": len(props) <= 30,
        "keys of 300 bytes": all(len(key.encode()) <= 300 for key in props),
        "values of 2000 bytes": all(len(value.encode()) <= 2000 for value in props.values()),
        "an amount that is a number": revenue is None or Decimal(revenue["amount"]).is_finite(),
        "interactive only when it is not": body.get("interactive", False) is False,
        "no header it misreads": request.headers.keys()
        <= {"content-type", "user-agent", "x-forwarded-for", "x-plausible-ip"},
        "a user agent, even an empty one": "user-agent" in request.headers,
    }
    return [rule for rule, holds in rules.items() if not holds]


def swetrix_violations(request: Request) -> list[str]:
    """The rules of Swetrix's own validation that this request breaks."""
    body = strict_json(request.body)
    meta, perf = body.pop("meta", {}), body.pop("perf", None)
    is_custom = request.url.endswith("/custom")
    rules = {
        "its project": body["pid"] == PID,
        "text in every field": all(isinstance(value, str) for value in body.values()),
        "no empty field": all(body.values()),
        "a name on custom events only": ("ev" in body) is is_custom,
        "a name of 256 characters": len(body.get("ev", "")) <= 256,
        "a name that is not blank": "ev" not in body or bool(body["ev"].strip()),
        "a path as browsers write it": bool(re.fullmatch(r"[!$-;=@-\[\]_a-z|~\\]+", body["pg"])),
        "a query of 2048 characters": len(body.get("qs", "")) <= 2048,
        "eight durations or none": perf is None
        or (sorted(perf) == sorted(PERF_NAMES) and all(0 <= ms <= 300_000 for ms in perf.values())),
        "100 keys": len(meta) <= 100,
        "text in meta": all(isinstance(value, str) for value in meta.values()),
        "2000 units of meta": sum(
            len(text.encode("utf-16-le")) // 2 for pair in meta.items() for text in pair
        )
        <= 2000,
        "100 KiB in all": len(request.body) <= 100 * 1024,
        "the headers that browsers send": request.headers.keys()
        >= {"accept", "accept-encoding", "accept-language", "content-type", "user-agent"},
        "no header that spoils it": request.headers.keys().isdisjoint(
            {"referer", "authorization", "x-api-key", "cookie", "forwarded"}
        ),
        "the address twice": request.headers.get("x-forwarded-for")
        == request.headers.get("x-client-ip-address"),
    }
    return [rule for rule, holds in rules.items() if not holds]


def old_swetrix_violations(request: Request) -> list[str]:
    """The rules of a Swetrix of 2024 that this request breaks."""
    body = strict_json(request.body)
    meta = body.get("meta", {})
    rules = {
        "a name of its letters": re.fullmatch(r"[A-Za-z][A-Za-z0-9_.]{0,62}", body.get("ev", "x")),
        "20 keys": len(meta) <= 20,
        "1000 characters of meta": sum(map(len, meta.values())) <= 1000,
    }
    return swetrix_violations(request) + [rule for rule, holds in rules.items() if not holds]


def umami_violations(request: Request) -> list[str]:
    """The rules of Umami's own validation that this request breaks."""
    body = strict_json(request.body)
    sent = body["payload"]
    data = sent.get("data", {})
    texts = [value for value in sent.values() if isinstance(value, str)]
    rules = {
        "an event": body["type"] == "event",
        "its website": sent["website"] == WEBSITE,
        "a hostname of 100 characters": len(sent.get("hostname", "")) <= 100,
        "a language of 35 characters": len(sent.get("language", "")) <= 35,
        "a url that begins with a slash": sent["url"].startswith("/"),
        "no text of more than 500 characters": all(len(text) <= 500 for text in texts),
        "a name of 50 characters": len(sent.get("name", "x")) <= 50,
        "an id of 50 characters": len(sent.get("id", "")) <= 50,
        "an address": "ip" not in sent or ipaddress.ip_address(sent["ip"]),
        "scalars as data": all(isinstance(value, str | int | float) for value in data.values()),
        "no header but the visitor's": request.headers.keys()
        <= {"content-type", "user-agent", "x-forwarded-for"},
    }
    return [rule for rule, holds in rules.items() if not holds]


def matomo_violations(request: Request) -> list[str]:
    """The rules of Matomo's bulk tracking that this request breaks."""
    return _violations(MatomoServer(token=MATOMO.token), request)


def posthog_violations(request: Request) -> list[str]:
    """The rules of PostHog's capture that this request breaks."""
    return _violations(PostHogServer(token=POSTHOG.token), request)


def goatcounter_violations(request: Request) -> list[str]:
    """The rules of GoatCounter's own validation that this request breaks."""
    return _violations(GoatCounterServer(token=GOATCOUNTER.token), request)


def clickhouse_violations(request: Request) -> list[str]:
    """The rules of a table in ClickHouse that this request breaks."""
    server = ClickHouseServer(user=CLICKHOUSE.user, password=CLICKHOUSE.password)
    return _violations(server, request)


class _Server(Protocol):
    @property
    def kept(self) -> list[Any]: ...

    def receive(self, request: Request) -> Response: ...


def _violations(server: _Server, request: Request) -> list[str]:
    """The rule that a server finds broken."""
    strict_json(request.body)
    try:
        server.receive(request)
    except (AssertionError, ValueError) as error:
        return [repr(error)]
    return [] if len(server.kept) == 1 else ["the event is not kept"]
