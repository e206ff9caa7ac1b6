"""Parses a body that was posted to `/api/event`: the event in it, or the response that refuses it.

The rules and the error texts are those of Plausible's request.ex (read 2026-11). Where we differ:

- A name is measured in characters without their combining marks, close to Plausible's graphemes.
- Bodies and the numbers in them have the limits of `limits.py`, which Plausible's have not.
- Form fields are read flat, multipart bodies not at all; trackers send neither.
- A list of domains is read up to the hundredth.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, unquote

from footfall.collector.wire import limits
from footfall.collector.wire.currencies import CURRENCIES
from footfall.collector.wire.messages import IncomingRequest, IngestResponse, json_response
from footfall.collector.wire.parsing import NO_HOST, hostname_of, media_type, read_json, split_uri
from footfall.common import float_text
from footfall.common.bounded_cache import BoundedCache

_MAX_ENGAGEMENT_MS = 30 * 86_400_000

_MALFORMED = json_response(400, {"status": 400, "message": "Bad Request"})
_TOO_LARGE = json_response(413, {"status": 413, "message": "Request Entity Too Large"})
_NOT_JSON = json_response(400, {"errors": {"request": ["Unable to parse request body as json"]}})

_BLANK = "can't be blank"
_INVALID = "is invalid"
_EVENTS_WITH_PATH = frozenset({"404", "WP Form Completions", "Form: Submission"})


class PageURL(NamedTuple):
    """The parts of a page's URL. The query holds the UTM tags."""

    url: str
    hostname: str = NO_HOST
    pathname: str = "/"
    query: str = ""


_NO_PAGE: Final = PageURL("")


class PostedEvent(NamedTuple):
    """A valid body: one event, for one or several domains."""

    name: str
    page: PageURL
    domains: list[str]
    referrer: str | None
    props: dict[str, str]
    revenue: tuple[str, str] | None
    interactive: bool
    engagement: tuple[int, int | None] | None


def parse_body(request: IncomingRequest) -> dict[str, Any] | IngestResponse:
    """The fields that were posted, or the response that refuses the body."""
    content_type = media_type(request.headers)
    if "/" not in content_type:
        return {}
    if content_type.startswith("application/") and content_type.endswith(("/json", "+json")):
        return _parsed_body(request.body)
    if content_type == "application/x-www-form-urlencoded":
        return _form(request.body)
    return _text_body(request.body)


def _parsed_body(body: bytes) -> dict[str, Any] | IngestResponse:
    if len(body) > limits.PLAUSIBLE_BODY:
        return _TOO_LARGE
    try:
        value = read_json(body.decode()) if body else {}
    except ValueError:
        return _MALFORMED
    return value if isinstance(value, dict) else {}


def _text_body(body: bytes) -> dict[str, Any] | IngestResponse:
    if len(body) > limits.PLAUSIBLE_BODY:
        return _NOT_JSON
    try:
        value = read_json(body.decode())
    except ValueError:
        return _NOT_JSON
    return value if isinstance(value, dict) else _NOT_JSON


def _form(body: bytes) -> dict[str, Any] | IngestResponse:
    if len(body) > limits.PLAUSIBLE_FORM:
        return _TOO_LARGE
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=limits.FORM_FIELDS)
    except ValueError:
        return _MALFORMED
    return dict(pairs)


class _FieldErrors(dict[str, list[str]]):
    """What is wrong with a body, by field."""

    def add(self, field: str, text: str) -> None:
        self.setdefault(field, []).append(text)


def parse_event(body: Mapping[str, Any]) -> PostedEvent | IngestResponse:
    """The event with these fields, or the response that refuses them."""
    errors = _FieldErrors()
    name = _name(_first_set(body, "n", "name"), errors)
    engagement = _engagement(body) if name == "engagement" else None
    if name == "engagement" and engagement is None:
        errors.add(
            "event_name",
            "engagement event requires a valid integer value for at least one of "
            "'sd' or 'e' fields",
        )
    in_hash_mode = _hash_mode(_first_set(body, "h", "hashMode"), errors)
    page = _page(_first_set(body, "u", "url"), in_hash_mode, errors)
    domains = _domains(_first_set(body, "d", "domain"), page, errors)
    props = _props(_first_set(body, "m", "meta", "p", "props"), name, page, errors)
    if errors:
        return json_response(400, {"errors": errors})
    referrer = _first_set(body, "r", "referrer")
    return PostedEvent(
        name=name,
        page=page,
        domains=domains,
        referrer=referrer[: limits.REFERRER] if isinstance(referrer, str) else None,
        props=props,
        revenue=_revenue(_first_set(body, "revenue", "$")),
        interactive=body.get("i") is not False and body.get("interactive") is not False,
        engagement=engagement,
    )


def _first_set(body: Mapping[str, Any], *keys: str) -> Any:
    """The first value that is neither null nor false; an empty string is a value."""
    value = None
    for key in keys:
        value = body.get(key)
        if value is not None and value is not False:
            break
    return value


