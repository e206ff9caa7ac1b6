"""GoatCounter: up to 500 events as one POST to `/api/v0/count`.

Written against its API's documentation (goatcounter.com/help/api and /api.json, version 2.7) and
its server's source, both read 2026-11. The server answers 202 and writes what it got within ten
seconds. It answers 400 with `errors` by index for events that it refuses, and has processed all
others; so a request is never sent again for them. `X-Goatcounter-Filter` lists the events of
addresses that the site ignores. It does not say which events it took for bots'.

The API token says for whom the events are, and the host for which site. A visitor is recognised by
address and browser for eight hours; `no_sessions` lets an event through that lacks one of them.
From one address it takes 60 requests in two minutes, and answers 429 to the next with the seconds
to wait; what waits then goes together. It has no place for props and amounts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar
from urllib.parse import urlsplit

from footfall.client_ip.addresses import parse
from footfall.common.language_tag import language_tag
from footfall.destinations import _response_status, _validation, _wire_format
from footfall.destinations._envelope import Envelope
from footfall.model import ACCEPTED, PAGEVIEW, Event, Outcome, OutcomeKind, Request, Response
from footfall.rules.pageview import DOWNLOAD
from footfall.rules.url import without_campaign

MAX_PATH_CHARS = 2048
MAX_REFERRER_CHARS = 2048
# Shorter than what browsers may send; the server refuses the event.
MAX_USER_AGENT_CHARS = 512

# Browsers remove these from a URL; the server's parser refuses it.
_NOT_IN_URLS = re.compile(r"[\t\n\r]")
_ENVELOPE = Envelope(b'{"no_sessions":true,"hits":[', b"]}")


@dataclass(frozen=True, slots=True, kw_only=True)
class GoatCounter:
    """goatcounter.com, or a GoatCounter server of your own.

    Args:
        token: An API token that may record pageviews and nothing else.
        endpoint: Where events are posted. The base of the site is enough
            (`https://example.goatcounter.com`): `/api/v0/count` is added unless the URL ends in
            `/count`.

    Raises:
        ConfigError: with a fault for each option that cannot work.
    """

    token: str = field(repr=False)
    endpoint: str
    # The limit of the server, which only appends them to a list.
    max_batch: ClassVar[int] = 500
    backdates: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _validation.validate_options(
            self,
            token=_validation.required_token(
                "write an API token that may record pageviews: "
                "goatcounter://TOKEN@example.goatcounter.com"
            ),
            endpoint=_validation.endpoint_at("/api/v0/count"),
        )

    @property
    def name(self) -> str:
        """`goatcounter:example.goatcounter.com`."""
        return f"goatcounter:{urlsplit(self.endpoint).netloc}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each setting that is valid but probably a mistake."""
        return tuple(_validation.web_scheme_warnings(self.endpoint))

    @property
    def secrets(self) -> tuple[str, ...]:
        """What nobody may be shown of a request: the header with the token."""
        return (self.token,)

    def request(self, event: Event) -> Request:
        """The POST for one event, within every limit of the server."""
        return self._request(event, {})

    def late_request(self, event: Event) -> Request:
        """The POST for an event that has waited, with the time at which it happened.

        Only then: the server refuses a time that its own clock has not reached.
        """
        return self._request(event, {"created_at": _wire_format.utc_text(event.time)})

    def _request(self, event: Event, time: Mapping[str, object]) -> Request:
        trimmed = _wire_format.TrimmedFields()
        hit = _wire_format.json_body({**_fields(event, trimmed), **time})
        return Request(
            url=self.endpoint,
            headers={
                "content-type": "application/json",
                "user-agent": "footfall",
                "authorization": f"Bearer {self.token}",
            },
            body=_ENVELOPE.body(hit),
            trimmed=trimmed.names,
        )

    def batch_request(self, requests: Sequence[Request]) -> Request:
        """The POST that carries several events."""
        return _ENVELOPE.merged(requests)

    def read(self, response: Response) -> Outcome:
        """The outcome that a response means. Never raises, whatever the response holds."""
        return self.read_batch(response, 1)[0]

    def read_batch(self, response: Response, number: int) -> Sequence[Outcome]:
        """The outcome of each event."""
        errors = _errors(response, number)
        if not errors and not _response_status.is_accepted(response):
            return [_refusal(response)] * number
        filtered = _filtered(response)
        outcomes = [_IGNORED if index in filtered else ACCEPTED for index in range(number)]
        for index, text in errors.items():
            outcomes[index] = _refused(text)
        return outcomes


