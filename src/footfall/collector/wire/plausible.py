"""How Plausible handles a POST to `/api/event`: its response, and the events to store.

The rules are those of the open-source server (event.ex, remote_ip.ex; read 2026-11), so that a
client that is accepted here is accepted there. Where we differ:

- `Forwarded` without a `for=` falls back to the peer, where Plausible answers 500.
- There are no block-lists of addresses, no goals and no geolocation. Hosts of spam are those of
  `footfall.rules.spam_hosts`, the list that Plausible uses, with their subdomains; bots those of
  `footfall.rules.bot_detection`, less the HTTP libraries and unknown apps, which Plausible counts.
- `X-Debug-Request: true` is answered with the address, as Plausible Cloud does; nothing is counted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from typing import Any
from urllib.parse import parse_qsl

from footfall.collector.wire import limits, plausible_parser
from footfall.collector.wire.messages import (
    NO_CAMPAIGN,
    TEXT,
    Campaign,
    IncomingEvent,
    IncomingRequest,
    IngestResponse,
    IngestResult,
    busy_response,
    json_response,
)
from footfall.collector.wire.parsing import first_item, referring_host, without_port
from footfall.collector.wire.plausible_parser import PageURL, PostedEvent
from footfall.collector.wire.sessions import Session, Sessions
from footfall.collector.wire.traffic_source import click_id_of, medium_of_click
from footfall.collector.wire.visitor_hash import VisitorIdentity, page_domain
from footfall.common.bounded_cache import BoundedCache
from footfall.rules.bot_detection import classify
from footfall.rules.referrer_spam import is_spam_host

BUSY = busy_response({"status": 503, "message": "Service Unavailable"})
"""The response while events cannot be written, or come faster than they can be."""

_ACCEPTED = IngestResponse(status=202, body=b"ok", content_type=TEXT)
_NOT_ACCEPTABLE = json_response(406, {"status": 406, "message": "Not Acceptable"})

# Plausible's own check of whether a site's script is installed.
_VERIFICATION_AGENTS = ("Plausible Verification Agent", "Plausible Community Edition")
_ADDRESS_KINDS_DROPPED = frozenset({"dc_ip", "threat_ip"})
_SOURCE_TAGS = ("utm_source", "source", "ref")
_BOT_WORDS = re.compile(r"bot|crawl|spider|check|https?:", re.IGNORECASE)
# Of HTTP libraries and of `fetch`; any other value is parsed.
_USUAL_ACCEPTS = frozenset({"", "*/*", "application/json"})
_FORWARDED_FOR = re.compile(r"\bfor=\"?([^\",;]+)", re.IGNORECASE)


def receive(request: IncomingRequest, *, domains: Set[str], sessions: Sessions) -> IngestResult:
    """Plausible's response, with one event for each domain of a valid request.

    With `domains` given, events for other domains are dropped, as those of unknown sites are.
    """
    if not _accepts_json(request.headers.get("accept", "")):
        return IngestResult(_NOT_ACCEPTABLE)
    body = plausible_parser.parse_body(request)
    if isinstance(body, IngestResponse):
        return IngestResult(body)
    return receive_parsed(body, request, domains=domains, sessions=sessions)


def receive_parsed(
    body: Mapping[str, Any], request: IncomingRequest, *, domains: Set[str], sessions: Sessions
) -> IngestResult:
    """The same for a request whose body is parsed."""
    posted = plausible_parser.parse_event(body)
    return receive_posted(posted, request, domains=domains, sessions=sessions)


def receive_posted(
    posted: PostedEvent | IngestResponse,
    request: IncomingRequest,
    *,
    domains: Set[str],
    sessions: Sessions,
) -> IngestResult:
    """The same for a request whose event is known, or the response that refuses it."""
    if isinstance(posted, IngestResponse):
        return IngestResult(posted)
    address = client_ip(request)
    if request.headers.get("x-debug-request", "").lower() == "true":
        return IngestResult(IngestResponse(status=200, body=address.encode(), content_type=TEXT))
    events = [
        _incoming_event(posted, domain, address, request, domains, sessions)
        for domain in posted.domains
    ]
    dropped = sum(event.reason is not None for event in events)
    return IngestResult(dropped_response(dropped) if dropped else _ACCEPTED, events)


def client_ip(request: IncomingRequest) -> str:
    """The address that Plausible takes for the visitor's: the first header that is not empty.

    It is not validated: of a list the first item is taken, whatever it is.
    """
    return _client_ip(request)[: limits.ADDRESS]


def _client_ip(request: IncomingRequest) -> str:
    headers = request.headers
    for name in ("x-plausible-ip", "cf-connecting-ip"):
        if headers.get(name):
            return without_port(headers[name])
    for name in ("b-forwarded-for", "x-forwarded-for"):
        if headers.get(name):
            return without_port(first_item(headers[name]))
    if found := _FORWARDED_FOR.search(headers.get("forwarded", "")):
        return without_port(found[1].strip())
    return request.peer


def dropped_response(number: int) -> IngestResponse:
    """The response where `number` of a request's events were dropped."""
    headers = (("x-plausible-dropped", str(number)),)
    return IngestResponse(status=202, body=b"ok", content_type=TEXT, headers=headers)


