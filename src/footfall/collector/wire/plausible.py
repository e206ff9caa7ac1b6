"""What Plausible does with a POST to `/api/event`: judge it, and answer it.

The rules are those of the open-source server (event.ex, remote_ip.ex; read 2026-11), so that a
client which passes here passes there. Where we differ:

- `Forwarded` without a `for=` falls back to the peer, where Plausible answers 500.
- There are no block-lists of addresses, no goals and no geolocation, and of the spam hosts only the
  one that Plausible's own tests use. Bots are those of `footfall.rules.user_agent`, less the HTTP
  libraries and unknown apps, which Plausible counts.
- `X-Debug-Request: true` is answered with the address, as Plausible Cloud does; nothing is counted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from functools import lru_cache
from urllib.parse import parse_qsl

from footfall.collector.wire import plausible_parser
from footfall.collector.wire.messages import (
    NO_CAMPAIGN,
    TEXT,
    Campaign,
    IncomingEvent,
    IncomingRequest,
    IngestResponse,
    IngestResult,
    first_item,
    json_response,
    referring_host,
    without_port,
)
from footfall.collector.wire.plausible_parser import PageURL, PostedEvent
from footfall.collector.wire.sessions import Session, Sessions, VisitorIdentity
from footfall.rules.user_agent import classify

MAX_BODY_BYTES = plausible_parser.MAX_BODY_BYTES

BUSY = json_response(503, {"status": 503, "message": "Service Unavailable"})
"""The answer when events come faster than they can be written, or the disk is full."""

_KEPT = IngestResponse(status=202, body=b"ok", content_type=TEXT)
_NOT_ACCEPTABLE = json_response(406, {"status": 406, "message": "Not Acceptable"})

SPAM_REFERRER = "1-best-seo.com"
"""A host whose visitors are dropped as referrer spam, to try out what that looks like."""

# What looks whether a site's script is installed; its visits count for nobody.
_VERIFICATION_AGENTS = ("Plausible Verification Agent", "Plausible Community Edition")
_ADDRESS_KINDS_DROPPED = frozenset({"dc_ip", "threat_ip"})
_SOURCE_TAGS = ("utm_source", "source", "ref")
_SAYS_BOT = re.compile(r"bot|crawl|spider|check|https?:", re.IGNORECASE)
# Of HTTP libraries and of `fetch`; the rest is read.
_USUAL_ACCEPTS = frozenset({"", "*/*", "application/json"})
_FORWARDED_FOR = re.compile(r"\bfor=\"?([^\",;]+)", re.IGNORECASE)


def receive(received: IncomingRequest, *, domains: Set[str], visits: Sessions) -> IngestResult:
    """Plausible's answer, with one arrival for each domain of a valid event.

    With `domains` given, events for other domains are dropped, as those of unknown sites are.
    """
    if not _accepts_json(received.headers.get("accept", "")):
        return IngestResult(_NOT_ACCEPTABLE)
    event = plausible_parser.read(received)
    if isinstance(event, IngestResponse):
        return IngestResult(event)
    address = client_ip(received)
    if received.headers.get("x-debug-request", "").lower() == "true":
        return IngestResult(IngestResponse(status=200, body=address.encode(), content_type=TEXT))
    arrivals = [
        _arrival(event, domain, address, received, domains, visits) for domain in event.domains
    ]
    dropped = sum(each.reason is not None for each in arrivals)
    return IngestResult(dropped_response(dropped) if dropped else _KEPT, arrivals)


def client_ip(received: IncomingRequest) -> str:
    """The address that Plausible takes for the visitor's: the first header that is not empty.

    Nothing is checked: of a list the first item is taken, whatever it is.
    """
    headers = received.headers
    for name in ("x-plausible-ip", "cf-connecting-ip"):
        if headers.get(name):
            return without_port(headers[name])
    for name in ("b-forwarded-for", "x-forwarded-for"):
        if headers.get(name):
            return without_port(first_item(headers[name]))
    if found := _FORWARDED_FOR.search(headers.get("forwarded", "")):
        return without_port(found[1].strip())
    return received.peer


def dropped_response(number: int) -> IngestResponse:
    """What is answered when so many of a request's events were thrown away."""
    headers = (("x-plausible-dropped", str(number)),)
    return IngestResponse(status=202, body=b"ok", content_type=TEXT, headers=headers)


