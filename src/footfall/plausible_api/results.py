"""What Plausible's API gives back, as frozen values.

Each class reads itself from the JSON of an answer with `read`, which raises `ServerError` where
that JSON lacks what the value cannot do without. Fields that a server may leave out are None or
empty; fields that it adds are left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, Self, TypeAlias

from footfall.plausible_api.fields import (
    fields,
    integer,
    items,
    named,
    object_at,
    optional_text,
    text,
)

Value: TypeAlias = int | float | str | Mapping[str, Any] | None
"""A metric or a dimension: a number or text; None where there is none; an object for revenue."""

GoalKind: TypeAlias = Literal["event", "page"]
"""What a goal counts: events of one name, or visits of pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of an answer: metrics by name, for one combination of dimensions by name."""

    metrics: Mapping[str, Value]
    dimensions: Mapping[str, Value] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Value:
        """The metric or the dimension of that name."""
        return self.metrics[name] if name in self.metrics else self.dimensions[name]

    @classmethod
    def read(cls, found: Any, dimension: str) -> Self:
        """A row of version 1, which has the one dimension among the metrics."""
        values = dict(fields(found))
        return cls(
            dimensions=MappingProxyType({dimension: values.pop(dimension, None)}),
            metrics=MappingProxyType(values),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    """The answer to a v2 query: rows in order, and what the server says of them."""

    rows: Sequence[Row]
    # Warnings, `time_labels`, `total_rows`, as asked for with `include`.
    meta: Mapping[str, Any]
    # The query as the server understood it.
    query: Mapping[str, Any]

    @classmethod
    def read(cls, found: Any, metrics: Sequence[str], dimensions: Sequence[str]) -> Self:
        """The rows of the answer, each value under the name that was asked for."""
        return cls(
            rows=tuple(
                Row(
                    metrics=named(metrics, each, "metrics"),
                    dimensions=named(dimensions, each, "dimensions"),
                )
                for each in items(found, "results")
            ),
            meta=object_at(found, "meta"),
            query=object_at(found, "query"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number of an aggregate; `change` is in percent, where a comparison was asked for."""

    value: Value
    change: Value = None

    @classmethod
    def read(cls, found: Any) -> Self:
        """The number of an answer."""
        return cls(value=fields(found).get("value"), change=found.get("change"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A site of the account, by its domain."""

    domain: str
    # A name of the IANA database.
    timezone: str
    custom_properties: Sequence[str] = ()
    # The settings of the browser's script; empty in lists and from older servers.
    tracker_script_configuration: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, found: Any) -> Self:
        """The site of an answer."""
        return cls(
            domain=text(found, "domain"),
            timezone=optional_text(found, "timezone") or "Etc/UTC",
            custom_properties=tuple(found.get("custom_properties") or ()),
            tracker_script_configuration=object_at(found, "tracker_script_configuration"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A team that the key can see."""

    id: str
    name: str
    is_api_available: bool

    @classmethod
    def read(cls, found: Any) -> Self:
        """The team of an answer."""
        return cls(
            id=text(found, "id"),
            name=text(found, "name"),
            is_api_available=bool(found.get("api_available")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a site counts as a conversion: an event by name, or visits of a page."""

    id: str
    kind: GoalKind
    display_name: str
    # Of an event goal.
    event_name: str | None = None
    # Of a page goal; `*` stands for anything.
    page_path: str | None = None
    # Properties and values that an event must have to count.
    custom_props: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, found: Any) -> Self:
        """The goal of an answer."""
        event_name = optional_text(found, "event_name")
        page_path = optional_text(found, "page_path")
        return cls(
            id=text(found, "id"),
            kind="page" if found.get("goal_type") == "page" else "event",
            # Servers before 2025 do not tell it.
            display_name=optional_text(found, "display_name") or event_name or f"Visit {page_path}",
            event_name=event_name,
            page_path=page_path,
            custom_props=object_at(found, "custom_props"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedLink:
    """A link to a dashboard. Whoever holds the URL may look, so the repr hides it."""

    name: str
    url: str = field(repr=False)

    @classmethod
    def read(cls, found: Any) -> Self:
        """The link of an answer."""
        return cls(name=text(found, "name"), url=text(found, "url"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinedEvent:
    """An event or a page that a site knows as a goal, and the properties it comes with."""

    id: int
    name: str
    # "custom" or "pageview".
    event_type: str
    # Where a server does not tell them event by event: all that the site has.
    props: Sequence[str] = ()

    @classmethod
    def read(cls, found: Any) -> Self:
        """The event of an answer."""
        return cls(
            id=integer(found, "id"),
            name=text(found, "name"),
            event_type=optional_text(found, "event_type") or "custom",
            props=tuple(found.get("props") or ()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Whether a server is well, and what it says of its parts: `ok`, `error`, `waiting`."""

    is_well: bool
    parts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DebugAnswer:
    """What a debug request found out. The repr hides the address.

    A server that does not know such requests takes them for an event: then `is_recorded` is True
    and `client_ip` None.
    """

    client_ip: str | None = field(repr=False)
    is_recorded: bool


def figures(found: Any) -> Mapping[str, Figure]:
    """The numbers of an aggregate, by metric."""
    results = fields(fields(found).get("results"))
    return MappingProxyType({name: Figure.read(each) for name, each in results.items()})
