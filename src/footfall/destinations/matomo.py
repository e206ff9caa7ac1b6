"""Matomo: any number of events as one POST to `matomo.php`, its bulk tracking.

Written against the Tracking HTTP API that Matomo documents (developer.matomo.org/api-reference/
tracking-api, version 5) and its server's source (5.2), both read 2026-11.

Each event is the query of a single tracking request. Address and late times need a `token_auth`,
which is in the body and never in a URL. A single event goes the same way, since only bulk tracking
answers with an account: how many were `tracked`, how many are `invalid`, and to the token of a
superuser which (`invalid_indices`). `send_image=0` would empty that answer, so it is not sent. What
the server takes for a bot's, or excludes by its settings, it counts as tracked. What is neither
tracked nor invalid was thrown away, for instance where the server is set to record nothing. A
server that queues what it gets answers with an image, or with nothing; it has accepted all.

No visitor id is sent: Matomo recognises a visitor by address and browser, as it does without
cookies, or by the `uid` that the app sets as profile id. Props need a custom dimension each.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import ClassVar, NamedTuple
from urllib.parse import quote_plus, urlsplit

from footfall.client_ip.addresses import parse
from footfall.common import float_text
from footfall.destinations import _response_status, _validation, _wire_format
from footfall.destinations._envelope import Envelope
from footfall.errors import ConfigError, Fault
from footfall.model import ACCEPTED, PAGEVIEW, Event, Outcome, OutcomeKind, Request, Response
from footfall.rules.pageview import BOT_VISIT, DOWNLOAD
from footfall.rules.url import fit

# What the server keeps of a URL (its default `page_maximum_length`).
MAX_URL_CHARS = 1024
# The widths of its database columns.
MAX_REFERRER_CHARS = 1500
MAX_USER_ID_CHARS = 200
MAX_DIMENSION_CHARS = 255
MAX_DIMENSION_ID = 999

# Many visitors have one browser, and many events one page. Addresses and ids are not kept.
_OFTEN_THE_SAME = frozenset({"url", "urlref", "ua", "lang"})
_MAX_CACHED = 1024
_MAX_CACHED_CHARS = 256

# Matomo wants a category and an action; this category tells such events from the browsers'.
_CATEGORY = "footfall"
# How the answer begins of a server that queues requests (its plugin QueuedTracking).
_IMAGE = b"GIF8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matomo:
    """A Matomo server, or Matomo Cloud.

    Args:
        site: The id of the website, a whole number, from its settings.
        token: The `token_auth` of a user who may write to that website and nothing else.
        endpoint: Where events are posted. The base of an installation is enough
            (`https://stats.example.com`): `/matomo.php` is added unless the URL ends in it.
        dimensions: The ids of the custom dimensions that take props, by the name of the prop.

    Raises:
        ConfigError: with a fault for each option that cannot work.
    """

    site: int
    token: str = field(repr=False)
    endpoint: str
    # Which props there are, and which of them matter, only the app knows.
    dimensions: Mapping[str, int] = field(default_factory=dict, hash=False)
    # The server processes one after the other, with some 20 ms of database work for each.
    max_batch: ClassVar[int] = 50
    backdates: ClassVar[bool] = True
    _envelope: Envelope = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _validation.validate_options(
            self,
            site=_site_id,
            token=_validation.required_token(
                "write the token_auth of a user who may write to the website: "
                "matomo://TOKEN@HOST/SITE_ID"
            ),
            endpoint=_validation.endpoint_at("/matomo.php"),
            dimensions=_dimensions,
        )
        token = _wire_format.json_text(self.token)
        envelope = Envelope(b'{"requests":[', f'],"token_auth":{token}}}'.encode())
        object.__setattr__(self, "_envelope", envelope)

    @property
    def name(self) -> str:
        """`matomo:1@stats.example.com`."""
        return f"matomo:{self.site}@{urlsplit(self.endpoint).netloc}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each setting that is valid but probably a mistake."""
        return tuple(_validation.web_scheme_warnings(self.endpoint))

    @property
    def secrets(self) -> tuple[str, ...]:
        """What nobody may be shown of a request: the token in its body."""
        return (self.token,)

    def request(self, event: Event) -> Request:
        """The POST for one event, within every limit of the server."""
        return self._request(event, {})

    def late_request(self, event: Event) -> Request:
        """The POST for an event that has waited, with the second at which it happened.

        Only then: the server ignores a time that its own clock has not reached.
        """
        return self._request(event, {"cdt": int(event.time)})

    def _request(self, event: Event, time: Mapping[str, object]) -> Request:
        trimmed = _wire_format.TrimmedFields()
        query = _query({**self._fields(event, trimmed), **time})
        return Request(
            url=self.endpoint,
            headers={"content-type": "application/json", "user-agent": "footfall"},
            body=self._envelope.body(f'"?{query}"'.encode()),
            trimmed=trimmed.names,
        )

    def batch_request(self, requests: Sequence[Request]) -> Request:
        """The POST that carries several events."""
        return self._envelope.merged(requests)

    def read(self, response: Response) -> Outcome:
        """The outcome that a response means. Never raises, whatever the response holds."""
        return self.read_batch(response, 1)[0]

    def read_batch(self, response: Response, number: int) -> Sequence[Outcome]:
        """The outcome of each event.

        The server tells a superuser alone which events are invalid. For others the number of each
        outcome is right, and which event has which is not known.
        """
        if not _response_status.is_accepted(response):
            return [_response_status.refusal(response)] * number
        if not response.body or response.body.startswith(_IMAGE):
            return [ACCEPTED] * number
        account = _account(response, number)
        if account is None:
            return [_no_account(response)] * number
        invalid = {*account.invalid}
        rest = [_THROWN_AWAY] * (number - account.tracked - len(invalid))
        rest += [ACCEPTED] * account.tracked
        refused = _invalid(all_are=len(invalid) == number)
        return [refused if index in invalid else rest.pop() for index in range(number)]

    def _fields(self, event: Event, trimmed: _wire_format.TrimmedFields) -> Mapping[str, object]:
        def text(name: str, value: str, max_chars: int) -> str:
            return trimmed.note_if_shorter(name, value, _wire_format.trim_text(value, max_chars))

        visitor = event.visitor
        page = _page(event.url, trimmed)
        fields: dict[str, object] = {
            "idsite": self.site,
            "rec": 1,
            "apiv": 1,
            "url": page,
            "urlref": text("urlref", event.referrer or "", MAX_REFERRER_CHARS),
            "ua": _wire_format.header_value(visitor.user_agent, _wire_format.MAX_USER_AGENT_BYTES),
            "lang": _wire_format.header_value(visitor.language),
            "cip": str(parse(visitor.client_ip or "") or ""),
            # One that is too long is not sent: its beginning could be another person's id.
            "uid": _wire_format.trim_text(event.profile_id, MAX_USER_ID_CHARS + 1),
        }
        if len(event.profile_id) > MAX_USER_ID_CHARS:
            trimmed.note("uid")
            fields["uid"] = ""
        if event.name == BOT_VISIT:
            # Or the server would leave out what it takes for a bot's itself.
            fields["bots"] = 1
        if event.name == DOWNLOAD:
            fields["download"] = page
        elif event.name != PAGEVIEW:
            fields |= _custom_event(event, trimmed)
        if event.revenue and "e_v" not in fields:
            trimmed.note("e_v")
        fields |= self._dimensions_of(event, trimmed)
        return {name: value for name, value in fields.items() if value != ""}

    def _dimensions_of(
        self, event: Event, trimmed: _wire_format.TrimmedFields
    ) -> Mapping[str, object]:
        found: dict[str, object] = {}
        for name, value in _wire_format.prop_texts(event.props, float_text.javascript):
            if name in self.dimensions:
                short = _wire_format.trim_text(value, MAX_DIMENSION_CHARS)
                trimmed.note_if_shorter("dimensions", value, short)
                found[f"dimension{self.dimensions[name]}"] = short
            elif event.name != DOWNLOAD or name != "url":
                trimmed.note("dimensions")
        return found


