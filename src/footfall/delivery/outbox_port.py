"""Where an outbox hands events in, and takes what could not be sent."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

from footfall.delivery.limits import Limits
from footfall.delivery.visitor_order import Item
from footfall.delivery.worker import Delivery
from footfall.model import Event


class OutboxPort:
    """A lane as its outbox sees it."""

    def __init__(self, delivery: Delivery, limits: Limits, clock: Callable[[], float]) -> None:
        self._delivery = delivery
        self._limits = limits
        self._clock = clock

    def admit(self, events: Iterable[Event]) -> list[Item]:
        """Count `events` as submitted and queued; `line_up` or `settle` has to follow."""
        now = self._clock()
        items = [Item.of(event, now) for event in events]
        with self._delivery.changed:
            self._delivery.ledger.admit(items, "submitted")
        return items

    def fits(self, item: Item) -> bool:
        """False for an item that this lane would not queue."""
        return self._delivery.ledger.fits(item)

    def line_up(self, items: Iterable[Item]) -> None:
        """Queue what was admitted."""
        self._delivery.line_up([*items])

    def settle(self, items: Iterable[Item], counter: str) -> None:
        """Let what was admitted end in a counter."""
        with self._delivery.changed:
            for item in items:
                self._delivery.ledger.handed_over -= 1
                self._delivery.ledger.settle(item, counter)

    def room(self, window: int) -> int:
        """How many events this lane can take now, so that no more than `window` are at hand.

        None while the vendor is left alone, and one when it is to be asked again.
        """
        with self._delivery.changed:
            at_hand = self._delivery.ledger.at_hand
            if self._delivery.breaker.is_open:
                is_time = self._delivery.breaker.lets_pass(self._clock())
                return 1 if is_time and not at_hand else 0
            return min(window, self._limits.max_events) - at_hand

    def take_in(self, events: Iterable[tuple[Event, Hashable]]) -> None:
        """Queue events from the outbox, each with its row there; None where that is gone."""
        now = self._clock()
        self._delivery.line_up([Item.of(event, now, row) for event, row in events], "taken")

    def count_taken(self, counter: str, number: int) -> None:
        """Count events that left the outbox and go no further."""
        with self._delivery.changed:
            self._delivery.ledger.counts.taken += number
            self._delivery.ledger.counts.add(counter, number)

    def done_rows(self) -> list[Any]:
        """The rows of events that ended since the last call."""
        if not self._delivery.ledger.done_rows:
            return []
        with self._delivery.changed:
            rows, self._delivery.ledger.done_rows = self._delivery.ledger.done_rows, []
            return rows

    @property
    def is_delivering(self) -> bool:
        """True while something is at hand and the vendor not given up."""
        return (
            bool(self._delivery.ledger.at_hand and len(self._delivery.crew))
            and not self._delivery.breaker.is_hopeless
        )
