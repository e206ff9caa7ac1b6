"""Any queue of yours: a function of the site owner's takes packs of events as bytes."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self

from footfall.destinations import _validation
from footfall.destinations._wire_format import LONGEST_NAME_CHARS
from footfall.errors import ConfigError, Fault
from footfall.events.json import to_json
from footfall.events.pack import MAX_EVENTS, MAX_LINES
from footfall.model import ACCEPTED, Outcome, OutcomeKind, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from footfall.model import Event, Response


@dataclass(frozen=True)
class Queue:
    """Puts packs of up to 100 events (64 KiB) into a queue of yours, such as Celery's or Kafka's.

        Queue(put=lambda pack: deliver_pack.delay(pack))

    What takes them out again calls `footfall.relay.deliver(pack, destinations)`.

    Args:
        put: Called with a pack, in a background thread. It has to raise an exception if the pack is
            surely not in the queue: then it is called again later. Where that is not known, it
            raises `footfall.errors.Ambiguous`, and the events count as `unknown`.
        label: A name in counters and log lines, where there are several.
        heartbeats: Whether they are delivered to a destination that wants heartbeats.
        engagement: Whether they are delivered to a destination that takes engagement.
        keys: Where packs are to be encrypted, `ID:KEY`, with 32 random bytes in base64 as KEY;
            `deliver` has to be given the same. Needs the extra `[encryption]`.

    Raises:
        ConfigError: with a fault for each option that cannot work.
    """

    _: KW_ONLY
    put: Callable[[bytes], object]
    label: str = "queue"
    heartbeats: bool = False
    engagement: bool = False
    keys: str = field(default="", repr=False)
    max_batch: ClassVar[int] = MAX_EVENTS
    max_batch_bytes: ClassVar[int] = MAX_LINES
    # What takes the events out again cuts names for its destinations.
    max_name_chars: ClassVar[int] = LONGEST_NAME_CHARS

    def __post_init__(self) -> None:
        _validation.validate_options(
            self,
            put=_callable,
            label=_label,
            heartbeats=_validation.boolean,
            engagement=_validation.boolean,
            keys=_validation.encryption_keys,
        )

    @property
    def name(self) -> str:
        """`queue:<label>`."""
        return f"queue:{self.label}"

    @property
    def endpoint(self) -> str:
        """The same: only `put` knows where the queue is."""
        return self.name

    @property
    def queue(self) -> Self:
        """Itself: events of a destination with this member are put there and not posted."""
        return self

    def request(self, event: Event) -> Request:
        """The line of one event."""
        return Request(url=self.endpoint, headers={}, body=to_json(event).encode("ascii"))

    def batch_request(self, requests: Sequence[Request]) -> Request:
        """The lines of several events."""
        body = b"\n".join([request.body for request in requests])
        return Request(url=self.endpoint, headers={}, body=body)

    def read(self, response: Response) -> Outcome:
        """What became of a pack: 200 where `put` has returned, 503 with its exception."""
        if response.status == 200:
            return ACCEPTED
        detail = f"put() failed: {response.body.decode(errors='replace')}"
        return Outcome(kind=OutcomeKind.RETRY, detail=detail)

    def read_batch(self, response: Response, number: int) -> Sequence[Outcome]:
        """The same outcome for each event: a pack is taken as a whole."""
        return [self.read(response)] * number


def _callable(option: str, value: object) -> object:
    if callable(value):
        return value
    raise ConfigError(Fault(option, value, "give a function that takes bytes"))


def _label(option: str, value: object) -> str:
    if isinstance(value, str) and value.strip() and value.isprintable():
        return value.strip()
    raise ConfigError(Fault(option, value, "write a name"))
