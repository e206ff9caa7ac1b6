"""The outcome of every status, and what the log line quotes of a response."""

from __future__ import annotations

import pytest

from footfall.destinations import Destination
from footfall.model import Outcome, OutcomeKind, Response
from tests.destinations.support import EVERY_HTTP_DESTINATION, PLAUSIBLE


@EVERY_HTTP_DESTINATION
@pytest.mark.parametrize(
    ("status", "kind", "pause"),
    [
        (200, OutcomeKind.ACCEPTED, False),
        (201, OutcomeKind.ACCEPTED, False),
        (202, OutcomeKind.ACCEPTED, False),
        (204, OutcomeKind.ACCEPTED, False),
        (299, OutcomeKind.ACCEPTED, False),
        (300, OutcomeKind.REJECTED, True),
        (301, OutcomeKind.REJECTED, True),
        (302, OutcomeKind.REJECTED, True),
        (304, OutcomeKind.REJECTED, True),
        (307, OutcomeKind.REJECTED, True),
        (308, OutcomeKind.REJECTED, True),
        (400, OutcomeKind.REJECTED, False),
        (401, OutcomeKind.REJECTED, True),
        (402, OutcomeKind.REJECTED, True),
        (403, OutcomeKind.REJECTED, True),
        (404, OutcomeKind.REJECTED, True),
        (405, OutcomeKind.REJECTED, True),
        (406, OutcomeKind.REJECTED, True),
        (407, OutcomeKind.REJECTED, True),
        (408, OutcomeKind.RETRY, False),
        (410, OutcomeKind.REJECTED, True),
        (413, OutcomeKind.REJECTED, False),
        (415, OutcomeKind.REJECTED, False),
        (418, OutcomeKind.REJECTED, False),
        (422, OutcomeKind.REJECTED, False),
        (425, OutcomeKind.RETRY, False),
        (429, OutcomeKind.RETRY, False),
        (431, OutcomeKind.REJECTED, False),
        (499, OutcomeKind.REJECTED, False),
        (500, OutcomeKind.UNKNOWN, False),
        (502, OutcomeKind.RETRY, False),
        (503, OutcomeKind.RETRY, False),
        (504, OutcomeKind.UNKNOWN, False),
        (520, OutcomeKind.UNKNOWN, False),
        (101, OutcomeKind.UNKNOWN, False),
        (0, OutcomeKind.UNKNOWN, False),
        (-1, OutcomeKind.UNKNOWN, False),
        (999, OutcomeKind.UNKNOWN, False),
    ],
)
def test_every_status_has_an_outcome(
    destination: Destination, status: int, kind: OutcomeKind, pause: bool
) -> None:
    outcome = destination.read(Response(status=status))

    assert (outcome.kind, outcome.pause) == (kind, pause)
    assert bool(outcome.detail) is (kind is not OutcomeKind.ACCEPTED)


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (400, "refuses the event"),
        (401, "asks for credentials; something in front of the endpoint requires them"),
        (402, "asks for payment; see the account's plan and quota"),
        (404, "knows no such address or site; check endpoint and site"),
        (405, "takes no events at this address; check endpoint"),
        (406, "wants another Accept header; something on the way adds one"),
        (407, "is behind a proxy that asks for credentials; check the proxy settings"),
        (408, "gave up waiting for the request"),
        (410, "is gone from this address; check endpoint"),
        (413, "finds the event too large"),
        (415, "does not accept this content type"),
        (418, "refuses the request"),
        (422, "refuses the event"),
        (425, "asks to send it later"),
        (429, "asks for fewer requests"),
        (500, "failed, perhaps after counting; sent again it could count twice"),
        (502, "could not be reached through its gateway, which is worth one more try"),
        (503, "is busy or restarting"),
    ],
)
def test_every_refusal_says_what_it_means(status: int, meaning: str) -> None:
    detail = PLAUSIBLE.read(Response(status=status)).detail

    assert detail == f"HTTP {status}: the vendor {meaning}"


