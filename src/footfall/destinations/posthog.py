"""PostHog: any number of events as one POST to `/batch/`.

Written against the API that PostHog documents (posthog.com/docs/api/capture, /docs/data/
anonymous-vs-identified-events, /docs/data/ingestion-warnings and /docs/privacy/cookieless-tracking)
and the source of its servers for capture and ingestion, all read 2026-11. The answer is one for the
whole request: PostHog answers before it processes an event, and shows no later drop.

There are no cookies here, so an event has no id of a browser. Its `distinct_id` is

    the app's profile id, where it sets one: an identified event, with a profile of the person;
    else PostHog's own word for cookieless tracking: PostHog makes an id of address, user agent,
    host and a secret that it deletes each day, and then removes address and user agent. It drops
    these events where the project has not switched that on;
    else, where an event lacks one of the three, an id of its own: a visitor of one event.

The `uuid` is made of the event, so that the same event has it again. PostHog counts events of one
uuid, time, name and distinct_id once. The key of the project is in the body and never in a URL.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit

from footfall.client_ip.addresses import parse
from footfall.common import float_text
from footfall.common.language_tag import language_tag
from footfall.destinations import _response_status, _validation, _wire_format
from footfall.destinations._envelope import Envelope
from footfall.destinations._event_id import event_id
from footfall.errors import HIDDEN, ConfigError, Fault
from footfall.events.details import valid_details
from footfall.model import ACCEPTED, PAGEVIEW, Event, Outcome, OutcomeKind, Request, Response
from footfall.rules.url import CAMPAIGN

# The server would cut a longer one; its beginning could be another person's id.
MAX_ID_CHARS = 200
# PostHog sets no limit but that of the event, 1 MB.
MAX_TEXT_CHARS = 2000
# Longer than a code, so that trimming never makes another currency.
MAX_CURRENCY_CHARS = 16

_KEY_REMEDY = "write the project's key, which begins with phc_: posthog://PROJECT_KEY@HOST"
_COOKIELESS_ID = "$posthog_cookieless"
# Names that begin so are PostHog's own, and some of them change persons.
_OWN_SIGN = "$"
_DETAILS = {"screen_width": "$viewport_width", "time_zone": "$timezone"}
_CAMPAIGN = frozenset(name for name in CAMPAIGN if name.startswith("utm_"))
# The hosts of its pages take events for some addresses only; these are the hosts for events.
_EVENT_HOSTS = {
    "app.posthog.com": "us.i.posthog.com",
    "us.posthog.com": "us.i.posthog.com",
    "eu.posthog.com": "eu.i.posthog.com",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PostHog:
    """PostHog Cloud, or a PostHog server of your own.

    Args:
        token: The key of the project, from its settings; it begins with `phc_`.
        endpoint: Where events are posted. The base of an installation is enough
            (`https://eu.i.posthog.com`): `/batch` is added unless the URL ends in it.

    Raises:
        ConfigError: with a fault for each option that cannot work.
    """

    token: str = field(repr=False)
    endpoint: str
    # As many as its own clients send at once.
    max_batch: ClassVar[int] = 100
    backdates: ClassVar[bool] = True
    recognises_repeats: ClassVar[bool] = True
    not_shown: ClassVar[str] = (
        "whether it keeps the event: visitors without a profile id are dropped later, unless "
        "cookieless tracking is on in the project's settings, under Web analytics"
    )
    _envelope: Envelope = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _validation.validate_options(self, token=_project_key, endpoint=_events_endpoint)
        token = _wire_format.json_text(self.token)
        envelope = Envelope(f'{{"api_key":{token},"batch":['.encode(), b"]}")
        object.__setattr__(self, "_envelope", envelope)

    @property
    def name(self) -> str:
        """`posthog:3f9a0c@eu.i.posthog.com`, with six digits of a hash of the key."""
        digits = hashlib.sha256(self.token.encode()).hexdigest()[:6]
        return f"posthog:{digits}@{urlsplit(self.endpoint).netloc}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each setting that is valid but probably a mistake."""
        return tuple(_validation.web_scheme_warnings(self.endpoint))

    @property
    def secrets(self) -> tuple[str, ...]:
        """What nobody may be shown of a request: the key in its body."""
        return (self.token,)

    def request(self, event: Event) -> Request:
        """The POST for one event, which has its own time in any case."""
        trimmed = _wire_format.TrimmedFields()
        body = _wire_format.json_body(_fields(event, trimmed))
        return Request(
            url=f"{self.endpoint}/",
            headers={"content-type": "application/json", "user-agent": "footfall"},
            body=self._envelope.body(body),
            trimmed=trimmed.names,
        )

    def late_request(self, event: Event) -> Request:
        """The POST for an event that has waited: the same, so that a repeat is recognised."""
        return self.request(event)

    def batch_request(self, requests: Sequence[Request]) -> Request:
        """The POST that carries several events."""
        return self._envelope.merged(requests)

    def read_batch(self, response: Response, number: int) -> Sequence[Outcome]:
        """The outcome of each event, which is that of the request."""
        return [self.read(response)] * number

    def read(self, response: Response) -> Outcome:
        """The outcome that a response means. Never raises, whatever the response holds."""
        if response.status == 401:
            detail = "HTTP 401: PostHog does not take this for the key of a project; compare them"
            return Outcome(kind=OutcomeKind.REJECTED, detail=detail, pause=True)
        if not _response_status.is_accepted(response):
            return _response_status.refusal(response)
        if _response_status.json_object(response.body).get("quota_limited"):
            return Outcome(
                kind=OutcomeKind.DROPPED,
                detail="it threw the event away: the project's billing limit is reached",
                log_key="quota",
            )
        return ACCEPTED


