"""One request and its response, within bounds: bytes, decompressed bytes, seconds, nesting.

No server can make the caller's process grow or wait without end. Redirects are not followed.
"""

from __future__ import annotations

import time
import zlib
from typing import Any, Final

import httpx2

from footfall.plausible_api.errors import ServerError

MAX_BYTES: Final = 16 * 1024 * 1024
"""Of a response, decompressed: ten thousand rows with the longest URLs that Plausible stores."""
# Of the whole response. Plausible needs some seconds until it begins.
_MAX_SECONDS: Final = 120.0
# The only encoding that is asked for. The error of one request names what is wrong; `httpx2` would
# decompress what yields nothing for as long as the server sends it.
_ENCODING: Final = "gzip"


def send(http: httpx2.Client, method: str, path: str, **options: Any) -> httpx2.Response:
    """The server's response, whatever its status, read to its end and decompressed.

    Raises:
        ServerError: There was no response, or one beyond the bounds.
    """
    try:
        with http.stream(method, path, **options) as response:
            body = _read(response, time.monotonic() + _MAX_SECONDS)
    except (httpx2.RequestError, httpx2.InvalidURL) as error:
        reason = str(error) or type(error).__name__
        raise ServerError(f"{method} {path}: {http.base_url} does not answer ({reason})") from error
    except _BoundError as error:
        raise ServerError(f"{method} {path}: {http.base_url} {error}") from None
    headers = [
        (name, value)
        for name, value in response.headers.multi_items()
        if name.lower() not in ("content-encoding", "content-length", "transfer-encoding")
    ]
    return httpx2.Response(
        response.status_code, headers=headers, content=body, request=response.request
    )


def parsed_json(response: httpx2.Response) -> Any:
    """The JSON of a response.

    Raises:
        ValueError: It is no JSON, or nested too deeply.
    """
    try:
        return response.json()
    except RecursionError:
        raise ValueError("nested too deeply") from None


class _BoundError(Exception):
    """What the server did."""


def _read(response: httpx2.Response, deadline: float) -> bytes:
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity", _ENCODING):
        raise _BoundError(f"answers in the encoding {encoding[:40]!r}, which was not asked for")
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 16) if encoding == _ENCODING else None
    body, received = bytearray(), 0
    for part in response.iter_raw():
        received += len(part)
        # One byte more than allowed shows that there is more.
        body += part if decoder is None else _decompress(decoder, part, MAX_BYTES + 1 - len(body))
        if max(len(body), received) > MAX_BYTES:
            raise _BoundError(f"answers with more than {MAX_BYTES:,} bytes; ask for fewer rows")
        if time.monotonic() > deadline:
            raise _BoundError(f"is still answering after {_MAX_SECONDS:g} s")
    return bytes(body)


def _decompress(decoder: Any, part: bytes, max_bytes: int) -> bytes:
    try:
        found: bytes = decoder.decompress(part, max_bytes)
    except zlib.error as error:
        raise _BoundError(f"answers with broken {_ENCODING} ({error})") from None
    return found
