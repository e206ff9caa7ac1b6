"""FastAPI. Run it with `python examples/fastapi_app.py`, or with
`uvicorn --app-dir examples fastapi_app:app`.
"""

from __future__ import annotations

import pages
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

import footfall
from footfall.fastapi import FootfallMiddleware

app = FastAPI()
app.add_middleware(FootfallMiddleware, destinations=pages.DESTINATIONS, before_send=pages.show)
app.mount("/static", StaticFiles(directory=pages.STATIC))


@app.get("/", response_class=HTMLResponse)
async def landing() -> str:
    return pages.LANDING


@app.get("/pricing", response_class=HTMLResponse)
async def pricing() -> str:
    return pages.PRICING


@app.post("/signup")
async def sign_up() -> RedirectResponse:
    footfall.track("Signup", props={"plan": "pro"})
    return RedirectResponse("/thanks", status_code=303)


@app.get("/thanks", response_class=HTMLResponse)
async def thanks() -> str:
    return pages.THANKS


@app.get("/guide.pdf")
async def guide() -> FileResponse:
    return FileResponse(pages.STATIC / "guide.pdf", filename="guide.pdf")


@app.get("/favicon.ico")
async def favicon() -> FileResponse:
    return FileResponse(pages.STATIC / "favicon.ico")


@app.get("/health")
async def health() -> dict[str, str]:
    return pages.HEALTH


@app.exception_handler(404)
async def not_found(_request: Request, _error: Exception) -> HTMLResponse:
    return HTMLResponse(pages.NOT_FOUND, 404)


if __name__ == "__main__":
    uvicorn.run(app, port=pages.PORT)
