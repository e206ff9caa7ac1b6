"""CloudFront's standard log: tab separated, with the names of the fields in a comment (W3C).

    #Version: 1.0
    #Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem …

Values are percent-encoded, User-Agents once more than a browser would (Amazon's documentation of
standard logs, read 2026-11).
"""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote_to_bytes

from footfall.access_log.line_times import iso_time
from footfall.access_log.log_line import (
    LoggedSite,
    LogLine,
    MalformedLineError,
    present,
    size_of,
    target_of,
    value_of,
)

_FIELDS: Final = "#Fields:"
_REQUIRED: Final = ("date", "time", "c-ip", "cs-method", "cs-uri-stem", "sc-status")


class CloudFront:
    """The lines of one file, of which the comments come first.

    Args:
        site: The host and the scheme where the fields do not have them.
    """

    def __init__(self, site: LoggedSite) -> None:
        self._site = site
        self._names: list[str] = []

    def parse(self, line: str) -> LogLine | None:
        if line[:1] == "#":
            if line.startswith(_FIELDS):
                self._names = line.removeprefix(_FIELDS).split()
            return None
        if not self._names:
            raise MalformedLineError("no #Fields before it")
        values = line.rstrip("\r\n").split("\t")
        if len(values) != len(self._names):
            raise MalformedLineError("another number of values than #Fields names")
        fields = dict(zip(self._names, values, strict=True))
        missing = [name for name in _REQUIRED if name not in fields]
        if missing:
            raise MalformedLineError(f"no {missing[0]}")
        return self._line(fields)

    def _line(self, fields: dict[str, str]) -> LogLine:
        status, size = fields["sc-status"], fields.get("sc-bytes", "-")
        # 000: the viewer closed the connection before the response.
        if (number := size_of(status)) is None:
            raise MalformedLineError("no sc-status")
        try:
            time = iso_time(f"{fields['date']}T{fields['time']}")
        except ValueError:
            raise MalformedLineError("no date and time") from None
        query = value_of(fields.get("cs-uri-query", ""))
        headers = {
            "user-agent": _decoded(fields.get("cs(User-Agent)", "")),
            "referer": _decoded(fields.get("cs(Referer)", "")),
            "x-forwarded-for": _decoded(fields.get("x-forwarded-for", "")),
        }
        content_type = _decoded(fields.get("sc-content-type", ""))
        has_content_type = "sc-content-type" in fields
        host = value_of(fields.get("x-host-header", "")) or value_of(fields.get("cs(Host)", ""))
        return LogLine(
            time=time,
            peer=fields["c-ip"],
            method=fields["cs-method"],
            target=target_of(fields["cs-uri-stem"] + (f"?{query}" if query else "")),
            status=number,
            # With the headers, so it is never 0.
            size=size_of(size),
            scheme=value_of(fields.get("cs-protocol", "")) or self._site.scheme,
            host=host.lower() or self._site.host,
            headers=present(headers),
            response_headers=present({"content-type": content_type}) if has_content_type else None,
        )


def _decoded(text: str) -> str:
    """A header's value, decoded as latin-1 as all headers are."""
    return unquote_to_bytes(text).decode("latin-1") if "%" in text else text
