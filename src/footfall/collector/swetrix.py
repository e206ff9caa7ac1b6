"""What Swetrix does with a POST to `/log`, `/log/custom` or `/log/hb`: read it, judge it, answer.

The rules are those of the community edition (DTOs, analytics.controller.ts; read 2026-11) in its
order: body, fields, bot, project, visit, uniqueness. Error bodies have its shape, with a list of
texts for faulty fields and one text for everything else; the wording is ours. Where we differ:

- The address comes from `X-Client-IP-Address` first, as its cloud and its documents have it.
- Click ids do not fill an empty source, and there are no origin, address or country lists.
"""

from __future__ import annotations

import enum
import json
import re
import zlib
from collections.abc import Mapping, Set
from typing import Any, Final
from urllib.parse import parse_qsl

from footfall.collector.visits import Caller, Visit, Visits
from footfall.collector.wire import (
    Answer,
    Arrival,
    Campaign,
    Received,
    Reply,
    first_item,
    is_address,
    json_answer,
    media_type,
    read_json,
    referring_host,
    without_port,
)
from footfall.model import PAGEVIEW
from footfall.user_agent import classify

MAX_BODY_BYTES: Final = 100 * 1024
"""What the community edition takes, before and after decompression; more is answered 413."""

PID: Final = re.compile(r"(?!.*--)[A-Za-z0-9-]{12}")
"""A project id."""

_MAX_NAME_LENGTH = 256
_MAX_PROFILE_LENGTH = 256
_MAX_QUERY_LENGTH = 2_048
_MAX_META_KEYS = 100
_MAX_META_UNITS = 2_000
# Of our own: a form with more fields than this is no form.
_MAX_FORM_FIELDS = 1_000

# Names that every JavaScript object has; Swetrix loses them, and only them.
_LOST_KEYS = frozenset(
    {"constructor", "__proto__", "prototype", "toString", "valueOf", "hasOwnProperty"}
)


class Kind(enum.Enum):
    """What was posted, by path."""

    PAGEVIEW = "/log"
    CUSTOM = "/log/custom"
    HEARTBEAT = "/log/hb"


def _error(status: int, error: str, message: str | list[str]) -> Answer:
    return json_answer(status, {"message": message, "error": error, "statusCode": status})


_CREATED = json_answer(201, {})
_BOT = json_answer(201, {"message": "Bot traffic detected, the event was not recorded"})
_MALFORMED = _error(400, "Bad Request", "The body is not valid JSON")
_NOT_UNIQUE = _error(403, "Forbidden", "This visitor was recorded before: the event is not unique")
_NO_SESSION = _error(403, "Forbidden", "There is no live session that a heartbeat could extend")
_NO_PROJECT = _error(404, "Not Found", "There is no project with this pid")
_TOO_LARGE = json_answer(413, {"statusCode": 413, "message": "request entity too large"})
_UNSUPPORTED = json_answer(415, {"statusCode": 415, "message": "unsupported charset or encoding"})
_BROKEN = json_answer(500, {"statusCode": 500, "message": "Internal server error"})
BUSY = json_answer(503, {"statusCode": 503, "message": "Service unavailable"})
"""The answer when events come faster than they can be written, or the disk is full."""


def receive(received: Received, kind: Kind, *, pids: Set[str], visits: Visits) -> Reply:
    """Swetrix's answer, with an arrival where there was an event.

    With `pids` given, other projects do not exist.
    """
    # 1. The body, then its fields.
    body = _body(received)
    if isinstance(body, Answer):
        return Reply(body)
    if faults := _faults(body, kind):
        return Reply(_error(400, "Bad Request", faults))
    # 2. Who sent it: bots are told so before anything about the project is.
    pid, address = body["pid"], client_ip(received)
    user_agent = received.headers.get("user-agent", "")
    if _is_bot(user_agent):
        dropped = [] if kind is Kind.HEARTBEAT else [_arrival(body, kind, address, received, "bot")]
        return Reply(_BOT, dropped)
    # 3. The project.
    if pids and pid not in pids:
        return Reply(_NO_PROJECT)
    # 4. The visit, and whether the event may come again in it.
    caller = Caller(pid, address, user_agent)
    now = received.at
    if kind is Kind.HEARTBEAT:
        return Reply(_heartbeat(visits, caller, now))
    is_unique = _is_truthy(body.get("unique"))
    if kind is Kind.CUSTOM and is_unique and not visits.is_first(caller, body["ev"], now):
        return Reply(_NOT_UNIQUE)
    visit = visits.enter(caller, now)
    if kind is Kind.PAGEVIEW and is_unique and not visit.is_new:
        return Reply(_NOT_UNIQUE)
    # 5. The search for click ids takes the page for text, unless a query was sent.
    if _is_truthy(body.get("pg")) and not isinstance(body["pg"], str) and not body.get("qs"):
        return Reply(_BROKEN)
    return Reply(_CREATED, [_arrival(body, kind, address, received, visit=visit)])


def client_ip(received: Received) -> str:
    """The address that Swetrix takes for the visitor's.

    The first header that is not empty is the only one believed; where it holds no address, the
    peer is the visitor.
    """
    headers = received.headers
    said = headers.get("x-client-ip-address") or first_item(headers.get("x-forwarded-for", ""))
    address = without_port(said.strip())
    return address if is_address(address) else received.peer


def _heartbeat(visits: Visits, caller: Caller, now: float) -> Answer:
    visit = visits.find(caller, now)
    if visit is None:
        return _NO_SESSION
    visits.extend(visit, now)
    return _CREATED


