"""The interface of a transport."""

from __future__ import annotations

from typing import Protocol

from footfall.model import Request, Response


class Transport(Protocol):
    """Carries requests. Called from several threads at once; each call is one exchange.

    A thread waits for `send`, so that should end within seconds. It follows no redirect, since a
    visitor's address may go to no other host. Nothing else is called: the app closes its own.
    """

    def send(self, request: Request) -> Response:
        """POST `request` and return the vendor's response, whatever its status.

        Raises:
            NotSent: the vendor surely did not process the request, so it is sent again.
            Ambiguous: it may have; `TimedOut` where no response came in time. Never sent again.
            ValueError: it is no valid HTTP. This, as any other exception, rejects the event.
        """
        ...
