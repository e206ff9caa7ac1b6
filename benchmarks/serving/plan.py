"""What `server.py` measures: which rows, in which modes of the endpoint, how long."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Final

from serving.apps import ASGI, WSGI

ROWS: Final = {"uvicorn": tuple(ASGI), "gunicorn": tuple(WSGI)}
NEEDS: Final = {
    "footfall, curl": "pycurl",
    "footfall, httpx": "httpx2",
    "flask, bare": "flask",
    "peer: asgi-matomo": "asgi_matomo",
    "peer: flask-matomo2 on flask": "flask_matomo2",
}
FAILING: Final = ("refusing", "hanging", "200 ms", "1 s")


def tells(row: str) -> bool:
    return row.startswith(("footfall", "peer"))


def is_installed(row: str) -> bool:
    return row not in NEEDS or importlib.util.find_spec(NEEDS[row]) is not None


@dataclass(frozen=True)
class Plan:
    """How much is measured: 8 minutes of it, or one."""

    kinds: tuple[str, ...]
    rounds: int = 3
    # Of them, those in which the endpoint fails, too.
    failing_rounds: int = 1
    failing: tuple[str, ...] = FAILING
    # wrk takes whole ones.
    full_seconds: int = 1
    paced_seconds: float = 1.0
    rates: tuple[int, ...] = (500, 1000)
    is_quick: bool = False

    def cells(self, kind: str, turn: int) -> list[tuple[str, str]]:
        rows = [row for row in ROWS[kind] if is_installed(row)]
        healthy = [(row, "healthy") for row in rows]
        if turn >= self.failing_rounds:
            return healthy
        own = [row for row in rows if tells(row) and not self.is_left_out(row)]
        return healthy + [(row, mode) for mode in self.failing for row in own]

    def paced_rows(self, kind: str) -> list[str]:
        wanted = ("no-op", *filter(tells, ROWS[kind]))
        return [row for row in wanted if is_installed(row) and not self.is_left_out(row)]

    def is_left_out(self, row: str) -> bool:
        return self.is_quick and tells(row) and "curl" not in row


QUICK: Final = {
    "rounds": 1,
    "failing": ("hanging",),
    "paced_seconds": 0.4,
    "rates": (500,),
    "is_quick": True,
}
