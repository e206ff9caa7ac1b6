"""What Plausible does with a POST to `/api/event`: read it, judge it, answer it.

The rules are those of the open-source server (request.ex, event.ex, remote_ip.ex; read 2026-11),
down to its error texts, so that a client which passes here passes there. Where we differ:

- A name is measured in characters without their combining marks, close to Plausible's graphemes.
- Form fields are read flat, multipart bodies not at all; nobody should send either.
- `Forwarded` without a `for=` falls back to the peer, where Plausible answers 500.
- A list of domains is read up to the hundredth.
- There are no block-lists of addresses or spam hosts, no goals and no geolocation. Bots are those
  of `footfall.user_agent`, less the HTTP libraries and unknown apps, which Plausible counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Set
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, unquote

from footfall.collector.visits import Caller, Visit, Visits
from footfall.collector.wire import (
    NO_CAMPAIGN,
    NO_HOST,
    TEXT,
    Answer,
    Arrival,
    Campaign,
    Received,
    Reply,
    first_item,
    hostname_of,
    json_answer,
    media_type,
    read_json,
    referring_host,
    split_uri,
    without_port,
)
from footfall.user_agent import classify

MAX_BODY_BYTES: Final = 8_000_000
"""What the parser of JSON bodies takes; more is answered 413."""

_MAX_TEXT_BODY_BYTES = 1_000_000
_MAX_NAME_LENGTH = 120
_MAX_URL_BYTES = 2_000
_MAX_REFERRER_LENGTH = 2_000
_MAX_PROPS = 30
_MAX_KEY_BYTES = 300
_MAX_VALUE_BYTES = 2_000
_MAX_ENGAGEMENT_MS = 30 * 86_400_000
# Of our own: one request must not become a million events.
_MAX_DOMAINS = 100
_MAX_FORM_FIELDS = 1_000

_EVENTS_WITH_PATH = frozenset({"404", "WP Form Completions", "Form: Submission"})
_ADDRESS_KINDS_DROPPED = frozenset({"dc_ip", "threat_ip"})

_KEPT = Answer(status=202, body=b"ok", content_type=TEXT)
_NOT_ACCEPTABLE = json_answer(406, {"status": 406, "message": "Not Acceptable"})
_MALFORMED = json_answer(400, {"status": 400, "message": "Bad Request"})
_TOO_LARGE = json_answer(413, {"status": 413, "message": "Request Entity Too Large"})
_NOT_JSON = json_answer(400, {"errors": {"request": ["Unable to parse request body as json"]}})
BUSY = json_answer(503, {"status": 503, "message": "Service Unavailable"})
"""The answer when events come faster than they can be written, or the disk is full."""

_BLANK = "can't be blank"
_INVALID = "is invalid"

_SOURCE_TAGS = ("utm_source", "source", "ref")
_SAYS_BOT = re.compile(r"bot|crawl|spider|check|https?:", re.IGNORECASE)
_FORWARDED_FOR = re.compile(r"\bfor=\"?([^\",;]+)", re.IGNORECASE)
_CURRENCY = re.compile(r"[A-Z]{3}")


class _Page(NamedTuple):
    """What a URL says: the page, and where its visitor came from."""

    url: str
    hostname: str = NO_HOST
    pathname: str = "/"
    query: str = ""


class _Event(NamedTuple):
    """A valid body."""

    name: str
    page: _Page
    domains: list[str]
    referrer: str | None
    props: dict[str, str]
    revenue: tuple[str, str] | None


def receive(received: Received, *, domains: Set[str], visits: Visits) -> Reply:
    """Plausible's answer, with one arrival for each domain of a valid event.

    With `domains` given, events for other domains are dropped, as those of unknown sites are.
    """
    if not _accepts_json(received.headers.get("accept", "")):
        return Reply(_NOT_ACCEPTABLE)
    body = _body(received)
    if isinstance(body, Answer):
        return Reply(body)
    event = _event(body)
    if isinstance(event, Answer):
        return Reply(event)
    address = client_ip(received)
    arrivals = [
        _arrival(event, domain, address, received, domains, visits) for domain in event.domains
    ]
    return Reply(_answer(sum(each.reason is not None for each in arrivals)), arrivals)


def client_ip(received: Received) -> str:
    """The address that Plausible takes for the visitor's: the first header that is not empty.

    Nothing is checked: of a list the first item is taken, whatever it is.
    """
    headers = received.headers
    for name in ("x-plausible-ip", "cf-connecting-ip"):
        if headers.get(name):
            return without_port(headers[name])
    for name in ("b-forwarded-for", "x-forwarded-for"):
        if headers.get(name):
            return without_port(first_item(headers[name]))
    if found := _FORWARDED_FOR.search(headers.get("forwarded", "")):
        return without_port(found[1].strip())
    return received.peer


def _answer(dropped: int) -> Answer:
    if not dropped:
        return _KEPT
    headers = (("x-plausible-dropped", str(dropped)),)
    return Answer(status=202, body=b"ok", content_type=TEXT, headers=headers)


def _arrival(
    event: _Event,
    domain: str,
    address: str,
    received: Received,
    domains: Set[str],
    visits: Visits,
) -> Arrival:
    user_agent = received.headers.get("user-agent", "")
    campaign, source = _origin(event.page, event.referrer)
    reason = _drop_reason(domain, domains, user_agent, received.headers)
    visit: Visit | None = None
    if reason is None:
        visit = _visit(event.name, visits, Caller(domain, address, user_agent), received.at)
        reason = None if visit else "no_session_for_engagement"
    return Arrival(
        vendor="plausible",
        domain=domain,
        name=event.name,
        url=event.page.url,
        hostname=event.page.hostname,
        path=event.page.pathname,
        referrer=event.referrer,
        source=source,
        campaign=campaign,
        props=event.props,
        revenue=event.revenue,
        user_agent=user_agent,
        client_ip=address,
        visitor=visit.visitor if visit else None,
        session=visit.session if visit else None,
        reason=reason,
        received=received,
    )


def _drop_reason(
    domain: str, domains: Set[str], user_agent: str, headers: Mapping[str, str]
) -> str | None:
    if domains and domain not in domains:
        return "not_found"
    address_kind = headers.get("x-plausible-ip-type", "")
    if address_kind in _ADDRESS_KINDS_DROPPED:
        return address_kind
    return "bot" if _is_bot(user_agent) else None


def _is_bot(user_agent: str) -> bool:
    bot = classify(user_agent)
    if bot is None or bot.kind == "library":
        return False
    return bot.kind != "other" or _SAYS_BOT.search(user_agent) is not None


def _visit(name: str, visits: Visits, caller: Caller, now: float) -> Visit | None:
    if name != "engagement":
        return visits.enter(caller, now)
    visit = visits.find(caller, now)
    if visit:
        visits.extend(visit, now)
    return visit


# -- the body ---------------------------------------------------------------------------------


def _accepts_json(accept: str) -> bool:
    ranges = {item.partition(";")[0].strip() for item in accept.split(",")} - {""}
    return not ranges or any(
        each in ("*/*", "application/*", "application/json") or each.endswith("+json")
        for each in ranges
    )


def _body(received: Received) -> dict[str, Any] | Answer:
    kind = media_type(received.headers)
    if "/" not in kind:
        return {}
    if kind.startswith("application/") and kind.endswith(("/json", "+json")):
        return _parsed_body(received.body)
    if kind == "application/x-www-form-urlencoded":
        return _form(received.body)
    return _text_body(received.body)


def _parsed_body(body: bytes) -> dict[str, Any] | Answer:
    if len(body) > MAX_BODY_BYTES:
        return _TOO_LARGE
    try:
        value = read_json(body.decode()) if body else {}
    except ValueError:
        return _MALFORMED
    return value if isinstance(value, dict) else {}


def _text_body(body: bytes) -> dict[str, Any] | Answer:
    if len(body) > _MAX_TEXT_BODY_BYTES:
        return _NOT_JSON
    try:
        value = read_json(body.decode())
    except ValueError:
        return _NOT_JSON
    return value if isinstance(value, dict) else _NOT_JSON


def _form(body: bytes) -> dict[str, Any] | Answer:
    if len(body) > MAX_BODY_BYTES:
        return _TOO_LARGE
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FORM_FIELDS)
    except ValueError:
        return _MALFORMED
    return dict(pairs)


# -- the fields -------------------------------------------------------------------------------


class _Faults(dict[str, list[str]]):
    """What is wrong with a body, field by field."""

    def add(self, field: str, text: str) -> None:
        self.setdefault(field, []).append(text)


def _event(body: Mapping[str, Any]) -> _Event | Answer:
    faults = _Faults()
    name = _name(_pick(body, "n", "name"), faults)
    if name == "engagement" and not _is_engagement(body):
        faults.add(
            "event_name",
            "engagement event requires a valid integer value for at least one of "
            "'sd' or 'e' fields",
        )
    in_hash_mode = _hash_mode(_pick(body, "h", "hashMode"), faults)
    page = _page(_pick(body, "u", "url"), in_hash_mode, faults)
    domains = _domains(_pick(body, "d", "domain"), page, faults)
    props = _props(_pick(body, "m", "meta", "p", "props"), name, page, faults)
    if faults:
        return json_answer(400, {"errors": faults})
    referrer = _pick(body, "r", "referrer")
    return _Event(
        name=name,
        page=page,
        domains=domains,
        referrer=referrer[:_MAX_REFERRER_LENGTH] if isinstance(referrer, str) else None,
        props=props,
        revenue=_revenue(_pick(body, "revenue", "$")),
    )


def _pick(body: Mapping[str, Any], *keys: str) -> Any:
    """The first value that is neither null nor false; an empty string is a value."""
    value = None
    for key in keys:
        value = body.get(key)
        if value is not None and value is not False:
            break
    return value


def _name(value: Any, faults: _Faults) -> str:
    if _is_integer(value):
        value = str(value)
    if value is None or (isinstance(value, str) and not value.strip()):
        faults.add("event_name", _BLANK)
    elif not isinstance(value, str):
        faults.add("event_name", _INVALID)
    elif len(value) > _MAX_NAME_LENGTH and _length(value) > _MAX_NAME_LENGTH:
        faults.add("event_name", f"should be at most {_MAX_NAME_LENGTH} character(s)")
    return value if isinstance(value, str) else ""


def _length(text: str) -> int:
    return sum(not unicodedata.category(char).startswith("M") for char in text)


def _hash_mode(value: Any, faults: _Faults) -> bool:
    number = _integer(value)
    if value is not None and value is not False and number is None:
        faults.add("hash_mode", _INVALID)
    return number == 1


def _page(value: Any, in_hash_mode: bool, faults: _Faults) -> _Page:
    if value is None:
        faults.add("url", "is required")
        return _Page("")
    if not isinstance(value, str) or len(value.encode()) > _MAX_URL_BYTES:
        faults.add("url", "must be a valid url")
        return _Page("")
    scheme, authority, path, query, fragment = split_uri(value)
    if scheme.lower() == "data":
        faults.add("url", "scheme is not allowed")
        return _Page("")
    pathname = unquote(path or "/", errors="replace").rstrip()
    if in_hash_mode and "#" in value:
        pathname += f"#{unquote(fragment, errors='replace')}"
    if not pathname:
        faults.add("pathname", _BLANK)
    return _Page(value, hostname_of(authority), pathname, query)


def _domains(value: Any, page: _Page, faults: _Faults) -> list[str]:
    if not isinstance(value, str):
        if page.hostname == NO_HOST:
            faults.add("domain", _BLANK)
        return [page.hostname]
    parts = [part.strip().removeprefix("www.") for part in value.split(",", _MAX_DOMAINS)]
    domains = [part for part in parts[:_MAX_DOMAINS] if part]
    if not domains:
        faults.add("domain", _BLANK)
    return domains


def _props(value: Any, name: str, page: _Page, faults: _Faults) -> dict[str, str]:
    texts = {key: _prop_text(each) for key, each in _object(value).items() if key.strip()}
    props = {key: text for key, text in texts.items() if text.strip()}
    if name in _EVENTS_WITH_PATH and "path" not in props:
        props = {"path": page.pathname, **props}
    props = dict(list(props.items())[:_MAX_PROPS])
    if any(
        len(key.encode()) > _MAX_KEY_BYTES or len(text.encode()) > _MAX_VALUE_BYTES
        for key, text in props.items()
    ):
        faults.add(
            "props",
            f"keys should have at most {_MAX_KEY_BYTES} bytes and values {_MAX_VALUE_BYTES} bytes",
        )
    return props


def _prop_text(value: Any) -> str:
    """The text of a value, empty where it is none that Plausible would keep."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = read_json(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}


