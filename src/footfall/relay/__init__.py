"""The relay: a process that takes events from a shared queue and delivers them.

The web processes put events into a stream of Redis or Valkey (`footfall.delivery.redis`), and do
nothing else. Any number of relays, on any machines, take them out. Its rules:

- Each destination is a consumer group of the stream, so that a dead vendor holds up no other.
- An entry is acknowledged before its events are sent, unless the destination recognises repeats. So
  what a relay that is killed had taken is lost: twice as many events as it has connections, and one
  entry, at most.
- An entry that only one of two relays may have is delivered by the one whose acknowledgement
  removed it, so a relay that was stopped for long and goes on sends nothing twice.
- For any other queue there is `deliver`, which a worker of it calls with one pack.
- Every event that was ever put is in exactly one counter of each group; `status` reads them.
"""

from footfall.relay.deliver_pack import deliver

__all__ = ["deliver"]
