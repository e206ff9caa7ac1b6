"""The formats of one JSON object a line: Caddy's own, and nginx's variables by name.

nginx writes what `log_format … escape=json` names. A member with the name of a variable has its
value: `http_accept` is the header Accept, `sent_http_content_type` the response's Content-Type.
So whatever a rule reads can be logged; `docs/access-logs.md` has the line that logs all of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from footfall.access_log.line_times import checked_time, common_time, iso_time
from footfall.access_log.log_line import (
    LoggedSite,
    LogLine,
    MalformedLineError,
    Target,
    present,
    request_line,
    size_of,
    target_of,
    value_of,
)
from footfall.model import Headers
from footfall.rules.pageview import RESPONSE_HEADERS

_decode: Final = json.JSONDecoder().raw_decode

_TIMES: Final = ("msec", "time_iso8601", "time_local", "time", "timestamp", "@timestamp", "ts")
_SIZES: Final = ("body_bytes_sent", "bytes_sent", "size")
# Nobody's business here, and in memory for no reason. Caddy replaces them already.
_CREDENTIALS: Final = frozenset({"authorization", "cookie", "set-cookie", "proxy-authorization"})


class Nginx:
    """An object of nginx's variables.

    Args:
        site: The host and the scheme where the objects do not have them.
    """

    def __init__(self, site: LoggedSite) -> None:
        self._site = site

    def parse(self, line: str) -> LogLine:
        fields = _object(line)
        method, target = _request_of(fields)
        headers: dict[str, str] = {}
        response_headers: dict[str, str] = {}
        has_accept = has_content_type = False
        for name, value in fields.items():
            kind, header = _header_of(name)
            if not kind:
                continue
            if kind == "request":
                has_accept = has_accept or header == "accept"
                headers[header] = _text(value)
            else:
                has_content_type = has_content_type or header == "content-type"
                response_headers[header] = _text(value)
        headers = present(headers)
        host = _first(fields, ("host", "http_host", "server_name")) or self._site.host
        return LogLine(
            time=_time_of(fields),
            peer=_text(_required(fields, ("remote_addr", "remote_ip"))),
            method=method,
            target=target,
            status=_number(_required(fields, ("status",)), "status"),
            size=_size(fields),
            scheme=_first(fields, ("scheme",)) or self._site.scheme,
            host=headers.get("host") or host,
            headers=headers,
            response_headers=present(_read_alone(response_headers)) if has_content_type else None,
            has_accept=has_accept,
        )


class Caddy:
    """An object of Caddy's access log, which has all headers of both sides.

    Args:
        site: The host where a client sent none.
    """

    def __init__(self, site: LoggedSite) -> None:
        self._site = site

    def parse(self, line: str) -> LogLine | None:
        fields = _object(line)
        request = fields.get("request")
        if not isinstance(request, dict) or "status" not in fields:
            if "level" in fields and "msg" in fields:
                # What Caddy says about itself may be in the same file.
                return None
            raise MalformedLineError("no request")
        sent = request.get("headers")
        answered = fields.get("resp_headers")
        headers = _caddy_headers(sent)
        tls = request.get("tls")
        # Before 2.5 address and port are one text.
        peer = _text(request.get("remote_ip") or request.get("remote_addr") or "")
        if "remote_ip" not in request:
            peer = peer.rpartition(":")[0]
        return LogLine(
            time=_time_of(fields),
            peer=peer,
            method=_text(_required(request, ("method",))),
            target=target_of(_text(_required(request, ("uri",)))),
            status=_number(fields["status"], "status"),
            size=_size(fields),
            scheme="https" if tls else "http",
            host=_text(request.get("host") or "") or self._site.host,
            headers=headers,
            response_headers=None if answered is None else _read_alone(_caddy_headers(answered)),
            has_accept=sent is not None,
        )


def _object(line: str) -> dict[str, Any]:
    try:
        value, _ = _decode(line)
    except (ValueError, RecursionError):
        raise MalformedLineError("no JSON" if line.strip() else "an empty line") from None
    if not isinstance(value, dict):
        raise MalformedLineError("no JSON object")
    return value


def _request_of(fields: Mapping[str, Any]) -> tuple[str, Target]:
    if "request_uri" in fields or "uri" in fields:
        target = _text(fields["request_uri"] if "request_uri" in fields else fields["uri"])
        method = _text(_required(fields, ("request_method", "method")))
        if not target or not method.isalpha():
            raise MalformedLineError("no request line")
        return method, target_of(target)
    return request_line(_text(_required(fields, ("request",))))


def _time_of(fields: Mapping[str, Any]) -> float:
    value = _required(fields, _TIMES)
    text = _text(value)
    for parse in (_seconds, iso_time, common_time):
        try:
            return parse(text)
        except ValueError:
            continue
    raise MalformedLineError("no time")


def _seconds(text: str) -> float:
    return checked_time(float(text))


def _size(fields: Mapping[str, Any]) -> int | None:
    return size_of(_first(fields, _SIZES))


def _required(fields: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    for name in names:
        if name in fields:
            return fields[name]
    raise MalformedLineError(f"no {names[0]}")


def _first(fields: Mapping[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        if name in fields and (text := value_of(_text(fields[name]))):
            return text
    return ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else str(value)


def _number(value: object, name: str) -> int:
    try:
        return int(_text(value))
    except ValueError:
        raise MalformedLineError(f"no {name}") from None


@lru_cache(maxsize=256)
def _header_of(name: str) -> tuple[str, str]:
    """Of which side a variable is a header, if it is one, and its name."""
    for kind, prefix in (("response", "sent_http_"), ("request", "http_")):
        if name.startswith(prefix):
            header = name.removeprefix(prefix).replace("_", "-").lower()
            return ("" if header in _CREDENTIALS else kind), header
    return "", ""


def _read_alone(headers: Headers) -> dict[str, str]:
    """Those of a response that a decision reads, as the middleware picks them."""
    return {name: headers[name] for name in headers if name in RESPONSE_HEADERS}


def _caddy_headers(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    headers = {}
    for raw_name, values in value.items():
        name = raw_name.lower()
        if name not in _CREDENTIALS:
            headers[name] = ",".join(map(_text, values)) if isinstance(values, list) else ""
    return headers