def _incoming_event(
    posted: PostedEvent,
    domain: str,
    address: str,
    request: IncomingRequest,
    domains: Set[str],
    sessions: Sessions,
) -> IncomingEvent:
    user_agent = request.user_agent
    campaign, source = _campaign_and_source(posted.page, posted.referrer)
    reason = _drop_reason(posted, domain, domains, user_agent, request.headers)
    session: Session | None = None
    if reason is None:
        page = page_domain(posted.page.hostname, domain)
        identity = VisitorIdentity(domain, address, user_agent, page)
        session = _session(posted.name, sessions, identity, request.at)
        reason = None if session else "no_session_for_engagement"
    return IncomingEvent(
        vendor="plausible",
        domain=domain[: limits.DOMAIN],
        name=posted.name,
        url=posted.page.url,
        hostname=posted.page.hostname,
        path=posted.page.pathname,
        referrer=posted.referrer,
        source=source,
        campaign=campaign,
        props=posted.props,
        revenue=posted.revenue,
        interactive=posted.interactive,
        engagement=posted.engagement,
        user_agent=user_agent,
        client_ip=address,
        visitor=session.visitor if session else None,
        session=session.id if session else None,
        starts_session=session.is_new if session else False,
        reason=reason,
        is_declared=not domains or domain in domains,
        request=request,
    )


def _drop_reason(
    posted: PostedEvent,
    domain: str,
    domains: Set[str],
    user_agent: str,
    headers: Mapping[str, str],
) -> str | None:
    """The first reason in the order in which Plausible checks them."""
    if is_spam_host(_REFERRING_HOSTS[posted.referrer or "", ""] or ""):
        return "spam_referrer"
    if len(domain) > limits.DOMAIN or (domains and domain not in domains):
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
    return bot.kind != "other" or _BOT_WORDS.search(user_agent) is not None


def _session(
    name: str, sessions: Sessions, identity: VisitorIdentity, now: float
) -> Session | None:
    if name != "engagement":
        return sessions.get_or_start(identity, now)
    session = sessions.find(identity, now)
    if session:
        sessions.extend(session, now)
    return session


def _accepts_json(accept: str) -> bool:
    if accept in _USUAL_ACCEPTS:
        return True
    ranges = {item.partition(";")[0].strip() for item in accept.split(",")} - {""}
    return not ranges or any(
        each in ("*/*", "application/*", "application/json") or each.endswith("+json")
        for each in ranges
    )


def _campaign_and_source(page: PageURL, referrer: str | None) -> tuple[Campaign, str | None]:
    """The campaign, and the source: a tag of the URL, even an empty one, wins over the referrer."""
    source = _REFERRING_HOSTS[referrer or "", page.hostname]
    if not page.query:
        return NO_CAMPAIGN, source
    campaign, tag = _TAGS[page.query]
    source = source if tag is None else campaign.source
    if campaign.medium is None and (medium := medium_of_click(source, click_id_of(page.query))):
        campaign = campaign._replace(medium=medium)
    return campaign, source


# A few pages send most visitors. By referrer and hostname.
_REFERRING_HOSTS: BoundedCache[tuple[str, str], str | None] = BoundedCache(
    lambda key: referring_host(*key)
)


def _tags(query_text: str) -> tuple[Campaign, str | None]:
    """The campaign, and the first source tag."""
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


# All visitors from one newsletter have the same query.
_TAGS: BoundedCache[str, tuple[Campaign, str | None]] = BoundedCache(_tags)
