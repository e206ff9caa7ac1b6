"""The event pipeline, from the inbox to the lanes: `python benchmarks/pipeline.py [--quick]`.

Adapters make records of a small sample of a day's traffic: 100 pages, eight browsers, links from
searches, other sites, campaigns and the site's own pages. Each visitor views three pages, behind a
proxy on the app's machine. The pipeline takes the records out of the inbox, decides, builds events
and offers them to a lane that takes none of them. `--instructions` counts with valgrind.

`--parts` shows what each step takes, and what two destinations take for the request of an event:
hot, in turns of 32, and cold, one by one with 16 MB of other memory read before each of them, as an
app's own work lies between two hits.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice, repeat
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import instructions
from paired import Loop, measure, table

from footfall import asgi, wsgi
from footfall.common.clock import monotonic
from footfall.common.log import ThrottledLog
from footfall.delivery.transport import MemoryTransport
from footfall.destinations import Plausible, Swetrix
from footfall.model import Event
from footfall.request.record import Record, hit_of
from footfall.tracker import Tracker
from footfall.tracker.event_builder import EventBuilder

CHROME = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36"
SAFARI = "Mozilla/5.0 ({}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15"
BROWSERS = [
    CHROME.format("Windows NT 10.0; Win64; x64", 142),
    CHROME.format("Windows NT 10.0; Win64; x64", 141),
    CHROME.format("Macintosh; Intel Mac OS X 10_15_7", 142),
    CHROME.format("Linux; Android 10; K", 142),
    SAFARI.format("Macintosh; Intel Mac OS X 10_15_7"),
    SAFARI.format("iPhone; CPU iPhone OS 18_6 like Mac OS X"),
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
]
LANGUAGES = ["en-GB,en;q=0.9", "de-DE,de;q=0.9,en;q=0.8", "fr"]
# The referrer and the query of the visitor's first page; each further page follows the one before.
ARRIVALS = [
    ("https://www.google.com/", ""),
    ("https://news.example.org/item?id=1", ""),
    ("", ""),
    ("https://social.example.net/", "utm_source=social&utm_campaign=autumn"),
]
PAGES = 100
PAGES_A_VISIT = 3
# The pipeline takes that many records at a time.
TURN = 32
# As much as the caches of a processor hold that a program has for itself.
CACHE_BYTES = 16 * 2**20


def visits() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Path, query and headers of an endless sequence of page views."""
    number = 0
    while True:
        referrer, query = ARRIVALS[number % len(ARRIVALS)]
        for _ in range(PAGES_A_VISIT):
            path = f"/articles/{number * 7 % PAGES}"
            yield path, query, headers_of(number // PAGES_A_VISIT, referrer)
            referrer, query = f"https://example.com{path}", ""
            number += 1


def headers_of(visitor: int, referrer: str) -> dict[str, str]:
    address = f"198.51.{visitor // 250 % 250}.{visitor % 250 + 1}"
    headers = {
        "host": "example.com",
        "user-agent": BROWSERS[visitor % len(BROWSERS)],
        "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
        "accept-language": LANGUAGES[visitor % len(LANGUAGES)],
        "accept-encoding": "gzip, deflate, br, zstd",
        "connection": "keep-alive",
        "upgrade-insecure-requests": "1",
        "sec-fetch-dest": "document",
        "sec-fetch-mode": "navigate",
        "sec-fetch-site": "same-origin",
        "cookie": "sessionid=0123456789abcdef; csrftoken=0123456789abcdef",
        "x-forwarded-for": address,
        "x-forwarded-proto": "https",
    }
    return {**headers, "referer": referrer} if referrer else headers


def asgi_records(tracker: Tracker) -> Iterator[Record]:
    for path, query, headers in visits():
        scope: dict[str, Any] = {
            "type": "http",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 51234),
            "server": ("127.0.0.1", 8000),
        }
        response_headers = [(b"content-type", b"text/html; charset=utf-8")]
        yield asgi.exchange_of(tracker.recorder, scope).response_record(
            200, response_headers, monotonic()
        )


def wsgi_records(tracker: Tracker) -> Iterator[Record]:
    for path, query, headers in visits():
        environ = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.url_scheme": "http",
            **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
        }
        response_headers = [("Content-Type", "text/html; charset=utf-8")]
        yield wsgi.exchange_of(tracker.recorder, environ).response_record(
            200, response_headers, monotonic()
        )


class TakesNothing(Plausible):
    """A destination that takes none of the events that are offered to it."""

    def takes(self, event: Event) -> bool:
        return False


def tracker() -> Tracker:
    new_tracker = Tracker.from_options(
        {
            "destinations": [TakesNothing(domain="example.com")],
            "exclude": ["/static/**"],
            "transport": MemoryTransport(),
        }
    )
    # The inbox believes that the worker thread runs, so it starts none.
    new_tracker._inbox.awake_until = new_tracker._inbox._unpacked_until = float("inf")
    new_tracker._inbox._max_unpacked = 64
    return new_tracker


Records = Callable[[Tracker], Iterator[Record]]


