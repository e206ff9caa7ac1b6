"""What vendors may do wrong over HTTP/2: scripts for `tests.support.http2.http2_vendor`.

Numbers of requests count those of one connection, from 1. The streams of a client have the odd
numbers: its nth request on a connection is stream 2n - 1.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final, Literal, TypeAlias

from h2.errors import ErrorCodes
from h2.settings import SettingCodes
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    HeadersFrame,
    PingFrame,
    PushPromiseFrame,
    RstStreamFrame,
)

from tests.support.http2 import HTTP2Connection, ReceivedRequest, RequestAction, Script

End: TypeAlias = Literal["fin", "close_notify", "reset"]
"""How a connection ends: FIN alone, FIN after TLS's `close_notify`, or RST."""

ENDS: Final[dict[End, Callable[[HTTP2Connection], None]]] = {
    "fin": lambda connection: connection.close(notifies=False),
    "close_notify": lambda connection: connection.close(),
    "reset": lambda connection: connection.reset(),
}

MAX_STREAM: Final = 2**31 - 1


def _upon(number: int, action: RequestAction, *, answers: bool = True) -> RequestAction:
    """Do `action` upon the request with this number; answer the others, or leave them waiting."""

    def on_request(connection: HTTP2Connection, request: ReceivedRequest) -> None:
        if request.stream == 2 * number - 1:
            action(connection, request)
        elif answers:
            connection.answer(request)

    return on_request


def _instead_of_answer(action: Callable[[HTTP2Connection, ReceivedRequest], bytes]) -> Script:
    """Every request is answered with the frames that `action` makes, as they are."""

    def on_request(connection: HTTP2Connection, request: ReceivedRequest) -> None:
        connection.write(action(connection, request))

    return Script(on_request=on_request)


# -- nothing comes back ------------------------------------------------------------------------


def silent() -> Script:
    """The settings are exchanged, all requests are read, and none is answered."""
    return Script(on_request=lambda connection, request: None)


def mute() -> Script:
    """Not even the settings are sent or acknowledged. What comes is read."""
    return replace(silent(), is_mute=True)


def slow_headers(seconds: float = 1.0) -> Script:
    """After the first whole request one byte every so many seconds, of all that is written."""

    def on_request(connection: HTTP2Connection, request: ReceivedRequest) -> None:
        if request.stream == 1:
            connection.slow_down(seconds)
        connection.answer(request)

    return Script(on_request=on_request)


def closed_window() -> Script:
    """A window of 0 that never opens: no body can be sent once the client knows it."""
    return Script(settings={SettingCodes.INITIAL_WINDOW_SIZE: 0}, opens_window=False)


# -- GOAWAY --------------------------------------------------------------------------------------


def goaway(
    *,
    after: int,
    last_stream: int,
    error: ErrorCodes = ErrorCodes.NO_ERROR,
    end: End | None = None,
) -> Script:
    """No answer until so many whole requests wait; then GOAWAY with this `last_stream_id`.

    Args:
        end: How the connection ends at once. None: the streams up to `last_stream` are answered,
            and then the connection is closed. Streams above are ignored either way.
    """

    def on_request(connection: HTTP2Connection, request: ReceivedRequest) -> None:
        if len(connection.waiting) < after:
            return
        connection.goaway(last_stream, error)
        if end is not None:
            ENDS[end](connection)
            return
        for each in [*connection.waiting]:
            if each.stream <= last_stream:
                connection.answer(each)
        connection.later(0.2, connection.close)

    return Script(on_request=on_request)


def goaway_at_start(
    error: ErrorCodes = ErrorCodes.NO_ERROR, *, last_stream: int = 0, end: End | None = None
) -> Script:
    """GOAWAY right after the settings; nothing is answered."""

    def on_start(connection: HTTP2Connection) -> None:
        connection.goaway(last_stream, error)
        if end is not None:
            ENDS[end](connection)

    return replace(silent(), on_start=on_start)


def goaway_in_two_steps(*, after: int, last_stream: int) -> Script:
    """The graceful shutdown of RFC 9113, 6.8: first with the highest number, then with this one.

    What arrives between the two is answered if its stream is not above `last_stream`.
    """

    def on_request(connection: HTTP2Connection, request: ReceivedRequest) -> None:
        if request.stream == 2 * after - 1:
            connection.goaway(MAX_STREAM)
            connection.later(0.1, lambda: connection.goaway(last_stream))
            connection.later(0.4, connection.close)
        if request.stream <= last_stream:
            connection.answer(request, after=0.2)

    return Script(on_request=on_request)


