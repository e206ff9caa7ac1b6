"""The keys of one queue, and the scripts that change several of them at once.

The name stands in braces, so that all keys of a queue are on one node of a cluster.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PUT: Final = """
-- KEYS: stream, account. ARGV: version, number, put at, codec, body, entries kept, age in ms.
-- XADD comes before what it could leave half done: a full server refuses it, and a wrong key.
local total = (redis.call('HGET', KEYS[2], 'produced') or 0) + ARGV[2]
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[6], '*', 'v', ARGV[1], 'n', ARGV[2],
                      's', ARGV[3], 'c', ARGV[4], 'b', ARGV[5], 't', total)
redis.call('HSET', KEYS[2], 'produced', total)
-- Addresses go even where no relay runs: those of a busy stream and those of one that has ended.
local time = redis.call('TIME')
local oldest = time[1] * 1000 + math.floor(time[2] / 1000) - ARGV[7]
redis.call('XTRIM', KEYS[1], 'MINID', string.format('%.0f', oldest))
redis.call('PEXPIRE', KEYS[1], ARGV[7])
return id
"""
"""Puts an entry into the stream. Its field `t` is how many events were ever put, with its own."""

READ: Final = """
-- KEYS: stream. ARGV: group, consumer, number of events, most entries.
local found, events = {}, 0
while events < tonumber(ARGV[3]) and #found < tonumber(ARGV[4]) do
    local reply = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', 1,
                             'STREAMS', KEYS[1], '>')
    if not reply then
        break
    end
    local entry = reply[1][2][1]
    found[#found + 1] = entry
    for i = 1, #entry[2], 2 do
        if entry[2][i] == 'n' then
            events = events + (tonumber(entry[2][i + 1]) or 0)
        end
    end
end
return found
"""
"""Reads new entries until they have so many events. The last one may have more than that.

`XREADGROUP` counts entries, and a killed relay must not lose a hundred times as much.
"""

ACK: Final = """
-- KEYS: stream, group account. ARGV: group, field, consumer or '', then id and number of entries.
if ARGV[3] ~= '' and redis.call('HEXISTS', KEYS[2], 'seen:' .. ARGV[3]) == 0 then
    return redis.error_reply('UNREGISTERED ' .. ARGV[3])
end
-- XACK is first: a full server takes it, and then it takes the others as well.
local done = {}
for i = 4, #ARGV, 2 do
    local is_pending = redis.call('XACK', KEYS[1], ARGV[1], ARGV[i])
    if is_pending == 1 then
        redis.call('HINCRBY', KEYS[2], ARGV[2], ARGV[i + 1])
    end
    done[#done + 1] = is_pending
end
return done
"""
"""Acknowledges entries that are pending in the group, and counts their events in a field.

Returns 0 for each entry that another relay has acknowledged. Does nothing for a consumer that has
no account, since the server has lost it.
"""

RENEW: Final = """
-- KEYS: stream. ARGV: group, consumer, then ids.
local kept = {}
for i = 3, #ARGV do
    local found = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2])
    if found[1] then
        redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'JUSTID')
    end
    kept[#kept + 1] = found[1] and 1 or 0
end
return kept
"""
"""Renews a consumer's lease on entries. Returns 0 for each that is not its own any more."""

GIVE_BACK: Final = """
-- KEYS: returned, group account. ARGV: consumer, number, entry, age in ms.
redis.call('RPUSH', KEYS[1], ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('HINCRBY', KEYS[2], 'taken:' .. ARGV[1], 0 - ARGV[2])
"""
"""Returns events that a relay has taken and did not send, as an entry for this group alone."""

TAKE_BACK: Final = """
-- KEYS: returned, group account. ARGV: consumer.
local entry = redis.call('LPOP', KEYS[1])
if entry then
    redis.call('HINCRBY', KEYS[2], 'taken:' .. ARGV[1], string.match(entry, '^%d+'))
end
return entry
"""
"""Takes what another relay has returned. The entry begins with the number of its events."""

LOOK: Final = """
-- KEYS: stream, account, group account, returned. ARGV: group.
local function number(fields, name)
    for i = 1, #fields, 2 do
        if fields[i] == name then
            return tonumber(fields[i + 1]) or 0
        end
    end
    return 0
end
local last, is_there = '0', false
local groups = redis.call('EXISTS', KEYS[1]) == 1 and redis.call('XINFO', 'GROUPS', KEYS[1]) or {}
for _, group in ipairs(groups) do
    for i = 1, #group, 2 do
        if group[i] == 'name' and group[i + 1] ~= ARGV[1] then
            break
        elseif group[i] == 'last-delivered-id' then
            last, is_there = group[i + 1], true
        end
    end
end
local produced = tonumber(redis.call('HGET', KEYS[2], 'produced') or 0)
local waiting, oldest = 0, '0'
local following = redis.call('XRANGE', KEYS[1], '(' .. last, '+', 'COUNT', 1)[1]
if following then
    oldest = following[1]
    waiting = produced - number(following[2], 't') + number(following[2], 'n')
end
for _, entry in ipairs(redis.call('LRANGE', KEYS[4], 0, -1)) do
    waiting = waiting + tonumber(string.match(entry, '^%d+'))
end
local pending, first, page = 0, '-', {}
repeat
    page = is_there and redis.call('XPENDING', KEYS[1], ARGV[1], first, '+', 1000) or {}
    for _, each in ipairs(page) do
        local entry = redis.call('XRANGE', KEYS[1], each[1], each[1])[1]
        pending = pending + (entry and number(entry[2], 'n') or 0)
        first = '(' .. each[1]
    end
until #page < 1000
return {produced, redis.call('HGETALL', KEYS[3]), oldest, waiting, pending}
"""
"""Reads the account of a group: what was put, its counters, the id of the oldest entry that waits,
and how many events wait and are pending.

At one moment, and also from a server that is full, which refuses `MULTI`.
"""

REPLAY: Final = """
-- KEYS: dead, returned, group account. ARGV: note, number, entry, age in ms.
if redis.call('XDEL', KEYS[1], ARGV[1]) == 1 then
    redis.call('RPUSH', KEYS[2], ARGV[3])
    redis.call('PEXPIRE', KEYS[2], ARGV[4])
    redis.call('HINCRBY', KEYS[3], 'dead', 0 - ARGV[2])
    return 1
end
return 0
"""
"""Returns an entry that was given up to its group. Returns 0 where somebody else has done so."""

REGISTER: Final = """
-- KEYS: group account. ARGV: consumer, number.
redis.call('HSET', KEYS[1], 'seen:' .. ARGV[1], redis.call('TIME')[1], 'taken:' .. ARGV[1], ARGV[2])
redis.call('HINCRBY', KEYS[1], 'before', 0 - ARGV[2])
"""
"""Opens the account of a consumer. What it has taken before is added to what was put."""

COUNT: Final = """
-- KEYS: group account. ARGV: consumer, then name and value of each of its counters.
redis.call('HDEL', KEYS[1], '') -- see ACK
if redis.call('HEXISTS', KEYS[1], 'seen:' .. ARGV[1]) == 0 then
    return 0
end
for i = 2, #ARGV, 2 do
    redis.call('HSET', KEYS[1], ARGV[i] .. ':' .. ARGV[1], ARGV[i + 1])
end
redis.call('HSET', KEYS[1], 'seen:' .. ARGV[1], redis.call('TIME')[1])
return 1
"""
"""Sets a consumer's own counters, so that doing it twice changes nothing, and when it was seen.

Returns 0, and does nothing, where the consumer has no account.
"""

LEAVE: Final = """
-- KEYS: group account. ARGV: consumer.
local fields = redis.call('HGETALL', KEYS[1])
local ending = ':' .. ARGV[1]
local lost = 0
for i = 1, #fields, 2 do
    local field, value = fields[i], fields[i + 1]
    if string.sub(field, -#ending) == ending then
        local name = string.sub(field, 1, -#ending - 1)
        redis.call('HDEL', KEYS[1], field)
        if name == 'taken' then
            lost = lost + value
        elseif name ~= 'seen' then
            lost = lost - value
            redis.call('HINCRBY', KEYS[1], name, value)
        end
    end
end
if lost ~= 0 then
    redis.call('HINCRBY', KEYS[1], 'lost', lost)
end
"""
"""Adds a consumer's counters to those of its group. What it took and never ended is lost."""

JOIN: Final = """
-- KEYS: stream, group account, account. ARGV: group.
-- What was put before the oldest entry that this group can read is not its own.
redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
local before = redis.call('HGET', KEYS[3], 'produced') or '0'
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
if first then
    local fields = {}
    for i = 1, #first[2], 2 do
        fields[first[2][i]] = first[2][i + 1]
    end
    before = fields['t'] - fields['n']
end
redis.call('HSETNX', KEYS[2], 'before', before)
redis.call('HSET', KEYS[3], 'group:' .. ARGV[1], 1)
"""
"""Creates a group that reads all that is there, and notes how many events came before that.

The group ends with the stream, which expires; that there was one stays in the account.
"""


@dataclass(frozen=True, slots=True)
class QueueKeys:
    """The names of one queue's keys.

    Args:
        name: Of the queue.
    """

    name: str

    @property
    def stream(self) -> str:
        """The entries that wait, and the groups with their pending entries."""
        return f"footfall:{{{self.name}}}:stream"

    @property
    def account(self) -> str:
        """A hash with the number of events that were ever put, and the names of the groups."""
        return f"footfall:{{{self.name}}}:account"

    @property
    def dead(self) -> str:
        """A stream of what could not be delivered because it could not be read."""
        return f"footfall:{{{self.name}}}:dead"

    def budget(self, period: str) -> str:
        """How many events the web processes have used in a day or a month."""
        return f"footfall:{{{self.name}}}:budget:{period}"

    def returned(self, group: str) -> str:
        """A list of what relays have taken from a group, and returned when they stopped."""
        return f"footfall:{{{self.name}}}:returned:{group}"

    def group_account(self, group: str) -> str:
        """A hash with the counters of one group."""
        return f"footfall:{{{self.name}}}:group:{group}"
