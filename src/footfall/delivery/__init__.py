"""Delivery: from an event to the outcome of sending it, with one lane for each destination.

A lane is a bounded queue with worker threads, a circuit breaker and counters of its own, so that a
dead vendor never slows another. Its rules:

- No request calls it. `offer` is called by the tracker's worker thread, and takes a lock.
- At most once: neither vendor can recognise a duplicate, and a duplicate falsifies bounce rate and
  pageviews where a loss only under-counts. Only what surely was not processed is sent again.
- Vendors stamp an event when it arrives, so one that has waited too long is dropped, not sent late.
- The events of one visitor are sent in order and never two at a time: the first decides the source
  of the visit, and a vendor that is still writing it drops the second.
- Every event offered ends in exactly one counter; `Counters.in_balance` checks that at any moment.
"""

from footfall.delivery.counters import Counters
from footfall.delivery.lane import Lane
from footfall.delivery.limits import Limits
from footfall.delivery.visitor_order import Item

__all__ = ["Counters", "Item", "Lane", "Limits"]
