"""The table: the frameworks, the requests that each gets, and the hits that must come of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from importlib import metadata
from typing import Any, Final

from tests.support.raw_requests import Raw, navigation


@dataclass(frozen=True, kw_only=True)
class Hit:
    """What a request counted as: the events, as name, URL and props, and the reasons."""

    events: tuple[tuple[str, str, Mapping[str, Any]], ...] = ()
    reasons: Mapping[str, int] = field(default_factory=dict)


def pageview(target: str, **props: Any) -> Hit:
    return Hit(events=(("pageview", target, props),), reasons={"navigation": 1})


def skipped(reason: str) -> Hit:
    return Hit(reasons={reason: 1})


@dataclass(frozen=True, kw_only=True)
class Row:
    """One request, and its hit in every framework."""

    raw: Raw
    hit: Hit
    # Where the option path_mode is "route".
    route: Hit | None = None


ROWS: Final[Mapping[str, Row]] = {
    "page": Row(
        raw=navigation("/page", "utm_source=news&token=1"),
        hit=pageview("/page?utm_source=news"),
    ),
    "redirect": Row(raw=navigation("/moved"), hit=skipped("redirect")),
    "404": Row(raw=navigation("/missing"), hit=skipped("not_found")),
    "JSON": Row(raw=navigation("/data"), hit=skipped("not_html")),
    "stream": Row(raw=navigation("/stream"), hit=pageview("/stream")),
    "css": Row(
        raw=navigation("/style.css", headers={"Sec-Fetch-Dest": "style"}), hit=skipped("not_html")
    ),
    "pdf": Row(
        raw=navigation("/guide.pdf"),
        hit=Hit(
            events=(("File Download", "/guide.pdf", {"url": "https://example.com/guide.pdf"}),),
            reasons={"download": 1},
        ),
    ),
    "POST with track()": Row(
        raw=navigation("/signup", method="POST", body=b"plan=pro"),
        hit=Hit(
            events=(("Signup", "/signup", {"plan": "pro"}),),
            reasons={"custom_event": 1, "method": 1},
        ),
    ),
    "route": Row(
        raw=navigation("/users/17"),
        hit=pageview("/users/17"),
        route=pageview("/users/%7Buid%7D"),
    ),
    "route below a prefix": Row(
        raw=navigation("/shop/items/tea"),
        hit=pageview("/shop/items/tea"),
        route=pageview("/shop/items/%7Bname%7D"),
    ),
    "exception": Row(raw=navigation("/broken"), hit=skipped("error")),
    "set_props()": Row(raw=navigation("/props"), hit=pageview("/props", plan="pro")),
    "ignored function": Row(raw=navigation("/health"), hit=skipped("ignored")),
    "ignored class": Row(raw=navigation("/health-class"), hit=skipped("ignored")),
    "HEAD": Row(raw=navigation("/page", method="HEAD"), hit=skipped("method")),
    "OPTIONS": Row(raw=navigation("/page", method="OPTIONS"), hit=skipped("method")),
    "path beyond ASCII": Row(raw=navigation("/caf%C3%A9"), hit=pageview("/caf%C3%A9")),
}


@dataclass(frozen=True)
class Framework:
    """A framework, whose site is `make` of `tests/frameworks/apps/<module>.py`."""

    distribution: str
    interface: str
    # The class below `ignore_view` in the site; None where the framework has none.
    ignored_class: str | None
    # What `track_404` makes of the framework's own page.
    missing_page: str
    _: KW_ONLY
    # The distribution's name by default.
    module: str = ""
    make: str = "make"
    # The rows whose requests do not come to the middleware.
    unseen: frozenset[str] = frozenset()

    def version(self) -> str | None:
        """The installed version, or None."""
        try:
            return metadata.version(self.distribution)
        except metadata.PackageNotFoundError:
            return None

    def rows(self) -> Mapping[str, Row]:
        """The rows that concern it."""
        return {
            name: replace(row, hit=Hit()) if name in self.unseen else row
            for name, row in ROWS.items()
            if self.ignored_class is not None or name != "ignored class"
        }


FRAMEWORKS: Final[Mapping[str, Framework]] = {
    "Django, WSGI": Framework("django", "WSGI", "`View`", "counted", make="make_wsgi"),
    "Django, ASGI": Framework("django", "ASGI", "`View`", "counted", make="make_asgi"),
    "Flask": Framework("flask", "WSGI", "`MethodView`", "counted"),
    "Starlette": Framework("starlette", "ASGI", "`HTTPEndpoint`", "no HTML"),
    "FastAPI": Framework("fastapi", "ASGI", "Starlette's `HTTPEndpoint`", "no HTML"),
    "Litestar": Framework("litestar", "ASGI", "the methods of a `Controller`", "no HTML"),
    "Litestar, DefineMiddleware": Framework(
        "litestar",
        "ASGI",
        "the methods of a `Controller`",
        "not seen",
        make="make_with_middleware",
        # The router answers them outside of it.
        unseen=frozenset({"404", "HEAD"}),
    ),
    "Quart": Framework("quart", "ASGI", "`MethodView`", "counted"),
    "BlackSheep": Framework("blacksheep", "ASGI", "`Controller`", "no HTML"),
    "Falcon, WSGI": Framework("falcon", "WSGI", "any resource", "no HTML", make="make_wsgi"),
    "Falcon, ASGI": Framework("falcon", "ASGI", "any resource", "no HTML", make="make_asgi"),
    "Bottle": Framework("bottle", "WSGI", None, "counted"),
    "Pyramid": Framework("pyramid", "WSGI", "a class with `__call__`", "counted"),
    "Sanic": Framework("sanic", "ASGI", "`HTTPMethodView`", "counted"),
    "FastHTML": Framework(
        "python-fasthtml", "ASGI", "a class with `get`", "no HTML", module="fasthtml"
    ),
}
