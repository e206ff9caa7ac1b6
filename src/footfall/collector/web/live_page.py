"""The live page and the page of one event, as HTML made on the server.

A row shows an event of the store or a hit that did not count; one template renders it, for the page
and for the stream alike. The key of an event is its number, that of a hit its number with a `u` in
front: `/live/17`, `/live/u4`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, Final, NamedTuple

from footfall.collector.ingest.forward import Forward
from footfall.collector.ingest.receiver import RejectedRequests
from footfall.collector.public_address import PublicAddress
from footfall.collector.storage.recent_hits import HitSearch, RecentHits
from footfall.collector.storage.store import Store
from footfall.collector.storage.stored_events import EventSearch, StoredEvent
from footfall.collector.web import reason_texts
from footfall.collector.web.event_detail import EventDetail, detail_of_event, detail_of_hit
from footfall.collector.web.event_stream import MAX_AT_ONCE, Batch, Message, ReadNew
from footfall.collector.web.reason_texts import STATUS_NAMES, HitStatus, ReasonText
from footfall.collector.web.templating import environment
from footfall.collector.wire.browser import detect_browser
from footfall.collector.wire.messages import ReceivedHit, iso_time
from footfall.rules.pageview.file_names import reason_for_file

# A few screens; the API has the rest. The parts of pages, dozens of each, fold under them.
_ROWS: Final = 100
_ROWS_WITH_PARTS: Final = 500
# A text is searched for in this many; it takes some milliseconds.
_SEARCHED_ROWS: Final = 1_000

# Hexadecimal digits: enough to tell those on a page apart.
_VISITOR_CHARS: Final = 6
_VISITOR_KEY: Final = secrets.token_bytes(32)
# What a person opens, in the words of `Sec-Fetch-Dest`; and what a script asks for.
_PAGES: Final = frozenset({"document", "iframe", "frame", "fencedframe", "empty"})
_REASONS_OF_PARTS: Final = frozenset({"subresource", "static_file"})

_STATUS_OF: Final = {"tracked": "accepted", "dropped": "dropped"}


class LiveView(NamedTuple):
    """The filters of the page, and where the browser has the collector."""

    address: PublicAddress
    domain: str | None = None
    status: HitStatus | None = None
    text: str = ""

    @property
    def root(self) -> str:
        return self.address.root


class StreamPosition(NamedTuple):
    """How far a reader has read: the numbers of the newest event and the newest hit."""

    event: int = 0
    hit: int = 0

    def __str__(self) -> str:
        return f"{self.event}-{self.hit}"


_START: Final = StreamPosition()


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRow:
    """One row of the live list."""

    key: str
    received_at: float
    reason_text: ReasonText
    name: str
    path: str
    domain: str
    source: str | None
    user_agent: str
    # What the reason's rule saw, such as the name of a bot.
    cause: str = ""
    # Of the exchange, as far as it is known: "GET 200".
    exchange: str = ""
    # The same for all rows of a visitor, as long as this process runs; empty where nobody knows.
    visitor: str = ""
    # Whether it is a style sheet, image or other part of a page, and of which page, if known.
    is_part: bool = False
    page: str = ""

    @property
    def time(self) -> str:
        return iso_time(self.received_at)

    def time_text(self, today: str) -> str:
        """The time as a list shows it, with the day where that is another: of imported events, and
        of those before midnight. Both in UTC; a browser with a script shows its own time."""
        day = date.fromisoformat(self.time[:10])
        if self.time.startswith(today):
            return self.time[11:19]
        text = f"{day.day} {day:%b}"
        return f"{text} {self.time[11:16]}" if today.startswith(f"{day:%Y}") else f"{text} {day:%Y}"

    @property
    def agent(self) -> str:
        """Browser and device, as far as they are known."""
        seen = detect_browser(self.user_agent)
        return " · ".join(filter(None, (seen.name, seen.device)))

    def contains(self, text: str) -> bool:
        """Whether the row shows a text, ignoring case."""
        shown = (
            self.name,
            self.path,
            self.domain,
            self.source or "",
            self.agent,
            self.reason_text.title,
            self.reason_text.reason,
            self.cause,
            self.exchange,
            self.visitor,
        )
        return text.casefold() in "\n".join(shown).casefold()


class LivePage:
    """Renders the live page and its parts. Reads the store, so call it in a thread."""

    def __init__(
        self,
        store: Store,
        rejected: RejectedRequests,
        recent_hits: RecentHits,
        forward: Forward | None = None,
        *,
        has_api: bool = True,
    ) -> None:
        self._store = store
        self._rejected = rejected
        self._recent_hits = recent_hits
        self._forward = forward
        self._templates = environment(has_api=has_api)

    def page(self, view: LiveView) -> str:
        """The whole page, with the newest rows."""
        number = _SEARCHED_ROWS if view.text else _ROWS_WITH_PARTS
        rows, position = self._newest(view, number)
        return self._render(
            "live.html",
            view=view,
            status_names=STATUS_NAMES,
            rows=_first_rows(rows),
            today=self._today(),
            position=position,
            domains=self._store.domains(),
            **self._notices(),
        )

    def notices(self, view: LiveView) -> str:
        """The notices alone, which replace those of an open page."""
        return self._render("notices.html", view=view, **self._notices())

    def detail(self, view: LiveView, key: str) -> str | None:
        """The page of one event or hit, or None if it is unknown, or no longer kept."""
        event = self._detail(view, key)
        if event is None:
            return None
        newer, older = self._neighbours(view, key)
        return self._render("event.html", view=view, event=event, newer=newer, older=older)

    def missing(self, view: LiveView) -> str:
        """The page that is shown where `detail` is None."""
        return self._render("missing.html", view=view)

    def new_rows(self, view: LiveView) -> ReadNew[StreamPosition]:
        """A function that reads new rows: one message, a list of them as HTML, oldest first."""
        template = self._templates.get_template("row.html")

        def read_new(after: StreamPosition) -> Batch[StreamPosition] | None:
            rows, position = self._newest(view, MAX_AT_ONCE, after)
            today = self._today()
            html = [template.render(row=row, view=view, today=today) for row in reversed(rows)]
            return (position, [Message(position, html)]) if position != after else None

        return read_new

    def newest(self) -> StreamPosition:
        """The position at which a stream begins whose client names none."""
        return self._newest(LiveView(PublicAddress("http", "", "")), 1)[1]

    def _newest(
        self, view: LiveView, number: int, after: StreamPosition = _START
    ) -> tuple[list[LiveRow], StreamPosition]:
        """The newest rows that pass the view's filters, newest first, and the new position."""
        status = _STATUS_OF.get(view.status or "")
        search = EventSearch(domain=view.domain, status=status, after=after.event, limit=number)
        entries = self._store.search(search).events if view.status != "untracked" else []
        hits: list[ReceivedHit] = []
        if view.status in (None, "untracked"):
            hit_search = HitSearch(domain=view.domain, after=after.hit)
            hits = self._recent_hits.search(hit_search)[-number:]
        position = StreamPosition(
            max([after.event, *(entry.id for entry in entries[-1:])]),
            max([after.hit, *(hit.id for hit in hits[-1:])]),
        )
        # Imported events have greater numbers than later ones that came before the import.
        rows = sorted(
            [*map(self._row_of_event, reversed(entries)), *map(row_of_hit, reversed(hits))],
            key=lambda row: -row.received_at,
        )
        return [row for row in rows if row.contains(view.text)][:number], position

    def _today(self) -> str:
        return iso_time(self._store.clock())[:10]

    def _row_of_event(self, entry: StoredEvent) -> LiveRow:
        recent = self._store.recent_event(entry.id)
        hit = recent.hit if recent else None
        return LiveRow(
            key=str(entry.id),
            # The file has milliseconds, in which a hit may have come before it.
            received_at=recent.event.request.at if recent else entry.received_at / 1_000,
            reason_text=reason_texts.of_event(entry.reason, hit.reason if hit else None),
            name=entry.name,
            path=entry.path or "(no page)",
            domain=entry.domain,
            source=entry.source,
            user_agent=entry.user_agent,
            cause=reason_texts.cause_of(entry.reason or "", entry.user_agent),
            exchange=_exchange_text(hit),
            visitor=_visitor_of(recent.event.client_ip, entry.user_agent)
            if recent
            else (entry.visitor or "")[:_VISITOR_CHARS],
        )

    def _neighbours(self, view: LiveView, key: str) -> tuple[str | None, str | None]:
        """The keys of the next newer and the next older row, among the newest rows."""
        keys = [row.key for row in self._newest(view, _SEARCHED_ROWS)[0]]
        place = keys.index(key) if key in keys else len(keys)
        newer = keys[place - 1] if 0 < place < len(keys) else None
        older = keys[place + 1] if place + 1 < len(keys) else None
        return newer, older

    def _detail(self, view: LiveView, key: str) -> EventDetail | None:
        if key.startswith("u"):
            hit = self._recent_hits.get(_number(key[1:]))
            return detail_of_hit(hit) if hit else None
        number = _number(key)
        found = self._store.search(EventSearch(after=number - 1, is_newest=False, limit=1)).events
        if not found or found[0].id != number:
            return None
        return detail_of_event(found[0], self._store.recent_event(number), view.address.url)

    def _notices(self) -> dict[str, Any]:
        return {
            "rejected": self._rejected,
            "fault": self._store.write_error,
            "forward": self._forward.stats() if self._forward else {},
        }

    def _render(self, template: str, **values: Any) -> str:
        return self._templates.get_template(template).render(current_path="/live", **values)


