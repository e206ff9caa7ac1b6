"""Bottle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bottle import Bottle, HTTPResponse, redirect, static_file

import footfall
from tests.frameworks import site
from tests.frameworks.page import SetUp


def make(set_up: SetUp) -> Any:
    app = Bottle()
    app.route("/page", callback=lambda: site.PAGE)
    app.route("/users/<uid:int>", callback=lambda uid: site.PAGE)
    app.route("/café", callback=lambda: site.PAGE)
    app.route("/signup", "POST", site.sign_up)
    app.route("/broken", callback=site.fail)
    app.route("/props", callback=site.with_props)
    app.route("/health", callback=footfall.ignore_view(lambda: site.PAGE))

    @app.route("/moved")
    def moved() -> None:
        redirect("/page")

    @app.route("/data")
    def data() -> dict[str, int]:
        return {"page": 1}

    @app.route("/stream")
    def stream() -> Iterator[str]:
        yield from site.CHUNKS

    @app.route("/style.css")
    def style() -> Any:
        return HTTPResponse(site.CSS, headers={"Content-Type": "text/css"})

    @app.route("/guide.pdf")
    def guide() -> Any:
        return static_file(site.PDF.name, root=str(site.PDF.parent))

    shop = Bottle()
    shop.route("/items/<name>", callback=lambda name: site.PAGE)
    app.mount("/shop/", shop)
    return set_up(app=app)["app"]
