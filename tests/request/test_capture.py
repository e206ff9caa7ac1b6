"""What capturing a response does, and what it does not keep."""

from __future__ import annotations

import io
import socket
import weakref
from typing import Any

from footfall import wsgi
from tests.support.records import quiet_tracker, wsgi_page


def test_what_a_request_holds_is_freed_with_it() -> None:
    tracker = quiet_tracker()
    near, far = socket.socketpair()
    body = io.BytesIO(b"x" * 1000)
    wrapped = wsgi.FootfallMiddleware(wsgi_page, tracker=tracker)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/",
        "wsgi.input": body,
        "server.socket": near,
    }
    held = weakref.ref(near), weakref.ref(body)
    wrapped(environ, lambda *_: lambda _: None)
    near.close()
    far.close()
    del environ, near, body
    assert [each() for each in held] == [None, None]
    assert len(tracker._inbox) == 1
