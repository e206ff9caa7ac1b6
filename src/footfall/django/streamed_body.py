"""The body of a streamed response of Django, which is read when no middleware is on the stack.

Each step of it belongs to the request as the view did, so that `track()` works there. The first one
shows whether there is a page: where it fails, the server answers with an error, or not at all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from types import TracebackType
from typing import Any, Protocol, cast

from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from footfall.common.in_thread import in_thread
from footfall.request.exchange import Exchange, reset_current, set_current
from footfall.tracker import Tracker


class Capture(Protocol):
    """Captures the response of a request. Never raises."""

    def __call__(self, *, has_failed: bool) -> None: ...


def follow_body(response: HttpResponseBase, exchange: Exchange, capture: Capture) -> bool:
    """Call `capture` with the first chunk of a streamed response; False where nothing is streamed.

    Neither is a file: the server may send it by itself.
    """
    if not isinstance(response, StreamingHttpResponse) or isinstance(response, FileResponse):
        return False
    step = _Step(exchange, capture)
    chunks: Any = response.streaming_content
    response.streaming_content = (
        _async_chunks(chunks, step) if response.is_async else _chunks(chunks, step)
    )
    return True


class _Step:
    """One step of the body, in which the exchange is the current one."""

    def __init__(self, exchange: Exchange, capture: Capture) -> None:
        self.exchange = exchange
        self._capture: Callable[..., None] | None = capture

    def __enter__(self) -> None:
        self.exchange.holds_delivery = self.exchange.recorder.is_inline
        self._token = set_current(self.exchange)

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if self._capture is not None:
            self._capture(has_failed=kind is not None and issubclass(kind, Exception))
            self._capture = None
        reset_current(self._token)

    @property
    def has_waiting(self) -> bool:
        """In sync mode: whether the events of this step wait for `release`."""
        is_held = self.exchange.holds_delivery
        return is_held and cast("Tracker", self.exchange.recorder.tracker).has_waiting


def _chunks(chunks: Iterator[bytes], step: _Step) -> Iterator[bytes]:
    while True:
        try:
            with step:
                chunk = next(chunks, None)
        finally:
            step.exchange.release()
        if chunk is None:
            return
        yield chunk


async def _async_chunks(chunks: AsyncIterator[bytes], step: _Step) -> AsyncIterator[bytes]:
    while True:
        try:
            with step:
                chunk = await anext(chunks, None)
        finally:
            if step.has_waiting:
                await in_thread(step.exchange.release)
        if chunk is None:
            return
        yield chunk
