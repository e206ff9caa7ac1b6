"""Whether an app that is to be watched is watched already, and every page would count twice.

Asked once, when a door is made; so it sees the middlewares around an app, and not what is mounted
within it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from footfall.common import log
from footfall.tracker import Tracker

__all__ = ["warn_if_installed_twice"]

# Where middlewares and frameworks keep what they wrap; Flask has the second.
_NAMES: Final = ("app", "wsgi_app", "application")
# More than anybody stacks; an app may name itself.
_MAX_DEPTH: Final = 64


def warn_if_installed_twice(app: object, tracker: Tracker) -> None:
    """Write a line to the log for each destination that would be told of every page twice."""
    ours = _names(tracker)
    for inner in _trackers_within(app):
        for name in sorted(ours & _names(inner)):
            log.warning(
                f"footfall: this app is watched for {name} already, so each page counts twice; "
                "take one of the two middlewares away"
            )


def _trackers_within(app: object) -> Iterator[Tracker]:
    for _ in range(_MAX_DEPTH):
        # Nothing that is computed: an app's property may do anything, even fail.
        kept = getattr(app, "__dict__", {})
        found = kept.get("tracker")
        if isinstance(found, Tracker):
            yield found
        app = next((kept[name] for name in _NAMES if name in kept), None)


def _names(tracker: Tracker) -> set[str]:
    if not tracker.is_active:
        return set()
    return {place.name for place in tracker.config.all_destinations}
