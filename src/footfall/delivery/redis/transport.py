"""Puts packs of events into a stream, in the place of a POST to a vendor."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

from footfall.delivery.redis.client import cipher_of_stream, connect
from footfall.delivery.redis.queue_keys import PUT, QueueKeys
from footfall.destinations import RedisStream
from footfall.errors import Ambiguous, NotSent, TimedOut
from footfall.events.cipher import NONCE_BYTES
from footfall.events.pack import Pack
from footfall.model import Request, Response

if TYPE_CHECKING:
    from redis import Redis

_PUT: Final = Response(status=200)
_REFUSED: Final = 503
# For what every entry meets until the owner acts.
_FORBIDDEN: Final = 401


class RedisTransport:
    """One script call for each pack, on a connection that stays open.

    Args:
        queue: Where packs are put.

    Raises:
        ConfigError: redis-py is not installed, or does not understand the URL; or `cryptography` is
            needed and not installed.
    """

    def __init__(self, queue: RedisStream) -> None:
        self._client: Redis = connect(queue)
        self._cipher = cipher_of_stream(queue)
        self._put = self._client.register_script(PUT)
        keys = QueueKeys(queue.stream)
        self._keys = [keys.stream, keys.account]
        # What was put is gone after twice the age at which it is no longer delivered.
        self._bounds = [queue.max_entries, round(queue.max_age_seconds * 2000)]

    def send(self, request: Request) -> Response:
        """Put the lines in the request's body into the stream, as one entry.

        Returns:
            200 if they are in it; 503 with the server's error if it refused them; 401 if it does
            not let this client in.

        Raises:
            NotSent: no connection could be opened.
            Ambiguous: it broke before the answer; `TimedOut` where none came in time.
        """
        from redis import exceptions

        pack = Pack.of(request.body, time.time())
        if self._cipher is not None:
            pack = pack.encrypted(self._cipher, os.urandom(NONCE_BYTES))
        is_connected = False
        try:
            # By itself, so that it is known whether the entry may have been sent.
            pool = self._client.connection_pool
            pool.release(pool.get_connection())
            is_connected = True
            self._put(keys=self._keys, args=[*pack.fields().values(), *self._bounds])
        except (
            exceptions.AuthenticationError,
            exceptions.AuthorizationError,
            exceptions.NoPermissionError,
        ) as error:
            return Response(status=_FORBIDDEN, body=str(error).encode())
        except (exceptions.ResponseError, exceptions.BusyLoadingError) as error:
            if isinstance(error, exceptions.ReadOnlyError | exceptions.MovedError):
                # After a failover its name leads to another server.
                self._client.connection_pool.disconnect()
            return Response(status=_REFUSED, body=str(error).encode())
        except (exceptions.ConnectionError, exceptions.TimeoutError, OSError) as error:
            if not is_connected:
                raise NotSent(str(error)) from error
            if isinstance(error.__context__, exceptions.ReadOnlyError):
                # So a connection behind Sentinel says that it has left a former primary.
                return Response(status=_REFUSED, body=str(error).encode())
            is_late = isinstance(error, exceptions.TimeoutError | TimeoutError)
            raise (TimedOut if is_late else Ambiguous)(str(error)) from error
        return _PUT

    def close(self) -> None:
        """Close the connections; the next pack opens one."""
        self._client.connection_pool.disconnect()

    def __repr__(self) -> str:
        return "RedisTransport()"
