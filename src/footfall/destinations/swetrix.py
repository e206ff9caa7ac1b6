"""Swetrix: pageviews to `/log`, custom events to `/log/custom`, and what its 201 really means.

Written against the server's source as of 2026-08 where that and its documentation differ. The
server stores what it is told without parsing it, so paths and campaign values must have the very
spelling its browser script would send. It refuses an event whole for one oversize field, and
answers 201 to bots it throws away; only a `message` in the body tells.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlsplit

from footfall.destinations import _answers, _drops, _limits, _settings
from footfall.details import usable
from footfall.errors import ConfigError, Fault
from footfall.model import (
    ACCEPTED,
    HEARTBEAT,
    PAGEVIEW,
    Event,
    Outcome,
    Request,
    Response,
    Verdict,
    Visitor,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CLOUD_ENDPOINT = "https://api.swetrix.com/log"

MAX_EVENT_NAME_CHARS = 256
MAX_QUERY_CHARS = 2048


class _MetaLimits(NamedTuple):
    """How many props, and how much of them: keys and values together, as JavaScript counts."""

    keys: int
    units: int


_META = _MetaLimits(keys=100, units=2000)
# Those of servers of 2024, which counted values only.
_OLD_META = _MetaLimits(keys=20, units=1000)
# "Fewer than 64".
OLD_MAX_EVENT_NAME_CHARS = 63
# A longer one is left out, since a shorter text could be somebody else's.
MAX_PROFILE_CHARS = 256
# The other fields have no limit but the body's 100 KiB, which ten of these stay below.
MAX_FIELD_CHARS = 2000

CLIENT_HINTS = (
    "sec-ch-ua",
    "sec-ch-ua-arch",
    "sec-ch-ua-bitness",
    "sec-ch-ua-form-factors",
    "sec-ch-ua-full-version-list",
    "sec-ch-ua-mobile",
    "sec-ch-ua-model",
    "sec-ch-ua-platform",
    "sec-ch-ua-platform-version",
)
"""Request headers by which Swetrix tells Brave from Chrome and Windows 11 from 10."""

# Members of every JavaScript object: the server loses properties of these names.
_RESERVED_KEYS = frozenset(
    {"__proto__", "constructor", "hasOwnProperty", "prototype", "toString", "valueOf"}
)

_PROJECT_ID = re.compile(r"(?!.*--)[A-Za-z0-9-]{12}", re.ASCII)
_PLACEHOLDER = re.compile(r"project|your|example|<|\{|x{3}", re.IGNORECASE)

# RFC 3986, appendix B, without its fragment: matches any text.
_URL = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?")
_WEB_HOST = re.compile(r"(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d+)?", re.IGNORECASE | re.ASCII)
# What browsers leave alone in a path (WHATWG URL, path percent-encode set), escapes included.
_SAFE_IN_PATHS = "!$%&'()*+,-./:;=@[\\]_|~"

# The script of Swetrix takes the leftmost non-empty of several names, as it stands in the URL.
_CAMPAIGN_FIELDS = {
    "ref": "so",
    "source": "so",
    "utm_source": "so",
    "gad_source": "so",
    "utm_medium": "me",
    "utm_campaign": "ca",
    "gad_campaignid": "ca",
    "utm_term": "te",
    "utm_content": "co",
}

# What the script writes for the medium of a click on a paid link of Google's.
_PAID_CLICK = "<gclid>"

# Names that are nobody's, in lower case: the server files such events as anonymous.
_NOBODY = frozenset(
    [
        "null",
        "undefined",
        "nan",
        "none",
        "nil",
        "true",
        "false",
        "0",
        "anonymous",
        "anon",
        "guest",
        "user",
        "id",
        "distinct_id",
        "distinctid",
        "profileid",
        "profile_id",
        "not_authenticated",
        "email",
    ]
) | {"[object object]"}

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
        _settings.settle(
            self,
            pid=_project_id,
            endpoint=_settings.endpoint_at("/log", "/custom", "/hb"),
            send_origin=_settings.flag,
            old_server=_settings.flag,
            heartbeats=_settings.flag,
            unique=_settings.flag,
        )

    @property
    def name(self) -> str:
        """`swetrix:<pid>@api.swetrix.com`."""
        return f"swetrix:{self.pid}@{urlsplit(self.endpoint).netloc}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """Settings that are allowed and probably not meant, a sentence each."""
        return (*_settings.open_line_warnings(self.endpoint), *self._unique_warnings())

    def request(self, event: Event) -> Request:
        """The POST for one event, within every limit of the server.

        Its name has passed `check_event_name` and its URL is absolute. Without a client IP no
        address is sent, and Swetrix would take our server for the visitor: do not send it.
        """
        if event.name == HEARTBEAT:
            return self.heartbeat(event.visitor)
        cuts = _limits.Cuts()
        url = _split(event.url, cuts)
        is_pageview = event.name == PAGEVIEW
        headers = _headers(event.visitor)
        if self.send_origin and url.origin:
            headers["origin"] = url.origin
        fields = {
            "pid": self.pid,
            "ev": "" if is_pageview else self._event_name(event.name, cuts),
            "pg": url.path,
            "prev": _field("prev", event.previous or "", cuts),
            "lc": _limits.language_tag(event.visitor.language),
            "tz": usable({"time_zone": event.time_zone}).get("time_zone"),
            "profileId": _profile(event.profile_id),
            "ref": _field("ref", event.referrer or "", cuts),
            **_campaign(url.query, cuts),
            "qs": url.query,
            "unique": self.unique,
            "meta": _meta(event.props, _OLD_META if self.old_server else _META, cuts),
            "perf": _perf(event.perf) if is_pageview else {},
        }
        return Request(
            url=self.endpoint if is_pageview else f"{self.endpoint}/custom",
            headers=headers,
            body=_limits.json_body({key: value for key, value in fields.items() if value}),
            trimmed=cuts.fields,
        )

    def heartbeat(self, visitor: Visitor) -> Request:
        """The POST that keeps a visitor's session alive; counts nothing.

        Send one every 30 seconds while the visitor is surely there, for instance on an open
        websocket. Without a live session the answer is 403, which is no fault.
        """
        return Request(
            url=f"{self.endpoint}/hb",
            headers=_headers(visitor),
            body=_limits.json_body({"pid": self.pid}),
        )

    def read(self, response: Response) -> Outcome:
        """What became of the event. Never raises, whatever the answer holds."""
        said = _answers.json_object(response.body)
        if response.status == 403 and said:
            return self._of_forbidden(response)
        if not _answers.is_accepted(response):
            return _refusal(response)
        return _bot(response) if said.get("message") else ACCEPTED

    def why_dropped(self, outcome: Outcome, event: Event, *, has_kept: bool) -> Outcome:
        """The outcome of a drop with its likeliest cause and the remedy.

        `has_kept` does not matter here: Swetrix drops bots alone, and refuses unknown projects.
        """
        cause = (
            _drops.bot_cause(event)
            or _drops.address_cause(event)
            or _drops.referrer_cause(event)
            or _drops.Cause("other", _BOT_PROTECTION)
        )
        return replace(
            outcome, detail=f"{outcome.detail}. Most likely {cause.text}.", kind=cause.kind
        )

    def _event_name(self, name: str, cuts: _limits.Cuts) -> str:
        if not self.old_server:
            return _limits.event_name(name, MAX_EVENT_NAME_CHARS, cuts)
        plain = _old_name(name)
        return cuts.kept("name", plain, plain[:OLD_MAX_EVENT_NAME_CHARS])

    def _of_forbidden(self, response: Response) -> Outcome:
        # Servers of 2024 said so to bots.
        if "bot" in _answers.vendor_text(response.body).lower():
            return _bot(response)
        return Outcome(
            verdict=Verdict.REJECTED,
            detail=_repeat_detail(response),
            kind="repeat",
            # After midnight, or a restart, the server knows of no session.
            is_expected=self.unique or self.heartbeats,
        )

    def _unique_warnings(self) -> Iterator[str]:
        if self.unique:
            yield (
                "unique=True counts one pageview per visit: Swetrix refuses every further page "
                "with 403. Leave it out to see all pages."
            )


class _PageURL(NamedTuple):
    """The parts of an event's URL in the spelling of Swetrix's own script."""

    origin: str
    path: str
    query: str


def _field(name: str, value: str, cuts: _limits.Cuts) -> str:
    return cuts.kept(name, value, _limits.text(value, MAX_FIELD_CHARS))


def _split(url: str, cuts: _limits.Cuts) -> _PageURL:
    match = _URL.match(_limits.text(url.strip(), len(url)))
    assert match  # noqa: S101 -- for the type checker; the pattern matches any text
    scheme, authority, path, query = (part or "" for part in match.groups())
    return _PageURL(
        origin=_origin(scheme.lower(), authority.rpartition("@")[2]),
        path=_field("pg", quote(path or "/", safe=_SAFE_IN_PATHS), cuts),
        query=cuts.kept("qs", query, query[:MAX_QUERY_CHARS]),
    )


def _origin(scheme: str, host: str) -> str:
    if scheme not in {"http", "https"} or not _WEB_HOST.fullmatch(host):
        return ""
    return _limits.header(f"{scheme}://{host}")


def _headers(visitor: Visitor) -> dict[str, str]:
    headers = {
        "content-type": "application/json",
        # Explicit even when empty, or the transport's own name would become the visitor's.
        "user-agent": _limits.header(visitor.user_agent, _limits.MAX_USER_AGENT_BYTES),
        # In strict mode a request that lacks two of these three is a bot's. What is accepted does
        # not matter to the server, but to us: the answer must come uncompressed to be read.
        "accept": "*/*",
        "accept-language": _limits.header(visitor.language) or "*",
        "accept-encoding": "identity",
    }
    if visitor.client_ip:
        # The first for servers of today, the second for the cloud and for servers of 2024.
        address = _limits.header(visitor.client_ip)
        headers |= {"x-forwarded-for": address, "x-client-ip-address": address}
    return headers | _client_hints(visitor.headers)


def _client_hints(headers: Mapping[str, str]) -> dict[str, str]:
    hints = {name: _limits.header(headers.get(name, "")) for name in CLIENT_HINTS}
    return {name: value for name, value in hints.items() if value}


def _campaign(query: str, cuts: _limits.Cuts) -> dict[str, str]:
    """The campaign fields of a query, undecoded as the browser script sends them."""
    found: dict[str, str] = {}
    has_paid_click = False
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if value and name in _CAMPAIGN_FIELDS:
            field = _CAMPAIGN_FIELDS[name]
            found.setdefault(field, _field(field, value, cuts))
        elif value and name == "gclid":
            has_paid_click = True
    if has_paid_click:
        found.setdefault("me", _PAID_CLICK)
    return found


def _profile(profile_id: str) -> str:
    """The app's id for somebody, if the server would take it for one."""
    shown = _limits.text(profile_id.strip(), MAX_PROFILE_CHARS + 1)
    is_somebody = shown.lower() not in _NOBODY and _limits.utf16_length(shown) <= MAX_PROFILE_CHARS
    return shown if is_somebody and shown == profile_id.strip() else ""


