"""The table: the frameworks, the requests that each gets, and the hits that must come of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    "404": Row(raw=navigation("/missing"), hit=skipped("error")),
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


@dataclass(frozen=True, kw_only=True)
class Framework:
    """A framework, whose site is `make` of `tests/frameworks/apps/<module>.py`."""

    distribution: str
    interface: str
    # The class below `ignore_view` in the site; None where the framework has none.
    ignored_class: str | None
    module: str
    make: str = "make"

    def version(self) -> str | None:
        """The installed version, or None."""
        try:
            return metadata.version(self.distribution)
        except metadata.PackageNotFoundError:
            return None

    def rows(self) -> Mapping[str, Row]:
        """The rows that concern it."""
        return {
            name: row
            for name, row in ROWS.items()
            if self.ignored_class is not None or name != "ignored class"
        }


def _wsgi(distribution: str, ignored_class: str | None, **changes: str) -> Framework:
    return _framework(distribution, "WSGI", ignored_class, **changes)


def _asgi(distribution: str, ignored_class: str | None, **changes: str) -> Framework:
    return _framework(distribution, "ASGI", ignored_class, **changes)


def _framework(
    distribution: str, interface: str, ignored_class: str | None, **changes: str
) -> Framework:
    return Framework(
        distribution=distribution,
        interface=interface,
        ignored_class=ignored_class,
        **{"module": distribution, **changes},
    )


FRAMEWORKS: Final[Mapping[str, Framework]] = {
    "Django, WSGI": _wsgi("django", "`View`", make="make_wsgi"),
    "Django, ASGI": _asgi("django", "`View`", make="make_asgi"),
    "Flask": _wsgi("flask", "`MethodView`"),
    "Starlette": _asgi("starlette", "`HTTPEndpoint`"),
    "FastAPI": _asgi("fastapi", "Starlette's `HTTPEndpoint`"),
    "Litestar": _asgi("litestar", "the methods of a `Controller`"),
    "Quart": _asgi("quart", "`MethodView`"),
    "BlackSheep": _asgi("blacksheep", "`Controller`"),
    "Falcon, WSGI": _wsgi("falcon", "any resource", make="make_wsgi"),
    "Falcon, ASGI": _asgi("falcon", "any resource", make="make_asgi"),
    "Bottle": _wsgi("bottle", None),
    "Pyramid": _wsgi("pyramid", "a class with `__call__`"),
    "Sanic": _asgi("sanic", "`HTTPMethodView`"),
    "FastHTML": _asgi("python-fasthtml", "a class with `get`", module="fasthtml"),
}
