"""What a vendor's answer means: the status table, and what little can be trusted of a body.

The table rests on one rule: neither vendor recognises a duplicate, so an event is sent again only
where it was surely not processed. Nothing in here raises, whatever a server or a proxy on the way
may have answered.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from footfall.model import Headers, Outcome, OutcomeKind, Response

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# A vendor's sentence is quoted up to here: enough to act on, too little to flood a log.
MAX_QUOTE_CHARS = 200

# A vendor may ask for less haste, not for silence: in memory an event lives for 60 seconds.
MAX_RETRY_AFTER_SECONDS = 60.0

_AGAIN: Mapping[int, str] = {
    408: "gave up waiting for the request",
    425: "asks to send it later",
    429: "asks for fewer requests",
    502: "could not be reached through its gateway, which is worth one more try",
    503: "is busy or restarting",
}

# A gateway that lost its backend while that was at work says so too, so one more try is enough.
_MAX_TRIES: Mapping[int, int] = {502: 2}

# These depend on the settings, never on the event, so the next one would fare no better.
_PAUSING: Mapping[int, str] = {
    401: "asks for credentials; something in front of it guards the endpoint",
    402: "wants to be paid; see the account's plan and quota",
    403: "forbids the request; a firewall or an access rule stands in front of the endpoint",
    404: "knows no such address or site; check endpoint and site",
    405: "takes no events at this address; check endpoint",
    406: "wants another Accept header; something on the way adds one",
    407: "is behind a proxy that asks for credentials; check the proxy settings",
    410: "has left this address; check endpoint",
}

_REFUSED: Mapping[int, str] = {
    400: "refuses the event",
    413: "finds the event too large",
    415: "does not read this form of event",
    422: "refuses the event",
}

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SECONDS = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
# RFC 9110 section 5.6.7: the one form of a date that senders may generate.
_HTTP_DATE = re.compile(
    r"[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT", re.ASCII
)


def is_accepted(response: Response) -> bool:
    """Whether the events endpoint itself said yes: any 2xx that is not a web page."""
    return 200 <= response.status < 300 and not _is_web_page(response)


def refusal(response: Response) -> Outcome:
    """The outcome of every answer that `is_accepted` did not let pass."""
    status = response.status
    if _is_web_page(response):
        return _outcome(
            response, "answers with a web page, so this is no events endpoint", pause=True
        )
    if status in _AGAIN:
        return Outcome(
            kind=OutcomeKind.RETRY,
            detail=_sentence(response, _AGAIN[status]),
            retry_after=retry_after_seconds(response.headers),
            rest=status == 429,
            max_tries=_MAX_TRIES.get(status),
        )
    if 300 <= status < 400:
        return _outcome(response, _redirect(response.headers), pause=True)
    if status in _PAUSING:
        return _outcome(response, _PAUSING[status], pause=True)
    if 400 <= status < 500:
        return _outcome(response, _REFUSED.get(status, "refuses the request"))
    return Outcome(
        kind=OutcomeKind.UNKNOWN,
        detail=_sentence(
            response, "failed, perhaps after counting; sent again it could count twice"
        ),
    )


def invalid(response: Response, remedies: Mapping[str, str], *, found: Sequence[str]) -> Outcome:
    """The outcome of a 400 that names what is wrong: each with its remedy, told once for a kind.

    `found` are the keys of `remedies` that the answer names; two are as many as one line bears.
    """
    found = found[:2]
    detail = _sentence(response, _REFUSED[400])
    advice = "; ".join(f"{key}: {remedies[key]}" for key in found)
    return Outcome(
        kind=OutcomeKind.REJECTED,
        detail=f"{detail}. What to do about {advice}",
        log_key="invalid " + " ".join(found),
    )


def retry_after_seconds(headers: Headers) -> float | None:
    """The vendor's wish between 0 and 60 seconds; None where it has none that can be read.

    A date is measured from the answer's own `Date`, so that no clock of ours is needed.
    """
    wish = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(wish):
        seconds = float(wish)
    else:
        now, then = _http_date(headers.get("date", "")), _http_date(wish)
        if now is None or then is None:
            return None
        seconds = (then - now).total_seconds()
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)


def json_object(body: bytes) -> Mapping[str, object]:
    """The JSON object of a body; empty where it holds anything else."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def vendor_text(body: bytes) -> str:
    """What the body says, in one bounded line; empty for web pages and silence.

    Plausible speaks in `errors`, an object of lists; Swetrix in `message`, a string or a list;
    Umami in `error`, which may hold a `message`.
    """
    said = json_object(body)
    if said:
        return one_line("; ".join(_messages(said)))
    return "" if _looks_like_html(body) else one_line(body.decode(errors="replace"))


def one_line(words: str) -> str:
    """Foreign text for a log: printable, on one line, at most 200 characters."""
    printable = "".join(char if char.isprintable() else " " for char in words[:1000])
    line = " ".join(printable.split())
    return line if len(line) <= MAX_QUOTE_CHARS else line[: MAX_QUOTE_CHARS - 1] + "…"


def _messages(said: Mapping[str, object]) -> Iterator[str]:
    errors = said.get("errors")
    if isinstance(errors, dict):
        for field, texts in errors.items():
            yield f"{field}: {', '.join(_strings(texts))}"
        return
    error = said.get("error")
    # Umami speaks of an error in an object of its own.
    inner = error.get("message") if isinstance(error, dict) else error
    yield from _strings(said.get("message") or inner or errors)


def _strings(value: object) -> list[str]:
    found = value if isinstance(value, list) else [value]
    return [item for item in found if isinstance(item, str)]


def _outcome(response: Response, meaning: str, *, pause: bool = False) -> Outcome:
    return Outcome(kind=OutcomeKind.REJECTED, detail=_sentence(response, meaning), pause=pause)


def _sentence(response: Response, meaning: str) -> str:
    said = vendor_text(response.body)
    quote = f" (it says: {said})" if said else ""
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
    # Only 200: a wrong address on the right host, answered by its website. Vendors say 201 and 202.
    return response.status == 200 and _looks_like_html(response.body)


def _looks_like_html(body: bytes) -> bool:
    return body.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def _http_date(value: str) -> datetime | None:
    match = _HTTP_DATE.fullmatch(value.strip())
    if match is None or match[2] not in _MONTHS:
        return None
    day, year, hour, minute, second = map(int, match.group(1, 3, 4, 5, 6))
    try:
        return datetime(year, _MONTHS.index(match[2]) + 1, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