def calm_down() -> Script:
    """GOAWAY with ENHANCE_YOUR_CALM upon the first request, and the end of the connection."""
    return goaway(after=1, last_stream=0, error=ErrorCodes.ENHANCE_YOUR_CALM, end="close_notify")


# -- RST_STREAM ----------------------------------------------------------------------------------


def resetting_streams(
    error: ErrorCodes, *, number: int | None = None, reads: bool = True
) -> Script:
    """RST_STREAM upon the request with this number, or upon each one where it is None.

    Args:
        reads: Upon the whole request, else as soon as its head is there.
    """

    def act(connection: HTTP2Connection, request: ReceivedRequest) -> None:
        if number is None or request.stream == 2 * number - 1:
            connection.reset_stream(request.stream, error)
            if request in connection.waiting:
                connection.waiting.remove(request)
        elif request in connection.waiting:
            connection.answer(request)

    return Script(on_request=act) if reads else Script(on_head=act, on_request=act)


def answering_before_body(error: ErrorCodes = ErrorCodes.NO_ERROR) -> Script:
    """A whole answer to the head, and then RST_STREAM: the body is not wanted (RFC 9113, 8.1)."""

    def on_head(connection: HTTP2Connection, request: ReceivedRequest) -> None:
        connection.answer(request)
        frame = RstStreamFrame(request.stream, int(error)).serialize()
        connection.later(0, lambda: connection.write(frame))

    return Script(on_head=on_head, on_request=lambda connection, request: None)


def resetting_after_answer(error: ErrorCodes = ErrorCodes.NO_ERROR) -> Script:
    """A whole answer to the whole request, and then a needless RST_STREAM."""

    def on_request(connection: HTTP2Connection, request: ReceivedRequest) -> None:
        connection.answer(request)
        frame = RstStreamFrame(request.stream, int(error)).serialize()
        connection.later(0, lambda: connection.write(frame))

    return Script(on_request=on_request)


def resetting_in_answer(error: ErrorCodes = ErrorCodes.INTERNAL_ERROR) -> Script:
    """The head of an answer, a part of its body, and then RST_STREAM."""

    def on_request(connection: HTTP2Connection, request: ReceivedRequest) -> None:
        head = [(":status", "202"), ("content-length", "100")]
        connection.h2.send_headers(request.stream, head)
        connection.h2.send_data(request.stream, b"o")
        connection.reset_stream(request.stream, error)

    return Script(on_request=on_request)


# -- the end of a connection ---------------------------------------------------------------------


def breaking(end: End, *, after: int) -> Script:
    """The connection ends once so many whole requests were read; until then none is answered."""

    def on_request(connection: HTTP2Connection, request: ReceivedRequest) -> None:
        if len(connection.waiting) == after:
            ENDS[end](connection)

    return Script(on_request=on_request)


def breaking_unread(end: End, *, seconds: float = 0.5) -> Script:
    """The settings are sent, nothing is ever read, and after so many seconds it ends."""

    def on_start(connection: HTTP2Connection) -> None:
        connection.is_reading = False
        connection.later(seconds, lambda: ENDS[end](connection))

    return Script(on_start=on_start)


def breaking_at(end: End, *, number: int, reads: bool = True) -> Script:
    """Requests are answered, and upon the one with this number the connection ends.

    Args:
        reads: Upon the whole request, else as soon as its head is there.
    """

    def break_it(connection: HTTP2Connection, request: ReceivedRequest) -> None:
        ENDS[end](connection)

    act = _upon(number, break_it)
    if reads:
        return Script(on_request=act)
    return Script(on_head=_upon(number, break_it, answers=False), on_request=act)


def breaking_in_answer(end: End) -> Script:
    """The head of an answer and a part of its body, and the connection ends."""

    def on_request(connection: HTTP2Connection, request: ReceivedRequest) -> None:
        connection.h2.send_headers(request.stream, [(":status", "202"), ("content-length", "100")])
        connection.h2.send_data(request.stream, b"o")
        # A reset discards what the client has not read yet.
        connection.later(0.1, lambda: ENDS[end](connection))

    return Script(on_request=on_request)


