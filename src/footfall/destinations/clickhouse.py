"""ClickHouse: any number of events as rows of one INSERT, over HTTP.

Written against its documentation (clickhouse.com/docs: HTTP interface, asynchronous inserts, insert
deduplication, JSONEachRow) and the table of HTTP statuses in its source, all read 2026-11. User and
password are headers. With `async_insert` the server joins the inserts of many processes to few
parts, and with `wait_for_async_insert` it answers when the rows are stored, so that what it accepts
is there.

No address is in the table: `visitor` is a hash of address and user agent with a key made of the
password, which changes each day. `id` is made of the event, so that a ReplacingMergeTree removes
repeats, whatever was sent with them; `insert_deduplication_token` is made of the rows, so that a
table with a window for deduplication does not even store the same request again. A column that the
table does not have is left out by the server. Rows and table were tried in the engine of ClickHouse
26.9 (chdb 4.4) in 2026-11: the same request again stored nothing, and its events in another request
were merged.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import ClassVar
from urllib.parse import urlencode, urlsplit

from footfall.client_ip.addresses import parse
from footfall.common import float_text
from footfall.common.language_tag import language_tag
from footfall.destinations import _response_status, _validation, _wire_format
from footfall.destinations._envelope import Envelope
from footfall.destinations._event_id import event_id
from footfall.errors import HIDDEN, ConfigError, Fault
from footfall.events.details import valid_details
from footfall.events.visitor_token import MIN_SECRET_CHARS
from footfall.model import (
    ACCEPTED,
    Event,
    Outcome,
    OutcomeKind,
    Request,
    Response,
    Revenue,
    Visitor,
)

# The server has no limit. No URL of a page is longer, and a prop of this length is no word.
MAX_TEXT_CHARS = 8192
# Of `Decimal(18, 4)`, the column's type.
MAX_AMOUNT = Decimal(10) ** 13
_PLACES = Decimal("0.0001")
# What the column for times can hold ends later; a later time is a wrong clock's.
_MAX_SECONDS = 4_000_000_000

_EXAMPLE = "clickhouse://USER:PASSWORD@HOST:8443/footfall.events"
_TABLE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?", re.ASCII)
_PRINTABLE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_ROWS = Envelope(b"", b"", between=b"\n")

# That of docs/destinations.md, which a test compares.
_DEFINITION = """
CREATE TABLE {table}
(
    id UUID,
    time DateTime64(3, 'UTC') DEFAULT now64(3),
    name LowCardinality(String),
    host LowCardinality(String),
    path String,
    query String,
    referrer String,
    previous String,
    visitor UInt64,
    user_agent String,
    language LowCardinality(String),
    profile String,
    props Map(LowCardinality(String), String),
    currency LowCardinality(String),
    amount Decimal(18, 4),
    screen_width UInt32,
    time_zone LowCardinality(String)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (host, toDate(time), id)
SETTINGS non_replicated_deduplication_window = 1000;
""".strip()

# The codes for a table and for a database that are not there (`src/Common/ErrorCodes.cpp`).
_MISSING = frozenset({"60", "81"})

# Codes of errors that come before anything is stored (`src/Common/ErrorCodes.cpp`).
_NOT_STORED: Mapping[str, str] = {
    "202": "runs too many queries",
    "242": "has set the table to read-only",
    "252": "has too many parts of this table to merge",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickHouse:
    """A table in ClickHouse Cloud, or in a ClickHouse server of your own.

    Args:
        table: The table, as `database.table`; `docs/destinations.md` has its definition.
        user: A user who may insert into that table and nothing else.
        password: That user's, of 16 characters or more. The hash of visitors depends on it.
        endpoint: The server's HTTP interface, such as `https://ch.example.com:8443`.

    Raises:
        ConfigError: with a fault for each option that cannot work.
    """

    table: str
    user: str
    password: str = field(repr=False)
    endpoint: str
    # Few large inserts cost the server less than many small ones; so many fit into one request.
    max_batch: ClassVar[int] = 500
    backdates: ClassVar[bool] = True
    recognises_repeats: ClassVar[bool] = True
    _visitor_key: bytes = field(init=False, repr=False, compare=False)
    _query: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _validation.validate_options(
            self,
            table=_table,
            user=_user,
            password=_password,
            endpoint=_validation.endpoint_at("/"),
        )
        # Not the password itself: this key has no other use.
        key = hmac.digest(self.password.encode(), b"footfall visitor", "sha256")
        object.__setattr__(self, "_visitor_key", key)
        settings = {
            "query": f"INSERT INTO {self.table} FORMAT JSONEachRow",
            "async_insert": 1,
            "wait_for_async_insert": 1,
            "input_format_skip_unknown_fields": 1,
        }
        object.__setattr__(self, "_query", urlencode(settings))

    @property
    def name(self) -> str:
        """`clickhouse:footfall.events@ch.example.com:8443`."""
        return f"clickhouse:{self.table}@{urlsplit(self.endpoint).netloc}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each setting that is valid but probably a mistake."""
        is_plain = any(_validation.plain_http_warnings(self.endpoint))
        return (f"{self.endpoint} is plain http: the password travels unencrypted.",) * is_plain

    @property
    def secrets(self) -> tuple[str, ...]:
        """What nobody may be shown of a request: the header with the password."""
        return (self.password,)

    def request(self, event: Event) -> Request:
        """The POST for one event, which has its own time in any case."""
        trimmed = _wire_format.TrimmedFields()
        row = _wire_format.json_body(self._row(event, trimmed))
        return Request(
            url=self._url(row),
            headers={
                "content-type": "application/x-ndjson",
                "user-agent": "footfall",
                "x-clickhouse-user": self.user,
                "x-clickhouse-key": self.password,
            },
            body=row,
            trimmed=trimmed.names,
        )

    def late_request(self, event: Event) -> Request:
        """The POST for an event that has waited: the same, so that a repeat is recognised."""
        return self.request(event)

    def batch_request(self, requests: Sequence[Request]) -> Request:
        """The POST that carries several events, one on each line."""
        request = _ROWS.merged(requests)
        return replace(request, url=self._url(request.body))

    def _url(self, rows: bytes) -> str:
        """The endpoint with the query and its settings, and the token of these rows."""
        token = hashlib.sha256(rows).hexdigest()[:32]
        return f"{self.endpoint}?{self._query}&insert_deduplication_token={token}"

    def read_batch(self, response: Response, number: int) -> Sequence[Outcome]:
        """The outcome of each event: an insert stores all rows or none."""
        return [self.read(response)] * number

    def read(self, response: Response) -> Outcome:
        """The outcome that a response means. Never raises, whatever the response holds."""
        code = response.headers.get("x-clickhouse-exception-code", "")
        if not code and _response_status.is_accepted(response):
            return ACCEPTED
        if response.status in (401, 403):
            return _rejected(
                response,
                f"does not know this user and password, or the user may not insert: "
                f"GRANT INSERT ON {self.table} TO {self.user}",
            )
        if response.status == 404 and code:
            return _rejected(
                response,
                f"has no table {self.table}, or it lacks something; docs/destinations.md of "
                "footfall has its definition",
            )
        if code in _NOT_STORED:
            return Outcome(
                kind=OutcomeKind.RETRY,
                detail=_sentence(response, _NOT_STORED[code]),
                rest=True,
                log_key=code,
            )
        if code and (response.status in (408, 503) or response.status < 400):
            # It has given up waiting, and may store the rows all the same.
            return Outcome(
                kind=OutcomeKind.UNKNOWN, detail=_sentence(response, "failed, perhaps afterwards")
            )
        return _response_status.refusal(response)

    def setup_for(self, response: Response) -> str:
        """The SQL that creates what is missing by this response; empty where nothing is."""
        if response.headers.get("x-clickhouse-exception-code", "") not in _MISSING:
            return ""
        database, is_named, _ = self.table.partition(".")
        return "\n\n".join(
            [
                *([f"CREATE DATABASE IF NOT EXISTS {database};"] if is_named else []),
                _DEFINITION.format(table=self.table),
                f"GRANT INSERT ON {self.table} TO {self.user};",
            ]
        )

    def _row(self, event: Event, trimmed: _wire_format.TrimmedFields) -> Mapping[str, object]:
        def text(name: str, value: str) -> str:
            short = _wire_format.trim_text(value, MAX_TEXT_CHARS)
            # Nearly every text is as it was.
            return short if short is value else trimmed.note_if_shorter(name, value, short)

        host, path, query = _wire_format.page_parts(event.url)
        time = _wire_format.utc_text(event.time) if 0 < event.time < _MAX_SECONDS else ""
        visitor = self._visitor(event.visitor, time[:10])
        row: dict[str, object] = {
            "id": event_id(event, visitor),
            # As its basic format for times has it, without letters.
            "time": time.replace("T", " ").removesuffix("Z"),
            "name": text("name", event.name),
            "host": text("host", host),
            "path": text("path", path),
            "query": text("query", query),
            "referrer": text("referrer", event.referrer or ""),
            "previous": text("previous", event.previous or ""),
            "visitor": visitor,
            "user_agent": text("user_agent", event.visitor.user_agent),
            "language": language_tag(event.visitor.language),
            "profile": text("profile", event.profile_id),
            "props": _props(event.props, trimmed) if event.props else None,
            **_revenue(event.revenue, trimmed),
            **_details(event),
        }
        # The server fills the column of what is left out with its default.
        return {name: value for name, value in row.items() if value}

    def _visitor(self, visitor: Visitor, day: str) -> int:
        """A number that is the same for one address and one browser on one day; 0 for nobody."""
        address = parse(visitor.client_ip or "")
        if address is None:
            return 0
        text = f"{day}\n{address}\n{visitor.user_agent}".encode("utf-8", "surrogatepass")
        return int.from_bytes(hmac.digest(self._visitor_key, text, "sha256")[:8])


def _details(event: Event) -> Mapping[str, object]:
    if event.screen_width is None and not event.time_zone:
        return {}
    return valid_details({"screen_width": event.screen_width, "time_zone": event.time_zone})


def _props(props: Mapping[str, object], trimmed: _wire_format.TrimmedFields) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for key, value in _wire_format.prop_texts(props, float_text.javascript):
        short_key = _wire_format.trim_text(key, MAX_TEXT_CHARS)
        short = _wire_format.trim_text(value, MAX_TEXT_CHARS)
        trimmed.note_if_shorter("props", key + value, short_key + short)
        found.setdefault(short_key, short)
    return found


def _revenue(revenue: Revenue | None, trimmed: _wire_format.TrimmedFields) -> Mapping[str, object]:
    if revenue is None:
        return {}
    if not revenue.amount.is_finite() or abs(revenue.amount) >= MAX_AMOUNT:
        # A number that the column cannot hold would cost every row of the request.
        trimmed.note("amount")
        return {}
    currency = _wire_format.trim_text(revenue.currency, MAX_TEXT_CHARS)
    return {"currency": currency, "amount": format(revenue.amount.quantize(_PLACES), "f")}


def _rejected(response: Response, meaning: str) -> Outcome:
    detail = _sentence(response, meaning)
    return Outcome(kind=OutcomeKind.REJECTED, detail=detail, pause=True)


def _sentence(response: Response, meaning: str) -> str:
    message = _response_status.vendor_message(response.body)
    quote = f" (it says: {message})" if message else ""
    return f"HTTP {response.status}: the server {meaning}{quote}"


def _table(option: str, value: object) -> str:
    if isinstance(value, str) and _TABLE.fullmatch(value):
        return value
    raise ConfigError(Fault(option, value, f"write database.table, as in {_EXAMPLE}"))


def _user(option: str, value: object) -> str:
    if isinstance(value, str) and _PRINTABLE.fullmatch(value):
        return value
    raise ConfigError(Fault(option, HIDDEN, f"write the user's name, as in {_EXAMPLE}"))


def _password(option: str, value: object) -> str:
    if isinstance(value, str) and _PRINTABLE.fullmatch(value) and len(value) >= MIN_SECRET_CHARS:
        return value
    remedy = f"give the user a password of {MIN_SECRET_CHARS} or more ASCII characters: {_EXAMPLE}"
    raise ConfigError(Fault(option, HIDDEN, remedy))
