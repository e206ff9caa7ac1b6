"""No text from outside takes more than linear time: every endpoint and every field.

The work for 32 KiB of a repeated piece is compared with that for 1 KiB in the same process, in
processor time. What grows with the square of the length takes 1,000 times the work, and fails.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Any, Final, NamedTuple, TypeAlias
from urllib.parse import quote, urlencode

import pytest
from starlette.applications import Starlette

from footfall.collector import Store
from footfall.collector.app import create_app
from footfall.collector.storage.sites import RegisteredGoal
from tests.collector.storage.support import enqueue
from tests.collector.support import FIREFOX, PAGEVIEW, PID, incoming_event
from tests.support.hit_reports import report_body

pytestmark = pytest.mark.long

KIB: Final = 1_024
LONG: Final = 32
# What expressions and loops backtrack over, and what each parser takes for a separator.
PIECES: Final = (
    *("cp", "a.", "\n", " ", "\0", "%", "%C3%A9", "&", "=", "a=1&", ",", ";", "[", '"', "\\", "/"),
    *(
        ".",
        "-",
        "@",
        ":",
        "|",
        "*a",
        "for=",
        "bot ",
        "compatible; ",
        "é",
        "e\u0301",
        "😀",
        "\ud800",
    ),
)
# How much faster than the length the work may grow, as clocks and caches are not exact.
FACTOR: Final = 3
NOISE_SECONDS: Final = 0.000_1
# What 32 KiB may take in any case: they are read, decoded and copied a few dozen times.
FLOOR_SECONDS: Final = 0.015
# What they may thus take whatever 1 KiB takes, which need not be measured then.
MAY_TAKE_SECONDS: Final = LONG * FACTOR * NOISE_SECONDS + FLOOR_SECONDS
# The times above are of a machine that counts so far in half a millisecond.
COUNTED: Final = 10_000
COUNTING_SECONDS: Final = 0.000_5
TRIES: Final = 4

JSON: Final = {"content-type": "application/json"}
FORM: Final = {"content-type": "application/x-www-form-urlencoded"}
MULTIPART: Final = {"content-type": "multipart/form-data; boundary=x"}
SWETRIX: Final = {"pid": PID, "pg": "/"}
STATS: Final = {"site_id": "a.test", "period": "7d", "metrics": "visitors"}
QUERY: Final = {"site_id": "a.test", "date_range": "7d", "metrics": ["visitors"]}
GOALS: Final = "/api/v1/sites/goals"
GOAL: Final = {"site_id": "a.test", "goal_type": "event", "event_name": "x"}


class Sent(NamedTuple):
    """A request: `target` is path and query, percent-encoded."""

    method: str
    target: str
    headers: Mapping[str, str] = {}
    body: bytes = b""


VISITORS: Final = (f"{a}.{b}" for a in range(256) for b in range(256))

Fields: TypeAlias = Callable[[str], Any]
Build: TypeAlias = Callable[[str], Sent]


def json_to(path: str, fields: Fields, method: str = "POST") -> Build:
    return lambda text: Sent(method, path, JSON, as_json(fields(text)))


def form_to(path: str, fields: Fields) -> Build:
    return lambda text: Sent("POST", path, FORM, encoded(fields(text)).encode())


def raw_to(path: str, content_type: str) -> Build:
    return lambda text: Sent("POST", path, {"content-type": content_type}, as_bytes(text))


def header_to(path: str, body: object, name: str) -> Build:
    def build(text: str) -> Sent:
        # The server has refused control characters.
        value = as_bytes(text).decode("latin-1").translate({0: " ", 10: " "})
        return Sent("POST", path, {**JSON, name: value}, as_json(body))

    return build


def parameter_of(path: str, name: str, others: Mapping[str, str] = {}, before: str = "") -> Build:
    return lambda text: Sent("GET", f"{path}?{encoded({**others, name: before + text})}")


def path_below(path: str) -> Build:
    return lambda text: Sent("GET", path + quote(text, safe="/", errors="replace"))


def field_in(fields: Mapping[str, Any], name: str, before: str = "") -> Fields:
    return lambda text: {**fields, name: before + text}


def inside(outer: Mapping[str, Any], name: str, fields: Fields) -> Fields:
    return lambda text: {**outer, name: fields(text)}


def as_json(value: object) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half a surrogate pair can only be sent as an escape
        return json.dumps(value).encode()


def as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def encoded(fields: Mapping[str, str]) -> str:
    return urlencode(fields, errors="replace")


def plausible_cases() -> Iterator[tuple[str, Build]]:
    path = "/api/event"
    for name in ("name", "url", "domain", "referrer", "props", "h", "sd", "e", "revenue", "i"):
        yield f"json {name}", json_to(path, field_in(PAGEVIEW, name))
        yield f"form {name}", form_to(path, field_in(PAGEVIEW, name))
    for before in ("", "utm_source=", "utm_medium=", "utm_campaign="):
        url = f"https://a.test/?{before}"
        yield f"query {before}", json_to(path, field_in(PAGEVIEW, "url", url))
    yield "prop key", json_to(path, inside(PAGEVIEW, "props", lambda text: {text: "x"}))
    yield "prop value", json_to(path, inside(PAGEVIEW, "props", lambda text: {"x": text}))
    for name in ("amount", "currency"):
        money = field_in({"amount": "1", "currency": "EUR"}, name)
        yield name, json_to(path, inside(PAGEVIEW, "revenue", money))
    for kind in (*JSON.values(), *FORM.values(), "text/plain"):
        yield f"raw {kind}", raw_to(path, kind)


def swetrix_cases() -> Iterator[tuple[str, Build]]:
    texts = ("pid", "pg", "ref", "so", "me", "ca", "te", "co", "qs", "profileId", "lc", "meta")
    for name in texts:
        yield f"json {name}", json_to("/log", field_in(SWETRIX, name))
        yield f"form {name}", form_to("/log", field_in(SWETRIX, name))
    yield "ev", json_to("/log/custom", field_in(SWETRIX, "ev"))
    yield "meta key", json_to("/log", inside(SWETRIX, "meta", lambda text: {text: "x"}))
    yield "meta value", json_to("/log", inside(SWETRIX, "meta", lambda text: {"x": text}))
    yield "a list", json_to("/log", inside(SWETRIX, "so", lambda text: [text, *text[:1_000]]))
    for kind in (*JSON.values(), *FORM.values()):
        yield f"raw {kind}", raw_to("/log", kind)


def report_cases() -> Iterator[tuple[str, Build]]:
    path, body = "/api/v1/hits", report_body()
    uncounted = {**body, "tracked": False}
    for name in ("name", "url", "referrer", "client_ip", "user_agent"):
        yield (
            f"event {name}",
            json_to(path, inside(uncounted, "event", field_in(body["event"], name))),
        )
    for name in ("domain", "reason"):
        yield name, json_to(path, field_in(body, name))
    request = body["request"]
    for name in ("url", "body"):
        yield f"request {name}", json_to(path, inside(body, "request", field_in(request, name)))
    headers = inside(request, "headers", lambda text: {"user-agent": text, text: "x"})
    yield "headers", json_to(path, inside(body, "request", headers))
    yield (
        "step",
        json_to(path, inside(body, "decision", lambda text: {"steps": [[text, text, text]]})),
    )
    yield "raw", raw_to(path, "application/json")


def batch_cases() -> Iterator[tuple[str, Build]]:
    path, event = "/api/v1/events/batch", {**PAGEVIEW, "user_agent": FIREFOX, "client_ip": "x"}
    for name in ("name", "url", "domain", "user_agent", "client_ip", "language", "headers"):
        yield name, json_to(path, one_item(field_in(event, name)))
    yield "headers", json_to(path, one_item(inside(event, "headers", lambda text: {text: text})))
    yield "items", json_to(path, lambda text: many_of(event, text))
    for kind in ("application/x-ndjson", *JSON.values()):
        yield f"raw {kind}", raw_to(path, kind)


def one_item(fields: Fields) -> Fields:
    return lambda text: [fields(text)]


def header_cases() -> Iterator[tuple[str, Build]]:
    names = (
        *("user-agent", "accept", "content-type", "content-encoding", "host", "origin", "referer"),
        *("cookie", "via", "authorization", "x-plausible-ip", "b-forwarded-for", "forwarded"),
        *("x-forwarded-for", "x-client-ip-address", "x-plausible-ip-type", "cf-ipcountry"),
    )
    for name in names:
        yield f"plausible {name}", header_to("/api/event", PAGEVIEW, name)
        yield f"swetrix {name}", header_to("/log", SWETRIX, name)

    def named(text: str) -> Sent:
        return Sent("POST", "/log", {**JSON, quote(text, errors="replace"): "1"}, as_json(SWETRIX))

    def many(text: str) -> Sent:
        headers = {f"x-{number}": "x" for number in range(len(text) // 8)}
        return Sent("POST", "/log", {**JSON, **headers}, as_json(SWETRIX))

    yield "a name", named
    yield "many", many


def page_cases() -> Iterator[tuple[str, Build]]:
    parameters = {
        "/": ("domain", "source", "page", "prop:x", "period", "from", "metric", "more", "x"),
        "/live": ("q", "domain", "show", "token"),
        "/api/v1/events": ("name", "domain", "path", "reason", "status", "limit", "after"),
        "/api/v1/hits": ("domain", "path", "reason", "after"),
        "/api/v1/stats": ("period", "domain"),
        "/api/v1/sites": ("after", "limit", "team_id"),
        "/api/v1/events/": ("site_id",),
        "/share/a.test": ("auth",),
    }
    for path, names in parameters.items():
        for name in names:
            yield f"{path} {name}", parameter_of(path, name)
    for path in ("/", "/live/", "/static/", "/api/v1/sites/", "/share/", "/api/v1/events/"):
        yield f"below {path}", path_below(path)


def stats_cases() -> Iterator[tuple[str, Build]]:
    path = "/api/v1/stats"
    for name in ("site_id", "period", "date", "metrics", "filters", "interval", "compare"):
        yield f"v1 {name}", parameter_of(f"{path}/timeseries", name, STATS)
    for before in ("event:page==", "event:goal==", "event:props:a==", "visit:source!="):
        yield f"v1 {before}", parameter_of(f"{path}/aggregate", "filters", STATS, before)
    yield "v1 property", parameter_of(f"{path}/breakdown", "property", STATS)
    for name, fields in V2.items():
        yield f"v2 {name}", json_to("/api/v2/query", inside_query(fields))
    for kind in (*JSON.values(), *FORM.values(), *MULTIPART.values()):
        yield f"v2 raw {kind}", raw_to("/api/v2/query", kind)
    for name in ("site_id", "goal_type", "event_name", "page_path", "display_name"):
        yield f"goal {name}", json_to(GOALS, field_in(GOAL, name), "PUT")
    for name in ("domain", "timezone", "team_id"):
        yield f"site {name}", json_to("/api/v1/sites", field_in({"domain": "x"}, name))
    yield "multipart", lambda text: Sent("PUT", GOALS, MULTIPART, part_of(text))
    yield "many parts", lambda text: Sent("PUT", GOALS, MULTIPART, part_of("x") * (len(text) // 64))
    yield "boundary", boundary


def part_of(text: str) -> bytes:
    head = b'--x\r\nContent-Disposition: form-data; name="' + as_bytes(text) + b'"\r\n\r\n'
    return head + as_bytes(text) + b"\r\n--x--\r\n"


def boundary(text: str) -> Sent:
    parameters = quote(text, safe="; =\"'*,", errors="replace")
    return Sent("PUT", GOALS, {"content-type": f"multipart/form-data; {parameters}"}, b"--x--")


def inside_query(fields: Fields) -> Fields:
    return lambda text: {**QUERY, **fields(text)}


def many_of(name: object, text: str) -> list[Any]:
    """As many as fit into a body of the length of the text."""
    return [name] * (len(text) // (len(json.dumps(name)) + 2))


def negated(text: str) -> Any:
    inner: Any = ["is", "event:page", ["/"]]
    for _ in range(min(len(text) // 9, 90)):
        inner = ["not", inner]
    return inner


V2: Final[Mapping[str, Fields]] = {
    "metric": lambda text: {"metrics": [text]},
    "metrics": lambda text: {"metrics": many_of("visitors", text)},
    "unknown metrics": lambda text: {"metrics": many_of("x", text)},
    "orders": lambda text: {
        "metrics": many_of("visitors", text),
        "order_by": many_of(["pageviews", "desc"], text),
    },
    "dimension": lambda text: {"dimensions": [text]},
    "dimensions": lambda text: {"dimensions": many_of("event:page", text)},
    "date": lambda text: {"date_range": [text, text]},
    "operator": lambda text: {"filters": [[text, "event:page", ["/"]]]},
    "filtered": lambda text: {"filters": [["is", text, ["/"]]]},
    "value": lambda text: {"filters": [["is", "event:page", [text]]]},
    "wildcard": lambda text: {"filters": [["matches_wildcard", "event:page", [text]]]},
    "values": lambda text: {"filters": [["is", "event:page", many_of("x", text)]]},
    "goals": lambda text: {"filters": [["contains", "event:goal", many_of("y", text)]]},
    "filters": lambda text: {"filters": many_of(["is", "event:page", ["/"]], text)},
    "negations": lambda text: {"filters": [negated(text)]},
}

WRITES: Final = {
    f"{group} {name}": build
    for group, cases in {
        "plausible": plausible_cases(),
        "swetrix": swetrix_cases(),
        "report": report_cases(),
        "batch": batch_cases(),
        "header": header_cases(),
    }.items()
    for name, build in cases
}
READS: Final = {
    f"{group} {name}": build
    for group, cases in {"page": page_cases(), "stats": stats_cases()}.items()
    for name, build in cases
}


@pytest.fixture(scope="module")
def receiver() -> Iterator[Starlette]:
    with closing(Store()) as store:
        yield create_app(store, hosts=None)


@pytest.fixture(scope="module")
def reader() -> Iterator[Starlette]:
    with closing(Store()) as store:
        for number in range(100):
            store.registry.find_or_create_goal(
                "a.test",
                RegisteredGoal(
                    kind="event", name=f"n{number}", display_name=f"g{number}", custom_props={}
                ),
            )
        enqueue(store, [incoming_event(path=f"/{number}") for number in range(20)])
        yield create_app(store, hosts=None)


@pytest.mark.parametrize("build", WRITES.values(), ids=WRITES)
def test_what_is_posted_takes_linear_time(receiver: Starlette, build: Build) -> None:
    assert superlinear_pieces(receiver, build) == []


@pytest.mark.parametrize("build", READS.values(), ids=READS)
def test_what_is_asked_takes_linear_time(reader: Starlette, build: Build) -> None:
    assert superlinear_pieces(reader, build) == []


def superlinear_pieces(app: Starlette, build: Build) -> list[str]:
    async def measure() -> list[str]:
        return [repr(piece) for piece in PIECES if await is_superlinear(app, build, piece)]

    return asyncio.run(measure())


async def is_superlinear(app: Starlette, build: Build, piece: str) -> bool:
    """Whether the work grew too fast in each of several tries; most pieces need one."""
    for number in range(TRIES):
        # Another text each time: no cache may answer.
        long = await work_seconds(app, build(repeated(piece, LONG, number)))
        slowness = how_slow_the_machine_is()
        if long <= slowness * MAY_TAKE_SECONDS:
            return False
        nothing = await work_seconds(app, build(f"{number}"))
        short = await work_seconds(app, build(repeated(piece, 1, number)))
        noise, floor = slowness * NOISE_SECONDS, slowness * FLOOR_SECONDS
        most = LONG * FACTOR * max(short - nothing, noise) + floor
        if long - nothing <= most:
            return False
    return True


def how_slow_the_machine_is() -> float:
    """How much longer the processor takes now than the one of the times above; 1 at least."""
    started, total = time.process_time(), 0
    for number in range(COUNTED):
        total += number
    return max(1.0, (time.process_time() - started) / COUNTING_SECONDS)


def repeated(piece: str, kib: int, number: int) -> str:
    # What is repeated matches, and then the end does not: only so do expressions backtrack.
    return f"{number}" + piece * (kib * KIB // len(as_bytes(piece))) + "\n!"


async def work_seconds(app: Starlette, sent: Sent) -> float:
    started = time.process_time()
    await send_to(app, sent)
    return time.process_time() - started


async def send_to(app: Starlette, sent: Sent) -> None:
    path, _, query = sent.target.partition("?")
    body = [{"type": "http.request", "body": sent.body}]

    async def receive() -> dict[str, Any]:
        return body.pop() if body else {"type": "http.disconnect"}

    async def send(message: object) -> None:
        pass

    # Most work is done for a new visitor.
    visitor = {"x-forwarded-for": f"203.0.{next(VISITORS)}"}
    headers = {"host": "127.0.0.1", "user-agent": FIREFOX, **visitor, **sent.headers}
    scope = {
        "type": "http",
        "method": sent.method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "scheme": "http",
        "headers": [(name.lower().encode(), as_latin1(value)) for name, value in headers.items()],
        "client": ("127.0.0.1", 5),
        "server": ("127.0.0.1", 80),
    }
    await app(scope, receive, send)


def as_latin1(value: str) -> bytes:
    return value.encode("latin-1", "replace")
