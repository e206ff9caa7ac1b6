"""The interface of a transport."""

from __future__ import annotations

from typing import Protocol

from footfall.model import Request, Response


class Transport(Protocol):
    """Carries requests. Called from several threads at once; each call is one exchange."""

    def send(self, request: Request) -> Response:
        """Send `request` and return the vendor's response.

        Raises:
            NotSent: the vendor surely did not process the request.
            Ambiguous: it may have.
            ValueError: the request cannot be written as HTTP, now or ever.
        """
        ...