_THROWN_AWAY = Outcome(
    kind=OutcomeKind.DROPPED,
    detail=(
        "it neither tracked the event nor found it invalid; its own log says why, often that "
        "record_statistics is off or that its database was locked"
    ),
    log_key="not tracked",
)


def _invalid(*, all_are: bool) -> Outcome:
    """The outcome of what the server calls invalid; all of a request are so by wrong settings."""
    return Outcome(
        kind=OutcomeKind.REJECTED,
        detail=(
            "the server finds the event invalid: most likely it has no website of this id, or the "
            "token's user may not write to it; compare both with its settings"
        ),
        pause=all_are,
        log_key="invalid",
    )


def _no_account(response: Response) -> Outcome:
    detail = f"HTTP {response.status}: the server does not say what it tracked; check endpoint"
    return Outcome(kind=OutcomeKind.UNKNOWN, detail=detail)


class _Account(NamedTuple):
    """What the server says of a request: the number of tracked events, the places of others."""

    tracked: int
    invalid: Sequence[int]


def _account(response: Response, number: int) -> _Account | None:
    """The account of a request with so many events; None where the response has none."""
    fields = _response_status.json_object(response.body)
    tracked, invalid = fields.get("tracked"), fields.get("invalid")
    if fields.get("status") != "success" or type(tracked) is not int or type(invalid) is not int:
        return None
    if min(tracked, invalid) < 0 or tracked + invalid > number:
        return None
    named = fields.get("invalid_indices")
    places = {each for each in named if type(each) is int} if isinstance(named, list) else set()
    is_whole = len(places) == invalid and all(0 <= each < number for each in places)
    # The last ones where the server does not name them.
    return _Account(tracked, [*places] if is_whole else range(number - invalid, number))


