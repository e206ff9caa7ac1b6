"""Umami: one event as one POST to `/api/send`, or several to `/api/batch`.

Written against the API that Umami documents for senders (umami.is/docs/api/sending-stats, version
2 and 3), and its server's source as of 2026-11. Umami answers 200 to an event that it keeps. It
drops a bot's event and answers `{"beep":"boop"}`; it answers 403 to an event from an address in its
`IGNORE_IP`. It refuses a whole event for one wrong or oversize field, hence the limits below.

`/api/batch` exists since version 2.17. It treats a list of such bodies one after the other, takes
address and user agent from each body, and answers with the errors by index. It does not say which
events it took for a bot's, so these count as accepted. Umami Cloud has no such endpoint (405), and
in versions before 3.0.2 it may fail with 500 before the first event (their pull request 3787);
both get single events.

A late event keeps its time, which version 2.17 and later read; earlier ones ignore it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar
from urllib.parse import quote, unquote_plus, urlsplit

from footfall.client_ip.addresses import parse
from footfall.common import float_text
from footfall.common.language_tag import language_tag
from footfall.destinations import _drop_causes, _response_status, _validation, _wire_format
from footfall.errors import ConfigError, Fault
from footfall.model import (
    ACCEPTED,
    PAGEVIEW,
    Event,
    Outcome,
    OutcomeKind,
    Request,
    Response,
    Revenue,
)
from footfall.rules.bot_detection import classify
from footfall.rules.url import fit

CLOUD_ENDPOINT = "https://cloud.umami.is/api/send"

MAX_NAME_CHARS = 50
MAX_HOST_CHARS = 100
MAX_LANGUAGE_CHARS = 35
# The width of its database columns; it refuses or cuts longer text.
MAX_TEXT_CHARS = 500
# Of each campaign value, which it refuses where it is longer.
MAX_UTM_CHARS = 255
MAX_ID_CHARS = 50
# Documented (umami.is/docs/event-data).
MAX_PROPS = 50

# A spreadsheet would run an exported name that begins so as a formula; the server refuses it.
_FORMULA_SIGNS = "=+-@\t\r"
# The server expects an order under this name, and refuses a text.
_RESERVED_KEYS = frozenset({"commerce"})

# Of a JavaScript number.
_MAX_SAFE_INTEGER = 2**53 - 1

_WEBSITE = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Umami:
    """Umami Cloud, or an Umami server of your own.

    Args:
        website: The website's id, a UUID, from its settings.
        endpoint: Where events are posted. The base of an installation is enough
            (`https://stats.example.com`): `/api/send` is added unless the URL ends in `/send`.

    Raises:
        ConfigError: with a fault for each option that cannot work.
    """

    website: str
    endpoint: str = CLOUD_ENDPOINT
    # The server writes one event after the other; so many are done in a second where its database
    # takes 20 ms for each.
    max_batch: ClassVar[int] = 50
    backdates: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _validation.validate_options(
            self, website=_website_id, endpoint=_validation.endpoint_at("/api/send")
        )

    @property
    def name(self) -> str:
        """`umami:<website>@cloud.umami.is`."""
        return f"umami:{self.website}@{urlsplit(self.endpoint).netloc}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each setting that is valid but probably a mistake."""
        return tuple(_validation.web_scheme_warnings(self.endpoint))

    def request(self, event: Event) -> Request:
        """The POST for one event, within every limit of the server."""
        return self._request(event, {})

    def late_request(self, event: Event) -> Request:
        """The POST for an event that has waited, with the second at which it happened."""
        return self._request(event, {"timestamp": int(event.time)})

    def _request(self, event: Event, time: Mapping[str, object]) -> Request:
        trimmed = _wire_format.TrimmedFields()
        headers = _wire_format.visitor_headers(event.visitor, ["x-forwarded-for"])
        payload = {**self._fields(event, trimmed), **time}
        body = _wire_format.json_body({"type": "event", "payload": payload})
        return Request(url=self.endpoint, headers=headers, body=body, trimmed=trimmed.names)

    def batch_request(self, requests: Sequence[Request]) -> Request:
        """The POST that carries several events, in a list."""
        agents = [request.headers["user-agent"] for request in requests]
        return Request(
            url=self.endpoint.removesuffix("/send") + "/batch",
            headers={"content-type": "application/json", "user-agent": _batch_agent(agents)},
            body=b"[" + b",".join(map(_item, requests)) + b"]",
        )

    def read_batch(self, response: Response, number: int) -> Sequence[Outcome] | None:
        """The outcome of each event; None where the server, or a proxy, takes no batches."""
        fields = _response_status.json_object(response.body)
        errors = fields.get("details")
        if response.status == 200 and fields.get("size") == number and isinstance(errors, list):
            outcomes = [ACCEPTED] * number
            for index, outcome in filter(None, map(self._read_error, errors)):
                if 0 <= index < number:
                    outcomes[index] = outcome
            return outcomes
        if _response_status.is_accepted(response):
            detail = f"HTTP {response.status}: the vendor does not say what it kept of a batch"
            return [Outcome(kind=OutcomeKind.UNKNOWN, detail=detail)] * number
        whole = self.read(response)
        # With its own 500 it has not begun: what fails in an event is an error of that event.
        if whole.kind is OutcomeKind.REJECTED or (response.status == 500 and "error" in fields):
            return None
        return [whole] * number

    def _read_error(self, item: object) -> tuple[int, Outcome] | None:
        """Index and outcome of an event that the server refused."""
        fields = item if isinstance(item, dict) else {}
        index, body = fields.get("index"), fields.get("response")
        if not isinstance(index, int):
            return None
        error = body.get("error") if isinstance(body, dict) else None
        status = _status_of(error)
        return index, self.read(Response(status=status, body=json.dumps(body).encode()))

    def read(self, response: Response) -> Outcome:
        """The outcome that a response means. Never raises, whatever the response holds."""
        if response.status == 403 and _response_status.vendor_message(response.body):
            return _ignored_outcome(response)
        if not _response_status.is_accepted(response):
            return _response_status.refusal(response)
        if "beep" not in _response_status.json_object(response.body):
            return ACCEPTED
        return Outcome(
            kind=OutcomeKind.DROPPED,
            detail="it took the visitor for a bot and threw the event away",
            log_key="bot",
        )

    def why_dropped(self, outcome: Outcome, event: Event, *, has_kept: bool) -> Outcome:
        """The outcome of a drop with its likeliest cause; `has_kept` has no effect."""
        cause = _drop_causes.bot_cause(event)
        if cause is None:
            return outcome
        return replace(outcome, detail=f"{outcome.detail}. Most likely {cause.text}.")

    def _fields(self, event: Event, trimmed: _wire_format.TrimmedFields) -> Mapping[str, object]:
        host = _validation.host_of(event.url)
        profile_id = _wire_format.trim_text(event.profile_id, MAX_ID_CHARS + 1)
        fields = {
            "website": self.website,
            "hostname": _text("hostname", host, MAX_HOST_CHARS, trimmed),
            "url": _page(event.url, trimmed),
            "referrer": trimmed.note_if_shorter("referrer", *_fitted(event.referrer or "")),
            "language": language_tag(event.visitor.language)[:MAX_LANGUAGE_CHARS],
            "data": _props(event, trimmed),
            # For a server behind a proxy that replaces X-Forwarded-For.
            "ip": str(parse(event.visitor.client_ip or "") or ""),
            # One that is too long is not sent: its beginning could be another person's id.
            "id": profile_id,
        }
        if event.name != PAGEVIEW:
            name = trimmed.note_if_shorter("name", event.name, event.name.lstrip(_FORMULA_SIGNS))
            short = _text("name", name, MAX_NAME_CHARS, trimmed)
            fields["name"] = _wire_format.event_name(short, MAX_NAME_CHARS, trimmed)
        if _wire_format.utf16_length(profile_id) > MAX_ID_CHARS:
            trimmed.note("id")
            del fields["id"]
        return {key: value for key, value in fields.items() if value}


