"""An event that the app tracks, checked while its caller can still get an error.

Nothing is decided or sent here; the checked event goes into the inbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from footfall.destinations import LONGEST_NAME_CHARS, check_event_name
from footfall.errors import EventError
from footfall.events import visitor_token
from footfall.events.details import CheckedDetails, check_details
from footfall.model import NO_PROPS, Engagement, Revenue, Visitor
from footfall.request.record import Record, chars_of_props, plain_props
from footfall.rules import url

__all__ = ["CustomEvent", "check_event"]

# What a lane takes of one event: a prop that holds a whole file must not push the others out.
MAX_CHARS: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomEvent:
    """An event in the inbox, as the app tracked it in the request `record`, if in any.

    `visitor` is who the event is about, where that is not who sent the request.
    """

    name: str
    props: Mapping[str, Any]
    details: CheckedDetails
    revenue: Revenue | None
    interactive: bool
    url: str | None
    referrer: str | None
    visitor: Visitor | None
    record: Record | None
    at: float
    # Why it is sent, in one word.
    reason: str = "custom_event"
    engagement: Engagement | None = None

    @property
    def chars(self) -> int:
        """About how much text it keeps in memory, beside that of its request."""
        visitor = {} if self.visitor is None else self.visitor.headers
        texts = [self.name, self.url, self.referrer]
        if self.visitor is not None:
            texts += [self.visitor.client_ip or "", self.visitor.user_agent, self.visitor.language]
        mappings: list[Mapping[str, Any]] = [self.props, self.details.details, visitor]
        return sum(len(text or "") for text in texts) + sum(map(chars_of_props, mappings))


def check_event(
    name: str,
    *,
    props: Mapping[str, Any] | None = None,
    revenue: tuple[str, Decimal | str | int | float] | None = None,
    interactive: bool = True,
    page: str | None = None,
    referrer: str | None = None,
    visitor: Visitor | Mapping[str, Any] | None = None,
    details: Mapping[str, Any] = NO_PROPS,
    record: Record | None,
    at: float,
    token_secret: str | None = None,
    max_name_chars: int = LONGEST_NAME_CHARS,
) -> CustomEvent:
    """Check what an app gave to `track()` or `track_pageview()`.

    Args other than theirs: `page` is the URL, `record` the request, `at` the time (monotonic
    clock), `token_secret` what a visitor token must be signed with, `max_name_chars` the limit of
    the destinations.

    Raises:
        EventError: no vendor would take the event, or the visitor's token is forged.
    """
    check_event_name(name, max_name_chars)
    for option, value, kinds in (
        ("props", props, Mapping),
        ("visitor", visitor, (Mapping, Visitor)),
        ("url", page, str),
        ("referrer", referrer, str),
    ):
        if value is not None and not isinstance(value, kinds):
            kind = type(value).__name__
            raise EventError(f"the event {name!r}: {option} is a {kind}, which it cannot be")
    if record is None and (not url.scrub_url(page or "") or visitor is None):
        raise EventError(
            f"the event {name!r} outside a request needs an absolute url= and visitor=; "
            "take the visitor from current_visitor() while the request lasts"
        )
    event = CustomEvent(
        name=name,
        props=plain_props(props or {}),
        details=check_details(details),
        revenue=_revenue(revenue),
        interactive=interactive,
        url=page,
        referrer=referrer,
        visitor=None if visitor is None else visitor_token.read(visitor, token_secret),
        record=record,
        at=at,
    )
    if event.chars > MAX_CHARS:
        raise EventError(
            f"the event {name!r} has {event.chars:,} characters, of which no vendor takes more "
            f"than {MAX_CHARS:,}; shorten its props"
        )
    return event


def _revenue(value: tuple[str, Decimal | str | int | float] | None) -> Revenue | None:
    if value is None:
        return None
    try:
        currency, amount = str(value[0]), value[1]
        exact = Decimal(str(amount))
    except (TypeError, LookupError, InvalidOperation):
        raise EventError(f'revenue={value!r} is not a pair such as ("EUR", "19.99")') from None
    if len(currency) != 3 or not (currency.isascii() and currency.isalpha()):
        raise EventError(f"revenue currency {currency!r} is not an ISO 4217 code such as 'EUR'")
    if not exact.is_finite():
        raise EventError(f"revenue amount {amount!r} is not a number")
    return Revenue(currency.upper(), exact)
