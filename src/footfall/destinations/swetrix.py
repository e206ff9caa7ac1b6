"""Swetrix: pageviews are posted to `/log`, custom events to `/log/custom`.

Written against the server's source as of 2026-08 where that and its documentation differ. The
server refuses a whole event for one oversize field, and sends 201 also for a bot's event, which it
drops; only a `message` in the body shows that. `_swetrix_fields.py` makes the fields.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from footfall.common.language_tag import language_tag
from footfall.destinations import (
    _drop_causes,
    _response_status,
    _swetrix_fields,
    _validation,
    _wire_format,
)
from footfall.errors import ConfigError, Fault
from footfall.events.details import valid_details
from footfall.model import (
    ACCEPTED,
    HEARTBEAT,
    PAGEVIEW,
    Event,
    Outcome,
    OutcomeKind,
    Request,
    Response,
    Visitor,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

CLOUD_ENDPOINT = "https://api.swetrix.com/log"

_PROJECT_ID = re.compile(r"(?!.*--)[A-Za-z0-9-]{12}", re.ASCII)
_PLACEHOLDER = re.compile(r"project|your|example|<|\{|x{3}", re.IGNORECASE)

_UNIQUE_WARNING = (
    "unique=True counts one pageview per visit: Swetrix refuses every further page with 403. "
    "Leave it out to see all pages."
)
_BOT_PROTECTION = (
    "the project's bot protection is too strict: if these are people, lower it in the settings"
)

# The server's sentence, spelled so, where ClickHouse refuses its insert: nothing is stored.
_INSERT_FAILED = re.compile(r"Error occur{1,2}ed while saving ")
# Props are no objects, so this is the field.
_PERF = b'"perf":{'

# What the site owner can do, by a word that the server's message contains.
_REMEDIES = {
    "pid": "copy the project's id from its settings in Swetrix",
    "project": "see in Swetrix whether the project exists and is active",
    "origin": "let the project allow the visited host, or write send_origin=False",
    "ip": "the project's own list keeps this address out; nothing to do if that is meant",
    "country": "the project's own list keeps this country out; nothing to do if that is meant",
    "ev": "an older server takes simpler names only; write old_server=True",
    "meta": "an older server takes fewer and shorter props; write old_server=True",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Swetrix:
    """Swetrix Cloud, or a Swetrix server of your own.

    Revenue is not sent: Swetrix takes it from payment providers only.

    Args:
        pid: The project's id: 12 letters and digits, from its settings.
        endpoint: Where pageviews are posted. The base of the API is enough
            (`https://stats.example.com/backend`): `/log` is added unless the URL ends in it.
        send_origin: Send the visited host in `Origin`, which fills the Hosts panel. Switch it off
            where the project allows certain origins only and the app has other names too.
        old_server: Stay within the limits of servers of 2024: event names of up to 63 letters,
            digits, `_` and `.` that begin with a letter (`Sign up` becomes `Sign_up`, `404`
            becomes `event_404`), and 20 props of 1000 characters in all.
        heartbeats: Keep a visit alive while the visitor's browser sends the app any requests:
            polling, scripts, fragments. At most one heartbeat every 30 seconds.
        unique: Count a visitor's first pageview in half an hour, and each of their custom events,
            once. The server refuses every other with 403; it is counted as rejected and not logged.

    Raises:
        ConfigError: with a fault for each option that cannot work.
    """

    pid: str
    endpoint: str = CLOUD_ENDPOINT
    # Without it the server stores every visit under "unknown host".
    send_origin: bool = True
    # Servers of today accept nearly any name.
    old_server: bool = False
    # Every page that polls would cause requests that count nothing; only long visits need them.
    heartbeats: bool = False
    # The server counts no pageview within a session then, so all but a visit's first are lost.
    unique: bool = False

    def __post_init__(self) -> None:
        _validation.validate_options(
            self,
            pid=_project_id,
            endpoint=_validation.endpoint_at("/log", "/custom", "/hb"),
            send_origin=_validation.boolean,
            old_server=_validation.boolean,
            heartbeats=_validation.boolean,
            unique=_validation.boolean,
        )

    @property
    def name(self) -> str:
        """`swetrix:<pid>@api.swetrix.com`."""
        return f"swetrix:{self.pid}@{urlsplit(self.endpoint).netloc}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each setting that is valid but probably a mistake."""
        unique = (_UNIQUE_WARNING,) if self.unique else ()
        return (*_validation.web_scheme_warnings(self.endpoint), *unique)

    @property
    def max_name_chars(self) -> int:
        """How long the name of an event may be; servers of 2024 get shorter names."""
        return _wire_format.MAX_NAME_CHARS if self.old_server else _wire_format.LONGEST_NAME_CHARS

    def request(self, event: Event) -> Request:
        """The POST for one event, within every limit of the server.

        Args:
            event: Its name has passed `check_event_name`, its URL is absolute, and it has a client
                IP: without one, Swetrix would take the app's server for the visitor.
        """
        if event.name == HEARTBEAT:
            return self.heartbeat(event.visitor, event.profile_id)
        trimmed = _wire_format.TrimmedFields()
        page = _swetrix_fields.page_of(event.url, trimmed)
        is_pageview = event.name == PAGEVIEW
        headers = _swetrix_fields.headers_of(event.visitor)
        if self.send_origin and page.origin:
            headers["origin"] = page.origin
        fields: dict[str, object] = {
            "pid": self.pid,
            "ev": "" if is_pageview else self._event_name(event.name, trimmed),
            "pg": page.path,
            "prev": _swetrix_fields.text_field("prev", event.previous or "", trimmed),
            "lc": language_tag(event.visitor.language),
        }
        if event.time_zone:
            fields["tz"] = valid_details({"time_zone": event.time_zone}).get("time_zone")
        if event.profile_id:
            fields["profileId"] = _swetrix_fields.valid_profile_id(event.profile_id, trimmed)
        fields["ref"] = _swetrix_fields.text_field("ref", event.referrer or "", trimmed)
        if page.query:
            fields |= _swetrix_fields.campaign_fields(page.query, trimmed)
            fields["qs"] = page.query
        fields["unique"] = self.unique
        if event.props:
            fields["meta"] = self._meta(event, trimmed)
        if event.revenue is not None:
            trimmed.note("revenue")
        if event.perf and is_pageview:
            fields["perf"] = _swetrix_fields.durations(event.perf)
        return Request(
            url=self.endpoint if is_pageview else f"{self.endpoint}/custom",
            headers=headers,
            body=_wire_format.json_body({key: value for key, value in fields.items() if value}),
            trimmed=trimmed.names,
        )

    def heartbeat(self, visitor: Visitor, profile_id: str = "") -> Request:
        """The POST that keeps a visitor's session alive; it counts nothing.

        Send one every 30 seconds while the visitor is surely present, for instance on an open
        websocket. Without a session the server answers 403, which is not a fault.

        Args:
            visitor: Who is there.
            profile_id: The app's id for a visitor who is signed in. The server takes a visit
                whose last request has none for an anonymous one.
        """
        trimmed = _wire_format.TrimmedFields()
        fields: dict[str, object] = {"pid": self.pid}
        if sent := _swetrix_fields.valid_profile_id(profile_id, trimmed):
            fields["profileId"] = sent
        return Request(
            url=f"{self.endpoint}/hb",
            headers=_swetrix_fields.headers_of(visitor),
            body=_wire_format.json_body(fields),
            trimmed=trimmed.names,
        )

    def read(self, response: Response) -> Outcome:
        """The outcome that a response means. Never raises, whatever the response holds."""
        fields = _response_status.json_object(response.body)
        if response.status == 403 and fields:
            return self._read_forbidden(response)
        if not _response_status.is_accepted(response):
            return _refusal(response)
        if not fields.get("message"):
            return ACCEPTED
        return _bot_outcome(_response_status.vendor_message(response.body))

    def read_response_to(self, request: Request, response: Response) -> Outcome:
        """`read`, and whether an insert that failed is surely the only one of this request."""
        message = _response_status.vendor_message(response.body)
        if response.status != 500 or not _INSERT_FAILED.match(message):
            return self.read(response)
        # Loading times are a second insert, and with `unique` the visit is noted before.
        if self.unique or _PERF in request.body:
            return self.read(response)
        return Outcome(
            kind=OutcomeKind.RETRY,
            detail=f"HTTP 500: the vendor's database took nothing (it says: {message})",
        )

    def why_dropped(self, outcome: Outcome, event: Event, *, has_kept: bool) -> Outcome:
        """The outcome of a drop with its likeliest cause and the remedy.

        `has_kept` has no effect: Swetrix drops only bots, and refuses unknown projects.
        """
        cause = (
            _drop_causes.bot_cause(event)
            or _drop_causes.address_cause(event)
            or _drop_causes.referrer_cause(event)
            or _drop_causes.Cause("other", _BOT_PROTECTION)
        )
        return replace(
            outcome, detail=f"{outcome.detail}. Most likely {cause.text}.", log_key=cause.kind
        )

    def _event_name(self, name: str, trimmed: _wire_format.TrimmedFields) -> str:
        if not self.old_server:
            return _wire_format.event_name(name, _wire_format.LONGEST_NAME_CHARS, trimmed)
        plain = _swetrix_fields.old_server_name(name)
        return trimmed.note_if_shorter(
            "name", plain, plain[: _swetrix_fields.OLD_MAX_EVENT_NAME_CHARS]
        )

    def _meta(self, event: Event, trimmed: _wire_format.TrimmedFields) -> Mapping[str, str]:
        limits = _swetrix_fields.OLD_META_LIMITS if self.old_server else _swetrix_fields.META_LIMITS
        return _swetrix_fields.meta_of(event.props, limits, trimmed)

    def _read_forbidden(self, response: Response) -> Outcome:
        message = _response_status.vendor_message(response.body)
        # Servers of 2024 answered a bot with 403.
        if "bot" in message.lower():
            return _bot_outcome(message)
        if not (self.unique or self.heartbeats):
            return _response_status.refusal(response)
        return Outcome(
            kind=OutcomeKind.REJECTED,
            detail=(
                "HTTP 403: a repeat of what is counted once, or a heartbeat without a session; "
                f"no fault (it says: {message})"
            ),
            log_key="repeat",
            # After midnight, or after a restart, the server has no session.
            is_expected=True,
        )


