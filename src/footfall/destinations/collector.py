"""The collector as a destination: events stay on this machine, or on one of yours.

It is told of every hit, tracked or not, in a report: what was decided and why, the way to the
visitor's address, and for a hit that counts the very request that Plausible would get. The
collector treats that request as Plausible would, so that what is tried here first works there
unchanged.

A report is a JSON object, posted to `/api/v1/hits`:

    version     1
    domain      the site to count for
    reason      one word; `tracked` tells whether it counts
    event       name, url, referrer and visitor (client_ip, user_agent), as sent or as they would be
    request     url, headers and body of the POST that a vendor would get; null if none would
    decision    kind, reason, name and steps: a list of rule, what it saw, verdict
    hit         method, status, host, route, peer, and the headers that the decision may look at;
                null for an event told outside a request
    client_ip   address, source, reason and hops (source, text, address, verdict); null where the
                app named the visitor
    times       captured, decided, sent: seconds since the epoch

Everything in it is bounded. URLs and paths in it are scrubbed as events are; cookies, authorization
and the raw referrer are not in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from footfall.destinations import _validation
from footfall.destinations.plausible import Plausible
from footfall.errors import ConfigError
from footfall.model import Event, Outcome, OutcomeKind, Request, Response
from footfall.rules import pageview

if TYPE_CHECKING:
    from collections.abc import Iterator

    from footfall.client_ip import Trace
    from footfall.errors import Fault
    from footfall.events.hit_report import HitReport
    from footfall.model import Decision, Headers, Hit

REPORT_VERSION: Final = 1
"""What the collector has to understand."""

# A browser's longest header has 300 bytes, without the user agent, which the event carries.
_MAX_TEXT: Final = 512
# As vendors cut a referrer.
_MAX_REFERRER: Final = 2_000
# A browser's are a third of it.
_MAX_HEADERS: Final = 40
# Behind each other; nobody's chain is longer, but a client may write what it likes.
_MAX_HOPS: Final = 20

# What a decision may look at, less what holds a URL or an address: the event has these, scrubbed,
# and the hops those.
_SHOWN_HEADERS: Final = (pageview.REQUEST_HEADERS | {"accept-language"}) - {
    "hx-current-url",
    "user-agent",
}
_SHOWN_ANSWERS: Final = pageview.RESPONSE_HEADERS - {"hx-push-url"}
# An owner may have named one of them as the header of the address.
_CREDENTIALS: Final = frozenset({"authorization", "cookie", "proxy-authorization"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """The embedded collector, where `footfall collect` or a mounted collector app listens.

    Args:
        domain: The site to count for; any name will do.
        endpoint: Where the collector listens; `/api/event` is added unless the URL ends in
            `/event`.
        every_hit: Tell of hits that do not count, too, and why. Switch it off where the collector
            is the statistics of a busy site: each hit is a POST, and a page has dozens.

    Raises:
        ConfigError: with a fault for each option that cannot work.
    """

    domain: str
    # The default address of `footfall collect`.
    endpoint: str = "http://127.0.0.1:8321"
    # Who tries things out asks why a hit does not count.
    every_hit: bool = True
    _wire: Plausible = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        faults = list(_flag_faults(self.every_hit))
        try:
            wire = Plausible(domain=self.domain, endpoint=self.endpoint)
        except ConfigError as error:
            raise ConfigError([*error.faults, *faults]) from None
        if faults:
            raise ConfigError(faults)
        object.__setattr__(self, "domain", wire.domain)
        object.__setattr__(self, "endpoint", wire.endpoint)
        object.__setattr__(self, "_wire", wire)

    @property
    def name(self) -> str:
        """`collector:example.com@127.0.0.1:8321`."""
        return f"collector:{self.domain}@{urlsplit(self.endpoint).netloc}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """Settings that are allowed and probably not meant, a sentence each."""
        return self._wire.warnings

    @property
    def watches(self) -> bool:
        """Whether it is told of every hit."""
        return self.every_hit

    def request(self, event: Event) -> Request:
        """The POST for one event, as `Plausible` makes it."""
        return self._wire.request(event)

    def report(self, report: HitReport, *, sent_at: float) -> Request:
        """The POST that tells of one hit; `sent_at` is in seconds since the epoch."""
        event = report.event
        body = {
            "version": REPORT_VERSION,
            "domain": self.domain,
            "tracked": report.is_tracked,
            "reason": report.reason,
            "event": {
                "name": event.name,
                "url": event.url,
                "referrer": event.referrer and event.referrer[:_MAX_REFERRER],
                "client_ip": event.visitor.client_ip,
                "user_agent": event.visitor.user_agent,
            },
            "request": _request(self.request(event)) if report.is_tracked else None,
            "decision": _decision(report) if report.decision else None,
            "hit": _hit(report.hit) if report.hit else None,
            "client_ip": _trace(report.trace) if report.trace else None,
            "times": {"captured": event.time, "decided": report.decided_at, "sent": sent_at},
        }
        return Request(
            url=self.endpoint.removesuffix("/event") + "/v1/hits",
            # The transport's own name would do, but it says what it is.
            headers={"content-type": "application/json", "user-agent": "footfall"},
            # Half a surrogate pair, which a client may have sent, cannot be encoded.
            body=json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(
                errors="replace"
            ),
        )

    def read(self, response: Response) -> Outcome:
        """What became of the event. Never raises, whatever the answer holds."""
        outcome = self._wire.read(response)
        if outcome.kind is not OutcomeKind.DROPPED:
            return outcome
        return replace(outcome, detail=f"{self.name} threw the event away; its inspector says why.")


def _flag_faults(every_hit: object) -> Iterator[Fault]:
    try:
        _validation.flag("every_hit", every_hit)
    except ConfigError as error:
        yield from error.faults


def _request(request: Request) -> dict[str, Any]:
    return {
        "url": request.url,
        "headers": dict(request.headers),
        "body": request.body.decode("utf-8", "replace"),
    }


def _decision(report: HitReport) -> dict[str, Any]:
    decision: Decision | None = report.decision
    assert decision is not None  # noqa: S101 -- asked by the caller
    # A step may have seen the path, in which a secret may be that the URL does not show.
    path = report.hit.path if report.hit else ""
    shown = urlsplit(report.event.url).path
    return {
        "kind": decision.kind,
        "reason": decision.reason,
        "name": decision.name,
        "steps": [
            (step.rule, step.saw.replace(path, shown) if len(path) > 1 else step.saw, step.verdict)
            for step in decision.steps
        ],
    }


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        "method": hit.method[:32],
        "status": hit.status,
        "host": hit.host[:_MAX_TEXT],
        "route": hit.route and hit.route[:_MAX_TEXT],
        "peer": hit.peer and hit.peer[:_MAX_TEXT],
        "headers": _shown(hit.headers, _SHOWN_HEADERS),
        "answer": _shown(hit.response_headers, _SHOWN_ANSWERS),
    }


def _shown(headers: Headers, names: frozenset[str]) -> Mapping[str, str]:
    kept = [(name, value[:_MAX_TEXT]) for name, value in headers.items() if name in names]
    return dict(kept[:_MAX_HEADERS])


def _trace(trace: Trace) -> dict[str, Any]:
    return {
        "address": trace.client_ip,
        "source": trace.source[:_MAX_TEXT],
        "reason": trace.reason[:_MAX_TEXT],
        "hops": [
            hop._replace(text="") if hop.source in _CREDENTIALS else hop
            for hop in trace.hops[:_MAX_HOPS]
        ],
    }
