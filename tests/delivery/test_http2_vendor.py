"""The misbehaving HTTP/2 server of the tests does what its scripts say."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import hpack
import pytest
import trustme
from h2.errors import ErrorCodes
from h2.settings import SettingCodes
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    PushPromiseFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from tests.support import http2_faults as faults
from tests.support.http2 import HTTP2Connection, HTTP2Vendor, Script, answering, http2_vendor
from tests.support.vendors import wait_until


class Client:
    """Sends requests, and notes every frame that comes back as a short text.

    It is no client of h2: that reads nothing more once it has got a GOAWAY.
    """

    def __init__(self, server: HTTP2Vendor, authority: trustme.CA, *alpn: str) -> None:
        context = ssl.create_default_context()
        authority.configure_trust(context)
        context.set_alpn_protocols([*alpn])
        plain = socket.create_connection(("127.0.0.1", server.port))
        self._plain = plain.dup()
        self.socket = context.wrap_socket(
            plain, server_hostname="127.0.0.1", suppress_ragged_eofs=False
        )
        self.set_timeout(20)
        self.seen: list[str] = []
        self._decoder, self._encoder = hpack.Decoder(), hpack.Encoder()
        self._received = bytearray()
        self._next_stream = 1
        self.window_updates = 0

    def start(self) -> None:
        settings = {SettingsFrame.INITIAL_WINDOW_SIZE: 1_000_000}
        self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        self.send(SettingsFrame(0, settings), WindowUpdateFrame(0, window_increment=2**30))

    def set_timeout(self, seconds: float) -> None:
        for each in self.socket, self._plain:
            each.settimeout(seconds)

    def close(self) -> None:
        self.socket.close()
        self._plain.close()

    def send(self, *frames: Frame) -> None:
        self.socket.sendall(b"".join(frame.serialize() for frame in frames))

    def post(self, number: int, body: bytes = b"{}") -> None:
        head = [(":method", "POST"), (":path", "/"), (":scheme", "https"), (":authority", "a")]
        for _ in range(number):
            stream = self._next_stream
            self._next_stream += 2
            self.send(
                HeadersFrame(stream, self._encoder.encode(head), flags=["END_HEADERS"]),
                *(DataFrame(stream, body[at : at + 16_384]) for at in range(0, len(body), 16_384)),
                DataFrame(stream, flags=["END_STREAM"]),
            )

    def read(self, *, until: str = "", at_most: int = 10_000) -> list[str]:
        """What was seen, up to this text or so many texts, or to the end of the connection."""
        while until not in self.seen and len(self.seen) < at_most:
            frame = self._frame()
            if frame is None:
                break
            self._note(frame)
        return self.seen

    def _frame(self) -> Frame | None:
        if self._fill(9):
            frame, length = Frame.parse_frame_header(memoryview(self._received)[:9])
            if length > 16_384:
                self.seen.append("too long")
            elif self._fill(9 + length):
                frame.parse_body(memoryview(self._received)[9 : 9 + length])
                self._received = self._received[9 + length :]
                return frame
        return None

    def _fill(self, size: int) -> bool:
        """Read until so many bytes are there; False, and a note, where the connection ends."""
        while len(self._received) < size:
            try:
                if not self.socket.pending():
                    # Some versions of OpenSSL report a reset as an end.
                    self._plain.recv(1, socket.MSG_PEEK)
                chunk = self.socket.recv(65536)
            except ConnectionResetError:
                self.seen.append("reset")
                return False
            except ssl.SSLEOFError:
                self.seen.append("fin")
                return False
            if not chunk:
                self.seen.append("close_notify")
                return False
            self._received += chunk
        return True

    def _note(self, frame: Frame) -> None:
        match frame:
            case SettingsFrame(flags=flags) if "ACK" in flags:
                pass
            case SettingsFrame(settings=settings):
                with suppress(OSError):
                    self.send(SettingsFrame(0, flags=["ACK"]))
                streams = settings.get(SettingsFrame.MAX_CONCURRENT_STREAMS)
                self.seen += [f"streams {streams}"] if streams else []
                window = settings.get(SettingsFrame.INITIAL_WINDOW_SIZE, 65_535)
                self.seen += ["window 0"] if not window else []
            case GoAwayFrame(last_stream_id=last, error_code=code):
                self.seen.append(f"goaway {last} {ErrorCodes(code).name}")
            case RstStreamFrame(stream_id=stream, error_code=code):
                self.seen.append(f"rst {stream} {ErrorCodes(code).name}")
            case HeadersFrame(stream_id=stream, data=data):
                try:
                    status = dict(self._decoder.decode(data, raw=True))[b":status"].decode()
                except hpack.HPACKError:
                    status = "invalid"
                self.seen.append(f"{status} {stream}")
            case DataFrame(stream_id=stream, data=data):
                self.seen.append(f"data {stream} {len(data)}")
            case ContinuationFrame():
                self.seen.append("continuation")
            case PushPromiseFrame(stream_id=stream):
                self.seen.append(f"push {stream}")
            case PingFrame():
                self.seen.append("ping")
            case WindowUpdateFrame():
                self.window_updates += 1
            case _:
                self.seen.append(f"unknown {frame.type:#x}")


@contextmanager
def client_of(
    authority: trustme.CA, *scripts: Script, alpn: str = "h2"
) -> Iterator[tuple[HTTP2Vendor, Client]]:
    """A server with these scripts, and a client that is connected to it."""
    with http2_vendor(*scripts, certificate=authority.issue_cert("127.0.0.1")) as server:
        client = Client(server, authority, *alpn.split())
        with closing(client):
            if alpn == "h2":
                client.start()
            yield server, client


def answer(*streams: int) -> list[str]:
    return [text for stream in streams for text in (f"202 {stream}", f"data {stream} 2")]


REFUSED, CANCEL = ErrorCodes.REFUSED_STREAM, ErrorCodes.CANCEL


@pytest.mark.parametrize(
    ("script", "requests", "expected"),
    [
        pytest.param(
            faults.goaway(after=3, last_stream=3),
            3,
            ["goaway 3 NO_ERROR", *answer(1, 3), "close_notify"],
            id="a goaway below what is in flight",
        ),
        pytest.param(
            faults.goaway(after=3, last_stream=faults.MAX_STREAM),
            3,
            [f"goaway {faults.MAX_STREAM} NO_ERROR", *answer(1, 3, 5), "close_notify"],
            id="a goaway above what is in flight",
        ),
        pytest.param(
            faults.goaway(after=3, last_stream=5, end="fin"),
            3,
            ["goaway 5 NO_ERROR", "fin"],
            id="a goaway and the end at once",
        ),
        pytest.param(
            faults.goaway_at_start(end="close_notify"),
            0,
            ["goaway 0 NO_ERROR", "close_notify"],
            id="a goaway at the start",
        ),
        pytest.param(
            faults.goaway_in_two_steps(after=3, last_stream=3),
            3,
            [
                f"goaway {faults.MAX_STREAM} NO_ERROR",
                "goaway 3 NO_ERROR",
                *answer(1, 3),
                "close_notify",
            ],
            id="a goaway in two steps",
        ),
        pytest.param(
            faults.calm_down(), 1, ["goaway 0 ENHANCE_YOUR_CALM", "close_notify"], id="calm"
        ),
        *(
            pytest.param(faults.breaking(end, after=60), 60, [end], id=f"60 and {end}")
            for end in faults.ENDS
        ),
        *(
            pytest.param(faults.breaking_unread(end), 60, [end], id=f"60 unread and {end}")
            for end in faults.ENDS
        ),
        pytest.param(
            faults.breaking_in_answer("reset"), 1, ["202 1", "data 1 1", "reset"], id="half"
        ),
        pytest.param(
            faults.closing_when_idle("fin"), 1, [*answer(1), "fin"], id="an end when idle"
        ),
        pytest.param(
            faults.closing_when_idle(says_goaway=True),
            1,
            [*answer(1), "goaway 1 NO_ERROR", "close_notify"],
            id="an orderly end when idle",
        ),
    ],
)
def test_a_connection_ends_as_its_script_says(
    authority: trustme.CA, script: Script, requests: int, expected: list[str]
) -> None:
    with client_of(authority, script) as (server, client):
        client.post(requests)

        assert client.read() == ["streams 100", *expected]
        assert len(server.answered) == sum(text.endswith(" 2") for text in expected)
        assert server.violations == []


@pytest.mark.parametrize("end", faults.ENDS)
def test_what_the_server_has_not_read_is_in_no_list(authority: trustme.CA, end: faults.End) -> None:
    with client_of(authority, faults.breaking_unread(end)) as (server, client):
        client.post(60)
        client.read()

        assert (server.heads, server.requests) == ([], [])


@pytest.mark.parametrize("end", faults.ENDS)
@pytest.mark.parametrize("reads", [True, False])
def test_a_reused_connection_may_end(
    authority: trustme.CA, end: faults.End, *, reads: bool
) -> None:
    with client_of(authority, faults.breaking_at(end, number=2, reads=reads)) as (server, client):
        client.post(1)
        client.read(until="data 1 2")
        client.post(1)

        assert client.read() == ["streams 100", *answer(1), end]
        assert len(server.answered) == 1


@pytest.mark.parametrize("end", faults.ENDS)
def test_what_the_server_has_read_is_known(authority: trustme.CA, end: faults.End) -> None:
    with client_of(authority, faults.breaking(end, after=60)) as (server, client):
        client.post(59)
        client.post(1, b"last")
        client.read()

        assert [each.stream for each in server.requests] == [*range(1, 120, 2)]
        assert [each.body for each in server.requests] == [b"{}"] * 59 + [b"last"]
        assert dict(server.heads[0].headers)[":path"] == "/"


@pytest.mark.parametrize(
    ("script", "requests", "expected"),
    [
        pytest.param(answering(), 2, answer(1, 3), id="healthy"),
        pytest.param(answering(500, b""), 1, ["500 1"], id="a status"),
        pytest.param(
            faults.resetting_streams(REFUSED),
            2,
            ["rst 1 REFUSED_STREAM", "rst 3 REFUSED_STREAM"],
            id="all reset",
        ),
        pytest.param(
            faults.resetting_streams(CANCEL, number=2),
            3,
            [*answer(1), "rst 3 CANCEL", *answer(5)],
            id="one reset",
        ),
        pytest.param(
            faults.resetting_streams(REFUSED, number=1, reads=False),
            2,
            ["rst 1 REFUSED_STREAM", *answer(3)],
            id="a reset upon the head",
        ),
        pytest.param(
            faults.resetting_after_answer(), 1, [*answer(1), "rst 1 NO_ERROR"], id="needless"
        ),
        pytest.param(faults.answering_before_body(), 1, [*answer(1), "rst 1 NO_ERROR"], id="early"),
        pytest.param(
            faults.resetting_in_answer(),
            1,
            ["202 1", "data 1 1", "rst 1 INTERNAL_ERROR"],
            id="a reset in the answer",
        ),
        pytest.param(
            faults.data_of_no_stream(), 1, [f"data {faults.MAX_STREAM} 2"], id="data of no stream"
        ),
        pytest.param(faults.oversize_frame(), 1, ["too long"], id="a frame longer than allowed"),
        pytest.param(faults.garbage(), 1, ["too long"], id="no frames"),
        pytest.param(faults.malformed_frame(), 1, ["invalid 1"], id="no HPACK"),
        pytest.param(faults.pushing(), 1, ["push 1", *answer(1)], id="a push"),
        pytest.param(
            faults.continuation_flood(), 1, ["200 1", *["continuation"] * 50], id="continuation"
        ),
        pytest.param(faults.informational_flood(), 1, ["103 1"] * 50, id="1xx"),
        pytest.param(faults.endless_body(), 1, ["202 1", *["data 1 16384"] * 50], id="body"),
    ],
)
def test_frames_come_as_the_script_says(
    authority: trustme.CA, script: Script, requests: int, expected: list[str]
) -> None:
    with client_of(authority, script) as (_, client):
        client.post(requests)

        assert client.read(at_most=len(expected) + 1) == ["streams 100", *expected]


def test_a_flood_of_pings_lets_answers_pass(authority: trustme.CA) -> None:
    with client_of(authority, faults.ping_flood()) as (server, client):
        client.post(2)
        client.read(until="data 3 2")

        assert client.seen.count("ping") > 10
        assert len(server.answered) == 2


def test_headers_may_be_huge(authority: trustme.CA) -> None:
    with client_of(authority, faults.huge_headers(kilobytes=100)) as (_, client):
        client.post(1)

        assert client.read(until="data 1 2").count("continuation") == 5


def test_headers_may_come_a_byte_at_a_time(authority: trustme.CA) -> None:
    with client_of(authority, faults.slow_headers(0.05)) as (server, client):
        client.post(1)
        before = server.bytes_sent
        client.read(until="202 1")

        # The head of a frame is 9 bytes, and nothing else is written meanwhile.
        assert server.bytes_sent - before > 9


@pytest.mark.parametrize(
    ("script", "seen"), [(faults.silent(), ["streams 100"]), (faults.mute(), [])]
)
def test_a_silent_server_reads_and_answers_nothing(
    authority: trustme.CA, script: Script, seen: list[str]
) -> None:
    with client_of(authority, script) as (server, client):
        client.post(2)
        assert wait_until(lambda: len(server.requests) == 2)
        client.set_timeout(0.2)
        with pytest.raises(TimeoutError):
            client.read()

        assert (client.seen, server.answered) == (seen, [])


def test_a_window_may_stay_closed(authority: trustme.CA) -> None:
    with client_of(authority, faults.closed_window()) as (_, client):
        client.post(1, b"x" * 60_000)

        assert client.read(until="data 1 2") == ["streams 100", "window 0", *answer(1)]
        assert client.window_updates == 0


def test_each_stream_waits_for_itself(authority: trustme.CA) -> None:
    with client_of(authority, answering(after=0.3)) as (server, client):
        client.post(60)
        client.read(until="data 119 2")

        assert len(server.answered) == 60
        assert not server.connections[0].waiting


def test_the_number_of_streams_is_set_and_changed(authority: trustme.CA) -> None:
    with client_of(authority, answering(max_streams=1)) as (server, client):
        client.read(until="streams 1")
        change: dict[int, int] = {SettingCodes.MAX_CONCURRENT_STREAMS: 7}
        server.connections[0].run(lambda connection: connection.h2.update_settings(change))

        assert client.read(until="streams 7") == ["streams 100", "streams 1", "streams 7"]


def test_a_test_may_end_an_idle_connection(authority: trustme.CA) -> None:
    with client_of(authority, answering()) as (server, client):
        client.post(1)
        client.read(until="data 1 2")
        server.connections[0].run(HTTP2Connection.reset)

        assert client.read() == ["streams 100", *answer(1), "reset"]
        with pytest.raises(AssertionError, match="closed"):
            server.connections[0].run(HTTP2Connection.reset)


@pytest.mark.parametrize("script", [answering(after=0.05), faults.resetting_streams(REFUSED)])
def test_a_client_that_goes_away_is_no_violation(authority: trustme.CA, script: Script) -> None:
    with client_of(authority, script) as (server, client):
        client.read(until="streams 100")
        client.post(1)
        client.send(GoAwayFrame(0, last_stream_id=0))
        assert wait_until(lambda: server.requests)
        client.set_timeout(0.2)
        with pytest.raises(TimeoutError):
            client.read()

        assert (server.violations, server.answered) == ([], [])


def test_connections_follow_their_own_scripts(authority: trustme.CA) -> None:
    scripts = faults.calm_down(), answering(201, b""), answering()
    with client_of(authority, *scripts) as (server, first):
        first.post(1)
        assert first.read()[-1] == "close_notify"
        for expected in ("201 1", "202 1", "202 1"):
            other = Client(server, authority, "h2")
            with closing(other):
                other.start()
                other.post(1)

                assert other.read(until=expected)[-1] == expected
        assert [each.connection for each in server.requests] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("offered", "chosen"), [(("http/1.1",), "http/1.1"), ((), None)], ids=["http1", "none"]
)
def test_a_server_may_speak_http_1_alone(
    authority: trustme.CA, offered: tuple[str, ...], chosen: str | None
) -> None:
    script = faults.downgraded(*offered)
    with client_of(authority, script, alpn="h2 http/1.1") as (server, client):
        for _ in range(2):
            client.socket.sendall(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
            assert client.socket.recv(100).startswith(b"HTTP/1.1 202")

        assert wait_until(lambda: len(server.answered) == 2)
        assert server.protocols == [chosen]
        assert [(each.stream, each.body) for each in server.answered] == [(0, b"{}")] * 2
