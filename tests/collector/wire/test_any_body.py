"""Any body and header at all, through both vendors' endpoints."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from footfall.collector.wire import swetrix
from tests.collector.support import PID
from tests.collector.wire.support import to_plausible, to_swetrix

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(["https://a.test/", PID, "pageview", "1e999999999999999999", "//[::1", "@:"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
FIELDS = (
    "n name u url d domain r referrer p props m h i sd e revenue $ pid ev pg qs meta ref so ca "
    "unique profileId"
)
KEYS = st.sampled_from(FIELDS.split(" "))
HEADERS = "user-agent accept x-forwarded-for forwarded x-client-ip-address origin content-encoding"


@settings(max_examples=100, deadline=None)
@given(
    body=st.dictionaries(KEYS, VALUES, max_size=8).map(lambda each: json.dumps(each).encode())
    | st.binary(max_size=60),
    content_type=st.sampled_from(
        ["application/json", "text/plain", "application/x-www-form-urlencoded", "", "x"]
    ),
    header=st.text(st.characters(max_codepoint=255), max_size=30),
)
def test_any_body_gets_a_response_and_stores_text_that_can_be_encoded(
    body: bytes, content_type: str, header: str
) -> None:
    headers = {"content-type": content_type} | dict.fromkeys(HEADERS.split(" "), header)
    for headers_sent in (headers, {"content-type": content_type}):
        replies = [to_plausible(body, headers=headers_sent)]
        replies += [to_swetrix(body, kind, headers=headers_sent) for kind in swetrix.EventKind]
        for result in replies:
            assert 200 <= result.response.status <= 500
            for event in result.events:
                texts = (event.domain, event.name, event.url, event.path, event.source)
                for text in (*texts, *event.campaign, *event.props.values()):
                    (text or "").encode()
