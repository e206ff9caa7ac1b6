"""What Plausible's API returns, as frozen values.

The class method `read` of each class makes a value from the parsed JSON of a response, and raises
`ServerError` where that lacks a required field. Others are None or empty; new ones are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, Self, TypeAlias

from footfall.plausible_api.json_fields import (
    fields_of,
    integer_at,
    list_at,
    object_at,
    optional_text_at,
    text_at,
    values_by_name,
)

Value: TypeAlias = int | float | str | Mapping[str, Any] | None
"""A metric or a dimension: a number or text; None where there is none; an object for revenue."""

GoalKind: TypeAlias = Literal["event", "page"]
"""What a goal counts: events of one name, or visits of pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a response: metrics by name, for one combination of dimensions by name."""

    metrics: Mapping[str, Value]
    dimensions: Mapping[str, Value] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Value:
        """The metric or the dimension of that name; a KeyError where there is neither."""
        return self.metrics[name] if name in self.metrics else self.dimensions[name]

    @classmethod
    def read(cls, parsed: Any, dimension: str) -> Self:
        """A row of version 1, which has its only dimension among the metrics."""
        values = dict(fields_of(parsed))
        return cls(
            dimensions=MappingProxyType({dimension: values.pop(dimension, None)}),
            metrics=MappingProxyType(values),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    """The result of a v2 query: rows in order, and what the server adds to them."""

    rows: Sequence[Row]
    # Warnings, and what `include` requested: `time_labels`, `total_rows`.
    meta: Mapping[str, Any]
    # The query as the server understood it.
    query: Mapping[str, Any]

    @classmethod
    def read(cls, parsed: Any, metrics: Sequence[str], dimensions: Sequence[str]) -> Self:
        """The rows of a response; `metrics` and `dimensions` are the names that were requested."""
        return cls(
            rows=tuple(
                Row(
                    metrics=values_by_name(metrics, each, "metrics"),
                    dimensions=values_by_name(dimensions, each, "dimensions"),
                )
                for each in list_at(parsed, "results")
            ),
            meta=object_at(parsed, "meta"),
            query=object_at(parsed, "query"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number of an aggregate.

    `change` is in percent, that of a rate in points. It and `comparison_value`, the number that it
    is compared with, are None without a comparison.
    """

    value: Value
    change: Value = None
    comparison_value: Value = None

    @classmethod
    def read(cls, parsed: Any) -> Self:
        fields = fields_of(parsed)
        return cls(
            value=fields.get("value"),
            change=fields.get("change"),
            comparison_value=fields.get("comparison_value"),
        )


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
    def read(cls, parsed: Any) -> Self:
        return cls(
            domain=text_at(parsed, "domain"),
            timezone=optional_text_at(parsed, "timezone") or "Etc/UTC",
            custom_properties=tuple(parsed.get("custom_properties") or ()),
            tracker_script_configuration=object_at(parsed, "tracker_script_configuration"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A team that the key can see."""

    id: str
    name: str
    is_api_available: bool

    @classmethod
    def read(cls, parsed: Any) -> Self:
        return cls(
            id=text_at(parsed, "id"),
            name=text_at(parsed, "name"),
            is_api_available=bool(parsed.get("api_available")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a site counts as a conversion: an event by name, or visits of a page."""

    id: str
    kind: GoalKind
    display_name: str
    # Of an event goal.
    event_name: str | None = None
    # Of a page goal; `*` matches anything.
    page_path: str | None = None
    # Properties and values that an event must have to count.
    custom_props: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, parsed: Any) -> Self:
        event_name = optional_text_at(parsed, "event_name")
        page_path = optional_text_at(parsed, "page_path")
        return cls(
            id=text_at(parsed, "id"),
            kind="page" if parsed.get("goal_type") == "page" else "event",
            # Servers before 2025 do not send it.
            display_name=optional_text_at(parsed, "display_name")
            or event_name
            or f"Visit {page_path}",
            event_name=event_name,
            page_path=page_path,
            custom_props=object_at(parsed, "custom_props"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedLink:
    """A link to a dashboard. The URL gives access to everybody, so the repr hides it."""

    name: str
    url: str = field(repr=False)

    @classmethod
    def read(cls, parsed: Any) -> Self:
        return cls(name=text_at(parsed, "name"), url=text_at(parsed, "url"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinedEvent:
    """An event or a page that is a goal of a site, and the properties that it has."""

    id: int
    name: str
    # "custom" or "pageview".
    event_type: str
    # All properties of the site where a server does not list them by event.
    props: Sequence[str] = ()

    @classmethod
    def read(cls, parsed: Any) -> Self:
        return cls(
            id=integer_at(parsed, "id"),
            name=text_at(parsed, "name"),
            event_type=optional_text_at(parsed, "event_type") or "custom",
            props=tuple(parsed.get("props") or ()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Whether a server works, and the state of its parts by name: `ok`, `error`, `waiting`."""

    is_well: bool
    parts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DebugAnswer:
    """The result of a debug request. The repr hides the address.

    A server that does not know debug requests records an event: then `is_recorded` is True and
    `client_ip` is None.
    """

    client_ip: str | None = field(repr=False)
    is_recorded: bool


def figures(parsed: Any) -> Mapping[str, Figure]:
    """The numbers of an aggregate, by metric."""
    results = fields_of(fields_of(parsed).get("results"))
    return MappingProxyType({name: Figure.read(each) for name, each in results.items()})
