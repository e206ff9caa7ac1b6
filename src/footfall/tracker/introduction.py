"""What the owner reads in the log when a tracker is made: where events go, and what looks wrong."""

from __future__ import annotations

from collections.abc import Iterator

from footfall import log
from footfall.config import Config
from footfall.tracker.lanes import Lanes
from footfall.transport import Transport


def introduce(
    config: Config, lanes: Lanes, way_out: Transport, freezer: str | None, log_to: log.ThrottledLog
) -> None:
    """Write down what will be done, and each warning once.

    `freezer` is the variable that tells of a platform which freezes the process, if one does.
    """
    if not config.is_active:
        why = "switched off" if config.all_destinations else "no destination is configured"
        log.info(f"footfall counts nothing: {why}")
        return
    log.info(f"footfall counts for {lanes.names} through {way_out!r}")
    if freezer is not None:
        log.info(
            f"footfall delivers within each request, since {freezer} tells of a platform that "
            'stops the process in between; mode="thread" does not'
        )
    for note in config.resolver.notes:
        if note.level != "warning":
            log.info(f"footfall: {note.text}")
    for text in _warnings(config, lanes):
        log_to.warn_once(text, f"footfall: {text}")


def _warnings(config: Config, lanes: Lanes) -> Iterator[str]:
    yield from (note.text for note in config.resolver.notes if note.level == "warning")
    yield from config.path_rules.warnings
    for lane in lanes.all:
        yield from getattr(lane.destination, "warnings", ())