def _name(value: Any, errors: _FieldErrors) -> str:
    if _is_integer(value):
        value = str(value)
    if value is None or (isinstance(value, str) and not value.strip()):
        errors.add("event_name", _BLANK)
    elif not isinstance(value, str):
        errors.add("event_name", _INVALID)
    elif _is_too_long(value):
        errors.add("event_name", f"should be at most {limits.PLAUSIBLE_NAME} character(s)")
    return value if isinstance(value, str) else ""


def _is_too_long(name: str) -> bool:
    if len(name) <= limits.PLAUSIBLE_NAME:
        return False
    marks = (unicodedata.category(char).startswith("M") for char in name)
    return len(name) > limits.PLAUSIBLE_NAME_CHARS or len(name) - sum(marks) > limits.PLAUSIBLE_NAME


def _hash_mode(value: Any, errors: _FieldErrors) -> bool:
    number = _integer(value)
    if value is not None and value is not False and number is None:
        errors.add("hash_mode", _INVALID)
    return number == 1


def _page(value: Any, in_hash_mode: bool, errors: _FieldErrors) -> PageURL:
    if value is None:
        errors.add("url", "is required")
        return _NO_PAGE
    if not isinstance(value, str) or len(value.encode()) > limits.URL_BYTES:
        errors.add("url", "must be a valid url")
        return _NO_PAGE
    page = _page_of(value, in_hash_mode=True) if in_hash_mode else _PAGES[value]
    if page is None:
        errors.add("url", "scheme is not allowed")
        return _NO_PAGE
    if not page.pathname:
        errors.add("pathname", _BLANK)
    return page


def _page_of(url: str, *, in_hash_mode: bool = False) -> PageURL | None:
    """The parts of a URL; None where its scheme is not allowed."""
    scheme, authority, path, query, fragment = split_uri(url)
    if scheme.lower() == "data":
        return None
    pathname = unquote(path or "/", errors="replace").rstrip()
    if in_hash_mode and "#" in url:
        pathname += f"#{unquote(fragment, errors='replace')}"
    return PageURL(url, hostname_of(authority), pathname, query)


# Most events are of pages that had one a moment ago.
_PAGES: BoundedCache[str, PageURL | None] = BoundedCache(_page_of)


def _domains(value: Any, page: PageURL, errors: _FieldErrors) -> list[str]:
    if not isinstance(value, str):
        if page.hostname == NO_HOST:
            errors.add("domain", _BLANK)
        return [page.hostname]
    parts = [part.strip().removeprefix("www.") for part in value.split(",", limits.DOMAINS)]
    domains = [part for part in parts[: limits.DOMAINS] if part]
    if not domains:
        errors.add("domain", _BLANK)
    return domains


def _props(value: Any, name: str, page: PageURL, errors: _FieldErrors) -> dict[str, str]:
    texts = {key: _prop_text(each) for key, each in _object(value).items() if key.strip()}
    props = {key: text for key, text in texts.items() if text.strip()}
    if name in _EVENTS_WITH_PATH and "path" not in props:
        props = {"path": page.pathname, **props}
    props = dict(list(props.items())[: limits.PLAUSIBLE_PROPS])
    if any(
        len(key.encode()) > limits.PLAUSIBLE_KEY_BYTES
        or len(text.encode()) > limits.PLAUSIBLE_VALUE_BYTES
        for key, text in props.items()
    ):
        errors.add(
            "props",
            f"keys should have at most {limits.PLAUSIBLE_KEY_BYTES} bytes "
            f"and values {limits.PLAUSIBLE_VALUE_BYTES} bytes",
        )
    return props


def _prop_text(value: Any) -> str:
    """A value as text; empty where Plausible would not store it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float_text.elixir(value)
    return str(value) if isinstance(value, str | int) else ""


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
    if not isinstance(currency, str) or currency.upper() not in CURRENCIES:
        return None
    if isinstance(amount, bool) or not isinstance(amount, str | int | float):
        return None
    exact = _amount(str(amount).strip())
    return None if exact is None else (currency.upper(), str(exact))


def _amount(text: str) -> Decimal | None:
    """The number that a text spells; None where it spells none, or one that is no money."""
    try:
        exact = Decimal(text) if len(text) <= limits.AMOUNT_CHARS else None
    except InvalidOperation:
        return None
    if exact is None or not exact.is_finite() or exact.adjusted() >= limits.AMOUNT_DIGITS:
        return None
    return exact


def _engagement(body: Mapping[str, Any]) -> tuple[int, int | None] | None:
    """Duration and depth of an engagement; None where the body has neither."""
    depth, milliseconds = _integer(body.get("sd")), _integer(body.get("e"))
    has_time = milliseconds is not None and 0 <= milliseconds < _MAX_ENGAGEMENT_MS
    has_depth = depth is not None and depth >= 0
    if not (has_time or has_depth):
        return None
    return (milliseconds or 0 if has_time else 0), (min(depth or 0, 100) if has_depth else None)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _integer(value: Any) -> int | None:
    """An integer, or the integer that a text spells; else None."""
    if isinstance(value, str):
        return int(value) if re.fullmatch(r"[+-]?[0-9]{1,18}", value) else None
    return value if _is_integer(value) else None
