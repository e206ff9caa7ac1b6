"""libcurl's multi interface: many exchanges at once, driven by one thread."""

from __future__ import annotations

import math
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, Protocol, TypeAlias, runtime_checkable

from footfall.common.clock import monotonic
from footfall.delivery.transport import curl_errors, http_common
from footfall.delivery.transport.base import Transport
from footfall.delivery.transport.curl_handle import CurlHandle, CurlOptions, pinned
from footfall.delivery.transport.curl_response import ConnectionEnds
from footfall.errors import NotSent
from footfall.model import Request, Response

OnEnd: TypeAlias = Callable[[Response | Exception, bool], object]

# At a round trip of 80 ms they carry 3,000 events a second. A server may allow fewer on each of its
# connections, as nginx does with 128; then there are several.
MAX_STREAMS: Final = 256
# nginx ends a connection with its 1,000th request, and refuses what is on its way by then.
MAX_REQUESTS: Final = 900
# Where a server refuses earlier, its connections are left earlier, but not before this.
MIN_REQUESTS: Final = 50
# For a burst. A handle takes some 10 KiB.
MAX_IDLE_HANDLES: Final = 256
# libcurl counts those in use, too, and closes one after each exchange while there are more. So it
# is more than all hosts may have, each of which has its own limit.
MAX_CONNECTIONS: Final = 4096
# A request may have been refused, and wait for a new connection, while the old one ends. So all
# are looked at soon after a connection was begun.
LOOK_SECONDS: Final = 0.05
_MAX_WAIT_SECONDS: Final = 60.0
_PEEK: Final = socket.MSG_PEEK | socket.MSG_DONTWAIT


