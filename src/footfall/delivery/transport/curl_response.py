"""The answer that is coming in through libcurl, bounded while it comes. Pure."""

from __future__ import annotations

from typing import Final

from footfall.delivery.transport import http_common
from footfall.model import Response

_END: Final = b"\r\n"


class CurlResponse:
    """The running answer, as libcurl hands it over: a call for each header line and each chunk.

    Knows nothing of the handle, so that no circle keeps an unused one alive.
    """

    __slots__ = ("body", "body_left", "head", "head_left", "interims")

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.head: list[bytes] = []
        self.body: list[bytes] = []
        self.head_left = http_common.MAX_HEAD_BYTES
        self.body_left = http_common.MAX_BODY_BYTES
        self.interims = 0

    def take_head(self, line: bytes) -> int | None:
        """Keep one header line. -1 ends the exchange."""
        if line == b"\n":
            # Some small servers end their lines like this, and libcurl takes it.
            line = _END
        self.head.append(line)
        self.head_left -= len(line)
        if self.head_left < 0 or (line == _END and self._is_one_too_many()):
            return -1
        return None

    def _is_one_too_many(self) -> bool:
        """At the end of a head: whether it is one more interim answer than may come."""
        if _is_interim(self.head):
            self.head.clear()
            self.interims += 1
        return self.interims > http_common.MAX_INTERIM_ANSWERS

    def take_body(self, chunk: bytes) -> int | None:
        """Keep one chunk. -1 ends the exchange."""
        self.body.append(chunk)
        self.body_left -= len(chunk)
        return -1 if self.body_left <= 0 else None

    @property
    def fault(self) -> str | None:
        """Of an answer without a whole head: why it was cut. None if it was not."""
        if self.interims > http_common.MAX_INTERIM_ANSWERS:
            return "there is no end of interim answers"
        if self.head_left < 0:
            return "the head of the answer is too long"
        return None

    @property
    def is_headed(self) -> bool:
        """True once the head of a final answer is there. Its status has said the main thing."""
        return _END in self.head

    def response(self) -> Response:
        """The answer, with as much of its body as came."""
        head, body = self.head, self.body
        whole = body[0] if len(body) == 1 else b"".join(body)
        return Response(
            status=int(head[0][9:12]),
            headers=http_common.headers_of(head[1 : head.index(_END)]),
            body=whole[: http_common.MAX_BODY_BYTES],
        )


def _is_interim(head: list[bytes]) -> bool:
    return head[0][8:10] == b" 1"
