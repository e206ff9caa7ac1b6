"""Flask. Run it with `python examples/flask_app.py`, or with
`gunicorn --chdir examples flask_app:app`.
"""

from __future__ import annotations

import pages
from flask import Flask, Response, redirect, send_file
from werkzeug.wrappers import Response as BaseResponse

import footfall
from footfall.flask import Footfall

app = Flask(__name__)
Footfall(app, destinations=pages.DESTINATIONS, before_send=pages.show)


@app.get("/")
def landing() -> str:
    return pages.LANDING


@app.get("/pricing")
def pricing() -> str:
    return pages.PRICING


@app.post("/signup")
def sign_up() -> BaseResponse:
    footfall.track("Signup", props={"plan": "pro"})
    return redirect("/thanks", 303)


@app.get("/thanks")
def thanks() -> str:
    return pages.THANKS


@app.get("/guide.pdf")
def guide() -> Response:
    return send_file(pages.STATIC / "guide.pdf", as_attachment=True)


@app.get("/favicon.ico")
def favicon() -> Response:
    return app.send_static_file("favicon.ico")


@app.get("/health")
def health() -> dict[str, str]:
    return pages.HEALTH


@app.errorhandler(404)
def not_found(_error: Exception) -> tuple[str, int]:
    return pages.NOT_FOUND, 404


if __name__ == "__main__":
    app.run(port=pages.PORT)
