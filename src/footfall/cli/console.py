"""Where a command that runs for long writes: lines of text, or of JSON together with the log."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from collections.abc import Iterator
from typing import TextIO

from footfall.cli import terminal
from footfall.cli.terminal import discard
from footfall.common.json_log import JSONFormatter

logger = logging.getLogger("footfall.collector")


class Console:
    """Where the command writes: lines of text, or records for `json_lines` to format."""

    def __init__(self, *, is_json: bool) -> None:
        self._is_json = is_json

    def say(self, text: str, **fields: object) -> None:
        """Write what happens. As JSON, the message is the first line of `text`."""
        if self._is_json:
            logger.info(text.partition("\n")[0], extra=fields)
        else:
            with _discarding(sys.stdout):
                terminal.say(text, flush=True)

    def complain(self, text: str) -> None:
        """Write what is wrong."""
        if self._is_json:
            logger.error(text)
        else:
            with _discarding(sys.stderr):
                terminal.complain(text)


@contextlib.contextmanager
def _discarding(file: TextIO) -> Iterator[None]:
    try:
        yield
    except OSError:
        discard(file)


class _LineHandler(logging.StreamHandler[TextIO]):
    """A handler that writes no traceback where nobody reads the log any more."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 -- logging's name
        if isinstance(sys.exc_info()[1], OSError):
            discard(self.stream)
        else:
            super().handleError(record)


@contextlib.contextmanager
def json_lines() -> Iterator[None]:
    """Write all log lines as JSON, as long as the block runs: warnings and errors to stderr."""
    out, err = _LineHandler(sys.stdout), _LineHandler(sys.stderr)
    out.addFilter(lambda record: record.levelno < logging.WARNING)
    err.setLevel(logging.WARNING)
    level, hook = logger.level, threading.excepthook
    for handler in (out, err):
        handler.setFormatter(JSONFormatter())
        logging.getLogger().addHandler(handler)
    logger.setLevel(logging.INFO)
    logging.captureWarnings(True)
    threading.excepthook = _log_uncaught
    try:
        yield
    finally:
        threading.excepthook = hook
        logging.captureWarnings(False)
        logger.setLevel(level)
        for handler in (out, err):
            logging.getLogger().removeHandler(handler)


def _log_uncaught(args: threading.ExceptHookArgs) -> None:
    name = args.thread.name if args.thread else "unknown"
    error = args.exc_value or args.exc_type()
    logger.critical("thread %s ended with an error", name, exc_info=error)