class CurlMulti:
    """A set of running exchanges. One thread at a time calls it; `wake` may be called by any.

    A new process must not use it, see `CurlHandle`. Needs `select.poll`, which Windows has not.

    Raises:
        NotSent, OSError: the process can open no more files.
    """

    # No process has this number: one whose `__init__` failed is not freed by `__del__`.
    _pid = 0

    def __init__(self) -> None:
        import pycurl

        self._lib: Any = pycurl
        self._sockets = _Sockets(pycurl)
        # By libcurl's own handles.
        self._running: dict[Any, tuple[CurlHandle, _Connections, OnEnd]] = {}
        self._idle: dict[tuple[CurlOptions, str], list[CurlHandle]] = {}
        self._idle_handles = 0
        # URLs of which the name had no address. libcurl would remember that for half a minute.
        self._unresolved: set[str] = set()
        self._max_connections = 0
        self._max_requests = MAX_REQUESTS
        self._current = _Connections(pycurl, self._sockets)
        # Replaced, and closed once their last exchange has ended.
        self._retired: list[_Connections] = []
        self.is_stale = False
        """Set it, in any thread, and the next exchange has a new connection."""
        self._pid = os.getpid()

    def allow_connections(self, number: int) -> None:
        """Allow so many connections to one host."""
        if number > self._max_connections:
            self._max_connections = number
            self._current.allow(number)

    def start(self, request: Request, options: CurlOptions, on_end: OnEnd) -> None:
        """Begin an exchange.

        Args:
            on_end: Called by `run` with the response, or with what `Transport.send` would raise;
                and with whether the server has answered in HTTP/2.

        Raises:
            ValueError: the request is no valid HTTP.
            NotSent: its proxy cannot be used, or the process can open no more files.
        """
        if self.is_stale or self._current.is_used_up(self._max_requests):
            self.close_idle()
        url, connections = request.url, self._current
        handle = self._take_idle((options, url)) or CurlHandle(options, url, self._sockets.ends)
        handle.prepare(request, is_name_stale=url in self._unresolved)
        self._running[handle.curl] = (handle, connections, on_end)
        connections.add(handle.curl)

    def _take_idle(self, key: tuple[CurlOptions, str]) -> CurlHandle | None:
        idle = self._idle.get(key)
        if idle is None:
            return None
        self._idle_handles -= 1
        handle = idle.pop()
        if not idle:
            del self._idle[key]
        return handle

    def run(self, seconds: float) -> None:
        """Wait so long for anything to happen, or until `wake`, and handle it."""
        for connections, descriptor, action in self._sockets.wait(min(seconds, self._timer())):
            connections.multi.socket_action(descriptor, action)
            self._collect(connections)
        for connections in (self._current, *self._retired):
            if monotonic() >= connections.timer_at:
                connections.timer_at = math.inf
                connections.multi.socket_action(self._lib.SOCKET_TIMEOUT, 0)
                self._collect(connections)
        if self._retired:
            self._close_retired()

    def _timer(self) -> float:
        """Seconds until libcurl wants to be called."""
        timer_at = min(each.timer_at for each in (self._current, *self._retired))
        return max(0.0, min(timer_at - monotonic(), _MAX_WAIT_SECONDS))

    def wake(self) -> None:
        """Let `run` return."""
        self._sockets.wake()

    def _collect(self, connections: _Connections) -> None:
        left = 1
        while left:
            left, succeeded, failed = connections.multi.info_read()
            for curl in succeeded:
                self._end(curl, 0, "")
            for curl, code, message in failed:
                self._end(curl, code, message)

    def _end(self, curl: Any, code: int, message: str) -> None:
        handle, connections, on_end = self._running.pop(curl)
        connections.remove(curl)
        result = handle.result(code, message)
        incoming, url = handle.incoming, handle.url
        if isinstance(result, Response):
            connections.has_answered = True
            connections.is_http2 |= incoming.is_http2
        else:
            # A timeout ends its stream alone; the connection may be dead.
            connections.is_left = True
        if incoming.was_refused and connections.started >= MIN_REQUESTS:
            self._max_requests = max(MIN_REQUESTS, connections.started * 3 // 4)
            connections.is_left = True
        if code in curl_errors.UNRESOLVED:
            if len(self._unresolved) >= http_common.MAX_HOSTS:
                self._unresolved.clear()
            self._unresolved.add(url)
        elif self._unresolved:
            self._unresolved.discard(url)
        if self._idle_handles < MAX_IDLE_HANDLES:
            self._idle.setdefault((handle.options, url), []).append(handle)
            self._idle_handles += 1
        on_end(result, incoming.is_http2)

    def close_idle(self) -> None:
        """Close the connections, those in use as soon as none of them is."""
        current = _Connections(self._lib, self._sockets)
        current.allow(self._max_connections)
        self._retired.append(self._current)
        self._current, self.is_stale = current, False
        self._close_retired()

    def _close_retired(self) -> None:
        for each in self._retired:
            if not each.running:
                each.close()
        self._retired = [each for each in self._retired if each.running]

    @property
    def is_idle(self) -> bool:
        """True while no exchange is running."""
        return not self._running

    def close(self) -> None:
        """Give up all exchanges and connections. It is of no use then."""
        self._pid = 0
        running, self._running = self._running, {}
        for curl, (_, connections, _) in running.items():
            connections.remove(curl)
        for connections in (self._current, *self._retired):
            connections.close()
        self._sockets.close()
        for _, _, on_end in running.values():
            on_end(NotSent("given up"), False)

    def __del__(self, getpid: Callable[[], int] = os.getpid) -> None:
        if self._pid == getpid():
            self.close()
        elif self._pid:
            self._sockets.close()


@runtime_checkable
class Multiplexed(Transport, Protocol):
    """A transport that carries many exchanges in one thread."""

    def start(self, multi: CurlMulti, request: Request, on_end: OnEnd) -> None:
        """Begin an exchange; see `CurlMulti.start`."""
        ...


class _Connections:
    """The connections of one of libcurl's multi handles."""

    def __init__(self, lib: Any, sockets: _Sockets) -> None:
        try:
            self.multi: Any = lib.CurlMulti()
        except lib.error as error:
            raise NotSent("this process can open no more files") from error
        self._unpin = pinned(self.multi)
        self._lib = lib
        self._sockets = sockets
        # When libcurl wants to be called.
        self.timer_at = math.inf
        self.running = 0
        self.started = 0
        self.has_answered = False
        self.is_http2 = False
        # Set once the server has refused a request, or ended an idle connection.
        self.is_left = False
        self._opened_at = monotonic()
        self.multi.setopt(lib.M_SOCKETFUNCTION, self._watch)
        self.multi.setopt(lib.M_TIMERFUNCTION, self._set_timer)
        self.multi.setopt(lib.M_MAX_CONCURRENT_STREAMS, MAX_STREAMS)
        self.multi.setopt(lib.M_MAXCONNECTS, MAX_CONNECTIONS)

    def allow(self, number: int) -> None:
        """Allow so many connections to one host; 0 is no limit."""
        self.multi.setopt(self._lib.M_MAX_HOST_CONNECTIONS, number)

    def is_used_up(self, max_requests: int) -> bool:
        """Whether new ones are better used; libcurl itself sees that of HTTP/1.1 alone."""
        if not self.is_http2:
            return False
        age = monotonic() - self._opened_at
        is_old = age > http_common.MAX_CONNECTION_AGE_SECONDS
        return self.is_left or is_old or self.started >= max_requests

    def add(self, curl: Any) -> None:
        """Begin an exchange."""
        self.running += 1
        self.started += 1
        self.multi.add_handle(curl)

    def remove(self, curl: Any) -> None:
        """Take out the handle of an exchange, ended or not."""
        self.running -= 1
        self.multi.remove_handle(curl)

    def _watch(self, action: int, descriptor: int, multi: object, data: object) -> None:
        """Called by libcurl: wait for this socket from now on, or no longer."""
        if action == self._lib.POLL_REMOVE:
            # Of HTTP/1.1 libcurl itself sees that a connection has ended.
            may_be_http2 = self.is_http2 or not self.has_answered
            self._sockets.unwatch(self, descriptor, is_end_awaited=may_be_http2)
        else:
            self._sockets.watch(self, descriptor, action)

    def _set_timer(self, milliseconds: int) -> None:
        """Called by libcurl: it wants to be called after so long; never, if negative."""
        self.timer_at = math.inf if milliseconds < 0 else monotonic() + milliseconds / 1000

    def close(self) -> None:
        """Close all; no exchange may be running."""
        self._sockets.forget(self)
        self.multi.close()
        # With its callbacks it is a cycle.
        self.multi = None
        self._unpin()


class _Sockets:
    """What all of them wait for, and a pair of sockets by which the waiting thread is woken."""

    def __init__(self, lib: Any) -> None:
        # In here: gevent replaces `select.poll` in the module, and libcurl needs the real one.
        import select

        self._lib = lib
        self._in, self._out = select.POLLIN, select.POLLOUT
        self._errors = select.POLLERR | select.POLLHUP
        # Linux tells that the other end sends no more before all is read.
        self._end: int = getattr(select, "POLLRDHUP", 0)
        # By what libcurl asks for.
        self._masks = {
            lib.POLL_IN: self._in | self._end,
            lib.POLL_OUT: self._out | self._end,
            lib.POLL_INOUT: self._in | self._out | self._end,
        }
        self._poll = select.poll()
        self._owners: dict[int, _Connections] = {}
        # Those that libcurl does not wait for.
        self._idle: set[int] = set()
        # Whether a connection was begun since the last wait in which nothing has happened.
        self._is_connecting = False
        self.ends = ConnectionEnds(self._is_at_end)
        self._woken, self._waker = socket.socketpair()
        for each in (self._woken, self._waker):
            each.setblocking(False)
        self._poll.register(self._woken, self._in)

    def watch(self, owner: _Connections, descriptor: int, action: int) -> None:
        """Wait for a socket to be readable, writable or both."""
        self._is_connecting |= descriptor not in self._owners
        self._owners[descriptor] = owner
        if self._idle:
            self._idle.discard(descriptor)
        self._poll.register(descriptor, self._masks[action])

    def unwatch(self, owner: _Connections, descriptor: int, *, is_end_awaited: bool) -> None:
        """Wait for a socket no longer, or for its end alone: its connection is idle now.

        libcurl does not look at one within a second, and does not see TLS's `close_notify` at all.
        """
        found = _look_at(descriptor) if is_end_awaited else None
        if found is None:
            self._forget(descriptor)
            return
        port, is_open = found
        if not is_open:
            self.ends.end(port)
            owner.is_left = True
        self.ends.leave(port)
        self._idle.add(descriptor)
        self._poll.register(descriptor, self._end)

    def forget(self, owner: _Connections) -> None:
        """Wait for none of these any more."""
        for descriptor in [each for each, its in self._owners.items() if its is owner]:
            self._forget(descriptor)

    def _forget(self, descriptor: int) -> None:
        if self._owners.pop(descriptor, None) is not None:
            self._idle.discard(descriptor)
            self._poll.unregister(descriptor)

    def wait(self, seconds: float) -> list[tuple[_Connections, int, int]]:
        """The sockets at which something has happened, and what libcurl is to be told of each."""
        if self._is_connecting:
            seconds = min(seconds, LOOK_SECONDS)
        found, ready = [], self._poll.poll(math.ceil(seconds * 1000))
        looked_at = monotonic()
        if not ready:
            self._is_connecting = False
        for descriptor, mask in ready:
            owner = self._owners.get(descriptor)
            if owner is None:
                with suppress(BlockingIOError):
                    self._woken.recv(4096)
                continue
            if descriptor in self._idle:
                # The server has ended it; or libcurl has closed it, and it may be another's by now.
                owner.is_left = True
                self._forget(descriptor)
                continue
            if mask & ~(self._in | self._out):
                self._note_end(descriptor)
            action = 0
            if mask & self._out:
                action |= self._lib.CSELECT_OUT
            if mask & ~self._out:
                action |= self._lib.CSELECT_IN
            if mask & self._errors:
                action |= self._lib.CSELECT_ERR
            found.append((owner, descriptor, action))
        if self._end:
            self.ends.looked_at = looked_at
        return found

    def wake(self) -> None:
        """Let `wait` return."""
        # A full buffer wakes as well, and one that is closed waits for nothing.
        with suppress(OSError):
            self._waker.send(b"\0")

    def _is_at_end(self, port: int) -> bool:
        return (port, False) in map(_look_at, self._owners)

    def _note_end(self, descriptor: int) -> None:
        found = _look_at(descriptor)
        if found is not None:
            self.ends.end(found[0])

    def close(self) -> None:
        """Close the pair."""
        self._woken.close()
        self._waker.close()


def _look_at(descriptor: int) -> tuple[int, bool] | None:
    """Our port, and whether the server may still send; None for what is no connection.

    libcurl has descriptors of its own, too, by which its resolver's threads wake it.
    """
    try:
        found = socket.socket(fileno=descriptor)
    except OSError:
        return None
    try:
        port = 0 if found.family == socket.AF_UNIX else found.getsockname()[1]
        return (port, bool(found.recv(1, _PEEK))) if port else None
    except BlockingIOError:
        return port, True
    except OSError:
        return port, False
    finally:
        found.detach()
