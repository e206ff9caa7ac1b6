"""Litestar."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from litestar import Controller, Litestar, MediaType, Response, Router, get, post
from litestar.response import File, Redirect, Stream

import footfall
from tests.frameworks import site
from tests.frameworks.page import SetUp


@get(["/page", "/users/{uid:int}", "/café"], media_type=MediaType.HTML)
async def page(uid: int = 0) -> str:
    return site.PAGE


@get("/moved")
async def moved() -> Redirect:
    return Redirect("/page")


@get("/data")
async def data() -> dict[str, int]:
    return {"page": 1}


@get("/stream")
async def stream() -> Stream:
    async def chunks() -> AsyncIterator[str]:
        for chunk in site.CHUNKS:
            yield chunk

    return Stream(chunks(), media_type="text/html")


@get("/style.css")
async def style() -> Response[str]:
    return Response(site.CSS, media_type="text/css")


@get("/guide.pdf")
async def guide() -> File:
    return File(site.PDF, content_disposition_type="inline")


@post("/signup", media_type=MediaType.HTML, sync_to_thread=True)
def sign_up() -> str:
    return site.sign_up()


@get("/items/{name:str}", media_type=MediaType.HTML)
async def item(name: str) -> str:
    return site.PAGE


@get("/broken", media_type=MediaType.HTML)
async def broken() -> str:
    return site.fail()


@get("/props", media_type=MediaType.HTML)
async def props() -> str:
    return site.with_props()


@get("/health", media_type=MediaType.HTML)
@footfall.ignore_view
async def health() -> str:
    return site.PAGE


class Health(Controller):
    path = "/health-class"

    @get(media_type=MediaType.HTML)
    @footfall.ignore_view
    async def show(self) -> str:
        return site.PAGE


VIEWS: list[Any] = [page, moved, data, stream, style, guide, sign_up, broken, props, health, Health]


def route_handlers() -> list[Any]:
    return [*VIEWS, Router("/shop", route_handlers=[item])]


def make(set_up: SetUp) -> Any:
    return set_up(app=Litestar(route_handlers()))["app"]


def make_with_middleware(set_up: SetUp) -> Any:
    names = set_up(route_handlers=route_handlers())
    return names["app"] if "app" in names else Litestar(route_handlers())
