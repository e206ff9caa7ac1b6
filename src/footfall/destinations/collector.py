"""The collector as a destination: events stay on this machine, or on one of yours.

It gets a report of every hit, tracked or not: the decision and its reason, how the visitor's
address was found, and for a tracked hit the request that Plausible would get. The collector treats
that request as Plausible would, so that what works here works there unchanged.

What waits goes to `/api/v1/events/batch` together, a line each: reports as they are, and requests
for Plausible with their headers as fields. A collector without that endpoint, or behind a proxy
that keeps it from us, gets one request each.

A report is a JSON object, posted to `/api/v1/hits`:

    version     1
    domain      the site to count for
    tracked     whether the hit counts
    reason      why, in one word
    event       name, url, referrer, client_ip and user_agent, as sent or as they would be sent;
                and previous, the path of the page of this site before it
    request     url, headers and body of the POST that a vendor would get; null if none would
    decision    kind, reason, name and steps: a list of rule, the value that it saw, verdict
    hit         method, status, host, route, peer, headers (those that the decision may depend on)
                and answer (the same of the response); null for an event outside a request
    client_ip   address, source, reason and hops (source, text, address, verdict); null where the
                app named the visitor
    times       captured, decided, sent: seconds since the epoch

Everything in it is bounded. URLs and paths in it are scrubbed as those of events are; cookies,
authorization and the raw referrer are not in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import urlsplit

from footfall.common.loopback import is_loopback
from footfall.destinations import (
    _plausible_options,
    _response_status,
    _validation,
    _wire_format,
)
from footfall.destinations.plausible import Plausible
from footfall.model import ACCEPTED, Event, Outcome, OutcomeKind, Request, Response
from footfall.rules import pageview

if TYPE_CHECKING:
    from footfall.client_ip import Trace
    from footfall.events.hit_report import HitReport
    from footfall.model import Decision, Headers, Hit

REPORT_VERSION: Final = 1
"""The version of the report's format."""

_DEFAULT_PORT: Final = 8321
_HITS_PATH: Final = "/v1/hits"
# The result of nearly every event of a batch.
_ACCEPTED: Final = {"status": 202}

# A browser's longest header has 300 bytes, without the user agent, which the event contains.
_MAX_TEXT_CHARS: Final = 512
# The limit of the vendors.
_MAX_REFERRER_CHARS: Final = 2_000
# A browser sends a third of it.
_MAX_HEADERS: Final = 40
# No real chain of proxies is longer, but a client may send anything.
_MAX_HOPS: Final = 20

# The collector's own variable (`collector/settings.py`), which is not imported here.
_INGEST_TOKEN: Final = "FOOTFALL_COLLECTOR_INGEST_TOKEN"  # noqa: S105 -- the name of a variable

