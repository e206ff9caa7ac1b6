"""The rows of visits: inserted with a visit's first event, updated with each other one.

Figures of visits are read from these rows, of which there are a third as many as events, a fifth as
wide. The SQL adds to what is there, so that several processes can write events of the same visit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from sqlite3 import Connection
from typing import Any, Final, NamedTuple

from footfall.collector.wire.browser import detect_browser
from footfall.collector.wire.language import find_language
from footfall.collector.wire.traffic_source import TrafficSource, click_id_of, find_traffic_source
from footfall.model import PAGEVIEW

ENGAGEMENT: Final = "engagement"
"""The event that says how long a page was viewed. It keeps a visit running, and is not counted."""

_UPSERT: Final = """
    INSERT INTO visits (
        session, domain, visitor, newest_visitor, started_at, ended_at, pageviews, interactions,
        entry_page, exit_page, referrer, source, channel,
        utm_source, utm_medium, utm_campaign, utm_content, utm_term,
        device, browser, browser_version, os, os_version, country, language
    ) VALUES (
        :session, :domain, :visitor, :visitor, :at, :at, :pageviews, :interactions,
        :page, :page, :referrer, :source, :channel,
        :utm_source, :utm_medium, :utm_campaign, :utm_content, :utm_term,
        :device, :browser, :browser_version, :os, :os_version, :country, :language
    ) ON CONFLICT (session) DO UPDATE SET
        ended_at = max(ended_at, excluded.ended_at),
        pageviews = pageviews + excluded.pageviews,
        interactions = interactions + excluded.interactions,
        entry_page = coalesce(entry_page, excluded.entry_page),
        exit_page = coalesce(excluded.exit_page, exit_page)
    RETURNING started_at, newest_visitor
"""
# Two of three events belong to a visit that has a row already.
_UPDATE: Final = """
    UPDATE visits SET
        ended_at = max(ended_at, ?), pageviews = pageviews + ?, interactions = interactions + ?,
        entry_page = coalesce(entry_page, ?), exit_page = coalesce(?, exit_page)
    WHERE session = ? RETURNING started_at, newest_visitor
"""
# A visit that runs across midnight. In `_UPDATE`, it would write the index for each event.
_CHANGE_VISITOR: Final = """
    UPDATE visits SET newest_visitor = ? WHERE session = ? AND ended_at <= ?
"""
_COUNTED_EVENTS: Final = (
    "SELECT * FROM events WHERE session IS NOT NULL AND reason IS NULL ORDER BY id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitUpdate:
    """What one event changes in the row of its visit."""

    session: str
    domain: str
    visitor: str
    # Milliseconds since the epoch.
    at: int
    name: str
    path: str | None
    # Whether a custom event ends a bounce.
    is_interactive: bool
    referrer: str | None
    source: str | None
    # source, medium, campaign, content, term
    campaign: tuple[str | None, ...]
    # The page's whole URL, whose query may have the click id of an advertisement.
    url: str | None
    user_agent: str
    country: str | None
    # The header, or a tag.
    accept_language: str
    # As far as this process knows.
    starts_session: bool

    def update_values(self) -> tuple[Any, ...]:
        """The values of the update."""
        page = self.path if self._pageviews else None
        # It tells how long the newest page was viewed, which is no part of the visit's duration.
        at = 0 if self.name == ENGAGEMENT else self.at
        return (at, self._pageviews, self._interactions, page, page, self.session)

    def insert_values(self) -> dict[str, Any]:
        """The values of a new row, as if the visit began with this event."""
        browser = detect_browser(self.user_agent)
        source = self._traffic_source()
        utm_source, utm_medium, utm_campaign, utm_content, utm_term = self.campaign
        return {
            "session": self.session,
            "domain": self.domain,
            "visitor": self.visitor,
            "at": self.at,
            "pageviews": self._pageviews,
            "interactions": self._interactions,
            "page": self.path if self._pageviews else None,
            "referrer": source.referrer,
            "source": source.source,
            "channel": source.channel,
            "utm_source": utm_source,
            "utm_medium": utm_medium,
            "utm_campaign": utm_campaign,
            "utm_content": utm_content,
            "utm_term": utm_term,
            "device": browser.device,
            "browser": browser.name,
            "browser_version": browser.version,
            "os": browser.os,
            "os_version": browser.os_version,
            "country": self.country,
            "language": find_language(self.accept_language),
        }

    @property
    def _pageviews(self) -> int:
        return int(self.name == PAGEVIEW)

    @property
    def _interactions(self) -> int:
        return int(self.is_interactive and self.name not in (PAGEVIEW, ENGAGEMENT))

    def _traffic_source(self) -> TrafficSource:
        tag, medium, campaign, _, _ = self.campaign
        _, _, query = (self.url or "").partition("?")
        return _traffic_source(
            self.source, self.referrer, medium, campaign, tag=tag, click_id=click_id_of(query)
        )


# Most visits come from a few sources. An entry takes as much as a URL, in most cases a tenth of it.
_traffic_source: Final = lru_cache(maxsize=256)(find_traffic_source)


class WrittenVisit(NamedTuple):
    """What was written for one event."""

    started_at: int
    """When the visit began, in milliseconds since the epoch."""
    was_missing: bool = False
    """Whether its row is new though the event did not start the session: the event that did was
    refused, or is purged."""


def write(connection: Connection, updates: Iterable[VisitUpdate]) -> list[WrittenVisit]:
    """Update the visits."""
    return [_write_one(connection, update) for update in updates]


def _write_one(connection: Connection, update: VisitUpdate) -> WrittenVisit:
    row: tuple[int, str] | None = None
    if not update.starts_session:
        row = connection.execute(_UPDATE, update.update_values()).fetchone()
    was_missing = row is None and not update.starts_session
    if row is None:
        # Another process may have inserted it meanwhile.
        row = connection.execute(_UPSERT, update.insert_values()).fetchone()
    started_at, newest_visitor = row
    if newest_visitor != update.visitor:
        connection.execute(_CHANGE_VISITOR, (update.visitor, update.session, update.at))
    return WrittenVisit(started_at, was_missing=was_missing)


def rebuild(connection: Connection) -> None:
    """Insert the visits of a file that has only events."""
    if connection.execute("SELECT 1 FROM visits").fetchone():
        return
    write(connection, (_update_of(row) for row in connection.execute(_COUNTED_EVENTS)))


def _update_of(row: Mapping[str, Any]) -> VisitUpdate:
    return VisitUpdate(
        session=row["session"],
        domain=row["domain"],
        visitor=row["visitor"],
        at=row["received_at"],
        name=row["name"],
        path=row["path"],
        # Older files do not have it; it is true of nearly every event.
        is_interactive=True,
        referrer=row["referrer"],
        source=row["source"],
        campaign=tuple(
            row[f"utm_{part}"] for part in ("source", "medium", "campaign", "content", "term")
        ),
        url=row["url"],
        user_agent=row["user_agent"],
        country=row["country"],
        # It is in no event.
        accept_language="",
        starts_session=bool(row["begins"]),
    )
