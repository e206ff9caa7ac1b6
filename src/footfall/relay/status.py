"""The account of a queue: what became of every event that was put into it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from footfall.delivery.redis.queue_keys import LOOK, REPLAY, QueueKeys
from footfall.destinations import RedisStream
from footfall.events.pack import Pack
from footfall.relay.stream_source import GONE_SECONDS, groups_of, returned_entry

if TYPE_CHECKING:
    from redis import Redis

ENDS: Final = (
    "accepted",
    "dropped_by_vendor",
    "rejected",
    "expired",
    "failed",
    "unknown",
    "skipped",
    "dead",
    "lost",
)
"""How an event can have ended in a group."""
STATES: Final = ("trimmed", "in_flight", "pending", "waiting")
"""What else an event can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """One relay, as a group sees it."""

    name: str
    # Events that it has taken and not ended.
    in_flight: int
    # Since it wrote its account.
    seen_seconds_ago: float
    is_alive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupStatus:
    """The account of one destination, in events.

    `produced` and `repeated` are the sum of the others.
    """

    name: str
    produced: int
    ends: Mapping[str, int]
    # Ended twice, since a relay that was killed had sent them.
    repeated: int
    # In the memory of relays that live.
    in_flight: int
    # Read and not acknowledged.
    pending: int
    # Not read by any relay.
    waiting: int
    # Removed before any relay has read them: too old, or too many; or the server has lost them.
    trimmed: int
    # Of the oldest event that waits.
    age_seconds: float
    consumers: Sequence[Consumer]

    @property
    def numbers(self) -> dict[str, int]:
        """Everything that an event may be in this group; the sum is `produced` and `repeated`."""
        return {**self.ends, **{state: getattr(self, state) for state in STATES}}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStatus:
    """A queue, and each of its groups."""

    stream: str
    produced: int
    entries: int
    dead_entries: int
    groups: Sequence[GroupStatus] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """The same as numbers, texts, lists and maps; of a group the ends are beside the rest."""
        found = asdict(self)
        for group in found["groups"]:
            group.update(group.pop("ends"))
        return found


def read_status(client: Redis, stream: str) -> QueueStatus:
    """Read the account of a queue.

    Raises:
        redis.exceptions.RedisError: the server cannot be reached, or refuses.
    """
    keys = QueueKeys(stream)
    # No transaction: a server that is full takes none.
    pipeline = client.pipeline(transaction=False)
    pipeline.hgetall(keys.account)
    pipeline.xlen(keys.stream)
    pipeline.xlen(keys.dead)
    pipeline.time()
    account, entries, dead, (seconds, microseconds) = pipeline.execute()
    names = {
        field.removeprefix(b"group:").decode() for field in account if field.startswith(b"group:")
    }
    names |= groups_of(client, keys.stream).keys()  # the server may have evicted the account alone
    now = seconds + microseconds / 1e6
    return QueueStatus(
        stream=stream,
        produced=int(account.get(b"produced", 0)),
        entries=entries,
        dead_entries=dead,
        groups=[_group(client, keys, each, now) for each in sorted(names)],
    )


def _group(client: Redis, keys: QueueKeys, name: str, now: float) -> GroupStatus:
    look: Any = client.register_script(LOOK)
    own_keys = [keys.stream, keys.account, keys.group_account(name), keys.returned(name)]
    total, account, oldest, waiting, pending = look(keys=own_keys, args=[name])
    counters, by_consumer = _split(account)
    consumers = [_consumer(each, found, now) for each, found in by_consumer.items()]
    ends = Counter({end: counters[end] for end in ENDS})
    for found in by_consumer.values():
        ends.update({end: found[end] for end in ENDS})
    ends["lost"] += sum(each.in_flight for each in consumers if not each.is_alive)
    # With `at_least_once` an entry is pending until all of its events have ended. What had ended
    # when its relay died is sent again.
    ends["repeated"] = max(0, -ends["lost"])
    ends["lost"] = max(0, ends["lost"])
    own = total - counters["before"]
    put_at = int(oldest.partition(b"-")[0]) / 1000
    in_flight = sum(each.in_flight for each in consumers if each.is_alive)
    if in_flight < 0:
        in_flight, pending = 0, pending + in_flight
    known = sum(ends.values()) - 2 * ends["repeated"] + in_flight + pending + waiting
    return GroupStatus(
        name=name,
        produced=own,
        ends={end: ends[end] for end in ENDS},
        repeated=ends["repeated"],
        in_flight=in_flight,
        pending=pending,
        waiting=waiting,
        trimmed=own - known,
        age_seconds=round(max(0.0, now - put_at), 1) if put_at else 0.0,
        consumers=consumers,
    )


