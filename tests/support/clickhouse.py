"""ClickHouse's HTTP interface with one table, which checks every column that it gets.

Written from what its documentation says and its source does (read 2026-11). The definition of the
table is the one of docs/destinations.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from footfall.model import Request, Response

_DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "destinations.md"
_DEFINITION: Final = re.search(
    r"^CREATE TABLE footfall\.events\n\((.+?)^\)", _DOCUMENT.read_text("utf-8"), re.S | re.M
)
COLUMNS: Final = dict(
    re.findall(r"^ +(\w+) ([A-Z].*?),?$", _DEFINITION[1] if _DEFINITION else "", re.M)
)
"""The type of each column of the documented table."""

_SETTINGS: Final = {
    "async_insert": ["1"],
    "wait_for_async_insert": ["1"],
    "input_format_skip_unknown_fields": ["1"],
}


@dataclass(kw_only=True)
class ClickHouseServer:
    """One server with the table `footfall.events`.

    Args:
        user: Who may insert.
        password: That user's.

    Attributes:
        inserts: The rows of each insert, by its token; what has a known token is not stored again.
        sizes: How many rows each request had.
    """

    user: str
    password: str
    inserts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)

    @property
    def kept(self) -> list[dict[str, Any]]:
        """The rows, each id once, as ReplacingMergeTree leaves them."""
        return [*{row["id"]: row for rows in self.inserts.values() for row in rows}.values()]

    def receive(self, request: Request) -> Response:
        """The response to a request of ours."""
        parts = urlsplit(request.url)
        return self.respond(f"{parts.path}?{parts.query}", request.headers, request.body)

    def respond(self, path: str, headers: Mapping[str, str], body: bytes) -> Response:
        assert self.password not in path
        assert self.password.encode() not in body
        assert "authorization" not in headers
        parts = urlsplit(path)
        given = parse_qs(parts.query, strict_parsing=True)
        assert parts.path == "/"
        login = (headers["x-clickhouse-user"], headers["x-clickhouse-key"])
        if login != (self.user, self.password):
            return self._error(403, 516, "AUTHENTICATION_FAILED")
        [query] = given.pop("query")
        [token] = given.pop("insert_deduplication_token")
        assert given == _SETTINGS
        if query != "INSERT INTO footfall.events FORMAT JSONEachRow":
            return self._error(404, 60, "UNKNOWN_TABLE")
        rows = [_row(line) for line in body.decode().split("\n")]
        self.sizes.append(len(rows))
        self.inserts.setdefault(token, rows)
        return Response(status=200, headers={"x-clickhouse-summary": "{}"})

    def _error(self, status: int, code: int, name: str) -> Response:
        text = f"Code: {code}. DB::Exception: some words. ({name}) (version 26.9)\n"
        headers = {"x-clickhouse-exception-code": str(code)}
        return Response(status=status, headers=headers, body=text.encode())


def _row(line: str) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(line)
    assert row.keys() <= COLUMNS.keys()
    for name, value in row.items():
        _check(name, COLUMNS[name], value)
    assert str(UUID(row["id"])) == row["id"]
    return row


def _check(name: str, type_: str, value: object) -> None:
    if type_.startswith("Map"):
        assert isinstance(value, dict), name
        assert all(isinstance(each, str) for each in value.values()), name
    elif type_.startswith("UInt"):
        assert isinstance(value, int), name
        assert 0 < value < 2 ** int(type_[4:]), name
    else:
        assert isinstance(value, str), name
        assert value, name
    if type_.startswith("Decimal"):
        assert re.fullmatch(r"-?\d{1,14}\.\d{4}", str(value)), name
        assert abs(Decimal(str(value))) < 10**14
    if type_.startswith("DateTime64"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", str(value))
        assert 1970 <= datetime.fromisoformat(str(value)).year < 2299
