"""How many queues and relays a rate of events needs: `python benchmarks/queue_model.py`.

What an event costs is measured first, as `benchmarks/relay.py` does it, or given: `--costs RELAY
PUT TAKE BYTES`, in microseconds. A formula makes a plan of that for each rate: a Redis is busy for
half of the time, a relay for 70 %. Then the plan is simulated, in steps of 10 ms over six minutes:
events arrive by chance, web processes put them every 50 ms, relays take what their window allows
and send it as fast as their processor and the vendor's answer permit. After a minute the vendor is
down for a minute. The table shows what the simulation has found beside what the formula says.
"""

from __future__ import annotations

import argparse
import logging
import math
import random
import statistics
import sys
import tempfile
from collections import deque
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.relay import Costs, run
from tests.support.redis_server import redis_server

from footfall.relay.relay import CONNECTIONS

RATES = (1_000, 10_000, 100_000, 1_000_000)
REDIS_SHARE, RELAY_SHARE = 0.5, 0.7
STEP, SECONDS, OUTAGE = 0.01, 360.0, (60.0, 120.0)
PUT_EVERY = 0.05
ANSWER = 0.05
MAX_AGE = 300.0


@dataclass(frozen=True)
class Plan:
    """What a rate needs, by the formula."""

    queues: int
    relays: int
    bytes_after_outage: float

    @classmethod
    def of(cls, rate: float, costs: Costs, batch: int) -> Plan:
        queues = math.ceil(rate * (costs.redis_put_cpu + costs.redis_take_cpu) / REDIS_SHARE)
        one = min(RELAY_SHARE / costs.relay_cpu, RELAY_SHARE * CONNECTIONS * batch / ANSWER)
        # Each queue has relays of its own.
        relays = math.ceil(rate / queues / one) * queues
        return cls(queues, relays, rate * (OUTAGE[1] - OUTAGE[0]) * costs.memory)


@dataclass
class Found:
    """What one queue of a plan did."""

    redis_share: float
    # Seconds from a put to the vendor, before the outage: the median and the slowest hundredth.
    lag: float
    slow_lag: float
    most_bytes: float
    # Seconds after the outage until nothing waited for longer than a second.
    caught_up: float
    expired: int


def simulate(rate: float, relays: int, costs: Costs, batch: int, draw: random.Random) -> Found:
    """One queue with its share of the events and of the relays."""
    waiting: deque[tuple[float, int]] = deque()
    lags: list[float] = []
    unput = busy = carry = most = 0.0
    held = expired = 0
    caught_up = math.inf
    # What was sent, by the step in which the vendor answers; until then it fills the windows.
    answers: deque[int] = deque([0] * round(ANSWER / STEP))
    window = relays * 2 * CONNECTIONS * batch
    in_flight = 0
    for step in range(round(SECONDS / STEP)):
        now = step * STEP
        unput += max(0.0, draw.gauss(rate * STEP, math.sqrt(rate * STEP)))
        if step % round(PUT_EVERY / STEP) == 0 and unput >= 1:
            number = int(unput)
            waiting.append((now - PUT_EVERY / 2, number))
            held, unput = held + number, unput - number
            busy += number * costs.redis_put_cpu
        in_flight -= answers.popleft()
        is_down = OUTAGE[0] <= now < OUTAGE[1]
        carry = min(carry + STEP * relays / costs.relay_cpu, 2 * STEP * relays / costs.relay_cpu)
        can = 0 if is_down else min(int(carry), window - in_flight)
        sent = 0
        while waiting and sent < can:
            at, number = waiting[0]
            taken = min(number, can - sent)
            if now - at > MAX_AGE:
                expired += taken
            elif now < OUTAGE[0]:
                lags.append(now - at)
            waiting[0] = (at, number - taken)
            if taken == number:
                waiting.popleft()
            sent += taken
        carry -= sent
        held -= sent
        in_flight += sent
        answers.append(sent)
        busy += sent * costs.redis_take_cpu
        most = max(most, held * costs.memory)
        if now >= OUTAGE[1] and caught_up == math.inf and (not waiting or now - waiting[0][0] < 1):
            caught_up = now - OUTAGE[1]
    slow = statistics.quantiles(lags, n=100)[-1]
    lag = statistics.median(lags)
    return Found(busy / SECONDS, lag, slow, most, caught_up, expired)


def rows(costs: Costs, batch: int) -> None:
    for rate in RATES:
        plan = Plan.of(rate, costs, batch)
        own = simulate(
            rate / plan.queues, plan.relays // plan.queues, costs, batch, random.Random(rate)
        )
        print(
            f"| {rate:,}/s | {batch} | {plan.queues} | {plan.relays} | {own.redis_share:.0%} | "
            f"{own.lag:.2f} s, {own.slow_lag:.2f} s | {_size(plan.bytes_after_outage)}, "
            f"{_size(own.most_bytes * plan.queues)} | {own.caught_up:.0f} s | {own.expired} |",
            flush=True,
        )


def _size(number: float) -> str:
    return f"{number / 1e6:,.0f} MB"


def measured() -> list[tuple[Costs, int]]:
    """The costs of single events, and of a vendor that takes 500 at once."""
    with tempfile.TemporaryDirectory() as folder, redis_server(Path(folder)) as server:
        found = [(run(server, to, ANSWER, 20_000), batch) for to, batch in _KINDS]
    for costs, batch in found:
        print(
            f"{batch} in a request: relay {costs.relay_cpu * 1e6:.0f} µs, Redis "
            f"{costs.redis_put_cpu * 1e6:.2f} and {costs.redis_take_cpu * 1e6:.2f} µs, "
            f"{costs.memory:.0f} bytes"
        )
    return found


_KINDS = (("plausible", 1), ("clickhouse", 500))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = ("RELAY", "PUT", "TAKE", "BYTES")
    parser.add_argument("--costs", nargs=4, type=float, metavar=names, help="of a single event")
    options = parser.parse_args()
    logging.disable()
    if options.costs:
        relay, put, take, size = options.costs
        found = [(Costs(0, 0, relay / 1e6, put / 1e6, take / 1e6, size), 1)]
    else:
        found = measured()
    print("\n| events | in a request | queues | relays | Redis busy | lag: median, 1 % | ", end="")
    print("after a minute's outage: planned, found | caught up after | expired |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for costs, batch in found:
        rows(costs, batch)


if __name__ == "__main__":
    main()
