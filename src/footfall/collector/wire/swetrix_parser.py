"""Parses a body that was posted to Swetrix: its valid fields, or the response that refuses it.

The rules are those of the DTOs (read 2026-11), which leave most fields unchecked: these may hold
any value. The list of errors has the shape of theirs, in our words.
"""

from __future__ import annotations

import enum
import json
import re
import zlib
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from footfall.collector.wire import limits
from footfall.collector.wire.messages import IncomingRequest, IngestResponse, json_response
from footfall.collector.wire.parsing import media_type, read_json
from footfall.common import float_text

PID: Final = re.compile(r"(?!.{0,10}--)[A-Za-z0-9-]{12}")
"""A project id."""

# Names that every JavaScript object has; Swetrix loses them, and only them.
_LOST_KEYS = frozenset(
    {"constructor", "__proto__", "prototype", "toString", "valueOf", "hasOwnProperty"}
)


class EventKind(enum.Enum):
    """What was posted, by path."""

    PAGEVIEW = "/log"
    CUSTOM = "/log/custom"
    HEARTBEAT = "/log/hb"


def error(status: int, name: str, message: str | list[str]) -> IngestResponse:
    """An error as Swetrix words it: a list of texts for faulty fields, else one text."""
    return json_response(status, {"message": message, "error": name, "statusCode": status})


_MALFORMED = error(400, "Bad Request", "The body is not valid JSON")
_TOO_LARGE = json_response(413, {"statusCode": 413, "message": "request entity too large"})
_UNSUPPORTED = json_response(415, {"statusCode": 415, "message": "unsupported charset or encoding"})


def parse(request: IncomingRequest, kind: EventKind) -> Mapping[str, Any] | IngestResponse:
    """The fields that were posted, or the response that refuses them."""
    body = _body(request)
    if isinstance(body, IngestResponse):
        return body
    faults = _faults(body, kind)
    return error(400, "Bad Request", faults) if faults else body


def meta_texts(meta: Any) -> dict[str, str]:
    """Keys and values as JavaScript writes them. A list is an object with numbers for keys."""
    if not meta:
        return {}
    pairs = meta.items() if isinstance(meta, dict) else enumerate(meta)
    return {str(key): _javascript_text(value) for key, value in pairs if str(key) not in _LOST_KEYS}


def is_truthy(value: Any) -> bool:
    """As in JavaScript: empty lists and objects are true, and so is the text "false"."""
    return isinstance(value, dict | list) or bool(value)


def _body(request: IncomingRequest) -> Mapping[str, Any] | IngestResponse:
    kind = media_type(request.headers)
    if kind not in ("application/json", "application/x-www-form-urlencoded"):
        return {}
    if not _has_known_charset(request.headers["content-type"]):
        return _UNSUPPORTED
    raw = _decompressed(request)
    if isinstance(raw, IngestResponse):
        return raw
    text = raw.decode("utf-8-sig", "replace")
    try:
        if kind != "application/json":
            return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=limits.FORM_FIELDS))
        value = read_json(text) if text else {}
    except ValueError:
        return _MALFORMED
    if isinstance(value, list):
        return {}
    return value if isinstance(value, dict) else _MALFORMED


def _has_known_charset(content_type: str) -> bool:
    charset = re.search(r";\s*charset\s*=\s*\"?([^\s;\"]+)", content_type, re.IGNORECASE)
    return charset is None or charset[1].lower() in ("utf-8", "utf8")


def _decompressed(request: IncomingRequest) -> bytes | IngestResponse:
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity", "gzip", "deflate"):
        return _UNSUPPORTED
    body = request.body
    if encoding in ("gzip", "deflate") and len(body) <= limits.SWETRIX_BODY:
        # 32 more than the window: zlib detects which of the two it is.
        stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
        try:
            body = stream.decompress(body, limits.SWETRIX_BODY + 1)
        except zlib.error:
            return _MALFORMED
    return _TOO_LARGE if len(body) > limits.SWETRIX_BODY else body


def _faults(body: Mapping[str, Any], kind: EventKind) -> list[str]:
    """What is wrong with the checked fields."""
    pid = body.get("pid")
    faults = []
    if not isinstance(pid, str):
        faults.append("pid must be a string")
    elif not PID.fullmatch(pid):
        faults.append("pid must be 12 letters, digits or single hyphens")
    if kind is EventKind.CUSTOM:
        faults += _name_faults(body.get("ev"))
    faults += _length_faults("profileId", body.get("profileId"), limits.SWETRIX_PROFILE)
    faults += _length_faults("qs", body.get("qs"), limits.SWETRIX_QUERY)
    return faults + _meta_faults(body.get("meta"))


def _name_faults(value: Any) -> list[str]:
    if value is None or value == "":
        return ["ev should not be empty"]
    return _length_faults("ev", value, limits.SWETRIX_NAME)


def _length_faults(field: str, value: Any, limit: int) -> list[str]:
    if value is None or value == "":
        return []
    if not isinstance(value, str):
        return [f"{field} must be a string"]
    if len(value) > limit:
        return [f"{field} must be shorter than or equal to {limit} characters"]
    return []


def _meta_faults(meta: Any) -> list[str]:
    if meta is None:
        return []
    if not isinstance(meta, dict | list):
        return ["meta must be an object"]
    values = meta.values() if isinstance(meta, dict) else meta
    if any(isinstance(value, dict | list) for value in values):
        return ["meta values must be strings, numbers, booleans or null"]
    texts = meta_texts(meta)
    if len(texts) > limits.SWETRIX_META_KEYS:
        return [f"meta must have at most {limits.SWETRIX_META_KEYS} keys"]
    most = limits.SWETRIX_META_UNITS
    if sum(_utf16_units(key) + _utf16_units(text) for key, text in texts.items()) > most:
        return [f"meta keys and values must have at most {most} characters together"]
    return []


def _javascript_text(value: Any) -> str:
    if isinstance(value, float):
        return float_text.javascript(value)
    return value if isinstance(value, str) else json.dumps(value)


def _utf16_units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