def _perf(perf: Mapping[str, float]) -> Mapping[str, int]:
    """The eight durations in whole milliseconds, or nothing: the server stores all or none."""
    measured = usable({"perf": perf}).get("perf", {})
    return {name: round(value) for name, value in measured.items()}


def _old_name(name: str) -> str:
    """The name in the letters that a server of 2024 knows, without accents."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9.]+", "_", letters).strip("_.")
    return plain if plain[:1].isalpha() else f"event_{plain}".rstrip("_")


def _meta(
    props: Mapping[str, object], limits: _MetaLimits, cuts: _limits.Cuts
) -> Mapping[str, str]:
    """The first properties that fit; the value that crosses the limit is cut, not lost."""
    kept: dict[str, str] = {}
    room = limits.units
    for raw_key, value in _limits.prop_texts(props):
        key = _limits.text(raw_key, limits.units)
        space = room - _limits.utf16_length(key)
        if key in _RESERVED_KEYS or space <= 0 or len(kept) == limits.keys:
            cuts.note("meta")
            continue
        if key in kept:
            continue
        kept[key] = cuts.kept("meta", value, _limits.utf16(value, space))
        room = space - _limits.utf16_length(kept[key])
    return kept


def _bot(response: Response) -> Outcome:
    said = _answers.vendor_text(response.body)
    return Outcome(
        verdict=Verdict.DROPPED,
        detail=f"it took the visitor for a bot and threw the event away (it says: {said})",
        kind="bot",
    )


def _refusal(response: Response) -> Outcome:
    if response.status != 400:
        return _answers.refusal(response)
    said = _answers.vendor_text(response.body).lower()
    found = [word for word in _REMEDIES if re.search(rf"\b{word}s?\b", said)]
    return (
        _answers.invalid(response, _REMEDIES, found=found) if found else _answers.refusal(response)
    )


def _repeat_detail(response: Response) -> str:
    return (
        "HTTP 403: a repeat of what is counted once, or a heartbeat without a session; "
        f"no fault (it says: {_answers.vendor_text(response.body)})"
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
