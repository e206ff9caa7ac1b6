"""What a vendor's response means: the table of statuses, and the message in the body.

The table follows one rule: vendors do not recognise duplicates, so an event is sent again only
where it was surely not processed. Nothing here raises, whatever a server or a proxy sent.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from footfall.common.retry_after import retry_after_seconds
from footfall.model import Headers, Outcome, OutcomeKind, Response

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# A vendor's message is quoted up to here: enough to act on, too little to flood a log.
MAX_QUOTE_CHARS = 200

# Umami's fields are three levels deep.
_MAX_DEPTH = 8

# A longer wait would lose every event: in memory an event is kept for 60 seconds.
MAX_RETRY_AFTER_SECONDS = 60.0

_RETRY: Mapping[int, str] = {
    408: "gave up waiting for the request",
    425: "asks to send it later",
    429: "asks for fewer requests",
    502: "could not be reached through its gateway, which is worth one more try",
    503: "is busy or restarting",
}

# A gateway also sends 502 when its backend fails while processing, so one more try is enough.
_MAX_TRIES: Mapping[int, int] = {502: 2}

# These depend on the settings, never on the event, so the next event would be refused as well.
_PAUSE: Mapping[int, str] = {
    401: "asks for credentials; something in front of the endpoint requires them",
    402: "asks for payment; see the account's plan and quota",
    403: "forbids the request; a firewall or an access rule is in front of the endpoint",
    404: "knows no such address or site; check endpoint and site",
    405: "takes no events at this address; check endpoint",
    406: "wants another Accept header; something on the way adds one",
    407: "is behind a proxy that asks for credentials; check the proxy settings",
    410: "is gone from this address; check endpoint",
}

_REJECTED: Mapping[int, str] = {
    400: "refuses the event",
    413: "finds the event too large",
    415: "does not accept this content type",
    422: "refuses the event",
}


def is_accepted(response: Response) -> bool:
    """Whether the events endpoint itself accepted the event: any 2xx that is not a web page."""
    return 200 <= response.status < 300 and not _is_web_page(response)


def refusal(response: Response) -> Outcome:
    """The outcome of a response for which `is_accepted` is False."""
    status = response.status
    if _is_web_page(response):
        return _rejected(
            response, "answers with a web page, so this is no events endpoint", pause=True
        )
    if status in _RETRY:
        return Outcome(
            kind=OutcomeKind.RETRY,
            detail=_sentence(response, _RETRY[status]),
            retry_after=_retry_after(response.headers),
            rest=status == 429,
            max_tries=_MAX_TRIES.get(status),
        )
    if 300 <= status < 400:
        return _rejected(response, _redirect(response.headers), pause=True)
    if status in _PAUSE:
        return _rejected(response, _PAUSE[status], pause=True)
    if 400 <= status < 500:
        return _rejected(response, _REJECTED.get(status, "refuses the request"))
    return Outcome(
        kind=OutcomeKind.UNKNOWN,
        detail=_sentence(
            response, "failed, perhaps after counting; sent again it could count twice"
        ),
    )


def refusal_with_remedies(
    response: Response, remedies: Mapping[str, str], *, fields: Sequence[str]
) -> Outcome:
    """The outcome of a 400 that names the wrong fields; logged once for the same fields.

    Args:
        response: The vendor's response.
        remedies: What the site owner can do, by field.
        fields: The keys of `remedies` that the response names; the first two are reported.
    """
    fields = fields[:2]
    detail = _sentence(response, _REJECTED[400])
    advice = "; ".join(f"{field}: {remedies[field]}" for field in fields)
    return Outcome(
        kind=OutcomeKind.REJECTED,
        detail=f"{detail}. What to do about {advice}",
        log_key="invalid " + " ".join(fields),
    )


def json_object(body: bytes) -> Mapping[str, object]:
    """The JSON object in a body; empty where it holds anything else."""
    if body == b"{}":
        # Swetrix accepts each event with it, and to parse it takes as long as to write the event.
        return {}
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def vendor_message(body: bytes) -> str:
    """The message in a body, in one bounded line; empty for web pages and empty bodies.

    Plausible writes `errors`, an object of lists; Swetrix writes `message`, a string or a list;
    Umami writes `error`, which may hold a `message`, and a tree of faults by field.
    """
    fields = json_object(body)
    if fields:
        return one_line("; ".join(_messages(fields)))
    return "" if _is_html(body) else one_line(body.decode(errors="replace"))


def one_line(text: str) -> str:
    """Text from outside for a log: printable, on one line, at most 200 characters."""
    printable = "".join(char if char.isprintable() else " " for char in text[:1000])
    line = " ".join(printable.split())
    return line if len(line) <= MAX_QUOTE_CHARS else line[: MAX_QUOTE_CHARS - 1] + "…"


def _messages(fields: Mapping[str, object]) -> Iterator[str]:
    errors = fields.get("errors")
    if isinstance(errors, dict):
        for field, texts in errors.items():
            yield f"{field}: {', '.join(_strings(texts))}"
        return
    error = fields.get("error")
    if isinstance(error, dict) and (faults := [*_field_faults(error, "")]):
        yield from faults
        return
    # Umami's `error` is an object with a message.
    inner = error.get("message") if isinstance(error, dict) else error
    yield from _strings(fields.get("message") or inner or errors)


def _field_faults(tree: Mapping[str, object], path: str) -> Iterator[str]:
    """What Umami writes beside "Bad request": for each field its errors, in a tree."""
    if path.count(".") > _MAX_DEPTH:
        return
    if texts := _strings(tree.get("errors")):
        yield f"{path or 'body'}: {', '.join(texts)}"
    properties = tree.get("properties")
    if isinstance(properties, dict):
        for name, inner in properties.items():
            if isinstance(inner, dict):
                yield from _field_faults(inner, f"{path}.{name}" if path else name)


def _retry_after(headers: Headers) -> float | None:
    seconds = retry_after_seconds(headers)
    return None if seconds is None else min(seconds, MAX_RETRY_AFTER_SECONDS)


def _strings(value: object) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, str)]


def _rejected(response: Response, meaning: str, *, pause: bool = False) -> Outcome:
    return Outcome(kind=OutcomeKind.REJECTED, detail=_sentence(response, meaning), pause=pause)


def _sentence(response: Response, meaning: str) -> str:
    message = vendor_message(response.body)
    quote = f" (it says: {message})" if message else ""
    return f"HTTP {response.status}: the vendor {meaning}{quote}"


def _redirect(headers: Headers) -> str:
    where = _origin_of(headers.get("location", ""))
    return f"redirects to {where}; events follow no redirect, so write the final URL as endpoint"


def _origin_of(location: str) -> str:
    try:
        parts = urlsplit(location)
    except ValueError:
        return "another address"
    host = parts.netloc.rpartition("@")[2]
    return one_line(f"{parts.scheme or 'https'}://{host}") if host else "another address"


def _is_web_page(response: Response) -> bool:
    # Only 200, which a website sends for a wrong path. Plausible and Swetrix send 202 and 201.
    return response.status == 200 and _is_html(response.body)


def _is_html(body: bytes) -> bool:
    return body.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")