def processing(records: Records, *, is_submitted: bool = True) -> Loop:
    """CPU seconds of the pipeline alone.

    With `is_submitted` False the records are made and not submitted; instruction counts of that
    are subtracted.
    """
    subject = tracker()
    traffic = records(subject)

    def loop(times: int) -> float:
        seconds = 0.0
        for turn in chain(repeat(TURN, times // TURN), [times % TURN]):
            for record in islice(traffic, turn):
                if is_submitted:
                    subject.recorder.submit(record, 0.0)
            started = process_time()
            subject.process_all()
            seconds += process_time() - started
        if subject.stats()["errors"]:
            raise RuntimeError("some hits could not be processed")
        return seconds

    return loop


ROWS: dict[str, Callable[[], Loop]] = {
    "a hit by way of ASGI": lambda: processing(asgi_records),
    "a hit by way of WSGI": lambda: processing(wsgi_records),
}
TRAFFIC: dict[str, Callable[[], Loop]] = {
    "a hit by way of ASGI": lambda: processing(asgi_records, is_submitted=False),
    "a hit by way of WSGI": lambda: processing(wsgi_records, is_submitted=False),
}


def instructions_of(name: str, *, is_quick: bool) -> float:
    """Instructions of the pipeline: those of a row, without those of its traffic."""
    rows, traffic_only = (
        instructions.per_call([__file__, "--row", kind, name], is_quick=is_quick)
        for kind in ("processed", "traffic")
    )
    if rows is None or traffic_only is None:
        raise RuntimeError(f"{name} does not run")
    return rows - traffic_only


RECORD = "the record"
Part = tuple[str, Callable[[Any], Any]]


def parts() -> dict[str, Part]:
    """By name each step, with the name of what it works on."""
    builder = EventBuilder(tracker().config, ThrottledLog())
    return {
        "the hit": (RECORD, lambda record: hit_of(record, 0.0)),
        "decision and event": ("the hit", lambda hit: builder.from_hit(hit).event),
        "Plausible's request": ("decision and event", Plausible(domain="example.com").request),
        "Swetrix's request": ("decision and event", Swetrix(pid="aB3dEfGh1jKl").request),
    }


def time_parts(steps: Mapping[str, Part], turn: int, turns: int, *, is_cold: bool) -> list[float]:
    """Microseconds of each step for one record, medians over so many turns of `turn` records."""
    traffic, other_memory = asgi_records(tracker()), bytearray(CACHE_BYTES)
    figures: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(turns):
        made: dict[str, list[Any]] = {RECORD: list(islice(traffic, turn))}
        for name, (source, work) in steps.items():
            if is_cold:
                bytes(other_memory)
            started = perf_counter()
            made[name] = [work(value) for value in made[source]]
            figures[name].append((perf_counter() - started) / turn * 1e6)
    return [statistics.median(values) for values in figures.values()]


def make_up_to(last: str, calls: int) -> None:
    """Make the value of the step `last`, and those before it, of so many records."""
    steps = parts()
    needed = [last]
    while needed[-1] in steps:
        needed.append(steps[needed[-1]][0])
    for record in islice(asgi_records(tracker()), calls):
        value: Any = record
        for name in reversed(needed[:-1]):
            value = steps[name][1](value)


def part_instructions(steps: Mapping[str, Part], *, is_quick: bool) -> list[float]:
    """Instructions of each step: those up to it, without those up to what it works on."""
    up_to = {
        name: instructions.per_call([__file__, "--row", "part", name], is_quick=is_quick)
        for name in (RECORD, *steps)
    }
    if None in up_to.values():
        raise RuntimeError("a part does not run")
    return [(up_to[name] or 0.0) - (up_to[source] or 0.0) for name, (source, _) in steps.items()]


def parts_table(*, is_quick: bool, counts: bool) -> str:
    steps, turns = parts(), 30 if is_quick else 300
    time_parts(steps, TURN, turns, is_cold=False)
    columns = {
        "hot, µs": time_parts(steps, TURN, turns, is_cold=False),
        "cold, µs": time_parts(steps, 1, turns, is_cold=True),
    }
    if counts:
        columns["instructions"] = part_instructions(steps, is_quick=is_quick)
    lines = [f"| {' | '.join(['part', *columns])} |", "|---|" + "---:|" * len(columns)]
    for name, *figures in zip(steps, *columns.values(), strict=True):
        cells = [f"{figure:,.1f}" if figure < 1_000 else f"{figure:,.0f}" for figure in figures]
        lines.append(f"| {' | '.join([name, *cells])} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the calls")
    parser.add_argument("--instructions", action="store_true", help="count them, with valgrind")
    parser.add_argument("--parts", action="store_true", help="each step by itself")
    parser.add_argument("--row", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.row:
        kind, name, calls = arguments.row
        gc.disable()
        if kind == "part":
            make_up_to(name, int(calls))
        else:
            (ROWS if kind == "processed" else TRAFFIC)[name]()(int(calls))
    elif arguments.parts:
        gc.disable()
        print(parts_table(is_quick=arguments.quick, counts=arguments.instructions))
    elif arguments.instructions:
        for name in ROWS:
            print(
                f"| {name} | {instructions_of(name, is_quick=arguments.quick):,.0f} |", flush=True
            )
    else:
        rows = {name: make() for name, make in ROWS.items()}
        figures = measure(rows, calls=640 if arguments.quick else 6_400, rounds=9)
        print(table("CPU of", figures, base="a hit by way of ASGI"))


if __name__ == "__main__":
    main()
