"""Hands packs of events to a function of the site owner's, in the place of a POST."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from footfall.common.log import error_location
from footfall.errors import TransportError
from footfall.events.cipher import NONCE_BYTES, cipher_of
from footfall.events.pack import Pack
from footfall.model import Request, Response


class PutTransport:
    """Calls `put` with each pack.

    Args:
        put: See `footfall.destinations.Queue`.
        keys: See there, too.

    Raises:
        ConfigError: `cryptography` is needed and not installed.
    """

    def __init__(self, put: Callable[[bytes], object], keys: str = "") -> None:
        self._put = put
        self._cipher = cipher_of(keys)

    def send(self, request: Request) -> Response:
        """Put the lines in the request's body, as one pack.

        Returns:
            200 if `put` has returned; 503 if it raised, with the place.

        Raises:
            TransportError: `put` did.
        """
        pack = Pack.of(request.body, time.time())
        if self._cipher is not None:
            pack = pack.encrypted(self._cipher, os.urandom(NONCE_BYTES))
        try:
            self._put(pack.to_bytes())
        except TransportError:
            raise
        except Exception as error:  # noqa: BLE001 -- the app has defined it
            return Response(status=503, body=error_location(error).encode())
        return Response(status=200)

    def close(self) -> None:
        """Nothing: the app closes what is its own."""