def _first_rows(rows: Iterable[LiveRow]) -> list[LiveRow]:
    """Of rows, newest first, those that the page shows."""
    shown, number = [], 0
    for row in islice(rows, _ROWS_WITH_PARTS):
        number += not row.is_part
        if number > _ROWS:
            break
        shown.append(row)
    return shown


def row_of_hit(hit: ReceivedHit) -> LiveRow:
    """The row of a hit that did not count."""
    return LiveRow(
        key=f"u{hit.id}",
        received_at=hit.received_at,
        reason_text=reason_texts.of_hit(hit.reason),
        name=hit.name,
        path=hit.path,
        domain=hit.domain,
        source=None,
        user_agent=hit.user_agent,
        cause=reason_texts.cause_of(hit.reason, hit.user_agent, hit.steps),
        exchange=_exchange_text(hit),
        visitor=_visitor_of(hit.client_ip or "", hit.user_agent),
        is_part=_is_part(hit),
        page=hit.previous or "",
    )


def _exchange_text(hit: ReceivedHit | None) -> str:
    exchange = hit.exchange if hit else None
    return f"{exchange.method} {exchange.status}" if exchange else ""


def _visitor_of(client_ip: str, user_agent: str) -> str:
    """A short name of a visitor, from which nobody finds the address once the process has ended."""
    if not client_ip:
        return ""
    text = f"{client_ip}\n{user_agent}".encode(errors="replace")
    return hashlib.blake2s(text, key=_VISITOR_KEY).hexdigest()[:_VISITOR_CHARS]


def _is_part(hit: ReceivedHit) -> bool:
    """Whether a browser asks for it on its own to show a page."""
    headers = hit.exchange.request_headers if hit.exchange else {}
    wanted = headers.get("sec-fetch-dest")
    if wanted is not None:
        return wanted not in _PAGES
    return hit.reason in _REASONS_OF_PARTS or reason_for_file(hit.path) is not None


def _number(text: str) -> int:
    """The number of an event or hit; 0, which no event or hit has, for any other text."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