def _is_bot(user_agent: str) -> bool:
    # A visitor who names no browser is counted.
    return bool(user_agent.strip()) and classify(user_agent) is not None


def _arrival(
    body: Mapping[str, Any],
    kind: Kind,
    address: str,
    received: Received,
    reason: str | None = None,
    visit: Visit | None = None,
) -> Arrival:
    hostname = _hostname(received.headers.get("origin", ""))
    referrer = _text(body.get("ref"))
    campaign = Campaign(*(_text(body.get(key)) for key in ("so", "me", "ca", "co", "te")))
    return Arrival(
        vendor="swetrix",
        domain=body["pid"],
        name=body["ev"] if kind is Kind.CUSTOM else PAGEVIEW,
        hostname=hostname,
        path=_text(body.get("pg")),
        referrer=referrer,
        source=campaign.source or referring_host(referrer, hostname),
        campaign=campaign,
        props=_meta_texts(body.get("meta")),
        user_agent=received.headers.get("user-agent", ""),
        client_ip=address,
        visitor=visit.visitor if visit else None,
        session=visit.session if visit else None,
        reason=reason,
        received=received,
    )


def _hostname(origin: str) -> str | None:
    _, separator, authority = origin.partition("://")
    return without_port(authority.lower()).partition(":")[0] or None if separator else None


def _text(value: Any) -> str | None:
    """The text that is stored: the JSON of whatever is not text, None for what is empty."""
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# -- the body ---------------------------------------------------------------------------------


def _body(received: Received) -> Mapping[str, Any] | Answer:
    kind = media_type(received.headers)
    if kind not in ("application/json", "application/x-www-form-urlencoded"):
        return {}
    if not _has_known_charset(received.headers["content-type"]):
        return _UNSUPPORTED
    raw = _decompressed(received)
    if isinstance(raw, Answer):
        return raw
    text = raw.decode("utf-8-sig", "replace")
    try:
        if kind != "application/json":
            return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FORM_FIELDS))
        value = read_json(text) if text else {}
    except ValueError:
        return _MALFORMED
    if isinstance(value, list):
        return {}
    return value if isinstance(value, dict) else _MALFORMED


def _has_known_charset(content_type: str) -> bool:
    charset = re.search(r";\s*charset\s*=\s*\"?([^\s;\"]+)", content_type, re.IGNORECASE)
    return charset is None or charset[1].lower() in ("utf-8", "utf8")


def _decompressed(received: Received) -> bytes | Answer:
    encoding = received.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity", "gzip", "deflate"):
        return _UNSUPPORTED
    body = received.body
    if encoding in ("gzip", "deflate") and len(body) <= MAX_BODY_BYTES:
        # 32 more than the window: zlib finds out by itself which of the two it is.
        stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
        try:
            body = stream.decompress(body, MAX_BODY_BYTES + 1)
        except zlib.error:
            return _MALFORMED
    return _TOO_LARGE if len(body) > MAX_BODY_BYTES else body


# -- the fields -------------------------------------------------------------------------------


def _faults(body: Mapping[str, Any], kind: Kind) -> list[str]:
    """What is wrong with the fields; of all others any value is taken."""
    pid = body.get("pid")
    faults = []
    if not isinstance(pid, str):
        faults.append("pid must be a string")
    elif not PID.fullmatch(pid):
        faults.append("pid must be 12 letters, digits or single hyphens")
    if kind is Kind.CUSTOM:
        faults += _name_faults(body.get("ev"))
    faults += _length_faults("profileId", body.get("profileId"), _MAX_PROFILE_LENGTH)
    faults += _length_faults("qs", body.get("qs"), _MAX_QUERY_LENGTH)
    return faults + _meta_faults(body.get("meta"))


def _name_faults(value: Any) -> list[str]:
    if value is None or value == "":
        return ["ev should not be empty"]
    return _length_faults("ev", value, _MAX_NAME_LENGTH)


def _length_faults(field: str, value: Any, limit: int) -> list[str]:
    if value is None or value == "":
        return []
    if not isinstance(value, str):
        return [f"{field} must be a string"]
    if len(value) > limit:
        return [f"{field} must be shorter than or equal to {limit} characters"]
    return []


def _meta_faults(meta: Any) -> list[str]:
    if meta is None:
        return []
    if not isinstance(meta, dict | list):
        return ["meta must be an object"]
    values = meta.values() if isinstance(meta, dict) else meta
    if any(isinstance(value, dict | list) for value in values):
        return ["meta values must be strings, numbers, booleans or null"]
    texts = _meta_texts(meta)
    if len(texts) > _MAX_META_KEYS:
        return [f"meta must have at most {_MAX_META_KEYS} keys"]
    if sum(_utf16_units(key) + _utf16_units(text) for key, text in texts.items()) > _MAX_META_UNITS:
        return [f"meta keys and values must have at most {_MAX_META_UNITS} characters together"]
    return []


def _meta_texts(meta: Any) -> dict[str, str]:
    """Keys and values as JavaScript writes them. A list is an object with numbers for keys."""
    if not meta:
        return {}
    pairs = meta.items() if isinstance(meta, dict) else enumerate(meta)
    return {str(key): _javascript_text(value) for key, value in pairs if str(key) not in _LOST_KEYS}


def _javascript_text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value)


def _utf16_units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _is_truthy(value: Any) -> bool:
    """JavaScript's idea of it: empty lists and objects are true, the text "false" too."""
    return isinstance(value, dict | list) or bool(value)
