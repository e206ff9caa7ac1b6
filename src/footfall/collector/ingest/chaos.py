"""Deliberate faults for a share of the events, to test how a sender copes with them.

    503:0.2,slow:2s,reset:0.1,seed:7

An item is a kind of fault, its value if it has one, and the share of the events that it hits (all
of them if left out):

    503        answers with that status, 300 to 599
    slow:2s    answers after that time, in `s` or `ms`
    hang       never answers
    drop       accepts the event and drops it, which the answer says as the vendor's would
    reset      breaks the connection
    seed:7     makes the same choices every time

The items are tried in their order; the first one that hits an event is the only one. No I/O; the
random choice is the one thing that is not pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final, Literal, NamedTuple, TypeAlias

from footfall.errors import ConfigError, Fault

Kind: TypeAlias = Literal["status", "slow", "hang", "drop", "reset"]

_EXAMPLE: Final = "503:0.2,slow:2s,reset:0.1"
_TIME = re.compile(r"(\d+(?:\.\d+)?)(ms|s)", re.ASCII)
_NUMBER = re.compile(r"\d+(?:\.\d+)?|\.\d+", re.ASCII)
# Senders time out long before.
_MAX_SECONDS: Final = 3_600.0


class ChaosFault(NamedTuple):
    """One kind of fault, and the share of the events (0 to 1) that it hits."""

    kind: Kind
    share: float = 1.0
    status: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        what = str(self.status) if self.kind == "status" else self.kind
        if self.kind == "slow":
            what += f" by {self.seconds:g} s"
        return f"{what} for {self.share:.0%}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chaos:
    """Faults in the order in which they are tried. A `seed` makes the same choices every time."""

    faults: tuple[ChaosFault, ...]
    seed: int | None = None

    def __str__(self) -> str:
        return ", ".join(map(str, self.faults))

    def chooser(self) -> Callable[[], ChaosFault | None]:
        """A function that chooses the fault of the next event, None for no fault."""
        # No secret depends on it.
        random = Random(self.seed)  # noqa: S311

        def choose() -> ChaosFault | None:
            return next((each for each in self.faults if random.random() < each.share), None)

        return choose


def parse_chaos(text: str) -> Chaos:
    """Parse a line such as `503:0.2,slow:2s,seed:7`.

    Raises:
        ConfigError: with a fault for each item that is invalid.
    """
    items = [item.strip() for item in text.split(",") if item.strip()]
    seeds = [item for item in items if item.startswith("seed:")]
    parsed = [_parse_item(item) for item in items if item not in seeds]
    errors = [each for each in parsed if isinstance(each, Fault)]
    errors += [
        Fault("chaos", item, "a seed is a whole number, such as seed:7")
        for item in seeds
        if not _is_whole(item.removeprefix("seed:"))
    ]
    faults = tuple(each for each in parsed if isinstance(each, ChaosFault))
    if not faults and not errors:
        errors.append(Fault("chaos", text, f"name a kind of fault, such as {_EXAMPLE}"))
    if errors:
        raise ConfigError(errors)
    return Chaos(faults=faults, seed=int(seeds[-1].removeprefix("seed:")) if seeds else None)


def _parse_item(item: str) -> ChaosFault | Fault:
    kind, *values = item.split(":")
    fault = _parse_kind(kind, values)
    if isinstance(fault, str):
        return Fault("chaos", item, fault)
    share = values.pop() if values else "1"
    if values or not _NUMBER.fullmatch(share) or float(share) > 1:
        return Fault("chaos", item, f"a share is a number up to 1, as in {_EXAMPLE}")
    return fault._replace(share=float(share))


def _parse_kind(kind: str, values: list[str]) -> ChaosFault | str:
    """The fault without its share, or a remedy. Removes from `values` what belongs to the kind."""
    if kind in ("hang", "drop", "reset"):
        return ChaosFault(kind)  # type: ignore[arg-type] # one of the literals
    if kind == "slow":
        return _parse_slow(values.pop(0) if values else "")
    if not _is_whole(kind):
        return f"the kinds are a status, slow, hang, drop and reset, as in {_EXAMPLE}"
    if not 300 <= int(kind[:9]) <= 599:
        return "a status is between 300 and 599"
    return ChaosFault("status", status=int(kind))


def _parse_slow(text: str) -> ChaosFault | str:
    found = _TIME.fullmatch(text)
    seconds = float(found[1]) / (1_000 if found[2] == "ms" else 1) if found else -1.0
    if not 0 <= seconds <= _MAX_SECONDS:
        return "say how slow, up to an hour: slow:2s or slow:250ms"
    return ChaosFault("slow", seconds=seconds)


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit()
