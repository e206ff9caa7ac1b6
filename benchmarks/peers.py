"""Other packages that `request_path.py` measures; none of them sends anything.

The HTTP clients of the Matomo middlewares are stubs that return at once, so that only making the
event is measured. Each function raises ImportError where its package is not installed.
"""

from __future__ import annotations

import atexit
import tempfile
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, Final

# Nothing listens on this port.
NOWHERE: Final = "http://127.0.0.1:9"
RESPONSE: Final = SimpleNamespace(status_code=204, is_success=True, text="")
PAGE: Final = b"ok"


class AsyncClient:
    async def post(self, url: str, **content: Any) -> Any:
        return RESPONSE


class Client:
    def post(self, url: str, **content: Any) -> Any:
        return RESPONSE


def asgi_matomo(app: Any) -> Any:
    from asgi_matomo import MatomoMiddleware

    address = f"{NOWHERE}/matomo.php"
    return MatomoMiddleware(app, matomo_url=address, idsite=1, client=AsyncClient())


def starlette() -> Any:
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse
    from starlette.routing import Route

    async def page(request: Any) -> Any:
        return HTMLResponse(PAGE)

    return Starlette(routes=[Route("/page", page)])


def apitally() -> Any:
    """A newly made app: apitally's threads collect, and cannot send."""
    import apitally.starlette

    # Without an endpoint it leaves its spool files behind.
    folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    atexit.register(folder.cleanup)
    tempfile.tempdir = folder.name
    app = starlette()
    apitally.starlette.init(app, write_token="apt_" + "0" * 24, otlp_endpoint=NOWHERE)
    return app


def read_to_the_end(app: Any) -> Any:
    """`app`, with its response body read and closed, as a server does."""

    def run(environ: Any, start_response: Any) -> Iterable[bytes]:
        body = app(environ, start_response)
        chunks = list(body)
        body.close()
        return chunks

    return run


def flask_app() -> Any:
    from flask import Flask

    app = Flask("page")
    app.add_url_rule("/page", "page", lambda: PAGE)
    return app


def flask() -> Any:
    return read_to_the_end(flask_app())


def flask_matomo() -> Any:
    from flask_matomo2 import Matomo

    app = flask_app()
    Matomo(app, matomo_url=f"{NOWHERE}/matomo.php", id_site=1, client=Client())
    return read_to_the_end(app)
