"""Hypothesis strategies: events, visitors and responses that hold anything."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from footfall.destinations import VISITOR_HEADERS
from footfall.events.details import PERF_NAMES
from footfall.model import Event, Response, Revenue, Visitor

# Random text rarely has characters that break a protocol, or a length next to a limit.
ANY_CHARACTER = st.characters(exclude_categories=()) | st.sampled_from(
    '\udcff\ud83d\x00\x7f\r\n\t %&=#?/:;,<>"\\é\u0301\U0001f43e'
)

NEXT_TO_A_LIMIT = st.builds(
    lambda piece, times: piece * times,
    st.sampled_from(["a", "é", "€", "\U0001f43e", "\udcff"]),
    st.sampled_from([50, 64, 120, 256, 300, 500, 667, 1000, 2000, 2048]).flatmap(
        lambda limit: st.integers(limit - 1, limit + 1)
    ),
)

ANY_TEXT = (
    st.text(ANY_CHARACTER, max_size=400)
    | st.builds(
        lambda piece, times: piece * times,
        st.text(ANY_CHARACTER, min_size=1, max_size=5),
        st.integers(100, 3000),
    )
    | NEXT_TO_A_LIMIT
)

ANY_SCALAR = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**90)
    | st.floats()
    | st.decimals()
    | ANY_TEXT
)

ANY_JSON = st.recursive(
    ANY_SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=5,
)

ANY_VISITOR = st.builds(
    Visitor,
    client_ip=st.none() | st.ip_addresses().map(str) | ANY_TEXT,
    user_agent=ANY_TEXT,
    language=ANY_TEXT,
    headers=st.dictionaries(st.sampled_from(sorted(VISITOR_HEADERS)), ANY_TEXT, max_size=9),
)

# Absolute, as the model promises; anything may follow the host.
ANY_URL = st.builds(
    lambda start, rest: start + rest,
    st.sampled_from(["https://example.com/", "http://a.example:8000?", "app://localhost/"]),
    ANY_TEXT,
)

ANY_EVENT = st.builds(
    Event,
    name=st.just("pageview") | ANY_TEXT,
    url=ANY_URL,
    referrer=st.none() | ANY_TEXT,
    previous=st.none() | ANY_TEXT,
    visitor=ANY_VISITOR,
    props=st.dictionaries(ANY_TEXT, ANY_JSON, max_size=5)
    | st.dictionaries(st.text(max_size=3), st.booleans(), min_size=90, max_size=130),
    revenue=st.none() | st.builds(Revenue, ANY_TEXT, st.decimals()),
    interactive=st.booleans(),
    screen_width=st.none() | ANY_JSON,
    time_zone=ANY_TEXT | st.just("Europe/Berlin"),
    profile_id=ANY_TEXT,
    perf=st.dictionaries(st.sampled_from(PERF_NAMES), ANY_SCALAR)
    | st.fixed_dictionaries(dict.fromkeys(PERF_NAMES, st.floats(0, 300_000))),
)

ANY_RESPONSE = st.builds(
    Response,
    status=st.integers(-1, 1000) | st.sampled_from([200, 201, 202, 301, 400, 403, 429, 503]),
    headers=st.dictionaries(
        st.sampled_from(
            [
                *("date", "location", "retry-after"),
                *("x-plausible-dropped", "x-goatcounter-filter", "x-rate-limit-reset"),
                "x-clickhouse-exception-code",
            ]
        ),
        ANY_TEXT,
    ),
    body=st.binary(max_size=200)
    | ANY_JSON.map(lambda value: json.dumps(value, default=str).encode())
    | st.dictionaries(
        st.sampled_from(
            ["message", "error", "errors", "status", "tracked", "invalid", "quota_limited"]
        ),
        ANY_JSON,
    ).map(lambda value: json.dumps(value, default=str).encode()),
)