def closing_when_idle(
    end: End = "close_notify", *, seconds: float = 0.2, says_goaway: bool = False
) -> Script:
    """Requests are answered; so many seconds after an answer the connection ends."""

    def on_request(connection: HTTP2Connection, request: ReceivedRequest) -> None:
        def close() -> None:
            if says_goaway:
                connection.goaway(request.stream)
            ENDS[end](connection)

        connection.answer(request)
        connection.later(seconds, close)

    return Script(on_request=on_request)


# -- floods --------------------------------------------------------------------------------------


def continuation_flood() -> Script:
    """A header block that never ends, of CONTINUATION frames."""

    def frames(stream: int) -> Iterator[bytes]:
        # A literal field that is not indexed (RFC 7541, 6.2.2): name and value of 1 and 100 bytes.
        block = (b"\x00\x01x\x64" + b"x" * 100) * 100
        yield HeadersFrame(stream, data=b"\x88").serialize()
        while True:
            yield ContinuationFrame(stream, data=block).serialize()

    return Script(on_request=lambda connection, request: connection.flood(frames(request.stream)))


def informational_flood(status: int = 103) -> Script:
    """Endlessly many answers of the class 1xx."""

    def on_request(connection: HTTP2Connection, request: ReceivedRequest) -> None:
        def frames() -> Iterator[bytes]:
            while True:
                connection.h2.send_headers(request.stream, [(":status", str(status))])
                yield connection.h2.data_to_send()

        connection.flood(frames())

    return Script(on_request=on_request)


def ping_flood() -> Script:
    """Endlessly many PINGs from the first request on; all requests are answered."""

    def on_request(connection: HTTP2Connection, request: ReceivedRequest) -> None:
        if request.stream == 1:
            ping = PingFrame(0, opaque_data=b"footfall").serialize()
            connection.flood(itertools.repeat(ping))
        connection.answer(request)

    return Script(on_request=on_request)


def endless_body() -> Script:
    """An answer whose body never ends, within the window of the client."""

    def on_request(connection: HTTP2Connection, request: ReceivedRequest) -> None:
        def chunks() -> Iterator[bytes]:
            stream = request.stream
            connection.h2.send_headers(stream, [(":status", "202")])
            yield connection.h2.data_to_send()
            while True:
                room = connection.h2.local_flow_control_window(stream)
                if room:
                    connection.h2.send_data(stream, b"x" * min(room, 16_384))
                yield connection.h2.data_to_send()

        connection.flood(chunks())

    return Script(on_request=on_request)


def huge_headers(kilobytes: int = 1000) -> Script:
    """A header block of so many fields of a kilobyte each, correctly ended."""

    def on_request(connection: HTTP2Connection, request: ReceivedRequest) -> None:
        filler = [(f"x-filler-{number}", "x" * 1000) for number in range(kilobytes)]
        connection.answer(request, headers=filler)

    return Script(on_request=on_request)


# -- against the protocol ----------------------------------------------------------------------


def data_of_no_stream() -> Script:
    """DATA on a stream that the client has not opened."""
    frame = DataFrame(MAX_STREAM, data=b"ok").serialize()
    return _instead_of_answer(lambda connection, request: frame)


def malformed_frame() -> Script:
    """A HEADERS frame whose block is no HPACK."""
    return _instead_of_answer(
        lambda connection, request: HeadersFrame(
            request.stream, data=b"\xff" * 20, flags=["END_HEADERS"]
        ).serialize()
    )


def oversize_frame() -> Script:
    """A frame that is longer than the client allows."""
    frame = (2**24 - 1).to_bytes(3, "big") + b"\x00\x00\x00\x00\x00\x01"
    return _instead_of_answer(lambda connection, request: frame)


def garbage() -> Script:
    """Bytes that are no frames."""
    return _instead_of_answer(lambda connection, request: b"HTTP/1.1 202 Accepted\r\n\r\n" * 9)


def pushing() -> Script:
    """A PUSH_PROMISE, which no client that forbids it may get, and then an answer."""

    def on_request(connection: HTTP2Connection, request: ReceivedRequest) -> None:
        block = connection.h2.encoder.encode(
            [(":method", "GET"), (":scheme", "https"), (":authority", "a.example"), (":path", "/")]
        )
        promise = PushPromiseFrame(
            request.stream, promised_stream_id=2, data=block, flags=["END_HEADERS"]
        )
        connection.write(promise.serialize())
        connection.answer(request)

    return Script(on_request=on_request)


def downgraded(*alpn: str) -> Script:
    """TLS that offers only these protocols: `downgraded("http/1.1")`, or none at all."""
    return Script(alpn=alpn)
