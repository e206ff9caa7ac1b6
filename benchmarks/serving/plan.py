"""What `server.py` measures: which rows, with which modes of the endpoint, for how long."""

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


def sends_events(row: str) -> bool:
    return row.startswith(("footfall", "peer"))


def is_installed(row: str) -> bool:
    return row not in NEEDS or importlib.util.find_spec(NEEDS[row]) is not None


@dataclass(frozen=True)
class Plan:
    """How much is measured: for 8 minutes, or for one."""

    kinds: tuple[str, ...]
    rounds: int = 3
    # The rounds that also measure with a failing endpoint.
    failing_rounds: int = 1
    failing: tuple[str, ...] = FAILING
    # wrk accepts whole seconds only.
    full_seconds: int = 1
    paced_seconds: float = 1.0
    rates: tuple[int, ...] = (500, 1000)
    is_quick: bool = False

    def cells(self, kind: str, round_number: int) -> list[tuple[str, str]]:
        rows = [row for row in ROWS[kind] if is_installed(row)]
        healthy = [(row, "healthy") for row in rows]
        if round_number >= self.failing_rounds:
            return healthy
        sending = [row for row in rows if sends_events(row) and not self.is_left_out(row)]
        return healthy + [(row, mode) for mode in self.failing for row in sending]

    def paced_rows(self, kind: str) -> list[str]:
        wanted = ("no-op", *filter(sends_events, ROWS[kind]))
        return [row for row in wanted if is_installed(row) and not self.is_left_out(row)]

    def is_left_out(self, row: str) -> bool:
        return self.is_quick and sends_events(row) and "curl" not in row


QUICK: Final = {
    "rounds": 1,
    "failing": ("hanging",),
    "paced_seconds": 0.4,
    "rates": (500,),
    "is_quick": True,
}