def _bot_outcome(message: str) -> Outcome:
    return Outcome(
        kind=OutcomeKind.DROPPED,
        detail=f"it took the visitor for a bot and threw the event away (it says: {message})",
        log_key="bot",
    )


def _refusal(response: Response) -> Outcome:
    if response.status != 400:
        return _response_status.refusal(response)
    message = _response_status.vendor_message(response.body).lower()
    fields = [word for word in _REMEDIES if re.search(rf"\b{word}(?:s|data)?\b", message)]
    if len(fields) > 1 and "project" in fields:
        # "This origin is not allowed by the project's settings" is about the origin.
        fields.remove("project")
    if not fields:
        return _response_status.refusal(response)
    return _response_status.refusal_with_remedies(response, _REMEDIES, fields=fields)


def _project_id(option: str, value: object) -> str:
    pid = value.strip() if isinstance(value, str) else ""
    if _PROJECT_ID.fullmatch(pid):
        return pid
    if _PLACEHOLDER.search(pid):
        remedy = "this is a placeholder: copy the id of your project from its settings in Swetrix"
    else:
        remedy = "a project id has exactly 12 letters, digits or single hyphens"
        if pid:
            remedy += f", this one has {len(pid)} characters"
    raise ConfigError(Fault(option, value, remedy))