def _revenue(value: Any) -> tuple[str, str] | None:
    money = _object(value)
    currency, amount = money.get("currency"), money.get("amount")
    if not isinstance(currency, str) or isinstance(amount, bool):
        return None
    if not _CURRENCY.fullmatch(currency.upper()) or not isinstance(amount, str | int | float):
        return None
    try:
        exact = Decimal(str(amount).strip())
    except InvalidOperation:
        return None
    return (currency.upper(), str(exact)) if exact.is_finite() else None


def _is_engagement(body: Mapping[str, Any]) -> bool:
    depth, milliseconds = _integer(body.get("sd")), _integer(body.get("e"))
    return (depth is not None and depth >= 0) or (
        milliseconds is not None and 0 <= milliseconds < _MAX_ENGAGEMENT_MS
    )


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _integer(value: Any) -> int | None:
    """An integer, or the text of one."""
    if isinstance(value, str):
        return int(value) if re.fullmatch(r"[+-]?[0-9]{1,18}", value) else None
    return value if _is_integer(value) else None


# -- where the visit came from ----------------------------------------------------------------


def _origin(page: _Page, referrer: str | None) -> tuple[Campaign, str | None]:
    """The campaign, and the source: a tag of the URL, even an empty one, before the referrer."""
    source = referring_host(referrer, page.hostname)
    if not page.query:
        return NO_CAMPAIGN, source
    # The last of several wins.
    query = dict(parse_qsl(page.query, keep_blank_values=True, errors="replace"))
    tag = next((query[name] for name in _SOURCE_TAGS if name in query), None)
    campaign = Campaign(
        source=tag or None,
        medium=query.get("utm_medium") or None,
        campaign=query.get("utm_campaign") or None,
        content=query.get("utm_content") or None,
        term=query.get("utm_term") or None,
    )
    return campaign, (source if tag is None else campaign.source)
