"""Flask."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, redirect, send_file
from flask.typing import ResponseReturnValue
from flask.views import MethodView

import footfall
from tests.frameworks import site
from tests.frameworks.page import SetUp


def make(set_up: SetUp) -> Any:
    app = Flask(__name__)
    app.add_url_rule("/page", view_func=lambda: site.PAGE, endpoint="page")
    app.add_url_rule("/signup", view_func=site.sign_up, methods=["POST"])
    app.add_url_rule("/broken", view_func=site.fail)
    app.add_url_rule("/props", view_func=site.with_props)

    @app.get("/moved")
    def moved() -> ResponseReturnValue:
        return redirect("/page")

    @app.get("/data")
    def data() -> ResponseReturnValue:
        return {"page": 1}

    @app.get("/stream")
    def stream() -> ResponseReturnValue:
        return iter(site.CHUNKS)

    @app.get("/style.css")
    def style() -> ResponseReturnValue:
        return Response(site.CSS, content_type="text/css")

    @app.get("/guide.pdf")
    def guide() -> ResponseReturnValue:
        return send_file(site.PDF)

    @app.get("/users/<int:uid>")
    def user(uid: int) -> ResponseReturnValue:
        return site.PAGE

    shop = Blueprint("shop", __name__, url_prefix="/shop")

    @shop.get("/items/<name>")
    def item(name: str) -> ResponseReturnValue:
        return site.PAGE

    app.register_blueprint(shop)

    @app.get("/health")
    @footfall.ignore_view
    def health() -> ResponseReturnValue:
        return site.PAGE

    @footfall.ignore_view
    class Health(MethodView):
        def get(self) -> ResponseReturnValue:
            return site.PAGE

    app.add_url_rule("/health-class", view_func=Health.as_view("health_class"))

    @app.get("/café")
    def coffee() -> ResponseReturnValue:
        return site.PAGE

    return set_up(app=app)["app"]