@EVERY_HTTP_DESTINATION
def test_a_web_page_is_no_acceptance(destination: Destination) -> None:
    response = Response(status=200, body=b"\xef\xbb\xbf\n<!doctype html><title>Shop</title>")

    assert destination.read(response) == Outcome(
        kind=OutcomeKind.REJECTED,
        detail="HTTP 200: the vendor answers with a web page, so this is no events endpoint",
        pause=True,
    )


@pytest.mark.parametrize(
    ("location", "where"),
    [
        ("https://stats.example.com/api/event", "https://stats.example.com"),
        ("http://me:secret@stats.example.com:8443/", "http://stats.example.com:8443"),
        ("//stats.example.com", "https://stats.example.com"),
        ("/login", "another address"),
        ("http://[", "another address"),
        ("", "another address"),
    ],
)
def test_a_redirect_names_the_host_to_write_instead(location: str, where: str) -> None:
    assert PLAUSIBLE.read(Response(status=301, headers={"location": location})) == Outcome(
        kind=OutcomeKind.REJECTED,
        detail=(
            f"HTTP 301: the vendor redirects to {where}; "
            "events follow no redirect, so write the final URL as endpoint"
        ),
        pause=True,
    )


NOON = "Sun, 06 Nov 1994 12:00:00 GMT"


@pytest.mark.parametrize(
    ("retry_after", "date", "seconds"),
    [
        ("3", "", 3.0),
        (" 3 ", "", 3.0),
        ("1.5", "", 1.5),
        ("-7", "", 0.0),
        ("1000000000", "", 60.0),
        ("9" * 400, "", 60.0),
        ("abc", "", None),
        ("٣", "", None),
        ("", "", None),
        (None, "", None),
        ("Sun, 06 Nov 1994 12:00:20 GMT", NOON, 20.0),
        ("Sun, 06 Nov 1994 11:00:00 GMT", NOON, 0.0),
        ("Mon, 07 Nov 1994 12:00:00 GMT", NOON, 60.0),
        ("Sun, 06 Nov 1994 12:00:20 GMT", "", None),
        ("Sun, 06 Nov 1994 12:00:20 GMT", "now", None),
        ("Sun, 31 Feb 1994 12:00:20 GMT", NOON, None),
        ("Sun, 06 Nuv 1994 12:00:20 GMT", NOON, None),
    ],
)
def test_retry_after_is_read_within_bounds(
    retry_after: str | None, date: str, seconds: float | None
) -> None:
    headers = {"date": date} | ({} if retry_after is None else {"retry-after": retry_after})

    assert PLAUSIBLE.read(Response(status=429, headers=headers)).retry_after == seconds


@pytest.mark.parametrize(
    "month", ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
)
def test_a_date_is_read_in_every_month(month: str) -> None:
    headers = {
        "date": f"Sun, 06 {month} 1994 12:59:58 GMT",
        "retry-after": f"Sun, 06 {month} 1994 13:00:01 GMT",
    }

    assert PLAUSIBLE.read(Response(status=503, headers=headers)).retry_after == 3.0


@pytest.mark.parametrize(
    ("body", "quote"),
    [
        pytest.param(b"", "", id="silence"),
        pytest.param(
            b"Bad\r\n\x1b[31mRequest\xff", " (it says: Bad [31mRequest�)", id="plain text"
        ),
        pytest.param(b"  <html><h1>nginx", "", id="a web page"),
        pytest.param(
            b'{"errors":{"detail":"Bad Request"}}', " (it says: detail: Bad Request)", id="text"
        ),
        pytest.param(b'{"errors":["a",1,"b"]}', " (it says: a; b)", id="a list"),
        pytest.param(b'{"errors":7}', "", id="a number"),
        pytest.param(
            b'{"message":"' + b"m" * 500 + b'"}', f" (it says: {'m' * 199}…)", id="a novel"
        ),
        pytest.param(b"m" * 200, f" (it says: {'m' * 200})", id="as long as it may be"),
        pytest.param(
            b"[" * 5000,
            f" (it says: {'[' * 199}…)",
            id="a pit",
        ),
    ],
)
def test_a_vendors_message_is_quoted_on_one_bounded_line(body: bytes, quote: str) -> None:
    detail = PLAUSIBLE.read(Response(status=400, body=body)).detail

    assert detail == f"HTTP 400: the vendor refuses the event{quote}"
