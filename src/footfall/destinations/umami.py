"""Umami: one event as one POST to `/api/send`.

Written against the API that Umami documents for senders (umami.is/docs/api/sending-stats, version
2 and 3), and its server's source as of 2026-11. Umami answers 200 to an event that it keeps. It
drops a bot's event and answers `{"beep":"boop"}`; it answers 403 to an event from an address in its
`IGNORE_IP`. It refuses a whole event for one wrong or oversize field, hence the limits below.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from footfall.client_ip.addresses import parse
from footfall.common import float_text
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

CLOUD_ENDPOINT = "https://cloud.umami.is/api/send"

MAX_NAME_CHARS = 50
MAX_HOST_CHARS = 100
MAX_LANGUAGE_CHARS = 35
# The width of its database columns; it refuses or cuts longer text.
MAX_TEXT_CHARS = 500
MAX_ID_CHARS = 50
# Documented (umami.is/docs/event-data).
MAX_PROPS = 50

# A spreadsheet would run an exported name that begins so as a formula; the server refuses it.
_FORMULA_SIGNS = "=+-@\t\r"
# The server expects an order under this name, and refuses a text.
_RESERVED_KEYS = frozenset({"commerce"})

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
        return tuple(_validation.plain_http_warnings(self.endpoint))

    def request(self, event: Event) -> Request:
        """The POST for one event, within every limit of the server."""
        trimmed = _wire_format.TrimmedFields()
        headers = _wire_format.visitor_headers(event.visitor, ["x-forwarded-for"])
        body = _wire_format.json_body({"type": "event", "payload": self._fields(event, trimmed)})
        return Request(url=self.endpoint, headers=headers, body=body, trimmed=trimmed.names)

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
        def text(field: str, value: str, max_chars: int = MAX_TEXT_CHARS) -> str:
            return trimmed.note_if_shorter(field, value, _wire_format.trim_text(value, max_chars))

        fields = {
            "website": self.website,
            "hostname": text("hostname", _validation.host_of(event.url), MAX_HOST_CHARS),
            "url": text("url", _path(event.url)),
            "referrer": text("referrer", event.referrer or ""),
            "language": _wire_format.language_tag(event.visitor.language)[:MAX_LANGUAGE_CHARS],
            "data": _props(event, trimmed),
            # For a server behind a proxy that replaces X-Forwarded-For.
            "ip": str(parse(event.visitor.client_ip or "") or ""),
            # One that is too long is not sent: its beginning could be another person's id.
            "id": _wire_format.trim_text(event.profile_id, MAX_ID_CHARS + 1),
        }
        if event.name != PAGEVIEW:
            name = trimmed.note_if_shorter("name", event.name, event.name.lstrip(_FORMULA_SIGNS))
            fields["name"] = _wire_format.event_name(name, MAX_NAME_CHARS, trimmed)
        if len(event.profile_id) > MAX_ID_CHARS:
            trimmed.note("id")
            del fields["id"]
        return {key: value for key, value in fields.items() if value}


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
    for key, value in _wire_format.prop_texts(event.props, float_text.javascript):
        if len(data) == MAX_PROPS:
            trimmed.note("data")
            break
        if key in _RESERVED_KEYS:
            trimmed.note("data")
            continue
        short_key = _wire_format.trim_text(key, MAX_TEXT_CHARS)
        short_value = _wire_format.trim_text(value, MAX_TEXT_CHARS)
        trimmed.note_if_shorter("data", key + value, short_key + short_value)
        data.setdefault(short_key, short_value)
    return data


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
