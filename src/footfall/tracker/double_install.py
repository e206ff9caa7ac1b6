"""Whether an app has a middleware for the same destination already, which then counts nothing.

Checked once, when a middleware is made: it sees those around an app, not what is mounted in it.
That shows in the first request (`Exchange.is_counted_outside`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from footfall.common import log
from footfall.tracker.tracker import Tracker

__all__ = ["layers_of", "trackers_within", "warn_if_installed_twice"]

# The attributes in which middlewares and frameworks keep what they wrap; Flask has the second.
_WRAPPED: Final = ("app", "wsgi_app", "application")
# More than anybody stacks; an app may refer to itself.
_MAX_DEPTH: Final = 64


def warn_if_installed_twice(app: object, tracker: Tracker) -> None:
    """Log a warning for each destination of which the inner middleware counts nothing."""
    ours = _destination_names(tracker)
    for inner in trackers_within(app):
        for name in sorted(ours & _destination_names(inner)):
            log.warning(
                f"footfall: this app already has a middleware for {name}, which counts nothing "
                "now; remove one of the two middlewares"
            )


def trackers_within(app: object) -> Iterator[Tracker]:
    """The trackers of the middlewares around an app, from the outside."""
    for layer in layers_of(app):
        found = getattr(layer, "__dict__", {}).get("tracker")
        if isinstance(found, Tracker):
            yield found


def layers_of(app: object) -> Iterator[object]:
    """The app, and what it wraps, as far as that shows."""
    for _ in range(_MAX_DEPTH):
        yield app
        # No computed attribute: an app's property may do anything, even fail.
        attributes = getattr(app, "__dict__", {})
        inner = next((attributes[name] for name in _WRAPPED if name in attributes), None)
        if inner is None:
            return
        app = inner


def _destination_names(tracker: Tracker) -> set[str]:
    if not tracker.is_active:
        return set()
    return {destination.name for destination in tracker.config.all_destinations}