_IGNORED = Outcome(
    kind=OutcomeKind.DROPPED,
    detail=(
        "the site's setting of ignored addresses keeps a visitor out; nothing to do if that is "
        "meant"
    ),
    log_key="ignored",
)


def _errors(response: Response, number: int) -> Mapping[int, str]:
    """The texts of refused events by their places; empty for any other response."""
    errors = _response_status.json_object(response.body).get("errors")
    if response.status != 400 or not isinstance(errors, dict):
        return {}
    places = {str(index): index for index in range(number)}
    return {places[key]: str(text) for key, text in errors.items() if key in places}


def _refused(text: str) -> Outcome:
    return Outcome(
        kind=OutcomeKind.REJECTED,
        detail=f"the server refuses an event (it says: {_response_status.one_line(text)})",
        log_key="refused",
    )


def _filtered(response: Response) -> frozenset[int]:
    text = response.headers.get("x-goatcounter-filter", "")
    return frozenset(map(int, re.findall(r"\b\d{1,3}\b", text, re.ASCII)))


def _refusal(response: Response) -> Outcome:
    if response.status == 401:
        return Outcome(
            kind=OutcomeKind.REJECTED,
            detail=(
                "HTTP 401: the server does not know this destination's token; compare it with the "
                "tokens of the user's page API, of the site that the endpoint names"
            ),
            pause=True,
        )
    reset = response.headers.get("x-rate-limit-reset")
    if response.status == 429 and reset and "retry-after" not in response.headers:
        response = replace(response, headers={**response.headers, "retry-after": reset})
    return _response_status.refusal(response)


def _fields(event: Event, trimmed: _wire_format.TrimmedFields) -> Mapping[str, object]:
    def text(name: str, value: str, max_chars: int) -> str:
        return trimmed.note_if_shorter(name, value, _wire_format.trim_text(value, max_chars))

    visitor, is_event = event.visitor, event.name != PAGEVIEW
    url = _NOT_IN_URLS.sub("", event.url.partition("#")[0])
    fields: dict[str, object] = {
        "path": text("path", _path(without_campaign(url)), MAX_PATH_CHARS),
        # The server takes the campaign from it, and nothing else.
        "query": "" if is_event else text("query", url.partition("?")[2], MAX_PATH_CHARS),
        "ref": text("ref", event.referrer or "", MAX_REFERRER_CHARS),
        "user_agent": text("user_agent", visitor.user_agent, MAX_USER_AGENT_CHARS),
        "language": language_tag(visitor.language),
        "ip": str(parse(visitor.client_ip or "") or ""),
    }
    if event.name == DOWNLOAD:
        # As its own script counts a click on a file: by the name of the file.
        fields |= {"event": True, "title": DOWNLOAD}
    elif is_event:
        name = _wire_format.event_name(event.name, _wire_format.MAX_NAME_CHARS, trimmed)
        fields |= {"event": True, "path": name}
    if any(event.name != DOWNLOAD or name != "url" for name in event.props):
        trimmed.note("props")
    if event.revenue:
        trimmed.note("revenue")
    return {name: value for name, value in fields.items() if value}


def _path(url: str) -> str:
    """Path and query of a URL."""
    return "/" + url.partition("://")[2].partition("/")[2].lstrip("/")
