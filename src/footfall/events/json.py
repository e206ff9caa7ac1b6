"""An event as one line of JSON, for the outbox and for other processes, and back.

Each line holds its version. A reader ignores unknown fields, so new ones need no new version.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from footfall.model import Engagement, Event, Revenue, Visitor

VERSION: Final = 1

# Larger integers are no measurement, and Python refuses to print those of 4,300 digits.
_MAX_INTEGER_BITS: Final = 256


def to_json(event: Event) -> str:
    """The event as one line of ASCII, which holds the visitor's address.

    Props that no vendor accepts (lists, maps, NaN, other objects) are left out; a decimal is text.
    """
    visitor = event.visitor
    line = (
        f'{{"v":{VERSION},"name":{_json(event.name)},"url":{_json(event.url)},'
        f'"time":{_json(event.time)},"ip":{_json(visitor.client_ip)},'
        f'"ua":{_json(visitor.user_agent)}'
    )
    optional = {
        "referrer": event.referrer,
        "previous": event.previous,
        "lang": visitor.language,
        "headers": visitor.headers and dict(visitor.headers),
        "props": event.props and _plain_props(event.props),
        "width": event.screen_width,
        "zone": event.time_zone,
        "profile": event.profile_id,
        "perf": event.perf and dict(event.perf),
        "engagement": event.engagement,
        "trimmed": event.trimmed,
        "revenue": event.revenue and (event.revenue.currency, str(event.revenue.amount)),
    }
    for name, value in optional.items():
        if value:
            line += f',"{name}":{_json(value)}'
    return line + ("}" if event.interactive else ',"interactive":false}')


def _json(value: object) -> str:
    """The JSON of a value. Most are texts, for which an encoder takes twice as long."""
    if type(value) is str:
        return _text_json(value)
    if type(value) is float and math.isfinite(value):
        return repr(value)
    return _encode(value)


_text_json: Final[Callable[[str], str]] = json.encoder.encode_basestring_ascii
# `json.dumps` with options would make an encoder on each call, and `loads` looks at its own first.
_encode: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_decode: Final = json.JSONDecoder().decode


def from_json(line: str) -> Event:
    """The event of a line that `to_json` wrote.

    Raises:
        ValueError: the line is no JSON, of an unknown version, or no event.
    """
    try:
        fields = _decode(line)
        if fields["v"] != VERSION:
            raise ValueError(f"an event of version {fields['v']!r} is not known here")
        return _event(fields)
    except (LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise ValueError("no event") from error


def _event(fields: Mapping[str, Any]) -> Event:
    # Most events have none or one of these. To ask for each of them takes a fifth more time.
    more = {own: read(fields[name]) for name, own, read in _OPTIONAL if name in fields}
    return Event(
        name=_text(fields["name"]),
        url=_text(fields["url"]),
        visitor=Visitor(
            client_ip=_text_or_none(fields["ip"]),
            user_agent=_text(fields["ua"]),
            language=_text(fields.get("lang", "")),
            headers=_texts(fields["headers"]) if "headers" in fields else {},
        ),
        time=float(fields["time"]),
        **more,
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value)


def _texts(value: Mapping[Any, Any]) -> dict[str, str]:
    return {_text(name): _text(text) for name, text in value.items()}


def _revenue(value: Sequence[Any] | None) -> Revenue | None:
    return Revenue(_text(value[0]), Decimal(_text(value[1]))) if value else None


def _engagement(value: Sequence[Any]) -> Engagement:
    return Engagement(int(value[0]), int(value[1]))


_OPTIONAL: Final[Sequence[tuple[str, str, Callable[[Any], Any]]]] = (
    ("referrer", "referrer", _text_or_none),
    ("previous", "previous", _text_or_none),
    ("props", "props", lambda value: dict(value.items())),
    ("revenue", "revenue", _revenue),
    ("interactive", "interactive", lambda value: value is not False),
    ("width", "screen_width", lambda value: None if value is None else int(value)),
    ("zone", "time_zone", _text),
    ("profile", "profile_id", _text),
    ("perf", "perf", lambda value: {_text(name): float(each) for name, each in value.items()}),
    ("engagement", "engagement", _engagement),
    ("trimmed", "trimmed", lambda value: tuple(map(_text, value))),
)
"""Of the fields that a line may lack: the name, that of the event, and what reads the value."""


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
