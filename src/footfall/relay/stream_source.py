"""The stream as a source of events: what one relay takes from it, and what it drops."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from footfall.common.clock import monotonic
from footfall.common.log import ThrottledLog
from footfall.delivery.drainer import StoredLine
from footfall.delivery.outbox import Mode
from footfall.delivery.redis.client import RELAY_TIMEOUT_SECONDS, cipher_of_stream, connect
from footfall.delivery.redis.queue_keys import (
    ACK,
    COUNT,
    GIVE_BACK,
    JOIN,
    LEAVE,
    READ,
    REGISTER,
    RENEW,
    TAKE_BACK,
    QueueKeys,
)
from footfall.destinations import Destination, RedisStream, unwanted_names
from footfall.events.cipher import NONCE_BYTES
from footfall.events.json import VERSION, to_json
from footfall.events.pack import Pack, UnknownVersionError
from footfall.model import ENGAGEMENT, HEARTBEAT, Event
from footfall.relay.leases import Leases

if TYPE_CHECKING:
    from redis import Redis

_Entries: TypeAlias = Sequence[tuple[bytes, Mapping[bytes, bytes] | None]]

# An entry is acknowledged within moments of being read, unless its relay has died.
CLAIM_SECONDS: Final = 30.0
# How often a relay looks for such entries.
CLAIM_EVERY_SECONDS: Final = 5.0
# The relays that have read an entry and died of it, until it is given up.
MAX_READS: Final = 3
# Of the stream of what was given up.
MAX_DEAD: Final = 1_000
# Entries of one command. A hundred have 6 MB at most, uncompressed.
MAX_ENTRIES: Final = 100
# Clocks that agree this well are not corrected; a vendor's own time counts whole seconds.
MAX_SKEW_SECONDS: Final = 2.0
# A relay that was not seen for so long has died, and what it had taken is lost.
GONE_SECONDS: Final = 15.0
# After that its counters are added to those of the group.
FORGET_SECONDS: Final = 3600.0

# How the lines of events begin that count nothing.
_BEGINNINGS: Final = {
    name: json.dumps({"v": VERSION, "name": name}, separators=(",", ":"))[:-1]
    for name in (HEARTBEAT, ENGAGEMENT)
}


class _Read(NamedTuple):
    """An entry that was read and not yet acknowledged."""

    id: bytes
    pack: Pack
    lines: Sequence[str]
    read_at: float
    # Its acknowledgement got no answer.
    is_doubtful: bool = False


class StreamSource:
    """The stream of a queue, with one group for each destination.

    Args:
        queue: Where the stream is.
        destinations: Those that this relay delivers to.
        consumer: The name of this relay, which no other has.
        log: Where a warning is written of what cannot be read.
        modes: For each destination's name, whether an entry is acknowledged before its events are
            sent, or when they have ended.

    Raises:
        ConfigError: redis-py is not installed, or does not understand the URL.
    """

    def __init__(
        self,
        queue: RedisStream,
        destinations: Sequence[Destination],
        consumer: str,
        *,
        log: ThrottledLog,
        modes: Mapping[str, Mode],
    ) -> None:
        self.client: Redis = connect(queue, timeout_seconds=RELAY_TIMEOUT_SECONDS)
        self.consumer = consumer
        self._cipher = cipher_of_stream(queue)
        self._keys = QueueKeys(queue.stream)
        self._groups = [each.name for each in destinations]
        self._unwanted = {
            each.name: tuple(_BEGINNINGS[name] for name in unwanted_names(each))
            for each in destinations
        }
        self._max_age = queue.max_age_seconds
        self._log = log
        self.leases = {each: Leases(CLAIM_SECONDS) for each in self._groups}
        self._modes = modes
        # Entries whose events have ended and that are not acknowledged yet.
        self._ended: dict[str, list[tuple[bytes, int]]] = {each: [] for each in self._groups}
        self._read = self.client.register_script(READ)
        self._renew = self.client.register_script(RENEW)
        self._ack = self.client.register_script(ACK)
        self._give_back = self.client.register_script(GIVE_BACK)
        self._take_back = self.client.register_script(TAKE_BACK)
        self._register = self.client.register_script(REGISTER)
        self._count = self.client.register_script(COUNT)
        self._leave = self.client.register_script(LEAVE)
        self._join = self.client.register_script(JOIN)
        self.unregistered = {*self._groups}
        """The groups in which this relay has no account: none yet, or the server has lost it."""
        # Whose acknowledgement got no answer.
        self._undecided: dict[str, list[_Read]] = {}
        self._next_claim_at = dict.fromkeys(self._groups, 0.0)
        self._next_return_at = dict.fromkeys(self._groups, 0.0)
        self._skipped = dict.fromkeys(self._groups, 0)
        # The relays that seem to have died long ago, when they were seen, and since when we know.
        self._unseen: dict[str, dict[tuple[str, bytes], float]] = {
            each: {} for each in self._groups
        }
        # The server's time at a moment of our own clock, which no one sets.
        self._server_time = (0.0, 0.0)

    # -- in --------------------------------------------------------------------------------------

    def join(self) -> None:
        """Create the groups that are not there.

        Raises:
            redis.exceptions.RedisError: the server cannot be reached, or refuses.
        """
        self._read_time()
        for group in self._groups:
            self._create(group)

    def _create(self, group: str) -> None:
        from redis.exceptions import ResponseError

        keys = [self._keys.stream, self._keys.group_account(group), self._keys.account]
        try:
            self._join(keys=keys, args=[group])
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    def take(self, name: str, number: int) -> Sequence[StoredLine]:
        """The next events of a destination: about `number`, since an entry is not divided."""
        from redis.exceptions import ResponseError

        if name in self.unregistered:
            return []
        if returned := self._returned(name):
            return returned
        try:
            read = self._undecided.pop(name, None) or self._claimed(name) or self._new(name, number)
            accepted = self._accepted(name, read)
        except ResponseError as error:
            if "UNREGISTERED" in str(error):
                self.unregistered.add(name)
                # It was not done.
                self._undecided[name] = [
                    each._replace(is_doubtful=False) for each in self._undecided.get(name, [])
                ]
            elif _is_gone(error):
                self._create(name)
            else:
                raise
            return []
        return [event for each in accepted for event in self._events(name, each)]

    def _new(self, group: str, number: int) -> list[_Read]:
        reply = self._read(
            keys=[self._keys.stream], args=[group, self.consumer, number, MAX_ENTRIES]
        )
        entries = [
            (entry_id, dict(zip(fields[::2], fields[1::2], strict=True)))
            for entry_id, fields in reply
        ]
        return self._readable(group, entries)

    def _claimed(self, group: str) -> list[_Read]:
        """What another relay has read and never acknowledged, since it died."""
        now = monotonic()
        if now < self._next_claim_at[group]:
            return []
        self._next_claim_at[group] = now + CLAIM_EVERY_SECONDS
        idle = round(CLAIM_SECONDS * 1000)
        reply: Any = self.client.xautoclaim(
            self._keys.stream, group, self.consumer, idle, count=MAX_ENTRIES
        )
        entries = [
            each
            for each in reply[1]
            if each[1] is not None
            and not self.leases[group].is_open(each[0])
            and not self._is_poison(group, *each)
        ]
        return self._readable(group, entries)

    def _returned(self, group: str) -> list[StoredLine]:
        """What a relay has returned when it stopped; it is no other group's."""
        now = monotonic()
        if now < self._next_return_at[group]:
            return []
        keys = [self._keys.returned(group), self._keys.group_account(group)]
        entry: Any = self._take_back(keys=keys, args=[self.consumer])
        if entry is None:
            self._next_return_at[group] = now + CLAIM_EVERY_SECONDS
            return []
        number, server_ms, whole = entry.split(b" ", 2)
        pack = Pack.from_bytes(whole)
        try:
            lines = pack.lines(self._cipher)
        except UnknownVersionError as error:
            self._log.warn("version", f"footfall: events wait for another relay: {error}")
            self._next_return_at[group] = now + CLAIM_EVERY_SECONDS
            self._give_back(keys=keys, args=[self.consumer, int(number), entry, self._kept_ms])
            return []
        ahead = self._ahead(int(server_ms) / 1000, pack.put_at)
        return [StoredLine(line, ahead_seconds=ahead) for line in lines]

    def give_back(self, group: str, events: Sequence[Event]) -> None:
        """Return events that were taken and not sent; another relay delivers them.

        Raises:
            redis.exceptions.RedisError: the server cannot be reached, or is full.
        """
        keys = [self._keys.returned(group), self._keys.group_account(group)]
        for plain in Pack.several((to_json(each).encode("ascii") for each in events), time.time()):
            pack = plain
            if self._cipher is not None:
                pack = plain.encrypted(self._cipher, os.urandom(NONCE_BYTES))
            entry = returned_entry(pack, self._server_now())
            self._give_back(keys=keys, args=[self.consumer, pack.number, entry, self._kept_ms])

    @property
    def _kept_ms(self) -> int:
        return round(self._max_age * 2000)

    def _is_poison(self, group: str, entry_id: bytes, fields: Mapping[bytes, bytes]) -> bool:
        found = self._pending(group, entry_id, entry_id, 1)
        if not found or found[0]["times_delivered"] < MAX_READS:
            return False
        pack = Pack.from_fields(fields)
        is_known = pack.is_known(self._cipher)
        if is_known:
            self._give_up(group, entry_id, pack, f"{MAX_READS} relays have ended with it")
        return is_known

    def _readable(self, group: str, entries: _Entries) -> list[_Read]:
        now = monotonic()
        packs = [(entry_id, Pack.from_fields(fields or {})) for entry_id, fields in entries]
        return [
            _Read(entry_id, pack, lines, now)
            for entry_id, pack in packs
            if (lines := self._lines(group, entry_id, pack)) is not None
        ]

    def _lines(self, group: str, entry_id: bytes, pack: Pack) -> Sequence[str] | None:
        """The lines of an entry; None where they cannot be read here."""
        try:
            return pack.lines(self._cipher)
        except UnknownVersionError as error:
            # It stays pending: a relay of that version may claim it, and nobody has died of it.
            self.client.xclaim(
                self._keys.stream, group, self.consumer, 0, [entry_id], retrycount=0, justid=True
            )
            self._log.warn("version", f"footfall: an entry waits for another relay: {error}")
        except ValueError as error:
            self._give_up(group, entry_id, pack, str(error))
        return None

    def _accepted(self, group: str, read: list[_Read]) -> list[_Read]:
        """Acknowledge what was read; of these, what is ours to deliver."""
        if not read:
            return []
        if self._keeps_entries(group):
            for each in read:
                self.leases[group].open(each.id, each.pack.number)
            return read
        # Until an answer comes it is not known whether that was done.
        self._undecided[group] = [each._replace(is_doubtful=True) for each in read]
        entries = [(each.id, each.pack.number) for each in read]
        done = self._acknowledge(group, f"taken:{self.consumer}", entries, self.consumer)
        del self._undecided[group]
        now = monotonic()
        # If it is gone at the second try, the first one was done: no other relay claims it so soon.
        return [
            each
            for each, is_removed in zip(read, done, strict=True)
            if is_removed or (each.is_doubtful and now - each.read_at < CLAIM_SECONDS / 2)
        ]

    def _keeps_entries(self, group: str) -> bool:
        return self._modes[group] == "at_least_once"

    def _acknowledge(
        self, group: str, field: str, entries: Sequence[tuple[bytes, int]], consumer: str = ""
    ) -> Sequence[int]:
        """Remove entries from those that are pending, and count their events in a field.

        Returns:
            0 for each that was not pending any more.
        """
        keys = [self._keys.stream, self._keys.group_account(group)]
        parts = [part for entry in entries for part in entry]
        done: Sequence[int] = self._ack(keys=keys, args=[group, field, consumer, *parts])
        return done

    def _events(self, group: str, read: _Read) -> Iterator[StoredLine]:
        ahead = self._ahead(_seconds(read.id), read.pack.put_at)
        row = (group, read.id) if self._keeps_entries(group) else None
        for line in read.lines:
            if not line.startswith(self._unwanted[group]):
                yield StoredLine(line, row, ahead)
                continue
            self._skipped[group] += 1
            if row is not None:
                self.finish([row])

    def _ahead(self, server_time: float, put_at: float) -> float:
        """How far our clock is ahead of the one that showed `put_at` at this time of the server."""
        # After a jump of its clock the server's time may lie in the future.
        waited = max(0.0, self._server_now() - server_time)
        ahead = time.time() - waited - put_at
        # Whole seconds, so that a vendor which recognises repeats sees the same time again.
        return float(round(ahead)) if abs(ahead) > MAX_SKEW_SECONDS else 0.0

    def _server_now(self) -> float:
        at_server, at = self._server_time
        return at_server + monotonic() - at

    def _read_time(self) -> None:
        seconds, microseconds = self.client.time()
        self._server_time = seconds + microseconds / 1e6, monotonic()

    # -- what is dropped -------------------------------------------------------------------------

    def finish(self, rows: Sequence[Any]) -> None:
        """Note events that have ended; acknowledge the entries that have ended with them."""
        for group, leases in self.leases.items():
            own = [entry_id for of_group, entry_id in rows if of_group == group]
            ended = self._ended[group] + leases.end(own) if own else self._ended[group]
            if ended:
                # Until it is known to be done.
                self._ended[group] = ended
                self._acknowledge(group, f"taken:{self.consumer}", ended)
                self._ended[group] = []

    def purge(self) -> Iterator[tuple[str, str, int]]:
        """Drop what is too old, remove what all groups have done with, forget relays that died.

        It is counted in the accounts of the groups, and not in those of the lanes.
        """
        from redis.exceptions import ResponseError

        self._read_time()
        for group in self._groups:
            self._forget(group)
            self._renew_leases(group)
            try:
                self._expire(group)
                self._expire_pending(group)
            except ResponseError as error:
                if not _is_gone(error):
                    raise
                self._create(group)
        self._trim()
        yield from ()

    def _renew_leases(self, group: str) -> None:
        leases, began_at = self.leases[group], monotonic()
        if not (due := leases.due()):
            return
        kept = self._renew(keys=[self._keys.stream], args=[group, self.consumer, *due])
        for entry_id, is_kept in zip(due, kept, strict=True):
            if not is_kept:
                leases.drop(entry_id)
        leases.renewed(began_at)

    def _expire(self, group: str) -> None:
        """Count entries that nobody took in time, without decoding them."""
        oldest = self._server_now() - self._max_age
        while group in (groups := groups_of(self.client, self._keys.stream)):
            after = b"(" + groups[group]["last-delivered-id"]
            peeked: Any = self.client.xrange(self._keys.stream, after, count=MAX_ENTRIES)
            number = sum(_seconds(entry_id) < oldest for entry_id, _ in peeked)
            if not number:
                return
            reply: Any = self.client.xreadgroup(
                group, self.consumer, {self._keys.stream: ">"}, count=number
            )
            # Where another relay was faster, one that is younger waits to be claimed.
            self._count_expired(group, [e for e in reply[0][1] if _seconds(e[0]) < oldest])

    def _expire_pending(self, group: str) -> None:
        """The same for entries whose relay has died, or that no relay could read."""
        oldest = self._server_now() - self._max_age
        pending = self._pending(group, "-", f"{max(0.0, oldest) * 1000:.0f}", MAX_ENTRIES)
        old = [each["message_id"] for each in pending if each["time_since_delivered"] > 1000]
        found = [entry for entry_id in old for entry in self._entry(entry_id)]
        self._count_expired(
            group, [each for each in found if not self.leases[group].is_open(each[0])]
        )
        trimmed = {*old} - {entry_id for entry_id, _ in found}
        if trimmed:  # their number is what is missing in the account
            self._acknowledge(group, "trimmed", [(entry_id, 0) for entry_id in trimmed])

    def _entry(self, entry_id: bytes) -> _Entries:
        """The entry with this id, or none where it was removed."""
        found: Any = self.client.xrange(self._keys.stream, entry_id, entry_id)
        return [*found]

    def _count_expired(self, group: str, entries: _Entries) -> None:
        packs = [(entry_id, Pack.from_fields(fields or {})) for entry_id, fields in entries]
        expired = [(entry, pack.number) for entry, pack in packs if pack.is_known(self._cipher)]
        if expired:
            self._acknowledge(group, "expired", expired)
        for entry_id, pack in packs:
            if not pack.is_known(self._cipher):
                what = f"key {pack.key_id}" if pack.key_id else f"version {pack.version}"
                self._give_up(group, entry_id, pack, f"no relay knows {what}")

    def _give_up(self, group: str, entry_id: bytes, pack: Pack, reason: str) -> None:
        """Note an entry in the dead stream, without its body unless that is encrypted.

        It may hold visitors' addresses.
        """
        if not self._acknowledge(group, "dead", [(entry_id, pack.number)])[0]:
            return
        self._log.warn(
            "dead",
            f"footfall: an entry of {pack.number} events for {group} is given up: {reason}; see "
            "`footfall relay dead`",
        )
        note: Any = {
            "id": entry_id,
            "group": group,
            "reason": reason,
            "n": pack.number,
            "v": pack.version,
            "c": pack.codec,
            "bytes": len(pack.body),
        }
        if pack.key_id:
            note |= pack.fields()
        self.client.xadd(self._keys.dead, note, maxlen=MAX_DEAD)

    def _pending(
        self,
        group: str,
        first: bytes | str,
        last: bytes | str,
        count: int,
        consumer: str | None = None,
    ) -> Sequence[Mapping[str, Any]]:
        found: Any = self.client.xpending_range(
            self._keys.stream, group, first, last, count, consumername=consumer
        )
        return [*found]

    def _trim(self) -> None:
        """Remove the entries that every group has acknowledged."""
        groups = groups_of(self.client, self._keys.stream)
        done = [
            group["last-delivered-id"]
            if not group["pending"]
            else self._pending(name, "-", "+", 1)[0]["message_id"]
            for name, group in groups.items()
        ]
        if done:
            # The last one that all have stays, as its number tells what came before the next.
            self.client.xtrim(self._keys.stream, minid=min(done, key=_order), approximate=False)

    def _forget(self, group: str) -> None:
        """Close the accounts of relays that have died long ago."""
        account: Any = self.client.hgetall(self._keys.group_account(group))
        server_now, now = self._server_now(), monotonic()
        former, found = self._unseen.get(group, {}), {}
        for field, value in account.items():
            name, _, consumer = field.decode().partition(":")
            if name == "seen" and server_now - int(value) > FORGET_SECONDS:
                # After a jump of the server's clock a relay that lives is seen again at once.
                since = found[consumer, value] = former.get((consumer, value), now)
                if now - since > GONE_SECONDS:
                    self._close_account(group, consumer)
        self._unseen[group] = found

    # -- the account ---------------------------------------------------------------------------

    def register(self, group: str, outstanding: int) -> None:
        """Open the account of this relay in a group.

        Args:
            group: One of `unregistered`.
            outstanding: How many of its events are in memory: the server had lost the account.
        """
        self._register(keys=[self._keys.group_account(group)], args=[self.consumer, outstanding])
        self._skipped[group] = 0
        self.unregistered.discard(group)

    def count(self, group: str, ends: Mapping[str, int]) -> None:
        """Write down how this relay's events of a group have ended since it was registered."""
        counters = {**ends, "skipped": self._skipped[group]}
        parts = [part for counter in counters.items() for part in counter]
        keys = [self._keys.group_account(group)]
        if not self._count(keys=keys, args=[self.consumer, *parts]):
            self.unregistered.add(group)

    def leave(self) -> None:
        """Close the accounts of this relay. What it took and did not end is lost."""
        for group in self._groups:
            self._close_account(group, self.consumer)

    def _close_account(self, group: str, consumer: str) -> None:
        from redis.exceptions import ResponseError

        self._leave(keys=[self._keys.group_account(group)], args=[consumer])
        try:
            if not self._pending(group, "-", "+", 1, consumer):
                # What it has pending goes to another relay first.
                self.client.xgroup_delconsumer(self._keys.stream, group, consumer)
        except ResponseError as error:
            if not _is_gone(error):
                raise


def returned_entry(pack: Pack, server_time: float) -> bytes:
    """A pack among those that were returned, with the server's time at which it had its own."""
    return b"%d %d " % (pack.number, round(server_time * 1000)) + pack.to_bytes()


def groups_of(client: Redis, stream: str) -> dict[str, Mapping[str, Any]]:
    """The groups of a stream, by name; none where there is no stream."""
    from redis.exceptions import ResponseError

    try:
        found: Any = client.xinfo_groups(stream)
    except ResponseError as error:
        if not _is_gone(error):
            raise
        return {}
    return {each["name"].decode(): each for each in found}


def _is_gone(error: Exception) -> bool:
    """Whether there is no such group: the stream has expired, or was deleted or evicted."""
    text = str(error)
    return "NOGROUP" in text or "no such key" in text or "requires the key to exist" in text


def _order(entry_id: bytes) -> tuple[int, int]:
    milliseconds, _, number = entry_id.partition(b"-")
    return int(milliseconds), int(number or 0)


def _seconds(entry_id: bytes) -> float:
    """When an entry was put, by the server's clock."""
    return _order(entry_id)[0] / 1000
