"""The adapter for Starlette.

    app.add_middleware(FootfallMiddleware, destinations=[Plausible(domain="example.com")])

The plain ASGI class: no request object, no task group, no copied context. Only wrong options are
reported in another way: Starlette makes its middleware when the server starts the app, and servers
treat an exception there as an app without lifespan. So the class sends `lifespan.startup.failed`.
"""

from __future__ import annotations

from typing import Unpack

from footfall import asgi
from footfall.asgi import ASGIApp, Receive, Scope, Send
from footfall.common import log
from footfall.config import Config, Options
from footfall.errors import ConfigError
from footfall.tracker import Tracker

__all__ = ["FootfallMiddleware"]


class FootfallMiddleware(asgi.FootfallMiddleware):
    """Counts the pageviews of a Starlette or FastAPI app; see `footfall.asgi.FootfallMiddleware`.

    With options that cannot work the server does not start, and says why. Under a server without
    lifespan the app runs, nothing is counted, and the log says why.
    """

    def __init__(
        self, app: ASGIApp, *, tracker: Tracker | None = None, **options: Unpack[Options]
    ) -> None:
        self._fault: ConfigError | None = None
        try:
            super().__init__(app, tracker=tracker, **options)
        except ConfigError as fault:
            # Of no options at all, since those of the environment may be the wrong ones.
            nothing = Tracker(Config(), environ={"FOOTFALL_QUIET": "1"})
            super().__init__(app, tracker=nothing)
            self._fault = fault

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._fault is not None:
            if scope["type"] == "lifespan":
                await receive()
                await send({"type": "lifespan.startup.failed", "message": str(self._fault)})
                return
            # The server sent no lifespan scope, so the start could not fail.
            log.error(str(self._fault))
            self._fault = None
        await super().__call__(scope, receive, send)
