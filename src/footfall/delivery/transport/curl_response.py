"""The response that libcurl is receiving, bounded while it comes in. Pure."""

from __future__ import annotations

from typing import Final

from footfall.delivery.transport import http_common
from footfall.model import Response

_END: Final = b"\r\n"


class CurlResponse:
    """Collects one response: libcurl calls it with each header line and each chunk of the body.

    Has no reference to the handle, so that no cycle keeps an unused handle alive.
    """

    __slots__ = ("body", "body_left", "head", "head_left", "interims")

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin the next response."""
        self.head: list[bytes] = []
        self.body: list[bytes] = []
        self.head_left = http_common.MAX_HEAD_BYTES
        self.body_left = http_common.MAX_BODY_BYTES
        self.interims = 0

    def add_header_line(self, line: bytes) -> int | None:
        """Keep one header line. -1 ends the exchange."""
        if line == b"\n":
            # Some small servers end their lines like this, and libcurl accepts it.
            line = _END
        self.head.append(line)
        self.head_left -= len(line)
        if self.head_left < 0 or (line == _END and self._has_too_many_interims()):
            return -1
        return None

    def _has_too_many_interims(self) -> bool:
        """At the end of a head: whether more interim responses came than are allowed."""
        if _is_interim(self.head):
            self.head.clear()
            self.interims += 1
        return self.interims > http_common.MAX_INTERIM_RESPONSES

    def add_body_chunk(self, chunk: bytes) -> int | None:
        """Keep one chunk. -1 ends the exchange."""
        self.body.append(chunk)
        self.body_left -= len(chunk)
        return -1 if self.body_left <= 0 else None

    @property
    def fault(self) -> str | None:
        """Why a response was cut off within its head; None if it was not."""
        if self.interims > http_common.MAX_INTERIM_RESPONSES:
            return "there are too many interim responses"
        if self.head_left < 0:
            return "the head of the response is too long"
        return None

    @property
    def has_head(self) -> bool:
        """True once the head of the final response is there: its status is what matters most."""
        return _END in self.head

    def response(self) -> Response:
        """The response, with as much of its body as came."""
        head, body = self.head, self.body
        whole = body[0] if len(body) == 1 else b"".join(body)
        return Response(
            status=int(head[0][9:12]),
            headers=http_common.parse_headers(head[1 : head.index(_END)]),
            body=whole[: http_common.MAX_BODY_BYTES],
        )


def _is_interim(head: list[bytes]) -> bool:
    return head[0][8:10] == b" 1"