def _text(field: str, value: str, max_units: int, trimmed: _wire_format.TrimmedFields) -> str:
    """A text of at most so many UTF-16 code units, as the server counts."""
    return trimmed.note_if_shorter(field, value, _wire_format.trim_utf16(value, max_units))


def _item(request: Request) -> bytes:
    """A request as an item of a batch, with its user agent as a field."""
    agent = request.headers["user-agent"]
    if not agent:
        return request.body
    # The body ends with the payload, which has fields.
    return request.body[:-2] + b"," + _wire_format.json_body({"userAgent": agent})[1:] + b"}"


def _batch_agent(agents: Sequence[str]) -> str:
    """The user agent of a batch, which the server takes for that of an item without one.

    Version 2.17.0 throws the whole batch away where this one is a bot's.
    """
    return "" if "" in agents else next((each for each in agents if not classify(each)), agents[0])


def _status_of(error: object) -> int:
    """The HTTP status of an error in a batch. Version 2 wrote none: texts are refusals."""
    if isinstance(error, dict):
        status = error.get("status")
        return status if isinstance(status, int) and 400 <= status < 600 else 500
    return 403 if error == "Forbidden" else 400


def _ignored_outcome(response: Response) -> Outcome:
    # This concerns one visitor; it does not pause the destination, as any other 403 does.
    message = _response_status.vendor_message(response.body)
    return Outcome(
        kind=OutcomeKind.REJECTED,
        detail=(
            "HTTP 403: the server's IGNORE_IP keeps a visitor's address out; nothing to do if that "
            f"is meant (it says: {message})"
        ),
        log_key="ignored",
    )


