"""Swetrix: pageviews to `/log`, custom events to `/log/custom`, and what its 201 really means.

Written against the server's source as of 2026-08 where that and its documentation differ. The
server refuses an event whole for one oversize field, and answers 201 to bots it throws away; only a
`message` in the body tells. How the fields are spelt is the business of `_swetrix.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from footfall.destinations import (
    _drop_causes,
    _response_status,
    _swetrix,
    _validation,
    _wire_format,
)
from footfall.errors import ConfigError, Fault
from footfall.events.details import usable
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
    from collections.abc import Iterator, Mapping

CLOUD_ENDPOINT = "https://api.swetrix.com/log"

_PROJECT_ID = re.compile(r"(?!.*--)[A-Za-z0-9-]{12}", re.ASCII)
_PLACEHOLDER = re.compile(r"project|your|example|<|\{|x{3}", re.IGNORECASE)

_BOT_PROTECTION = (
    "the project's bot protection is too strict: if these are people, lower it in the settings"
)

# What the server's sentences name, by the word that is always in them.
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
        endpoint: Where pageviews are posted. The base of the API will do
            (`https://stats.example.com/backend`): `/log` is added unless the URL ends in it.
        send_origin: Name the visited host in `Origin`, which fills the Hosts panel. Switch it off
            where the project allows certain origins only and the app has other names too.
        old_server: Keep within what servers of 2024 take: event names of up to 63 letters, digits,
            `_` and `.` that begin with a letter (`Sign up` becomes `Sign_up`, `404` becomes
            `event_404`), and 20 props of 1000 characters in all.
        heartbeats: Keep a visit alive while its visitor's browser goes on asking the app for
            anything: polling, scripts, fragments. One every 30 seconds at most.
        unique: Count a visitor's first pageview in half an hour, and each of their custom events,
            once. Every other is answered 403 and counted as rejected, without a word in the log.

    Raises:
        ConfigError: with a fault for each option that cannot work.
    """

    pid: str
    endpoint: str = CLOUD_ENDPOINT
    # Without it every visit is to an unknown host.
    send_origin: bool = True
    # Servers of today take nearly any name.
    old_server: bool = False
    # A request that counts nothing, from every page that polls: worth it for long visits only.
    heartbeats: bool = False
    # The server calls a pageview unique only where no session lives, which loses all but the first.
    unique: bool = False

    def __post_init__(self) -> None:
        _validation.settle(
            self,
            pid=_project_id,
            endpoint=_validation.endpoint_at("/log", "/custom", "/hb"),
            send_origin=_validation.flag,
            old_server=_validation.flag,
            heartbeats=_validation.flag,
            unique=_validation.flag,
        )

    @property
    def name(self) -> str:
        """`swetrix:<pid>@api.swetrix.com`."""
        return f"swetrix:{self.pid}@{urlsplit(self.endpoint).netloc}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """Settings that are allowed and probably not meant, a sentence each."""
        return (*_validation.open_line_warnings(self.endpoint), *self._unique_warnings())

    def request(self, event: Event) -> Request:
        """The POST for one event, within every limit of the server.

        Its name has passed `check_event_name` and its URL is absolute. Without a client IP no
        address is sent, and Swetrix would take our server for the visitor: do not send it.
        """
        if event.name == HEARTBEAT:
            return self.heartbeat(event.visitor)
        cuts = _wire_format.Cuts()
        url = _swetrix.page_of(event.url, cuts)
        is_pageview = event.name == PAGEVIEW
        headers = _swetrix.headers_of(event.visitor)
        if self.send_origin and url.origin:
            headers["origin"] = url.origin
        fields = {
            "pid": self.pid,
            "ev": "" if is_pageview else self._event_name(event.name, cuts),
            "pg": url.path,
            "prev": _swetrix.field("prev", event.previous or "", cuts),
            "lc": _wire_format.language_tag(event.visitor.language),
            "tz": usable({"time_zone": event.time_zone}).get("time_zone"),
            "profileId": _swetrix.profile_of(event.profile_id, cuts),
            "ref": _swetrix.field("ref", event.referrer or "", cuts),
            **_swetrix.campaign_of(url.query, cuts),
            "qs": url.query,
            "unique": self.unique,
            "meta": self._meta(event, cuts),
            "perf": _swetrix.durations(event.perf) if is_pageview else {},
        }
        return Request(
            url=self.endpoint if is_pageview else f"{self.endpoint}/custom",
            headers=headers,
            body=_wire_format.json_body({key: value for key, value in fields.items() if value}),
            trimmed=cuts.fields,
        )

    def heartbeat(self, visitor: Visitor) -> Request:
        """The POST that keeps a visitor's session alive; counts nothing.

        Send one every 30 seconds while the visitor is surely there, for instance on an open
        websocket. Without a live session the answer is 403, which is no fault.
        """
        return Request(
            url=f"{self.endpoint}/hb",
            headers=_swetrix.headers_of(visitor),
            body=_wire_format.json_body({"pid": self.pid}),
        )

    def read(self, response: Response) -> Outcome:
        """What became of the event. Never raises, whatever the answer holds."""
        said = _response_status.json_object(response.body)
        if response.status == 403 and said:
            return self._of_forbidden(response)
        if not _response_status.is_accepted(response):
            return _refusal(response)
        return _bot(response) if said.get("message") else ACCEPTED

    def why_dropped(self, outcome: Outcome, event: Event, *, has_kept: bool) -> Outcome:
        """The outcome of a drop with its likeliest cause and the remedy.

        `has_kept` does not matter here: Swetrix drops bots alone, and refuses unknown projects.
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

    def _event_name(self, name: str, cuts: _wire_format.Cuts) -> str:
        if not self.old_server:
            return _wire_format.event_name(name, _swetrix.MAX_EVENT_NAME_CHARS, cuts)
        plain = _swetrix.old_name(name)
        return cuts.kept("name", plain, plain[: _swetrix.OLD_MAX_EVENT_NAME_CHARS])

    def _meta(self, event: Event, cuts: _wire_format.Cuts) -> Mapping[str, str]:
        limits = _swetrix.OLD_META if self.old_server else _swetrix.META
        return _swetrix.meta_of(event.props, limits, cuts)

    def _of_forbidden(self, response: Response) -> Outcome:
        # Servers of 2024 said so to bots.
        if "bot" in _response_status.vendor_text(response.body).lower():
            return _bot(response)
        return Outcome(
            kind=OutcomeKind.REJECTED,
            detail=_repeat_detail(response),
            log_key="repeat",
            # After midnight, or a restart, the server knows of no session.
            is_expected=self.unique or self.heartbeats,
        )

    def _unique_warnings(self) -> Iterator[str]:
        if self.unique:
            yield (
                "unique=True counts one pageview per visit: Swetrix refuses every further page "
                "with 403. Leave it out to see all pages."
            )


def _bot(response: Response) -> Outcome:
    said = _response_status.vendor_text(response.body)
    return Outcome(
        kind=OutcomeKind.DROPPED,
        detail=f"it took the visitor for a bot and threw the event away (it says: {said})",
        log_key="bot",
    )


def _refusal(response: Response) -> Outcome:
    if response.status != 400:
        return _response_status.refusal(response)
    said = _response_status.vendor_text(response.body).lower()
    found = [word for word in _REMEDIES if re.search(rf"\b{word}s?\b", said)]
    return (
        _response_status.invalid(response, _REMEDIES, found=found)
        if found
        else _response_status.refusal(response)
    )


def _repeat_detail(response: Response) -> str:
    return (
        "HTTP 403: a repeat of what is counted once, or a heartbeat without a session; "
        f"no fault (it says: {_response_status.vendor_text(response.body)})"
    )


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
