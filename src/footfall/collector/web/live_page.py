"""The live page and the page of one event, as HTML made on the server.

A line stands for an event of the store or for a hit that did not count, and one template draws it,
for the page and for the live stream alike. Events are known by their number, hits by theirs with a
`u` in front: `/live/17`, `/live/u4`.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import merge
from typing import Any, Final, NamedTuple

from footfall.collector.ingest.endpoints import RejectedRequests
from footfall.collector.ingest.forward import Forward
from footfall.collector.storage.recent_hits import HitSearch, RecentHits
from footfall.collector.storage.store import Store
from footfall.collector.storage.stored_events import EventSearch, StoredEvent
from footfall.collector.web import reason_texts
from footfall.collector.web.event_stream import MAX_AT_ONCE, Found, Look, Message
from footfall.collector.web.event_timeline import EventTimeline, story_of_event, story_of_hit
from footfall.collector.web.reason_texts import FATES, Fate, ReasonText
from footfall.collector.web.templating import environment
from footfall.collector.wire.browser import browser
from footfall.collector.wire.messages import ReceivedHit, iso_time

# What fits on a few screens; the API has the rest.
_ROWS: Final = 100
# Where a text is looked for: some milliseconds' worth.
_SEARCHED_ROWS: Final = 1_000

_STATUS_OF: Final = {"tracked": "accepted", "dropped": "dropped"}


class LiveView(NamedTuple):
    """What is looked at, and where the browser finds the collector: host, port and root path."""

    authority: str
    root: str
    domain: str | None = None
    fate: Fate | None = None
    text: str = ""


class StreamPosition(NamedTuple):
    """How far a reader has come: the newest event and the newest hit seen."""

    event: int = 0
    hit: int = 0

    def __str__(self) -> str:
        return f"{self.event}-{self.hit}"


_START: Final = StreamPosition()


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRow:
    """One line of the live list."""

    key: str
    received_at: float
    verdict: ReasonText
    name: str
    path: str
    domain: str
    source: str | None
    user_agent: str

    @property
    def time(self) -> str:
        return iso_time(self.received_at)

    @property
    def agent(self) -> str:
        """Browser and device, as far as they are known."""
        seen = browser(self.user_agent)
        return " · ".join(filter(None, (seen.name, seen.device)))

    def holds(self, text: str) -> bool:
        """Whether a text stands in it, whatever its case."""
        shown = (
            self.name,
            self.path,
            self.domain,
            self.source or "",
            self.agent,
            self.verdict.title,
            self.verdict.reason,
        )
        return text.casefold() in "\n".join(shown).casefold()


class LivePage:
    """Renders the live page and its parts. Reads the store, so call it in a thread."""

    def __init__(
        self,
        store: Store,
        refusals: RejectedRequests,
        sightings: RecentHits,
        forward: Forward | None = None,
    ) -> None:
        self._store = store
        self._refusals = refusals
        self._sightings = sightings
        self._forward = forward
        self._templates = environment()
        self._templates.globals["fates"] = FATES

    def whole(self, view: LiveView) -> str:
        """The whole page, with the newest lines."""
        number = _SEARCHED_ROWS if view.text else _ROWS
        lines, position = self._newest(view, number)
        return self._render(
            "live.html",
            view=view,
            lines=lines[:_ROWS],
            position=position,
            domains=self._store.domains(),
            **self._notices(),
        )

    def notices(self, view: LiveView) -> str:
        """What the owner has to know, to be put in the place of older ones."""
        return self._render("notices.html", view=view, **self._notices())

    def detail(self, view: LiveView, key: str) -> str | None:
        """The page of one line, or None where it is not known, or no longer."""
        story = self._story(key)
        return None if story is None else self._render("event.html", view=view, story=story)

    def missing(self, view: LiveView) -> str:
        """What is shown in place of a line that is not known, or no longer."""
        return self._render("missing.html", view=view)

    def lines_after(self, view: LiveView) -> Look[StreamPosition]:
        """How to look for new lines: one message, a list of them as HTML, oldest first."""
        template = self._templates.get_template("row.html")

        def look(after: StreamPosition) -> Found[StreamPosition] | None:
            lines, position = self._newest(view, MAX_AT_ONCE, after)
            rows = [template.render(line=line, view=view) for line in reversed(lines)]
            return (position, [Message(position, rows)]) if position != after else None

        return look

    def newest(self) -> StreamPosition:
        """Where a stream begins that was told nothing."""
        return self._newest(LiveView("", ""), 1)[1]

    def _newest(
        self, view: LiveView, number: int, after: StreamPosition = _START
    ) -> tuple[list[LiveRow], StreamPosition]:
        """The newest lines that the view lets pass, newest first, and how far they reach."""
        status = _STATUS_OF.get(view.fate or "")
        search = EventSearch(domain=view.domain, status=status, after=after.event, limit=number)
        entries = self._store.search(search).entries if view.fate != "untracked" else []
        wanted = HitSearch(domain=view.domain, after=after.hit)
        hits = self._sightings.search(wanted)[-number:] if view.fate in (None, "untracked") else []
        position = StreamPosition(
            max([after.event, *(entry.id for entry in entries[-1:])]),
            max([after.hit, *(hit.number for hit in hits[-1:])]),
        )
        lines = merge(
            map(self._line_of_event, reversed(entries)),
            map(line_of_hit, reversed(hits)),
            key=lambda line: -line.received_at,
        )
        return [line for line in lines if line.holds(view.text)][:number], position

    def _line_of_event(self, entry: StoredEvent) -> LiveRow:
        told = self._store.recall(entry.id)
        sighting = told.sighting if told else None
        return LiveRow(
            key=str(entry.id),
            received_at=entry.received_at / 1_000,
            verdict=reason_texts.of_event(entry.reason, sighting.reason if sighting else None),
            name=entry.name,
            path=entry.path or "(no page)",
            domain=entry.domain,
            source=entry.source,
            user_agent=entry.user_agent,
        )

    def _story(self, key: str) -> EventTimeline | None:
        if key.startswith("u"):
            sighting = self._sightings.find(_number(key[1:]))
            return story_of_hit(sighting) if sighting else None
        number = _number(key)
        found = self._store.search(EventSearch(after=number - 1, is_newest=False, limit=1)).entries
        if not found or found[0].id != number:
            return None
        return story_of_event(found[0], self._store.recall(number))

    def _notices(self) -> dict[str, Any]:
        return {
            "refusals": self._refusals,
            "fault": self._store.fault,
            "forward": self._forward.stats() if self._forward else {},
        }

    def _render(self, template: str, **values: Any) -> str:
        return self._templates.get_template(template).render(here="/live", **values)


def line_of_hit(hit: ReceivedHit) -> LiveRow:
    """The line of a hit that did not count."""
    return LiveRow(
        key=f"u{hit.number}",
        received_at=hit.received_at,
        verdict=reason_texts.of_hit(hit.reason),
        name=hit.name,
        path=hit.path,
        domain=hit.domain,
        source=None,
        user_agent=hit.user_agent,
    )


def _number(text: str) -> int:
    """The number that a text is, 0 for any other text: nothing has it."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
