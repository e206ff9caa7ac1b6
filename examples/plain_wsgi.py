"""Any WSGI app, without a framework. Run it with `python examples/plain_wsgi.py`."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from wsgiref.simple_server import make_server
from wsgiref.types import StartResponse, WSGIEnvironment

import pages

import footfall
from footfall.wsgi import FootfallMiddleware


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    if environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"] == "/signup":
        footfall.track("Signup", props={"plan": "pro"})
        start_response("303 See Other", [("location", "/thanks")])
        return []
    status, headers, body = pages.response_for(environ["PATH_INFO"])
    start_response(f"{status} {HTTPStatus(status).phrase}", headers)
    return [body]


application = FootfallMiddleware(app, destinations=pages.DESTINATIONS, before_send=pages.show)


if __name__ == "__main__":
    # wsgiref runs no exit hook on SIGTERM. Servers such as gunicorn do, and need no such line.
    footfall.flush_on_sigterm()
    with make_server("127.0.0.1", pages.PORT, application) as server:
        server.serve_forever()
