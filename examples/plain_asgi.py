"""Any ASGI app, without a framework. Run it with `python examples/plain_asgi.py`, or with
`uvicorn --app-dir examples plain_asgi:application`.
"""

from __future__ import annotations

import pages
import uvicorn

import footfall
from footfall.asgi import FootfallMiddleware, Receive, Scope, Send


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    assert scope["type"] == "http"
    if scope["method"] == "POST" and scope["path"] == "/signup":
        footfall.track("Signup", props={"plan": "pro"})
        response = pages.Response(303, [("location", "/thanks")], b"")
    else:
        response = pages.response_for(scope["path"])
    headers = [(name.encode(), value.encode()) for name, value in response.headers]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


application = FootfallMiddleware(app, destinations=pages.DESTINATIONS, before_send=pages.show)


if __name__ == "__main__":
    uvicorn.run(application, port=pages.PORT)
