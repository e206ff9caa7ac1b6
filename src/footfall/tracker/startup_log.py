"""What is logged when a tracker is made: where events go, and what looks wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from footfall.common import log
from footfall.config import Config
from footfall.tracker.dispatcher import Dispatcher


def log_startup(
    config: Config,
    dispatcher: Dispatcher,
    why_inline: str | None,
    environ: Mapping[str, str],
    log_to: log.ThrottledLog,
) -> None:
    """Log where events go, and each warning once.

    `why_inline` is that of `process_hooks`.
    """
    if not config.is_active:
        why = "switched off" if config.all_destinations else "no destination is configured"
        log.info(f"footfall counts nothing: {why}")
        return
    log.info(f"footfall counts for {dispatcher.names}{dispatcher.means}")
    if why_inline is not None:
        log.info(f"footfall delivers within each request, since {why_inline}")
    for note in config.resolver.notes:
        if note.level != "warning":
            log.info(f"footfall: {note.text}")
    for text in _warnings(config, dispatcher, environ):
        log_to.warn_once(text, f"footfall: {text}")


def _warnings(config: Config, dispatcher: Dispatcher, environ: Mapping[str, str]) -> Iterator[str]:
    yield from (note.text for note in config.resolver.notes if note.level == "warning")
    yield from config.path_rules.warnings
    if config.complement_options is not None:
        yield from config.complement_options.warnings
    yield from dispatcher.warnings(environ)
