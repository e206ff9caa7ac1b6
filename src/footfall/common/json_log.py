"""Log lines as JSON objects, one a line, for programs that collect logs."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any, Final

# What every record has, and what logging and uvicorn add for formats of their own.
_NOT_FIELDS: Final = {*vars(logging.makeLogRecord({})), "asctime", "color_message", "message"}


class JSONFormatter(logging.Formatter):
    """Formats a record as an object on one line, in ASCII.

    It has `time` (ISO 8601, UTC, to the millisecond), `level` (`"info"`), `logger`, `message`, the
    fields that were given as `extra`, and where there is one `exception`, a whole traceback.
    """

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name in vars(record).keys() - _NOT_FIELDS - line.keys():
            line[name] = getattr(record, name)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = self.formatStack(record.stack_info)
        return json.dumps(line, default=str)