# What a decision may depend on, without URLs and user agent: the event has both, scrubbed.
_REQUEST_HEADERS: Final = (pageview.REQUEST_HEADERS | {"accept-language"}) - {
    "hx-current-url",
    "referer",
    "turbolinks-referrer",
    "user-agent",
}
_RESPONSE_HEADERS: Final = pageview.RESPONSE_HEADERS - {"hx-push-url"}
# The site owner may have configured one of them as `client_ip_header`.
_CREDENTIALS: Final = frozenset({"authorization", "cookie", "proxy-authorization"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """The embedded collector, where `footfall collect` or a mounted collector app listens.

    Args:
        domain: The site to count for; any name will do.
        endpoint: Where it listens; `/api/event` is added unless the URL ends in `/event`.
        every_hit: Report hits that do not count, too, with the reason. Switch it off where the
            collector counts a busy site: each hit is a POST, and a page has dozens.
        token: The collector's `--ingest-token`, sent as `Authorization: Bearer`; None for none.

    Raises:
        ConfigError: with a fault for each option that cannot work.
    """

    domain: str
    # The default address of `footfall collect`.
    endpoint: str = f"http://127.0.0.1:{_DEFAULT_PORT}"
    # Someone who tries footfall wants to know why a hit does not count.
    every_hit: bool = True
    token: str | None = field(default=None, repr=False)
    # The responses of so many fit into what is read of a response, whatever they say.
    max_batch: ClassVar[int] = 100
    engagement: ClassVar[bool] = True
    _plausible: Plausible = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        domain = self.domain
        _validation.validate_options(
            self,
            domain=_plausible_options.domains,
            endpoint=_validation.endpoint_at("/api/event"),
            every_hit=_validation.boolean,
            token=_validation.bearer_token,
        )
        # Not `self.domain`: the check removes a leading `www.` each time.
        plausible = Plausible(domain=domain, endpoint=self.endpoint)
        object.__setattr__(self, "_plausible", plausible)

    @property
    def name(self) -> str:
        """`collector:example.com@127.0.0.1:8321`."""
        return f"collector:{self.domain}@{urlsplit(self.endpoint).netloc}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each setting that is valid but probably a mistake."""
        parts = urlsplit(self.endpoint)
        if parts.port is not None or not is_loopback(parts.hostname or ""):
            return self._plausible.warnings
        port = 443 if parts.scheme == "https" else 80
        return (
            *self._plausible.warnings,
            f"{self.name} names no port, so events go to port {port}; `footfall collect` listens "
            f"on {_DEFAULT_PORT}: collector://{parts.netloc}:{_DEFAULT_PORT}/{self.domain}",
        )

    @property
    def start_remedy(self) -> str:
        """The command that starts what listens there; empty where that is another machine."""
        parts = urlsplit(self.endpoint)
        if not is_loopback(parts.hostname or ""):
            return ""
        is_default = parts.port == _DEFAULT_PORT
        return "start it: footfall collect" + ("" if is_default else f" --port {parts.port or 80}")

    @property
    def watches(self) -> bool:
        """Whether it gets a report of every hit."""
        return self.every_hit

    def request(self, event: Event) -> Request:
        """The POST for one event, as `Plausible` makes it, with the token."""
        request = self._plausible.request(event)
        return replace(request, headers={**request.headers, **self._authorization})

    @property
    def _authorization(self) -> Headers:
        return {} if self.token is None else {"authorization": f"Bearer {self.token}"}

    @property
    def _line_with_token(self) -> str:
        """The destination as a line of text, with the place of the token."""
        parts = urlsplit(self.endpoint.removesuffix("/api/event"))
        is_default = parts.scheme == ("http" if is_loopback(parts.hostname or "") else "https")
        scheme = "collector" if is_default else f"collector+{parts.scheme}"
        return f"{scheme}://TOKEN@{parts.netloc}{parts.path}/{self.domain}"

    def report(self, report: HitReport, *, sent_at: float) -> Request:
        """The POST that carries the report of one hit; `sent_at` is in seconds since the epoch."""
        event = report.event
        body = {
            "version": REPORT_VERSION,
            "domain": self.domain,
            "tracked": report.is_tracked,
            "reason": report.reason,
            "event": {
                "name": event.name,
                "url": event.url,
                "referrer": event.referrer and event.referrer[:_MAX_REFERRER_CHARS],
                "previous": event.previous and event.previous[:_MAX_REFERRER_CHARS],
                "client_ip": event.visitor.client_ip,
                "user_agent": event.visitor.user_agent,
            },
            # Without the token, since the collector shows what it receives.
            "request": _request(self._plausible.request(event)) if report.is_tracked else None,
            "decision": _decision(report.decision, report) if report.decision else None,
            "hit": _hit(report.hit) if report.hit else None,
            "client_ip": _trace(report.trace) if report.trace else None,
            "times": {"captured": event.time, "decided": report.decided_at, "sent": sent_at},
        }
        return Request(
            url=self._url(_HITS_PATH),
            headers=self._own_headers("application/json"),
            # A lone surrogate, which a client may have sent, cannot be encoded.
            body=json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(
                errors="replace"
            ),
        )

    def batch_request(self, requests: Sequence[Request]) -> Request:
        """The POST that carries several events or reports, one on each line."""
        return Request(
            url=self._url("/v1/events/batch"),
            headers=self._own_headers("application/x-ndjson"),
            # JSON escapes the ends of lines in texts, and no body here has one elsewhere.
            body=b"\n".join(map(_line, requests)),
        )

    def _url(self, path: str) -> str:
        return self.endpoint.removesuffix("/event") + path

    def _own_headers(self, content_type: str) -> Headers:
        # Explicit, so that it names footfall and not the transport.
        return {"content-type": content_type, "user-agent": "footfall", **self._authorization}

    def read_batch(self, response: Response, number: int) -> Sequence[Outcome] | None:
        """The outcome of each event; None where the collector, or a proxy, takes no batches."""
        results = _response_status.json_object(response.body).get("results")
        if response.status == 200 and isinstance(results, list) and len(results) == number:
            return [self._read_result(each) for each in results]
        whole = self.read(response)
        return None if whole.kind is OutcomeKind.REJECTED else [whole] * number

    def _read_result(self, result: object) -> Outcome:
        """The outcome of the response that the event would have got by itself."""
        if result == _ACCEPTED:
            return ACCEPTED
        fields = result if isinstance(result, dict) else {}
        status = fields.get("status")
        return self.read(
            Response(
                status=status if isinstance(status, int) else 500,
                headers={"x-plausible-dropped": "1"} if "dropped" in fields else {},
                body=json.dumps({"error": fields.get("error")}).encode(),
            )
        )

    def read(self, response: Response) -> Outcome:
        """The outcome that a response means. Never raises, whatever the response holds."""
        if response.status == 401:
            wanted = f"its --ingest-token ({_INGEST_TOKEN})"
            detail = (
                f"HTTP 401: the collector wants {wanted}; write it into the destination: "
                f"{self._line_with_token}, or Collector(token=...)"
                if self.token is None
                else "HTTP 401: the collector does not know this destination's token; compare it "
                f"with {wanted}"
            )
            return Outcome(kind=OutcomeKind.REJECTED, detail=detail, pause=True)
        outcome = self._plausible.read(response)
        if outcome.kind is not OutcomeKind.DROPPED:
            return outcome
        page = self.endpoint.removesuffix("/api/event") + "/live"
        detail = f"it dropped the event; {page} says why. Often its --domain lacks the domain"
        return replace(outcome, detail=detail)


def _line(request: Request) -> bytes:
    """A request as an item of a batch."""
    if request.url.endswith(_HITS_PATH):
        return request.body
    visitor = {
        "user_agent": request.headers["user-agent"],
        "client_ip": request.headers.get("x-forwarded-for", ""),
    }
    # Both are JSON objects with fields.
    return request.body[:-1] + b"," + _wire_format.json_body(visitor)[1:]


def _request(request: Request) -> dict[str, Any]:
    return {
        "url": request.url,
        "headers": dict(request.headers),
        "body": request.body.decode("utf-8", "replace"),
    }


def _decision(decision: Decision, report: HitReport) -> dict[str, Any]:
    # A step may name the path, which may hold a secret that was scrubbed from the event's URL.
    path = report.hit.path if report.hit else ""
    clean = urlsplit(report.event.url).path
    return {
        "kind": decision.kind,
        "reason": decision.reason,
        "name": decision.name,
        "steps": [
            (step.rule, step.saw.replace(path, clean) if len(path) > 1 else step.saw, step.verdict)
            for step in decision.steps
        ],
    }


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        "method": hit.method[:32],
        "status": hit.status,
        "host": hit.host[:_MAX_TEXT_CHARS],
        "route": hit.route and hit.route[:_MAX_TEXT_CHARS],
        "peer": hit.peer and hit.peer[:_MAX_TEXT_CHARS],
        "headers": _only(hit.headers, _REQUEST_HEADERS),
        "answer": _only(hit.response_headers, _RESPONSE_HEADERS),
    }


def _only(headers: Headers, names: frozenset[str]) -> Mapping[str, str]:
    chosen = [(name, value[:_MAX_TEXT_CHARS]) for name, value in headers.items() if name in names]
    return dict(chosen[:_MAX_HEADERS])


def _trace(trace: Trace) -> dict[str, Any]:
    return {
        "address": trace.client_ip,
        "source": trace.source[:_MAX_TEXT_CHARS],
        "reason": trace.reason[:_MAX_TEXT_CHARS],
        "hops": [
            hop._replace(text="") if hop.source in _CREDENTIALS else hop
            for hop in trace.hops[:_MAX_HOPS]
        ],
    }
