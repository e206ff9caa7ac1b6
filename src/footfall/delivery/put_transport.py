"""Hands packs of events to a function of the site owner's, in the place of a POST."""

from __future__ import annotations

import time
from collections.abc import Callable

from footfall.common.log import error_location
from footfall.errors import TransportError
from footfall.events.pack import Pack
from footfall.model import Request, Response


class PutTransport:
    """Calls `put` with each pack.

    Args:
        put: See `footfall.destinations.Queue`.
    """

    def __init__(self, put: Callable[[bytes], object]) -> None:
        self._put = put

    def send(self, request: Request) -> Response:
        """Put the lines in the request's body, as one pack.

        Returns:
            200 if `put` has returned; 503 if it raised, with the place.

        Raises:
            TransportError: `put` did.
        """
        try:
            self._put(Pack.of(request.body, time.time()).to_bytes())
        except TransportError:
            raise
        except Exception as error:  # noqa: BLE001 -- the app has defined it
            return Response(status=503, body=error_location(error).encode())
        return Response(status=200)

    def close(self) -> None:
        """Nothing: the app closes what is its own."""
