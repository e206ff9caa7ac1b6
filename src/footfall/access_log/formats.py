"""The formats of access logs: which one a file has, and what reads its lines.

A line is bytes decoded as latin-1, as WSGI servers decode headers (PEP 3333), so that the texts of
a hit are those that the middleware sees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol

from footfall.access_log import cloudfront, common_line, json_line
from footfall.access_log.log_line import LoggedSite, LogLine, MalformedLineError

__all__ = ["FORMATS", "Format", "LineParser", "LoggedSite", "MalformedLineError", "recognise"]


class LineParser(Protocol):
    """Reads the lines of one file, in their order."""

    def parse(self, line: str) -> LogLine | None:
        """What a line records; None for one that records no request, such as a comment.

        Raises:
            MalformedLineError: the line is not of this format.
        """


class Format(NamedTuple):
    """A format by its name."""

    name: str
    title: str
    parser: Callable[[LoggedSite], LineParser]


FORMATS: Final[Sequence[Format]] = (
    Format("vhost-combined", "combined with the host in front", common_line.VhostCombined),
    Format("combined", "combined (nginx, Apache)", common_line.Combined),
    Format("common", "common, without User-Agents", common_line.Common),
    Format("caddy", "Caddy's JSON", json_line.Caddy),
    Format("nginx-json", "JSON of nginx's variables", json_line.Nginx),
    Format("cloudfront", "CloudFront's standard log", cloudfront.CloudFront),
)
"""The formats in the order in which they are tried."""


def recognise(lines: Sequence[str], site: LoggedSite) -> Format | None:
    """The format in which most of the first lines of a file are; None where none fits any."""
    found, most = None, 0
    for each in FORMATS:
        parser = each.parser(site)
        number = _number_of_hits(parser, lines)
        if number > most:
            found, most = each, number
    return found


def _number_of_hits(parser: LineParser, lines: Sequence[str]) -> int:
    number = 0
    for line in lines:
        try:
            number += parser.parse(line) is not None
        except MalformedLineError:
            continue
    return number