def _split(account: Sequence[bytes]) -> tuple[Counter[str], dict[str, Counter[str]]]:
    """The counters of a group, and those of each of its consumers."""
    own: Counter[str] = Counter()
    by_consumer: dict[str, Counter[str]] = {}
    for field_name, value in zip(account[::2], account[1::2], strict=True):
        name, separator, consumer = field_name.decode().partition(":")
        counters = by_consumer.setdefault(consumer, Counter()) if separator else own
        counters[name] = int(value)
    return own, by_consumer


def _consumer(name: str, found: Counter[str], now: float) -> Consumer:
    ago = now - found["seen"]
    return Consumer(
        name=name,
        in_flight=found["taken"] - sum(found[end] for end in ENDS),
        seen_seconds_ago=round(ago, 1),
        is_alive=ago < GONE_SECONDS,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadEntry:
    """The note on an entry that was given up."""

    id: str
    group: str
    reason: str
    events: int
    # By the server's clock, as `2026-11-30T07:00:45Z`.
    put_at: str
    given_up_at: str
    version: int
    codec: str
    # With which its body is encrypted; empty where it is not.
    key_id: str
    bytes: int
    # Its body was encrypted, so that it was kept, and can be delivered again.
    is_kept: bool


def read_dead(client: Redis, stream: str, count: int) -> list[DeadEntry]:
    """The notes on entries that were given up, the newest first. No body is in them.

    Raises:
        redis.exceptions.RedisError: the server cannot be reached, or refuses.
    """
    found: Any = client.xrevrange(QueueKeys(stream).dead, count=count)
    return [_dead_entry(note_id, fields) for note_id, fields in found]


def _dead_entry(note_id: bytes, fields: Mapping[bytes, bytes]) -> DeadEntry:
    note = {name.decode(): value.decode() for name, value in fields.items() if name != b"b"}
    return DeadEntry(
        id=note["id"],
        group=note["group"],
        reason=note["reason"],
        events=int(note["n"]),
        put_at=_time_of(note["id"]),
        given_up_at=_time_of(note_id.decode()),
        version=int(note["v"]),
        codec=note["c"],
        key_id=Pack.from_fields(fields).key_id,
        bytes=int(note["bytes"]),
        is_kept=b"b" in fields,
    )


def _time_of(entry_id: str) -> str:
    seconds = int(entry_id.partition("-")[0]) / 1000
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def replay_dead(client: Redis, queue: RedisStream) -> tuple[int, int]:
    """Return what was given up to its groups, where it was kept; they deliver it unless too old.

    Returns:
        How many events, and how many entries that were not kept.

    Raises:
        redis.exceptions.RedisError: the server cannot be reached, or refuses.
    """
    keys, replay = QueueKeys(queue.stream), client.register_script(REPLAY)
    found: Any = client.xrange(keys.dead)
    events = 0
    for note_id, note in found:
        if b"b" in note:
            pack, group = Pack.from_fields(note), note[b"group"].decode()
            put_at = int(note[b"id"].partition(b"-")[0]) / 1000
            age = round(queue.max_age_seconds * 2000)
            arguments = [note_id, pack.number, returned_entry(pack, put_at), age]
            own = [keys.dead, keys.returned(group), keys.group_account(group)]
            events += pack.number * replay(keys=own, args=arguments)
    return events, sum(b"b" not in note for _, note in found)
