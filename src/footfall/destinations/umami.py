"""Umami: one event as one POST to `/api/send`.

Written against the API that Umami documents for senders (umami.is/docs/api/sending-stats, version
2 and 3), and its server's source as of 2026-11. Umami answers 200 to what it takes; a bot's event
is answered `{"beep":"boop"}` and thrown away, one from an address of its `IGNORE_IP` with 403. It
refuses an event whole for one faulty or oversize field, hence the limits below.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from footfall.client_ip.addresses import parse
from footfall.destinations import (
    _drop_causes,
    _floats,
    _response_status,
    _validation,
    _wire_format,
)
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
# Columns of its database; longer text is refused or cut there.
MAX_TEXT_CHARS = 500
MAX_ID_CHARS = 50
# Documented (umami.is/docs/event-data).
MAX_PROPS = 50

# What begins so could run in a spreadsheet that the name is exported to, so the server refuses it.
_FORMULA_SIGNS = "=+-@\t\r"
# The server takes an order under this name, and refuses a text.
_RESERVED_KEYS = frozenset({"commerce"})

_WEBSITE = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Umami:
    """Umami Cloud, or an Umami server of your own.

    Args:
        website: The website's id, a UUID, from its settings.
        endpoint: Where events are posted. The base of an installation will do
            (`https://stats.example.com`): `/api/send` is added unless the URL ends in `/send`.

    Raises:
        ConfigError: with a fault for each option that cannot work.
    """

    website: str
    endpoint: str = CLOUD_ENDPOINT

    def __post_init__(self) -> None:
        _validation.settle(self, website=_website_id, endpoint=_validation.endpoint_at("/api/send"))

    @property
    def name(self) -> str:
        """`umami:<website>@cloud.umami.is`."""
        return f"umami:{self.website}@{urlsplit(self.endpoint).netloc}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """Settings that are allowed and probably not meant, a sentence each."""
        return tuple(_validation.open_line_warnings(self.endpoint))

    def request(self, event: Event) -> Request:
        """The POST for one event, within every limit of the server."""
        cuts = _wire_format.Cuts()
        visitor = event.visitor
        headers = {
            "content-type": "application/json",
            # Explicit even when empty, or the transport's own name would become the visitor's.
            "user-agent": _wire_format.header(
                visitor.user_agent, _wire_format.MAX_USER_AGENT_BYTES
            ),
        }
        if visitor.client_ip:
            headers["x-forwarded-for"] = _wire_format.header(visitor.client_ip)
        body = _wire_format.json_body({"type": "event", "payload": self._fields(event, cuts)})
        return Request(url=self.endpoint, headers=headers, body=body, trimmed=cuts.fields)

    def read(self, response: Response) -> Outcome:
        """What became of the event. Never raises, whatever the answer holds."""
        if response.status == 403 and _response_status.vendor_text(response.body):
            return _ignored(response)
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
        """The outcome of a drop with its likeliest cause; `has_kept` does not matter here."""
        cause = _drop_causes.bot_cause(event)
        if cause is None:
            return outcome
        return replace(outcome, detail=f"{outcome.detail}. Most likely {cause.text}.")

    def _fields(self, event: Event, cuts: _wire_format.Cuts) -> Mapping[str, object]:
        def text(field: str, value: str, max_chars: int = MAX_TEXT_CHARS) -> str:
            return cuts.kept(field, value, _wire_format.text(value, max_chars))

        fields = {
            "website": self.website,
            "hostname": text("hostname", _validation.host_of(event.url), MAX_HOST_CHARS),
            "url": text("url", _path(event.url)),
            "referrer": text("referrer", event.referrer or ""),
            "language": _wire_format.language_tag(event.visitor.language)[:MAX_LANGUAGE_CHARS],
            "data": _props(event, cuts),
            # Of use to a server behind a proxy that replaces X-Forwarded-For.
            "ip": str(parse(event.visitor.client_ip or "") or ""),
            # A shorter one could be somebody else's.
            "id": _wire_format.text(event.profile_id, MAX_ID_CHARS + 1),
        }
        if event.name != PAGEVIEW:
            name = cuts.kept("name", event.name, event.name.lstrip(_FORMULA_SIGNS))
            fields["name"] = _wire_format.event_name(name, MAX_NAME_CHARS, cuts)
        if len(event.profile_id) > MAX_ID_CHARS:
            cuts.note("id")
            del fields["id"]
        return {key: value for key, value in fields.items() if value}


def _ignored(response: Response) -> Outcome:
    # One visitor's fate, and no reason to pause for the others, as any other 403 is.
    said = _response_status.vendor_text(response.body)
    return Outcome(
        kind=OutcomeKind.REJECTED,
        detail=(
            "HTTP 403: the server's IGNORE_IP keeps a visitor's address out; nothing to do if that "
            f"is meant (it says: {said})"
        ),
        log_key="ignored",
    )


def _path(url: str) -> str:
    """Path and query, as the browser's script names a page."""
    path = url.partition("://")[2].partition("/")[2].partition("#")[0]
    # Two slashes at the front would name a host to the server.
    return "/" + path.lstrip("/")


def _props(event: Event, cuts: _wire_format.Cuts) -> Mapping[str, object]:
    """The props, and the revenue under the two names that Umami's reports read."""
    found: dict[str, object] = {}
    amount = _amount(event.revenue)
    if event.revenue is not None and amount is not None:
        found |= {
            "revenue": amount,
            "currency": _wire_format.text(event.revenue.currency, MAX_ID_CHARS),
        }
    for key, value in _wire_format.prop_texts(event.props, _floats.javascript):
        if len(found) == MAX_PROPS:
            cuts.note("data")
            break
        if key in _RESERVED_KEYS:
            cuts.note("data")
            continue
        short = cuts.kept("data", key, _wire_format.text(key, MAX_TEXT_CHARS))
        found.setdefault(short, cuts.kept("data", value, _wire_format.text(value, MAX_TEXT_CHARS)))
    return found


def _amount(revenue: Revenue | None) -> float | None:
    """A JSON number, of which Umami keeps four places; None where there is no such number."""
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