def _fields(event: Event, trimmed: _wire_format.TrimmedFields) -> Mapping[str, object]:
    name = "$pageview"
    if event.name != PAGEVIEW:
        own = trimmed.note_if_shorter("name", event.name, event.name.lstrip(_OWN_SIGN))
        name = _wire_format.event_name(own, _wire_format.MAX_NAME_CHARS, trimmed)
    properties = _properties(event, trimmed)
    distinct_id = _profile_id(event, trimmed)
    if not distinct_id:
        # Without a profile of a person, which costs the project more.
        properties["$process_person_profile"] = False
        is_known = all(map(properties.get, ("$ip", "$raw_user_agent", "$host")))
        distinct_id = _COOKIELESS_ID if is_known else event_id(event)
        if is_known:
            properties["$cookieless_mode"] = True
    fields: dict[str, object] = {
        "event": name,
        "distinct_id": distinct_id,
        "properties": properties,
    }
    if timestamp := _wire_format.utc_text(event.time):
        # An event without a time could be any of its kind.
        fields |= {"uuid": event_id(event), "timestamp": timestamp}
    return fields


def _properties(event: Event, trimmed: _wire_format.TrimmedFields) -> dict[str, object]:
    def text(name: str, value: str) -> str:
        short = _wire_format.trim_text(value, MAX_TEXT_CHARS)
        # Nearly every text is as it was.
        return short if short is value else trimmed.note_if_shorter(name, value, short)

    visitor = event.visitor
    host, path, query = _wire_format.page_parts(event.url)
    found: dict[str, object] = {
        "$current_url": text("$current_url", event.url),
        "$host": text("$host", host),
        "$pathname": text("$pathname", path),
        "$referrer": text("$referrer", event.referrer or ""),
        "$referring_domain": text("$referrer", _validation.host_of(event.referrer or "")),
        "$raw_user_agent": _wire_format.header_value(
            visitor.user_agent, _wire_format.MAX_USER_AGENT_BYTES
        ),
        "$ip": str(parse(visitor.client_ip or "") or ""),
        "$browser_language": language_tag(visitor.language),
        "$lib": "footfall",
    }
    if event.screen_width is not None or event.time_zone:
        given = {"screen_width": event.screen_width, "time_zone": event.time_zone}
        for name, value in valid_details(given).items():
            found[_DETAILS[name]] = value
    if not event.referrer and event.previous is None:
        # The word of its own script for a visitor whom no page sent; its reports look for it.
        found |= {"$referrer": "$direct", "$referring_domain": "$direct"}
    properties = _props(event, trimmed) if event.props or event.revenue else {}
    if "utm_" in query:
        pairs = parse_qsl(query)
        properties |= {name: text(name, value) for name, value in pairs if name in _CAMPAIGN}
    return properties | {name: value for name, value in found.items() if value}


def _props(event: Event, trimmed: _wire_format.TrimmedFields) -> dict[str, object]:
    """The props, numbers and truths as such, and the revenue."""
    found: dict[str, object] = {}
    for key, value in event.props.items():
        name = _wire_format.scalar_text(key, float_text.javascript)
        shown = _wire_format.scalar_text(value, float_text.javascript)
        if not (name.strip() and shown.strip()):
            continue
        if name.startswith(_OWN_SIGN):
            trimmed.note("properties")
            continue
        short_name = _wire_format.trim_text(name, MAX_TEXT_CHARS)
        short = _wire_format.trim_text(shown, MAX_TEXT_CHARS)
        trimmed.note_if_shorter("properties", name + shown, short_name + short)
        found.setdefault(short_name, value if isinstance(value, int | float) else short)
    revenue = event.revenue
    if revenue and revenue.amount.is_finite() and math.isfinite(amount := float(revenue.amount)):
        currency = _wire_format.trim_text(revenue.currency, MAX_CURRENCY_CHARS)
        found |= {"revenue": amount, "currency": currency}
    elif revenue:
        trimmed.note("revenue")
    return found


def _profile_id(event: Event, trimmed: _wire_format.TrimmedFields) -> str:
    """The app's id for a visitor; empty where PostHog would not take it for one."""
    whole = event.profile_id.strip()
    if len(whole) > MAX_ID_CHARS or whole == _COOKIELESS_ID:
        trimmed.note("distinct_id")
        return ""
    sent = _wire_format.trim_text(whole, MAX_ID_CHARS)
    return "" if sent.lower() in _wire_format.ANONYMOUS_IDS else sent


def _project_key(option: str, value: object) -> str:
    key = _validation.required_token(_KEY_REMEDY)(option, value)
    if key.startswith("phx_"):
        raise ConfigError(Fault(option, HIDDEN, f"is a personal API key; {_KEY_REMEDY}"))
    return key


def _events_endpoint(option: str, value: object) -> str:
    endpoint = _validation.endpoint_at("/batch")(option, value)
    host = _EVENT_HOSTS.get(_validation.host_of(endpoint))
    if host:
        raise ConfigError(Fault(option, endpoint, f"PostHog takes events at https://{host}"))
    return endpoint