def _page(url: str, trimmed: _wire_format.TrimmedFields) -> str:
    whole = _wire_format.trim_text(url.partition("#")[0].strip(), len(url))
    # The campaign matters more than the rest of a query; `fit` finds it in an ASCII URL.
    short = fit(whole, MAX_URL_CHARS) if whole.isascii() else whole[:MAX_URL_CHARS]
    return trimmed.note_if_shorter("url", whole, short)


def _custom_event(event: Event, trimmed: _wire_format.TrimmedFields) -> Mapping[str, object]:
    fields: dict[str, object] = {
        "e_c": _CATEGORY,
        "e_a": _wire_format.event_name(event.name, _wire_format.MAX_NAME_CHARS, trimmed),
        # So that a server without its plugin for events counts no page.
        "ca": 1,
    }
    if event.revenue and event.revenue.amount.is_finite():
        amount = float(event.revenue.amount)
        if math.isfinite(amount):
            fields["e_v"] = amount
    return fields


def _query(fields: Mapping[str, object]) -> str:
    """The fields as a query. To quote a user agent takes as long as all the rest of a request."""
    return "&".join(
        f"{name}={_quoted(str(value)) if name in _OFTEN_THE_SAME else quote_plus(str(value))}"
        for name, value in fields.items()
    )


def _quoted(text: str) -> str:
    return _cached_quoted(text) if len(text) <= _MAX_CACHED_CHARS else quote_plus(text)


@lru_cache(maxsize=_MAX_CACHED)
def _cached_quoted(text: str) -> str:
    return quote_plus(text)


def _site_id(option: str, value: object) -> int:
    text = str(value).strip() if isinstance(value, int | str) else ""
    if text.isascii() and text.isdecimal() and len(text) < 10 and int(text):
        return int(text)
    raise ConfigError(Fault(option, value, "write the website's id, a whole number such as 1"))


def _dimensions(option: str, value: object) -> Mapping[str, int]:
    is_valid = isinstance(value, Mapping) and all(
        isinstance(name, str) and type(number) is int and 0 < number <= MAX_DIMENSION_ID
        for name, number in value.items()
    )
    if isinstance(value, Mapping) and is_valid and len({*value.values()}) == len(value):
        return MappingProxyType(dict(value))
    raise ConfigError(
        Fault(
            option,
            value,
            f"give each prop a dimension of its own, 1 to {MAX_DIMENSION_ID}: "
            "dimensions=plan:1,section:2, or Matomo(dimensions={'plan': 1, 'section': 2})",
        )
    )
