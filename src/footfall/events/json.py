"""An event as one line of JSON, for the outbox and for other processes, and back.

Each line holds its version. A reader ignores unknown fields, so new ones need no new version.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from footfall.model import Event, Revenue, Visitor

VERSION: Final = 1

# Larger integers are no measurement, and Python refuses to print those of 4,300 digits.
_MAX_INTEGER_BITS: Final = 256


def to_json(event: Event) -> str:
    """The event as one line of ASCII, which holds the visitor's address.

    Props that no vendor accepts (lists, maps, NaN, other objects) are left out; a decimal is text.
    """
    visitor = event.visitor
    fields: dict[str, Any] = {
        "v": VERSION,
        "name": event.name,
        "url": event.url,
        "time": event.time,
        "ip": visitor.client_ip,
        "ua": visitor.user_agent,
    }
    optional = {
        "referrer": event.referrer,
        "previous": event.previous,
        "lang": visitor.language,
        "headers": dict(visitor.headers),
        "props": _plain_props(event.props) if event.props else None,
        "width": event.screen_width,
        "zone": event.time_zone,
        "profile": event.profile_id,
        "perf": dict(event.perf),
        "trimmed": event.trimmed,
        "revenue": event.revenue and (event.revenue.currency, str(event.revenue.amount)),
    }
    for name, value in optional.items():
        if value:
            fields[name] = value
    if not event.interactive:
        fields["interactive"] = False
    return _encode(fields)


# `json.dumps` with options would make an encoder on each call.
_encode: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def from_json(line: str) -> Event:
    """The event of a line that `to_json` wrote.

    Raises:
        ValueError: the line is no JSON, of an unknown version, or no event.
    """
    try:
        fields = json.loads(line)
        if fields["v"] != VERSION:
            raise ValueError(f"an event of version {fields['v']!r} is not known here")
        return _event(fields)
    except (LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise ValueError("no event") from error


def _event(fields: Mapping[str, Any]) -> Event:
    revenue, width = fields.get("revenue"), fields.get("width")
    return Event(
        name=_text(fields["name"]),
        url=_text(fields["url"]),
        referrer=_text_or_none(fields.get("referrer")),
        previous=_text_or_none(fields.get("previous")),
        visitor=Visitor(
            client_ip=_text_or_none(fields["ip"]),
            user_agent=_text(fields["ua"]),
            language=_text(fields.get("lang", "")),
            headers={_text(name): _text(value) for name, value in _items(fields, "headers")},
        ),
        props=dict(_items(fields, "props")),
        revenue=revenue and Revenue(_text(revenue[0]), Decimal(_text(revenue[1]))),
        interactive=fields.get("interactive", True) is not False,
        screen_width=None if width is None else int(width),
        time_zone=_text(fields.get("zone", "")),
        profile_id=_text(fields.get("profile", "")),
        perf={_text(name): float(value) for name, value in _items(fields, "perf")},
        time=float(fields["time"]),
        trimmed=tuple(map(_text, fields.get("trimmed", ()))),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value)


def _items(fields: Mapping[str, Any], name: str) -> Any:
    return fields.get(name, {}).items()


def _plain_props(props: Mapping[str, Any]) -> dict[str, Any]:
    return {
        str(name): plain for name, value in props.items() if (plain := _plain(value)) is not None
    }


def _plain(value: object) -> str | int | float | bool | None:
    if isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return value if value.bit_length() <= _MAX_INTEGER_BITS else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f") if abs(value.adjusted()) <= 40 else str(value)
    return None
