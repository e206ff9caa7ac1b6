"""Custom events, from views and from background code. Run it with
`python examples/custom_events.py`.
"""

from __future__ import annotations

import json
import queue
import threading

import pages
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

import footfall
from footfall.fastapi import FootfallMiddleware
from footfall.tracker import Tracker

# Made here, for code outside of requests tracks events, too.
tracker = Tracker.from_options({"destinations": pages.DESTINATIONS, "before_send": pages.show})
app = FastAPI()
app.add_middleware(FootfallMiddleware, tracker=tracker)
app.mount("/static", StaticFiles(directory=pages.STATIC))

ORDER_FORM = '<form method="post" action="/order"><button>Order</button></form>'
unpaid: queue.Queue[str] = queue.Queue()


@app.get("/", response_class=HTMLResponse)
async def shop(request: Request) -> str:
    # A prop of this request's pageview. Yes or no is fine; never send who the person is.
    footfall.set_props(logged_in="session" in request.cookies)
    return pages.page("Shop", ORDER_FORM)


@app.get("/drafts/shop", response_class=HTMLResponse)
async def draft() -> str:
    footfall.ignore()  # a visit by the site owner is no pageview
    return pages.page("Draft of the shop", ORDER_FORM)


@app.post("/order")
async def order(request: Request) -> RedirectResponse:
    footfall.track("Order", props={"plan": "pro"})
    # The visitor as a small token, for code that runs after the request. It contains the
    # address and the browser's name, so keep it no longer than the task needs.
    visitor = footfall.current_visitor()
    unpaid.put(json.dumps({"url": str(request.url), "visitor": visitor, "amount": "19.99"}))
    return RedirectResponse("/thanks", status_code=303)


@app.get("/thanks", response_class=HTMLResponse)
async def thanks() -> str:
    return pages.THANKS


def take_payments() -> None:
    """In place of a task queue, or of the webhook of a payment provider."""
    while True:
        paid = json.loads(unpaid.get())
        tracker.track(
            "Payment",
            url=paid["url"],
            visitor=paid["visitor"],
            revenue=("EUR", paid["amount"]),
            interactive=False,  # no action of the visitor
        )


if __name__ == "__main__":
    threading.Thread(target=take_payments, daemon=True).start()
    uvicorn.run(app, port=pages.PORT)
