"""Trouble on purpose: what to do to which share of the events, so that a sender can be tried.

    503:0.2,slow:2s,reset:0.1,seed:7

An item is a kind, what it needs, and the share of events that it befalls (all where left out):

    503        answers with that status, 300 to 599
    slow:2s    answers after that time, in `s` or `ms`
    hang       never answers
    drop       answers as if all were well, says as the vendor does that the event was thrown away,
               and keeps nothing
    reset      breaks the connection
    seed:7     makes the same choices every time

Each event meets the items in their order; the first one that befalls it is the only one. Values in,
values out, but for the dice.
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
# Senders give up long before.
_MAX_SECONDS: Final = 3_600.0


class ChaosFault(NamedTuple):
    """One thing that befalls a share of the events."""

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
    """What befalls the events, in the order in which it is tried."""

    troubles: tuple[ChaosFault, ...]
    seed: int | None = None

    def __str__(self) -> str:
        return ", ".join(map(str, self.troubles))

    def dice(self) -> Callable[[], ChaosFault | None]:
        """A function that says what befalls the next event, None for nothing."""
        # Nothing secret depends on it.
        random = Random(self.seed)  # noqa: S311

        def throw() -> ChaosFault | None:
            return next((each for each in self.troubles if random.random() < each.share), None)

        return throw


def parse_chaos(text: str) -> Chaos:
    """The chaos that a line describes.

    Raises:
        ConfigError: with a fault for each item that says nothing.
    """
    items = [item.strip() for item in text.split(",") if item.strip()]
    seeds = [item for item in items if item.startswith("seed:")]
    read = [_read(item) for item in items if item not in seeds]
    faults = [each for each in read if isinstance(each, Fault)]
    faults += [
        Fault("chaos", item, "a seed is a whole number, such as seed:7")
        for item in seeds
        if not _is_whole(item.removeprefix("seed:"))
    ]
    troubles = tuple(each for each in read if isinstance(each, ChaosFault))
    if not troubles and not faults:
        faults.append(Fault("chaos", text, f"name some trouble, such as {_EXAMPLE}"))
    if faults:
        raise ConfigError(faults)
    return Chaos(troubles=troubles, seed=int(seeds[-1].removeprefix("seed:")) if seeds else None)


def _read(item: str) -> ChaosFault | Fault:
    kind, *values = item.split(":")
    trouble = _kind(kind, values)
    if isinstance(trouble, str):
        return Fault("chaos", item, trouble)
    share = values.pop() if values else "1"
    if values or not _NUMBER.fullmatch(share) or float(share) > 1:
        return Fault("chaos", item, f"a share is a number up to 1, as in {_EXAMPLE}")
    return trouble._replace(share=float(share))


def _kind(kind: str, values: list[str]) -> ChaosFault | str:
    """The trouble without its share, or a remedy. Takes out of `values` what it needs."""
    if kind in ("hang", "drop", "reset"):
        return ChaosFault(kind)  # type: ignore[arg-type] # one of the literals
    if kind == "slow":
        return _slow(values.pop(0) if values else "")
    if not _is_whole(kind):
        return f"the kinds are a status, slow, hang, drop and reset, as in {_EXAMPLE}"
    if not 300 <= int(kind[:9]) <= 599:
        return "a status that is trouble is between 300 and 599"
    return ChaosFault("status", status=int(kind))


def _slow(text: str) -> ChaosFault | str:
    found = _TIME.fullmatch(text)
    seconds = float(found[1]) / (1_000 if found[2] == "ms" else 1) if found else -1.0
    if not 0 <= seconds <= _MAX_SECONDS:
        return "say how slow, up to an hour: slow:2s or slow:250ms"
    return ChaosFault("slow", seconds=seconds)


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit()