def _arrival(
    event: PostedEvent,
    domain: str,
    address: str,
    received: IncomingRequest,
    domains: Set[str],
    visits: Sessions,
) -> IncomingEvent:
    user_agent = received.headers.get("user-agent", "")
    campaign, source = _origin(event.page, event.referrer)
    reason = _drop_reason(event, domain, domains, user_agent, received.headers)
    visit: Session | None = None
    if reason is None:
        visit = _visit(
            event.name, visits, VisitorIdentity(domain, address, user_agent), received.at
        )
        reason = None if visit else "no_session_for_engagement"
    return IncomingEvent(
        vendor="plausible",
        domain=domain,
        name=event.name,
        url=event.page.url,
        hostname=event.page.hostname,
        path=event.page.pathname,
        referrer=event.referrer,
        source=source,
        campaign=campaign,
        props=event.props,
        revenue=event.revenue,
        interactive=event.interactive,
        user_agent=user_agent,
        client_ip=address,
        visitor=visit.visitor if visit else None,
        session=visit.session if visit else None,
        begins=visit.is_new if visit else False,
        reason=reason,
        received=received,
    )


def _drop_reason(
    event: PostedEvent,
    domain: str,
    domains: Set[str],
    user_agent: str,
    headers: Mapping[str, str],
) -> str | None:
    """The first reason in the order in which Plausible looks for them."""
    if _referring_host(event.referrer, None) == SPAM_REFERRER:
        return "spam_referrer"
    if domains and domain not in domains:
        return "not_found"
    if user_agent.startswith(_VERIFICATION_AGENTS):
        return "verification_agent"
    address_kind = headers.get("x-plausible-ip-type", "")
    if address_kind in _ADDRESS_KINDS_DROPPED:
        return address_kind
    return "bot" if _is_bot(user_agent) else None


def _is_bot(user_agent: str) -> bool:
    bot = classify(user_agent)
    if bot is None or bot.kind == "library":
        return False
    return bot.kind != "other" or _SAYS_BOT.search(user_agent) is not None


def _visit(name: str, visits: Sessions, caller: VisitorIdentity, now: float) -> Session | None:
    if name != "engagement":
        return visits.enter(caller, now)
    visit = visits.find(caller, now)
    if visit:
        visits.extend(visit, now)
    return visit


def _accepts_json(accept: str) -> bool:
    if accept in _USUAL_ACCEPTS:
        return True
    ranges = {item.partition(";")[0].strip() for item in accept.split(",")} - {""}
    return not ranges or any(
        each in ("*/*", "application/*", "application/json") or each.endswith("+json")
        for each in ranges
    )


def _origin(page: PageURL, referrer: str | None) -> tuple[Campaign, str | None]:
    """The campaign, and the source: a tag of the URL, even an empty one, before the referrer."""
    source = _referring_host(referrer, page.hostname)
    if not page.query:
        return NO_CAMPAIGN, source
    campaign, tag = _tags(page.query)
    return campaign, (source if tag is None else campaign.source)


# The same pages send most visitors. A referrer has 2,000 characters at most.
_referring_host = lru_cache(maxsize=1_024)(referring_host)


# Whoever follows a link from a newsletter brings the same query as all the others.
@lru_cache(maxsize=1_024)
def _tags(query_text: str) -> tuple[Campaign, str | None]:
    """The campaign, and the first tag of a source."""
    # The last of several wins.
    query = dict(parse_qsl(query_text, keep_blank_values=True, errors="replace"))
    tag = next((query[name] for name in _SOURCE_TAGS if name in query), None)
    campaign = Campaign(
        source=tag or None,
        medium=query.get("utm_medium") or None,
        campaign=query.get("utm_campaign") or None,
        content=query.get("utm_content") or None,
        term=query.get("utm_term") or None,
    )
    return campaign, tag
