"""What is logged when a tracker is made: where events go, and what looks wrong."""

from __future__ import annotations

from collections.abc import Iterator

from footfall.common import log
from footfall.config import Config
from footfall.delivery.transport import Transport
from footfall.tracker.dispatcher import Dispatcher


def log_startup(
    config: Config,
    dispatcher: Dispatcher,
    transport: Transport,
    serverless_variable: str | None,
    log_to: log.ThrottledLog,
) -> None:
    """Log where events go, and each warning once.

    `serverless_variable` shows a platform that stops the process between requests; None elsewhere.
    """
    if not config.is_active:
        why = "switched off" if config.all_destinations else "no destination is configured"
        log.info(f"footfall counts nothing: {why}")
        return
    log.info(f"footfall counts for {dispatcher.names} through {transport!r}")
    if serverless_variable is not None:
        log.info(
            f"footfall delivers within each request, since {serverless_variable} is set by a "
            'platform that stops the process in between; mode="thread" does not'
        )
    for note in config.resolver.notes:
        if note.level != "warning":
            log.info(f"footfall: {note.text}")
    for text in _warnings(config, dispatcher):
        log_to.warn_once(text, f"footfall: {text}")


def _warnings(config: Config, dispatcher: Dispatcher) -> Iterator[str]:
    yield from (note.text for note in config.resolver.notes if note.level == "warning")
    yield from config.path_rules.warnings
    for lane in dispatcher.lanes:
        yield from getattr(lane.destination, "warnings", ())
