"""The row of a visit: begun by its first event, brought up to date by every other.

Whoever reads figures of visits reads these rows alone, a third as many as there are events and a
fifth as wide. The SQL adds up, so that several processes can write events of the same visit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Any, Final

from footfall.collector.wire.browser import detect_browser
from footfall.collector.wire.traffic_source import TrafficSource, find_traffic_source
from footfall.model import PAGEVIEW

ENGAGEMENT: Final = "engagement"
"""The event that tells how long a page was looked at. It extends a visit and counts nowhere."""

_UPSERT: Final = """
    INSERT INTO visits (
        session, domain, visitor, started_at, ended_at, pageviews, interactions,
        entry_page, exit_page, referrer, source, channel,
        utm_source, utm_medium, utm_campaign, utm_content, utm_term,
        device, browser, browser_version, os, os_version, country
    ) VALUES (
        :session, :domain, :visitor, :at, :at, :pageviews, :interactions,
        :page, :page, :referrer, :source, :channel,
        :utm_source, :utm_medium, :utm_campaign, :utm_content, :utm_term,
        :device, :browser, :browser_version, :os, :os_version, :country
    ) ON CONFLICT (session) DO UPDATE SET
        ended_at = max(ended_at, excluded.ended_at),
        pageviews = pageviews + excluded.pageviews,
        interactions = interactions + excluded.interactions,
        entry_page = coalesce(entry_page, excluded.entry_page),
        exit_page = coalesce(excluded.exit_page, exit_page)
    RETURNING started_at
"""
# Two of three events belong to a visit that is there already.
_GO_ON: Final = """
    UPDATE visits SET
        ended_at = max(ended_at, ?), pageviews = pageviews + ?, interactions = interactions + ?,
        entry_page = coalesce(entry_page, ?), exit_page = coalesce(?, exit_page)
    WHERE session = ? RETURNING started_at
"""
_COUNTED: Final = "SELECT * FROM events WHERE session IS NOT NULL AND reason IS NULL ORDER BY id"


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitUpdate:
    """What one event means for its visit."""

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
    user_agent: str
    country: str | None
    # Whether the visit begins here, as far as the sender of the event knows.
    starts_session: bool

    def progress(self) -> tuple[Any, ...]:
        """The values that bring a visit up to date."""
        page = self.path if self._pageviews else None
        return (self.at, self._pageviews, self._interactions, page, page, self.session)

    def row(self) -> dict[str, Any]:
        """The values of the row, as if the visit began here."""
        seen_as = detect_browser(self.user_agent)
        came_from = self._origin()
        utm_source, utm_medium, utm_campaign, utm_content, utm_term = self.campaign
        return {
            "session": self.session,
            "domain": self.domain,
            "visitor": self.visitor,
            "at": self.at,
            "pageviews": self._pageviews,
            "interactions": self._interactions,
            "page": self.path if self._pageviews else None,
            "referrer": came_from.referrer,
            "source": came_from.source,
            "channel": came_from.channel,
            "utm_source": utm_source,
            "utm_medium": utm_medium,
            "utm_campaign": utm_campaign,
            "utm_content": utm_content,
            "utm_term": utm_term,
            "device": seen_as.device,
            "browser": seen_as.name,
            "browser_version": seen_as.version,
            "os": seen_as.os,
            "os_version": seen_as.os_version,
            "country": self.country,
        }

    @property
    def _pageviews(self) -> int:
        return int(self.name == PAGEVIEW)

    @property
    def _interactions(self) -> int:
        return int(self.is_interactive and self.name not in (PAGEVIEW, ENGAGEMENT))

    def _origin(self) -> TrafficSource:
        _, medium, campaign, _, _ = self.campaign
        return find_traffic_source(self.source, self.referrer, medium, campaign)


def write(connection: Connection, steps: Iterable[VisitUpdate]) -> list[int]:
    """Bring the visits up to date, and give the moments at which they began."""
    return [_write(connection, step) for step in steps]


def _write(connection: Connection, step: VisitUpdate) -> int:
    started = None
    if not step.starts_session:
        started = connection.execute(_GO_ON, step.progress()).fetchone()
    if started is None:
        # Another process may have begun it meanwhile.
        started = connection.execute(_UPSERT, step.row()).fetchone()
    moment: int = started[0]
    return moment


def rebuild(connection: Connection) -> None:
    """Make the visits of a file that has only events."""
    write(connection, (_step(row) for row in connection.execute(_COUNTED)))


def _step(row: Mapping[str, Any]) -> VisitUpdate:
    return VisitUpdate(
        session=row["session"],
        domain=row["domain"],
        visitor=row["visitor"],
        at=row["received_at"],
        name=row["name"],
        path=row["path"],
        # Older files did not keep it; it is true of nearly every event.
        is_interactive=True,
        referrer=row["referrer"],
        source=row["source"],
        campaign=tuple(
            row[f"utm_{part}"] for part in ("source", "medium", "campaign", "content", "term")
        ),
        user_agent=row["user_agent"],
        country=row["country"],
        starts_session=bool(row["begins"]),
    )