def _page(url: str, trimmed: _wire_format.TrimmedFields) -> str:
    """Path and query. The server reads the campaign before it cuts the query itself."""
    path, mark, query = _path(url).partition("?")
    short = trimmed.note_if_shorter("url", *_fitted(path))
    if not mark:
        return short
    parameters = "&".join(_utm(each, trimmed) for each in query.split("&"))
    whole = _ascii(f"{short}?{parameters}")
    return trimmed.note_if_shorter("url", whole, fit(whole))


def _utm(parameter: str, trimmed: _wire_format.TrimmedFields) -> str:
    name, _, value = parameter.partition("=")
    if not name.startswith("utm_") or len(value) <= MAX_UTM_CHARS:
        return parameter
    plain = unquote_plus(value)
    short = trimmed.note_if_shorter("url", plain, _wire_format.trim_utf16(plain, MAX_UTM_CHARS))
    return parameter if short == plain else f"{name}={quote(short, safe='')}"


def _fitted(url: str) -> tuple[str, str]:
    """A URL in ASCII, and what of it the server's column holds: no half of an escape."""
    whole = _ascii(url)
    return whole, fit(whole, MAX_TEXT_CHARS)


def _ascii(url: str) -> str:
    return url if url.isascii() and url.isprintable() else quote(url, safe=_ASCII, errors="replace")


_ASCII = "".join(map(chr, range(0x21, 0x7F)))


def _path(url: str) -> str:
    """Path and query, as the browser's script sends a page."""
    path = url.partition("://")[2].partition("/")[2].partition("#")[0]
    # The server would read what follows two slashes at the front as a host.
    return "/" + path.lstrip("/")


def _props(event: Event, trimmed: _wire_format.TrimmedFields) -> Mapping[str, object]:
    """The props, and the revenue under the two names that Umami's reports read."""
    data: dict[str, object] = {}
    amount = _amount(event.revenue)
    if event.revenue is not None and amount is not None:
        data |= {
            "revenue": amount,
            "currency": _wire_format.trim_text(event.revenue.currency, MAX_ID_CHARS),
        }
    elif event.revenue is not None:
        trimmed.note("revenue")
    for name, value in event.props.items():
        # One at a time, to know which value a text is of.
        for key, text in _wire_format.prop_texts({name: value}, float_text.javascript):
            if len(data) == MAX_PROPS or key in _RESERVED_KEYS:
                trimmed.note("data")
                continue
            short = _text("data", key, MAX_TEXT_CHARS, trimmed)
            if short in data:
                trimmed.note("data")
                continue
            number = _number(value)
            sent = _text("data", text, MAX_TEXT_CHARS, trimmed) if number is None else number
            data[short] = sent
    return data


def _number(value: object) -> int | float | bool | None:
    """A number or a boolean that JSON holds, so that Umami can add and compare it."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        # A larger one would lose digits, which matter where it is an id.
        return int(value) if abs(value) <= _MAX_SAFE_INTEGER else None
    return float(value) if isinstance(value, float) and math.isfinite(value) else None


def _amount(revenue: Revenue | None) -> float | None:
    """The amount as a JSON number, of which Umami keeps four places; None where it is not one."""
    if revenue is None or not revenue.amount.is_finite():
        return None
    amount = float(revenue.amount)
    return amount if math.isfinite(amount) else None


def _website_id(option: str, value: object) -> str:
    website = value.strip().lower() if isinstance(value, str) else ""
    if _WEBSITE.fullmatch(website):
        return website
    raise ConfigError(
        Fault(option, value, "write the website's id, a UUID such as 6a1f4bc2-...-9d0e7f3b5c88")
    )
