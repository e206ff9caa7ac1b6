"""The sites that owners registered through the Sites API, and their goals: all SQL of them.

The tables are independent of those of the events: events are counted without a registered site.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from footfall.collector.storage.database import Database

MAX_ENTRIES: Final = 1_000
"""The most sites, and for each site the most goals, links and properties: a bound only."""

_TABLES = ("registered_sites", "goals", "shared_links", "custom_props")

# A sender may invent thirty names for each event.
_PROP_EVENTS: Final = 100_000


class LimitReachedError(Exception):
    """There are `MAX_ENTRIES` already."""


class NameTakenError(Exception):
    """Another entry has the name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredSite:
    """A site as it was registered."""

    domain: str
    # A name of the IANA database.
    timezone: str
    # The settings of the browser's script; empty until they are requested.
    script: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredGoal:
    """A goal. `name` is an event's, or a page's path with `*` for anything."""

    id: int = 0
    kind: Literal["event", "page"]
    name: str
    display_name: str
    custom_props: Mapping[str, str]


class SiteRegistry:
    """Sites, goals, shared links and custom properties, in the collector's file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- sites --------------------------------------------------------------------------------

    def sites(self) -> dict[str, RegisteredSite]:
        """Every registered site by domain, in the order in which they were created."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT * FROM registered_sites ORDER BY rowid").fetchall()
        return {
            row["domain"]: RegisteredSite(
                domain=row["domain"], timezone=row["timezone"], script=json.loads(row["script"])
            )
            for row in rows
        }

    def save_site(self, site: RegisteredSite) -> None:
        """Insert or replace a site.

        Raises:
            LimitReachedError: There are `MAX_ENTRIES` others.
        """
        with self._database.writing() as connection:
            count = "SELECT count(*) FROM registered_sites WHERE domain <> ?"
            _check_limit(connection, count, site.domain)
            connection.execute(
                "INSERT INTO registered_sites VALUES (?, ?, ?) ON CONFLICT (domain) DO UPDATE"
                " SET timezone = excluded.timezone, script = excluded.script",
                (site.domain, site.timezone, json.dumps(dict(site.script))),
            )

    def rename_site(self, domain: str, new_domain: str) -> None:
        """Give a site another domain, with all that belongs to it.

        No site is registered for the new domain. Goals and links that it still has are deleted:
        they belonged to a site that was only counted, and whose events are deleted.
        """
        with self._database.writing() as connection:
            _delete(connection, new_domain)
            for table in _TABLES:
                connection.execute(
                    f"UPDATE {table} SET domain = ? WHERE domain = ?",  # noqa: S608 -- our names
                    (new_domain, domain),
                )

    def delete_site(self, domain: str) -> None:
        """Delete a site and all that belongs to it."""
        with self._database.writing() as connection:
            _delete(connection, domain)

    # -- goals --------------------------------------------------------------------------------

    def goals(self, domain: str) -> list[RegisteredGoal]:
        """The goals of a site, oldest first."""
        with self._database.reading() as connection:
            query = "SELECT * FROM goals WHERE domain = ? ORDER BY id"
            rows = connection.execute(query, (domain,)).fetchall()
        return [_goal(row) for row in rows]

    def find_or_create_goal(self, domain: str, wanted: RegisteredGoal) -> RegisteredGoal:
        """The goal with the same kind, name and properties, else a new one.

        Raises:
            TakenError: Another goal of the site has the display name.
            FullError: The site has as many as it may.
        """
        props = json.dumps(dict(wanted.custom_props), sort_keys=True)
        key = (domain, wanted.kind, wanted.name, props)
        find = "SELECT * FROM goals WHERE (domain, kind, name, custom_props) = (?, ?, ?, ?)"
        insert = "INSERT INTO goals (domain, kind, name, custom_props, display_name) VALUES "
        with self._database.writing() as connection:
            row = connection.execute(find, key).fetchone()
            if row is None:
                _check_limit(connection, "SELECT count(*) FROM goals WHERE domain = ?", domain)
                try:
                    connection.execute(f"{insert} (?, ?, ?, ?, ?)", (*key, wanted.display_name))
                except sqlite3.IntegrityError:
                    raise NameTakenError(wanted.display_name) from None
                row = connection.execute(find, key).fetchone()
        return _goal(row)

    def delete_goal(self, domain: str, goal_id: int) -> bool:
        """Delete a goal. False if there was none."""
        with self._database.writing() as connection:
            query = "DELETE FROM goals WHERE domain = ? AND id = ?"
            return connection.execute(query, (domain, goal_id)).rowcount > 0

    # -- shared links -------------------------------------------------------------------------

    def find_or_create_link(self, domain: str, name: str) -> str:
        """The secret slug of a shared link.

        Raises:
            FullError: The site has as many as it may.
        """
        with self._database.writing() as connection:
            query = "SELECT slug FROM shared_links WHERE domain = ? AND name = ?"
            row = connection.execute(query, (domain, name)).fetchone()
            if row:
                found: str = row["slug"]
                return found
            _check_limit(connection, "SELECT count(*) FROM shared_links WHERE domain = ?", domain)
            slug = secrets.token_urlsafe(15)
            connection.execute("INSERT INTO shared_links VALUES (?, ?, ?)", (domain, name, slug))
            return slug

    def keep_links(self, name: str, domains: Collection[str]) -> dict[str, str]:
        """Find or create the links of a name for these domains, and delete those for others.

        Returns:
            The secret slugs by domain.
        """
        with self._database.writing() as connection:
            query = "SELECT domain FROM shared_links WHERE name = ?"
            for (domain,) in connection.execute(query, (name,)).fetchall():
                if domain not in domains:
                    delete = "DELETE FROM shared_links WHERE name = ? AND domain = ?"
                    connection.execute(delete, (name, domain))
        return {domain: self.find_or_create_link(domain, name) for domain in domains}

    def has_link(self, domain: str, slug: str) -> bool:
        """Whether a shared link of the site has that slug."""
        with self._database.reading() as connection:
            query = "SELECT slug FROM shared_links WHERE domain = ?"
            slugs = [row["slug"] for row in connection.execute(query, (domain,))]
        return any(secrets.compare_digest(each.encode(), slug.encode()) for each in slugs)

    # -- custom properties --------------------------------------------------------------------

    def props(self, domain: str) -> list[str]:
        """The custom properties of a site, by name."""
        with self._database.reading() as connection:
            query = "SELECT property FROM custom_props WHERE domain = ? ORDER BY property"
            return [row["property"] for row in connection.execute(query, (domain,))]

    def create_prop(self, domain: str, prop: str) -> None:
        """Insert a custom property, if it is not there yet.

        Raises:
            FullError: The site has as many as it may.
        """
        with self._database.writing() as connection:
            count = "SELECT count(*) FROM custom_props WHERE domain = ? AND property <> ?"
            _check_limit(connection, count, domain, prop)
            connection.execute("INSERT OR IGNORE INTO custom_props VALUES (?, ?)", (domain, prop))

    def delete_prop(self, domain: str, prop: str) -> bool:
        """Delete a custom property. False if there was none."""
        with self._database.writing() as connection:
            query = "DELETE FROM custom_props WHERE domain = ? AND property = ?"
            return connection.execute(query, (domain, prop)).rowcount > 0

    # -- from the events ----------------------------------------------------------------------

    def seen_domains(self) -> list[str]:
        """The domains and projects that events came for."""
        with self._database.reading() as connection:
            query = "SELECT domain FROM sites ORDER BY domain LIMIT ?"
            return [row["domain"] for row in connection.execute(query, (MAX_ENTRIES,))]

    def first_seen(self, domain: str) -> int | None:
        """When the oldest event of a domain came, in milliseconds since the epoch."""
        query = "SELECT min(received_at) FROM events WHERE domain = ?"
        with self._database.reading() as connection:
            instant: int | None = connection.execute(query, (domain,)).fetchone()[0]
        return instant

    def seen_events(self, domain: str) -> dict[str, int]:
        """The names of the custom events that were counted, with the id of the first."""
        query = """
            SELECT name, min(id) AS first FROM events
            WHERE domain = ? AND reason IS NULL AND name NOT IN ('pageview', 'engagement')
            GROUP BY name ORDER BY name LIMIT ?"""
        with self._database.reading() as connection:
            rows = connection.execute(query, (domain, MAX_ENTRIES))
            return {row["name"]: row["first"] for row in rows}

    def seen_props(self, domain: str) -> dict[str, list[str]]:
        """The properties that came with the newest custom events, by the event's name."""
        query = """
            SELECT DISTINCT name, key FROM (
                SELECT name, props FROM events
                WHERE domain = ? AND reason IS NULL AND name NOT IN ('pageview', 'engagement')
                ORDER BY id DESC LIMIT ?
            ) AS newest, json_each(newest.props)
            ORDER BY name, key LIMIT ?"""
        props: dict[str, list[str]] = {}
        with self._database.reading() as connection:
            for row in connection.execute(query, (domain, _PROP_EVENTS, 10 * MAX_ENTRIES)):
                props.setdefault(row["name"], []).append(row["key"])
        return props


def _goal(row: sqlite3.Row) -> RegisteredGoal:
    return RegisteredGoal(
        id=row["id"],
        kind=row["kind"],
        name=row["name"],
        display_name=row["display_name"],
        custom_props=json.loads(row["custom_props"]),
    )


def _delete(connection: sqlite3.Connection, domain: str) -> None:
    for table in _TABLES:
        connection.execute(f"DELETE FROM {table} WHERE domain = ?", (domain,))  # noqa: S608 -- ours


def _check_limit(connection: sqlite3.Connection, count: str, *values: str) -> None:
    if connection.execute(count, values).fetchone()[0] >= MAX_ENTRIES:
        raise LimitReachedError
