"""What counts, by table: who asked, how they asked, what was answered.

An expectation is written `kind reason`, as in `pageview navigation` or `skip bot`. Unless a row
has rules of its own, 404s and downloads are counted.
"""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, replace
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from footfall.model import Decision, Hit, Step
from footfall.rules import pageview
from footfall.rules.pageview import (
    BOT_VISIT,
    DOWNLOAD,
    DOWNLOAD_EXTENSIONS,
    NOT_FOUND,
    REASONS,
    REQUEST_HEADERS,
    RESPONSE_HEADERS,
    TURBO_PREFETCH_HINT,
    PageviewOptions,
    decide,
    decide_custom_event,
    is_refusable_prefetch,
    prefetch_hint,
    pushed_url,
)
from tests.header_sets import (
    CHROME,
    FIREFOX_92_ACCEPT,
    FIREFOX_128_ACCEPT,
    IMAGE_ACCEPT,
    NAVIGATIONS,
    STYLE_ACCEPT,
    TURBO_ACCEPT,
    Headers,
    chromium,
    firefox,
    old,
    plain_http,
    script,
    webkit,
    without,
)
from tests.test_user_agent import BOTS

HTML = {"content-type": "text/html; charset=utf-8"}
JSON = {"content-type": "application/json"}
PDF = {"content-type": "application/pdf"}
PNG = {"content-type": "image/png"}
OLD_SAFARI = NAVIGATIONS["safari 15"]
EVERYTHING = PageviewOptions(track_404=True)


TURBO = script(accept=TURBO_ACCEPT, x_turbo_request_id="5e1a63a7-8e1b-4a4e-9f57-0b8a2c8d3b1f")
HTMX = script(hx_request="true", hx_current_url="https://example.com/", hx_target="main")
INERTIA = script(
    accept=TURBO_ACCEPT, x_requested_with="XMLHttpRequest", x_inertia="true", x_inertia_version="4"
)
INERTIA_ANSWER = JSON | {"x-inertia": "true"}
GPTBOT = {"user-agent": BOTS["ai-training"]["GPTBot"], "accept": "*/*"}


def no_admin(hit: Hit) -> str | None:
    return "/admin/**" if hit.path.startswith("/admin/") else None


def fails(_hit: Hit) -> bool:
    raise RuntimeError("a fault in the owner's code")


class Row(NamedTuple):
    hit: Hit
    expected: str
    rules: PageviewOptions = EVERYTHING


def asked(headers: Headers, path: str = "/blog/a-post", **facts: Any) -> Hit:
    """A hit with these request headers, answered with HTML unless `facts` say otherwise."""
    return Hit(
        **{
            "scheme": "https",
            "host": "example.com",
            "path": path,
            "headers": headers,
            "response_headers": HTML,
            **facts,
        }
    )


def answered(status: int, headers: Headers = HTML, path: str = "/blog/a-post", **facts: Any) -> Hit:
    """A navigation of Chrome that got this answer."""
    return asked(chromium(), path, status=status, response_headers=headers, **facts)


def outcome(decision: Decision) -> str:
    return f"{decision.kind} {decision.reason}"


# -- A and B: how it was asked -----------------------------------------------------------------


@pytest.mark.parametrize("headers", NAVIGATIONS.values(), ids=NAVIGATIONS)
def test_a_page_opened_in_any_browser_is_a_pageview(headers: Headers) -> None:
    decision = decide(asked(headers))

    assert outcome(decision) == "pageview navigation"
    assert decision.name == "pageview"
    assert decision.props == {}


@pytest.mark.parametrize("headers", NAVIGATIONS.values(), ids=NAVIGATIONS)
def test_plain_http_without_fetch_metadata_counts_too(headers: Headers) -> None:
    assert outcome(decide(asked(plain_http(headers), scheme="http"))) == "pageview navigation"


@pytest.mark.parametrize(
    "user_agent",
    [pytest.param(text, id=name) for bots in BOTS.values() for name, text in bots.items()],
)
def test_a_bot_is_skipped_even_behind_a_browsers_headers(user_agent: str) -> None:
    assert outcome(decide(asked(chromium(user_agent)))) == "skip bot"
    assert outcome(decide(asked({"user-agent": user_agent, "accept": "*/*"}))) == "skip bot"


NAVIGATION_VARIANTS: dict[str, Row] = {
    "typed address": Row(
        asked(chromium(sec_fetch_site="none")),
        "pageview navigation",
    ),
    "from another site": Row(asked(chromium(sec_fetch_site="cross-site")), "pageview navigation"),
    "by a script, without Sec-Fetch-User": Row(
        asked(without(chromium(), "sec-fetch-user", "upgrade-insecure-requests")),
        "pageview navigation",
    ),
    "a reload": Row(asked(chromium(cache_control="max-age=0")), "pageview navigation"),
    "a forced reload": Row(
        asked(chromium(cache_control="no-cache", pragma="no-cache")),
        "pageview navigation",
    ),
    "with Save-Data": Row(asked(chromium(save_data="on")), "pageview navigation"),
    "without Accept-Language": Row(
        asked(without(chromium(), "accept-language")),
        "pageview navigation",
    ),
    "firefox 128's Accept": Row(asked(firefox(accept=FIREFOX_128_ACCEPT)), "pageview navigation"),
    "firefox 92's Accept": Row(asked(firefox(accept=FIREFOX_92_ACCEPT)), "pageview navigation"),
    "with DNT": Row(asked(chromium(dnt="1")), "pageview navigation"),
    "with GPC": Row(asked(chromium(sec_gpc="1")), "pageview navigation"),
    "after an upgrade to h2c": Row(
        asked(old("Mozilla/5.0 (X11)", upgrade="h2c")),
        "pageview navigation",
    ),
    "fetch metadata stripped by a proxy": Row(
        asked(plain_http(chromium())),
        "pageview navigation",
    ),
    "a destination nobody knows yet": Row(
        asked(chromium(sec_fetch_dest="hologram")),
        "pageview navigation",
    ),
    "only xhtml accepted": Row(
        asked(old("Mozilla/5.0 (X11)", accept="application/xhtml+xml")),
        "pageview navigation",
    ),
    "an Accept in capitals": Row(
        asked(old("Mozilla/5.0 (X11)", accept="TEXT/HTML")),
        "pageview navigation",
    ),
    "passed on by a service worker": Row(
        asked(chromium(sec_fetch_dest="empty")),
        "pageview navigation",
    ),
    "passed on by a service worker that asks for no HTML": Row(
        asked(chromium(sec_fetch_dest="empty", accept="*/*")),
        "skip fetch",
    ),
    "passed on by a service worker that set options": Row(
        asked(chromium(sec_fetch_dest="empty", sec_fetch_mode="same-origin")),
        "skip fetch",
    ),
    "navigation preload": Row(
        asked(old("Mozilla/5.0 (X11)", "*/*", service_worker_navigation_preload="true")),
        "pageview navigation",
    ),
    "an app's own name in X-Requested-With": Row(
        asked(chromium(x_requested_with="com.example.app")),
        "pageview navigation",
    ),
    "a form sent by POST": Row(asked(chromium(), method="POST"), "skip method"),
    "HEAD": Row(asked(chromium(), method="HEAD"), "skip method"),
    "OPTIONS": Row(asked(script(), method="OPTIONS"), "skip method"),
    "PUT": Row(asked(script(), method="PUT"), "skip method"),
    "a method in small letters": Row(asked(chromium(), method="get"), "skip method"),
    "a websocket's handshake": Row(
        asked(script(upgrade="websocket", connection="Upgrade"), status=101, response_headers={}),
        "skip websocket",
    ),
    "a websocket refused": Row(asked(script(upgrade="WebSocket"), status=403), "skip websocket"),
    "another protocol": Row(asked(chromium(), status=101), "skip websocket"),
    "ignore() was called": Row(asked(chromium(), ignored=True), "skip ignored"),
    "ignore() is the first reason": Row(
        asked({}, ignored=True, method="POST", host="localhost"),
        "skip ignored",
    ),
}

PARTS_OF_PAGES: dict[str, Row] = {
    "image, chrome": Row(
        asked(
            chromium(accept=IMAGE_ACCEPT, sec_fetch_dest="image", sec_fetch_mode="no-cors"),
            "/cat.png",
            response_headers={"content-type": "image/png"},
        ),
        "skip subresource",
    ),
    "image answered with a page": Row(
        asked(chromium(accept=IMAGE_ACCEPT, sec_fetch_dest="image")),
        "skip subresource",
    ),
    "image, safari 15": Row(
        asked(old(OLD_SAFARI["user-agent"], IMAGE_ACCEPT), "/cat.png"),
        "skip not_navigation",
    ),
    "image, plain http": Row(
        asked(plain_http(chromium(accept=IMAGE_ACCEPT)), "/cat.png"),
        "skip not_navigation",
    ),
    "script": Row(
        asked(chromium(accept="*/*", sec_fetch_dest="script", sec_fetch_mode="no-cors"), "/app.js"),
        "skip subresource",
    ),
    "style": Row(
        asked(firefox(accept=STYLE_ACCEPT, sec_fetch_dest="style"), "/app.css"),
        "skip subresource",
    ),
    "style, plain http": Row(
        asked(plain_http(firefox(accept=STYLE_ACCEPT)), "/app.css"),
        "skip not_navigation",
    ),
    "favicon": Row(
        asked(chromium(accept=IMAGE_ACCEPT, sec_fetch_dest="image"), "/favicon.ico", status=404),
        "skip subresource",
    ),
    **{
        name: Row(asked(chromium(accept="*/*", sec_fetch_dest=name)), "skip subresource")
        for name in (
            "audio",
            "audioworklet",
            "embed",
            "font",
            "json",
            "manifest",
            "object",
            "paintworklet",
            "report",
            "serviceworker",
            "sharedworker",
            "track",
            "video",
            "worker",
            "xslt",
        )
    },
    "iframe": Row(asked(chromium(sec_fetch_dest="iframe")), "skip iframe"),
    "frame": Row(asked(chromium(sec_fetch_dest="frame")), "skip iframe"),
    "fenced frame": Row(asked(chromium(sec_fetch_dest="fencedframe")), "skip iframe"),
    "fetch() of JSON": Row(asked(script(), "/api", response_headers=JSON), "skip fetch"),
    "fetch() of HTML": Row(asked(script()), "skip fetch"),
    "fetch() of HTML, asked for by name": Row(
        asked(script(accept="text/html")),
        "skip fetch",
    ),
    "fetch(), firefox": Row(
        asked(firefox(accept="*/*", sec_fetch_dest="empty", sec_fetch_mode="cors")),
        "skip fetch",
    ),
    "fetch(), safari": Row(
        asked(webkit(accept="*/*", sec_fetch_dest="empty", sec_fetch_mode="cors")),
        "skip fetch",
    ),
    "fetch(), plain http": Row(asked(plain_http(script())), "skip not_navigation"),
    "no Accept at all": Row(asked({"user-agent": OLD_SAFARI["user-agent"]}), "skip not_navigation"),
    "jquery": Row(asked(script(x_requested_with="XMLHttpRequest")), "skip xhr"),
    "jquery, plain http, HTML": Row(
        asked(plain_http(chromium(x_requested_with="XMLHttpRequest"))),
        "skip xhr",
    ),
    "jquery, small letters": Row(asked(script(x_requested_with=" xmlhttprequest")), "skip xhr"),
    "swup": Row(asked(script(x_requested_with="swup", accept=TURBO_ACCEPT)), "skip fetch"),
    "barba": Row(asked(script(x_barba="yes")), "skip fetch"),
    "event stream": Row(
        asked(
            script(accept="text/event-stream"),
            response_headers={"content-type": "text/event-stream"},
        ),
        "skip fetch",
    ),
    "csp report": Row(asked(script(), method="POST"), "skip method"),
}


PREFETCHES: dict[str, Row] = {
    "speculation rules, chrome": Row(
        asked(chromium(sec_purpose="prefetch", purpose="prefetch", sec_speculation_tags="null")),
        "skip prefetch",
    ),
    "prerender, chrome": Row(
        asked(chromium(sec_purpose="prefetch;prerender", purpose="prefetch")), "skip prefetch"
    ),
    "private prefetch proxy": Row(
        asked(chromium(sec_purpose="prefetch;anonymous-client-ip")), "skip prefetch"
    ),
    "a parameter of tomorrow": Row(
        asked(chromium(sec_purpose="prefetch; mood=good")), "skip prefetch"
    ),
    "one item of several": Row(asked(chromium(sec_purpose="x, Prefetch;a")), "skip prefetch"),
    "link rel=prefetch, chrome": Row(
        asked(script(sec_purpose="prefetch", purpose="prefetch", sec_fetch_mode="no-cors")),
        "skip prefetch",
    ),
    "link rel=prefetch, firefox": Row(
        asked(firefox(accept="*/*", sec_fetch_dest="empty", sec_purpose="prefetch")),
        "skip prefetch",
    ),
    "link rel=prefetch, firefox 100": Row(asked(firefox(x_moz="prefetch")), "skip prefetch"),
    "old chrome": Row(asked(chromium(purpose="prefetch")), "skip prefetch"),
    "old safari's preview": Row(asked(webkit(purpose="preview")), "skip prefetch"),
    "a prerender by purpose": Row(asked(chromium(purpose="prerender")), "skip prefetch"),
    "top sites of safari": Row(asked(webkit(x_purpose="preview")), "skip prefetch"),
    "facebook's app": Row(
        asked(webkit(x_purpose="preview", x_fb_http_engine="Liger")), "skip prefetch"
    ),
    "x-purpose prefetch": Row(asked(webkit(x_purpose="prefetch")), "skip prefetch"),
    "turbo, on hover": Row(asked(TURBO | {"x-sec-purpose": "prefetch"}), "skip prefetch"),
    "htmx's preload extension": Row(
        asked(HTMX | {"hx-boosted": "true", "hx-preloaded": "true"}), "skip prefetch"
    ),
    "inertia, on hover": Row(asked(INERTIA | {"purpose": "prefetch"}), "skip prefetch"),
    "next's router": Row(asked(script(rsc="1", next_router_prefetch="1")), "skip prefetch"),
    "next's segments": Row(
        asked(script(rsc="1", next_router_segment_prefetch="/_tree")), "skip prefetch"
    ),
    "refused at the door, had it come here": Row(
        asked(chromium(sec_purpose="prefetch")), "skip prefetch", PageviewOptions(prefetch="refuse")
    ),
    "another purpose": Row(asked(chromium(sec_purpose="reading")), "pageview navigation"),
    "a purpose within a word": Row(asked(chromium(purpose="noprefetch")), "pageview navigation"),
    "an empty purpose": Row(asked(chromium(purpose="")), "pageview navigation"),
    "not preloaded": Row(
        asked(HTMX | {"hx-boosted": "true", "hx-preloaded": "false"}), "pageview spa_visit"
    ),
    "counted, chrome": Row(
        asked(chromium(sec_purpose="prefetch")),
        "pageview navigation",
        PageviewOptions(prefetch="count"),
    ),
    "counted, turbo": Row(
        asked(TURBO | {"x-sec-purpose": "prefetch"}),
        "pageview spa_visit",
        PageviewOptions(prefetch="count"),
    ),
    "counted, but a file of the page": Row(
        asked(script(sec_purpose="prefetch")), "skip fetch", PageviewOptions(prefetch="count")
    ),
}

LIBRARIES: dict[str, Row] = {
    "turbo visit": Row(asked(TURBO), "pageview spa_visit"),
    "turbo visit after a form": Row(
        asked(TURBO | {"accept": f"text/vnd.turbo-stream.html, {TURBO_ACCEPT}"}),
        "pageview spa_visit",
    ),
    "turbo visit answered with a stream": Row(
        asked(TURBO, response_headers={"content-type": "text/vnd.turbo-stream.html"}),
        "skip not_html",
    ),
    "turbo visit, plain http": Row(asked(plain_http(TURBO)), "pageview spa_visit"),
    "turbo frame": Row(asked(TURBO | {"turbo-frame": "messages"}), "skip fragment"),
    "turbo frame, before 7.3": Row(
        asked(script(turbo_frame="messages", accept=TURBO_ACCEPT)), "skip fragment"
    ),
    "turbo visit to a missing page": Row(asked(TURBO, status=404), "event not_found"),
    "turbolinks 5": Row(
        asked(script(turbolinks_referrer="https://example.com/", accept=TURBO_ACCEPT)),
        "pageview spa_visit",
    ),
    "htmx element": Row(asked(HTMX), "skip fragment"),
    "htmx element, plain http": Row(asked(plain_http(HTMX)), "skip fragment"),
    "htmx poll": Row(asked(HTMX | {"hx-trigger": "clock"}), "skip fragment"),
    "htmx boosted link": Row(asked(HTMX | {"hx-boosted": "true"}), "pageview spa_visit"),
    "htmx says it is not boosted": Row(asked(HTMX | {"hx-boosted": "false"}), "skip fragment"),
    "htmx restores history": Row(
        asked(HTMX | {"hx-history-restore-request": "true"}), "pageview spa_visit"
    ),
    "htmx restores history, as no htmx request": Row(
        asked(script(hx_history_restore_request="true")), "pageview spa_visit"
    ),
    "htmx history header that says no": Row(
        asked(script(hx_history_restore_request="false")), "skip fetch"
    ),
    "htmx, the app pushes a url": Row(
        asked(HTMX, response_headers=HTML | {"hx-push-url": "/tab/2"}), "pageview spa_visit"
    ),
    "htmx, the app pushes none": Row(
        asked(HTMX, response_headers=HTML | {"hx-push-url": "false"}), "skip fragment"
    ),
    "htmx, an empty push": Row(
        asked(HTMX, response_headers=HTML | {"hx-push-url": " "}), "skip fragment"
    ),
    "a pushed url that nobody asked for": Row(
        asked(script(), response_headers=HTML | {"hx-push-url": "/tab/2"}), "skip fetch"
    ),
    "htmx 4, a part": Row(
        asked(HTMX | {"hx-request-type": "partial", "accept": "text/html"}), "skip fragment"
    ),
    "inertia visit": Row(asked(INERTIA, response_headers=INERTIA_ANSWER), "pageview spa_visit"),
    "inertia visit, kept copy": Row(
        asked(INERTIA, status=304, response_headers={}), "pageview not_modified"
    ),
    "inertia visit answered with plain JSON": Row(
        asked(INERTIA, response_headers=JSON), "skip not_html"
    ),
    "inertia partial reload": Row(
        asked(
            INERTIA | {"x-inertia-partial-component": "Users", "x-inertia-partial-data": "users"},
            response_headers=INERTIA_ANSWER,
        ),
        "skip fragment",
    ),
    "inertia partial reload, by data": Row(
        asked(INERTIA | {"x-inertia-partial-data": "users"}), "skip fragment"
    ),
    "inertia partial reload, by exception": Row(
        asked(INERTIA | {"x-inertia-partial-except": "users"}), "skip fragment"
    ),
    "inertia, assets changed": Row(
        asked(INERTIA, status=409, response_headers={"x-inertia-location": "/"}), "skip error"
    ),
    "pjax": Row(
        asked(script(x_pjax="true", x_requested_with="XMLHttpRequest")), "pageview spa_visit"
    ),
    "unpoly": Row(asked(script(x_up_version="3.9.4", x_up_target="main")), "skip fragment"),
    "unpoly, target only": Row(asked(script(x_up_target="main")), "skip fragment"),
    "alpine ajax": Row(asked(script(x_alpine_request="true")), "skip fragment"),
    "datastar": Row(asked(script(datastar_request="true")), "skip fragment"),
    "next's server components": Row(
        asked(script(rsc="1"), response_headers={"content-type": "text/x-component"}),
        "skip fragment",
    ),
}

BOTS_AND_OWNERS: dict[str, Row] = {
    "no user agent": Row(asked(without(chromium(), "user-agent")), "skip no_user_agent"),
    "an empty user agent": Row(asked(chromium("")), "skip no_user_agent"),
    "a blank user agent": Row(asked(chromium("  ")), "skip no_user_agent"),
    "a dash": Row(asked(chromium("-")), "skip bot"),
    "bots are counted": Row(
        asked(chromium("curl/8.11.0")), "pageview navigation", PageviewOptions(bots="count")
    ),
    "bots are counted, also the silent": Row(
        asked(without(chromium(), "user-agent")),
        "pageview navigation",
        PageviewOptions(bots="count"),
    ),
    "a bot that reads a page": Row(asked(GPTBOT), "event bot", PageviewOptions(bots="event")),
    "a bot that has a fresh copy": Row(
        asked(GPTBOT, status=304, response_headers={}), "event bot", PageviewOptions(bots="event")
    ),
    "a bot that has a fresh picture": Row(
        asked(GPTBOT, "/cat.png", status=304, response_headers={}),
        "skip bot",
        PageviewOptions(bots="event"),
    ),
    "a bot that reads robots.txt": Row(
        asked(GPTBOT, "/robots.txt", response_headers={"content-type": "text/plain"}),
        "skip bot",
        PageviewOptions(bots="event"),
    ),
    "a bot that finds nothing": Row(
        asked(GPTBOT, status=404), "skip bot", PageviewOptions(bots="event")
    ),
    "a bot on an excluded page": Row(
        asked(GPTBOT, "/admin/"), "skip bot", PageviewOptions(bots="event", excluded_by=no_admin)
    ),
    "a bot on another page": Row(
        asked(GPTBOT), "event bot", PageviewOptions(bots="event", excluded_by=no_admin)
    ),
    "a bot that says nothing": Row(asked({}), "skip no_user_agent", PageviewOptions(bots="event")),
    "a bot that posts": Row(
        asked(GPTBOT, method="POST"), "skip method", PageviewOptions(bots="event")
    ),
    "the owner knows a bot": Row(
        asked(chromium()), "skip bot", PageviewOptions(is_bot=lambda _: True)
    ),
    "the owner names a bot": Row(
        asked(chromium()), "skip bot", PageviewOptions(is_bot=lambda _: "Spy")
    ),
    "the owner knows a person": Row(
        asked(chromium("curl/8.11.0")),
        "pageview navigation",
        PageviewOptions(is_bot=lambda _: False),
    ),
    "the owner names nobody": Row(
        asked(chromium("curl/8.11.0")), "pageview navigation", PageviewOptions(is_bot=lambda _: "")
    ),
    "the owner does not know, a bot": Row(
        asked(GPTBOT), "skip bot", PageviewOptions(is_bot=lambda _: None)
    ),
    "the owner does not know, a person": Row(
        asked(chromium()), "pageview navigation", PageviewOptions(is_bot=lambda _: None)
    ),
    "the owner's function fails, a bot": Row(
        asked(GPTBOT), "skip bot", PageviewOptions(is_bot=fails)
    ),
    "the owner's function fails, a person": Row(
        asked(chromium()), "pageview navigation", PageviewOptions(is_bot=fails)
    ),
    "excluded": Row(
        asked(chromium(), "/admin/x"), "skip excluded", PageviewOptions(excluded_by=no_admin)
    ),
    "not excluded": Row(
        asked(chromium()), "pageview navigation", PageviewOptions(excluded_by=no_admin)
    ),
    "an excluded download": Row(
        asked(chromium(), "/admin/a.pdf", response_headers=PDF),
        "skip excluded",
        PageviewOptions(excluded_by=no_admin),
    ),
    "DNT respected": Row(asked(chromium(dnt="1")), "skip dnt", PageviewOptions(respect_dnt=True)),
    "DNT allows": Row(
        asked(chromium(dnt="0")), "pageview navigation", PageviewOptions(respect_dnt=True)
    ),
    "DNT absent": Row(asked(chromium()), "pageview navigation", PageviewOptions(respect_dnt=True)),
    "GPC respected": Row(
        asked(chromium(sec_gpc="1")), "skip gpc", PageviewOptions(respect_gpc=True)
    ),
    "GPC is not DNT": Row(
        asked(chromium(dnt="1")), "pageview navigation", PageviewOptions(respect_gpc=True)
    ),
    "frames are counted": Row(
        asked(chromium(sec_fetch_dest="iframe")),
        "pageview iframe",
        PageviewOptions(track_iframes=True),
    ),
    "frames are counted, embeds are not": Row(
        asked(chromium(sec_fetch_dest="embed")),
        "skip subresource",
        PageviewOptions(track_iframes=True),
    ),
    "frames are counted, what they show is no download": Row(
        asked(chromium(sec_fetch_dest="iframe"), "/a.pdf", response_headers=PDF),
        "skip not_html",
        PageviewOptions(track_iframes=True),
    ),
}

ATTACHMENT = {"content-disposition": 'attachment; filename="report"'}
FIRST_BYTES = {"content-range": "bytes 0-1023/4096"}
LATER_BYTES = {"content-range": "bytes 1024-2047/4096"}

DOWNLOADS: dict[str, Row] = {
    "a pdf that the browser shows": Row(answered(200, PDF, "/a.pdf"), "event download"),
    "an extension in capitals": Row(answered(200, PDF, "/A.PDF"), "event download"),
    "an attachment": Row(answered(200, HTML | ATTACHMENT, "/export"), "event download"),
    "an attachment in capitals": Row(
        answered(200, {"content-disposition": " ATTACHMENT"}, "/export"), "event download"
    ),
    "an attachment of JSON": Row(answered(200, JSON | ATTACHMENT, "/export"), "event download"),
    "shown inline": Row(
        answered(200, PDF | {"content-disposition": "inline"}, "/a"), "skip not_html"
    ),
    "a pdf's name that is a page": Row(answered(200, HTML, "/a.pdf"), "pageview navigation"),
    "a pdf's name without a type": Row(answered(200, {}, "/a.pdf"), "skip not_html"),
    "a type without the name": Row(answered(200, PDF, "/invoice"), "skip not_html"),
    "a name that is only an extension": Row(answered(200, PDF, "/pdf"), "skip not_html"),
    "not in the list": Row(answered(200, PNG, "/cat.png"), "skip not_html"),
    "a list of one's own": Row(
        answered(200, PNG, "/cat.png"),
        "event download",
        PageviewOptions(download_extensions=frozenset({"png"})),
    ),
    "old safari": Row(asked(OLD_SAFARI, "/a.pdf", response_headers=PDF), "event download"),
    "passed on by a service worker": Row(
        asked(chromium(sec_fetch_dest="empty"), "/a.pdf", response_headers=PDF), "event download"
    ),
    "fetched by a script and saved": Row(
        asked(script(), "/export", response_headers=JSON | ATTACHMENT), "event download"
    ),
    "fetched by a script to draw": Row(
        asked(script(), "/table.csv", response_headers={"content-type": "text/csv"}), "skip fetch"
    ),
    "played over plain http": Row(
        asked(
            plain_http(script()),
            "/song.mp3",
            status=206,
            response_headers={"content-type": "audio/mpeg"} | FIRST_BYTES,
        ),
        "skip not_navigation",
    ),
    "an attachment for whom we do not know": Row(
        asked(plain_http(script()), "/export", response_headers=ATTACHMENT), "event download"
    ),
    "an attachment for jquery": Row(
        asked(script(x_requested_with="XMLHttpRequest"), response_headers=ATTACHMENT), "skip xhr"
    ),
    "an attachment for htmx": Row(asked(HTMX, response_headers=ATTACHMENT), "skip fragment"),
    "an attachment for turbo, which asks again": Row(
        asked(TURBO, response_headers=HTML | ATTACHMENT), "skip not_html"
    ),
    "played by a video element": Row(
        asked(
            chromium(accept="*/*", sec_fetch_dest="video"),
            "/film.mp4",
            response_headers={"content-type": "video/mp4"},
        ),
        "skip subresource",
    ),
    "an attachment shown as an image": Row(
        asked(chromium(sec_fetch_dest="image"), response_headers=PNG | ATTACHMENT),
        "skip subresource",
    ),
    "the first part": Row(answered(206, PDF | FIRST_BYTES, "/a.pdf"), "event download"),
    "the first part, in capitals": Row(
        answered(206, PDF | {"content-range": "Bytes 0-1/2"}, "/a.pdf"), "event download"
    ),
    "a later part": Row(answered(206, PDF | LATER_BYTES, "/a.pdf"), "skip partial"),
    "a part of unknown place": Row(answered(206, PDF, "/a.pdf"), "skip partial"),
    "a range that cannot be": Row(answered(416, PDF, "/a.pdf"), "skip error"),
    "a missing pdf": Row(answered(404, HTML, "/a.pdf"), "event not_found"),
    "a kept pdf": Row(answered(304, {}, "/a.pdf"), "skip static_file"),
    "robots.txt": Row(
        answered(200, {"content-type": "text/plain"}, "/robots.txt"), "skip not_html"
    ),
    "a packed sitemap": Row(
        answered(200, {"content-type": "application/gzip"}, "/sitemap-2.xml.gz"), "skip not_html"
    ),
    "not tracked": Row(
        answered(200, PDF, "/a.pdf"), "skip download", PageviewOptions(track_downloads=False)
    ),
    "an attachment of HTML, not tracked": Row(
        answered(200, HTML | ATTACHMENT, "/x"),
        "skip download",
        PageviewOptions(track_downloads=False),
    ),
    "an attachment answered 203": Row(answered(203, HTML | ATTACHMENT, "/x"), "skip not_html"),
}

ANSWERS: dict[str, Row] = {
    "200": Row(answered(200), "pageview navigation"),
    "201": Row(answered(201), "pageview navigation"),
    "203": Row(answered(203), "pageview navigation"),
    "204": Row(answered(204), "skip no_content"),
    "205": Row(answered(205), "skip no_content"),
    "206 of a page": Row(answered(206), "skip partial"),
    "103": Row(answered(103), "skip no_content"),
    **{
        f"{status}": Row(answered(status), "skip redirect")
        for status in (300, 301, 302, 303, 307, 308)
    },
    **{
        f"{status}": Row(answered(status), "skip error")
        for status in (400, 401, 403, 405, 409, 410, 418, 429, 500, 502, 503, 599, 999)
    },
    "status 0": Row(answered(0), "skip no_content"),
    "304": Row(answered(304, {}), "pageview not_modified"),
    "304 of the front page": Row(answered(304, {}, "/"), "pageview not_modified"),
    "304 of /about.html": Row(answered(304, {}, "/about.html"), "pageview not_modified"),
    "304 of /index.php": Row(answered(304, {}, "/index.php"), "pageview not_modified"),
    "304 of version 1.2": Row(answered(304, {}, "/docs/v1.2"), "pageview not_modified"),
    "304 of a script": Row(answered(304, {}, "/app.js"), "skip static_file"),
    "304 of a picture": Row(answered(304, {}, "/cat.PNG"), "skip static_file"),
    "304 of data": Row(answered(304, {}, "/api/users.json"), "skip static_file"),
    "304 of favicon.ico": Row(answered(304, {}, "/favicon.ico"), "skip well_known"),
    "304 of a touch icon": Row(answered(304, {}, "/apple-touch-icon-120x120"), "skip well_known"),
    "304 for a script": Row(asked(script(), status=304, response_headers={}), "skip fetch"),
    "404": Row(answered(404), "event not_found"),
    "404, off by default": Row(answered(404), "skip error", PageviewOptions()),
    "404 of JSON": Row(answered(404, JSON), "skip error"),
    "404 without a type": Row(answered(404, {}), "skip error"),
    "404 for a script": Row(asked(script(), status=404), "skip fetch"),
    "404 of a script, with fetch metadata": Row(answered(404, HTML, "/old.js"), "event not_found"),
    "404 of a script, without": Row(asked(OLD_SAFARI, "/old.js", status=404), "skip static_file"),
    "404 of a page, without": Row(asked(OLD_SAFARI, "/old", status=404), "event not_found"),
    **{
        f"404 of {path}": Row(answered(404, HTML, path), "skip well_known")
        for path in (
            "/favicon.ico",
            "/FAVICON.ICO",
            "/blog/favicon.ico",
            "/apple-touch-icon.png",
            "/apple-touch-icon-precomposed.png",
            "/robots.txt",
            "/ads.txt",
            "/app-ads.txt",
            "/sitemap.xml",
            "/sitemap_index.xml",
            "/sitemap-1.xml.gz",
            "/manifest.json",
            "/site.webmanifest",
            "/app.js.map",
            "/browserconfig.xml",
            "/.well-known/security.txt",
            "/.well-known/change-password",
        )
    },
    "404 below a page named like one": Row(
        answered(404, HTML, "/blog/.well-known/x"), "event not_found"
    ),
    "404 of a sitemap for people": Row(answered(404, HTML, "/sitemap"), "event not_found"),
    "xhtml": Row(answered(200, {"content-type": "application/xhtml+xml"}), "pageview navigation"),
    "a type in capitals": Row(
        answered(200, {"content-type": "Text/HTML ; charset=x"}), "pageview navigation"
    ),
    "no type": Row(answered(200, {}), "skip not_html"),
    "a script's name that is a page": Row(
        answered(200, HTML, "/docs/node.js"), "pageview navigation"
    ),
    "health, the topic": Row(answered(200, HTML, "/health/heart-disease"), "pageview navigation"),
    "a well-known name that is a page": Row(
        answered(200, HTML, "/.well-known/about"), "pageview navigation"
    ),
    "JSON with inertia's mark": Row(answered(200, INERTIA_ANSWER), "pageview navigation"),
    "JSON with inertia's mark, unset": Row(
        answered(200, JSON | {"x-inertia": "false"}), "skip not_html"
    ),
    **{
        name: Row(answered(200, {"content-type": name}), "skip not_html")
        for name in (
            "application/json",
            "application/xml",
            "text/xml",
            "application/rss+xml",
            "application/atom+xml",
            "text/plain",
            "text/markdown",
            "text/event-stream",
            "text/vnd.turbo-stream.html",
            "text/x-component",
            "image/svg+xml",
            "application/pdf",
            "text/html-sandboxed",
            "html",
            "text/htmlx",
        )
    },
}

LOCAL = [
    "localhost", "localhost:8000", "LocalHost", "localhost.", "app.localhost", "a.b.localhost:3000",
    "127.0.0.1", "127.0.0.1:8000", "127.1", "127.255.255.254", "[::1]", "[::1]:8000", "::1", "::",
    "[::]", "0.0.0.0", "0.0.0.0:80", "testserver", " localhost ", "[::1",
]  # fmt: skip
PUBLIC = [
    "example.com", "example.com:8443", "localhost.example.com", "notlocalhost", "127.0.0.1.nip.io",
    "127.example.com", "[2001:db8::1]:443", "2001:db8::1", "10.0.0.1", "192.168.1.7:8000", "",
    ":80", "[", "]", "[]:1", "a:b:c", "testserver.example", "\udcff\x00", "x" * 70_000,
]  # fmt: skip

HOSTS: dict[str, Row] = {
    **{
        f"{host!r:.30} is here": Row(asked(chromium(), host=host), "skip localhost")
        for host in LOCAL
    },
    **{
        f"{host!r:.30} is not": Row(asked(chromium(), host=host), "pageview navigation")
        for host in PUBLIC
    },
    "localhost is counted": Row(
        asked(chromium(), host="localhost"),
        "pageview navigation",
        PageviewOptions(track_localhost=True),
    ),
}

TABLES = {
    "navigation": NAVIGATION_VARIANTS,
    "part": PARTS_OF_PAGES,
    "prefetch": PREFETCHES,
    "library": LIBRARIES,
    "owner": BOTS_AND_OWNERS,
    "download": DOWNLOADS,
    "answer": ANSWERS,
    "host": HOSTS,
}
ROWS = {f"{table}: {name}": row for table, rows in TABLES.items() for name, row in rows.items()}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_an_exchange_counts_for_what_it_is(row: Row) -> None:
    assert outcome(decide(row.hit, row.rules)) == row.expected


# -- what a decision carries -------------------------------------------------------------------


def test_events_have_the_names_that_dashboards_know() -> None:
    assert (BOT_VISIT, DOWNLOAD, NOT_FOUND) == ("Bot Visit", "File Download", "404")


def test_a_download_carries_its_path() -> None:
    decision = decide(answered(200, PDF, "/files/a.pdf"))

    assert (decision.name, decision.props) == (DOWNLOAD, {"url": "/files/a.pdf"})


def test_a_missing_page_carries_its_path() -> None:
    decision = decide(answered(404, path="/gone"), EVERYTHING)

    assert (decision.name, decision.props) == (NOT_FOUND, {"path": "/gone"})


def test_a_bots_visit_carries_its_name_and_class() -> None:
    decision = decide(asked(GPTBOT), PageviewOptions(bots="event"))

    assert (decision.name, decision.props) == (BOT_VISIT, {"bot": "GPTBot", "class": "ai-training"})


@pytest.mark.parametrize(
    ("user_agent", "answer", "props"),
    [
        pytest.param(
            GPTBOT["user-agent"], "Ours", {"bot": "Ours", "class": "ai-training"}, id="renamed"
        ),
        pytest.param(CHROME, "Ours", {"bot": "Ours", "class": "other"}, id="named"),
        pytest.param(CHROME, True, {"bot": "unnamed", "class": "other"}, id="only a yes"),
        pytest.param("curl/8.1", True, {"bot": "curl", "class": "library"}, id="a yes we know"),
        pytest.param(CHROME, "x" * 500, {"bot": "x" * 80, "class": "other"}, id="too long"),
    ],
)
def test_the_owners_word_names_the_bot(
    user_agent: str, answer: bool | str, props: dict[str, str]
) -> None:
    rules = PageviewOptions(bots="event", is_bot=lambda _: answer)

    assert decide(asked(chromium(user_agent)), rules).props == props


def test_the_owners_function_sees_the_hit() -> None:
    seen: list[Hit] = []
    hit = asked(chromium())

    decide(hit, PageviewOptions(is_bot=seen.append))

    assert seen == [hit]


def test_the_steps_tell_the_way_to_a_pageview() -> None:
    assert decide(asked(chromium(), "/a")).steps == (
        Step("A.0 ignored", "ignore() was not called", "pass"),
        Step("A.1 websocket", "no upgrade", "pass"),
        Step("A.2 method", "GET", "pass"),
        Step("A.3 localhost", "example.com", "pass"),
        Step("A.4 prefetch", "no prefetch header", "pass"),
        Step("A.5 bot", "a browser", "pass"),
        Step("A.6 excluded", "no rule objects", "pass"),
        Step("A.7 privacy", "no objection that is respected", "pass"),
        Step("B.1 library", "no library's header", "pass"),
        Step("B.2 xhr", "no X-Requested-With", "pass"),
        Step("B.3 destination", "document", "pass"),
        Step("C.1 download", "no file", "pass"),
        Step("C.2 navigation", "navigation", "pass"),
        Step("C.3 not_found", "not a 404", "pass"),
        Step("C.4 not_modified", "not a 304", "pass"),
        Step("C.5 page", "text/html", "count"),
    )


@pytest.mark.parametrize(
    ("row", "step"),
    [
        ("owner: excluded", Step("A.6 excluded", "/admin/**", "stop")),
        ("owner: a bot that reads a page", Step("A.5 bot", "GPTBot (ai-training)", "count")),
        ("owner: no user agent", Step("A.5 bot", "no User-Agent", "stop")),
        (
            "prefetch: prerender, chrome",
            Step("A.4 prefetch", "sec-purpose: prefetch;prerender", "stop"),
        ),
        ("navigation: PUT", Step("A.2 method", "PUT", "stop")),
        ("part: script", Step("C.2 navigation", "script", "stop")),
        ("library: turbo frame", Step("C.2 navigation", "turbo-frame", "stop")),
        ("part: no Accept at all", Step("C.2 navigation", "nothing asks for a page", "stop")),
        ("answer: 404", Step("C.3 not_found", "/blog/a-post", "count")),
        ("answer: 503", Step("C.6 otherwise", "status 503", "stop")),
    ],
)
def test_the_last_step_tells_what_settled_it(row: str, step: Step) -> None:
    hit, _, rules = ROWS[row]

    assert decide(hit, rules).steps[-1] == step


def test_the_module_describes_the_procedure_it_follows() -> None:
    described = re.findall(r"^    ([ABC]\.\d \w+)  ", pageview.__doc__ or "", re.MULTILINE)
    walked = [step.rule for step in decide(asked(OLD_SAFARI, status=204), EVERYTHING).steps]

    assert walked == [*described[: described.index("C.1 download")], *described[-6:]]
    assert walked == described


def test_every_reason_is_given_and_every_given_reason_is_explained() -> None:
    given_reasons = {decide(hit, rules).reason for hit, _, rules in ROWS.values()}

    assert given_reasons | {"custom_event"} == set(REASONS)


def test_every_reason_is_one_word_with_one_sentence() -> None:
    for word, sentence in REASONS.items():
        assert re.fullmatch(r"[a-z0-9_]+", word)
        assert sentence.endswith(".")


def picked(hit: Hit) -> Hit:
    """The hit with only those headers that an adapter would pick for a decision."""
    return replace(
        hit,
        headers={name: text for name, text in hit.headers.items() if name in REQUEST_HEADERS},
        response_headers={
            name: text for name, text in hit.response_headers.items() if name in RESPONSE_HEADERS
        },
    )


def test_no_other_header_matters() -> None:
    for hit, _, rules in ROWS.values():
        assert decide(picked(hit), rules) == decide(hit, rules)


def test_every_picked_header_matters_somewhere() -> None:
    idle = set(REQUEST_HEADERS | RESPONSE_HEADERS)
    for hit, _, rules in ROWS.values():
        decision = decide(hit, rules)
        for name in hit.headers.keys() & idle:
            changed = replace(hit, headers=without(hit.headers, name))
            if decide(changed, rules) != decision:
                idle.remove(name)
        for name in hit.response_headers.keys() & idle:
            changed = replace(hit, response_headers=without(hit.response_headers, name))
            if decide(changed, rules) != decision:
                idle.remove(name)

    assert idle == set()


def test_the_defaults_are_the_documented_ones() -> None:
    assert PageviewOptions() == PageviewOptions(
        track_localhost=False,
        prefetch="skip",
        bots="skip",
        is_bot=None,
        track_404=False,
        track_downloads=True,
        download_extensions=DOWNLOAD_EXTENSIONS,
        respect_dnt=False,
        respect_gpc=False,
        track_iframes=False,
        excluded_by=None,
    )
    assert len(DOWNLOAD_EXTENSIONS) == 26


def test_rules_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(PageviewOptions(), "bots", "count")  # noqa: B010 -- mypy would object before the test does


# -- told events -------------------------------------------------------------------------------

TOLD: dict[str, Row] = {
    "in a page": Row(asked(chromium()), "event custom_event"),
    "in a form's answer": Row(asked(chromium(), method="POST", status=303), "event custom_event"),
    "in an API": Row(asked(script(), response_headers=JSON), "event custom_event"),
    "in a fragment": Row(asked(HTMX), "event custom_event"),
    "in a request that is ignored": Row(asked(chromium(), ignored=True), "event custom_event"),
    "by a bot": Row(asked(GPTBOT), "skip bot"),
    "by a bot, whose visits are events": Row(
        asked(GPTBOT), "skip bot", PageviewOptions(bots="event")
    ),
    "by a bot that is counted": Row(
        asked(GPTBOT), "event custom_event", PageviewOptions(bots="count")
    ),
    "by the silent": Row(asked({}), "skip no_user_agent"),
    "in a prefetch": Row(asked(chromium(sec_purpose="prefetch")), "skip prefetch"),
    "in a prefetch that is counted": Row(
        asked(chromium(sec_purpose="prefetch")),
        "event custom_event",
        PageviewOptions(prefetch="count"),
    ),
    "on localhost": Row(asked(chromium(), host="localhost"), "skip localhost"),
    "on an excluded path": Row(
        asked(chromium(), "/admin/"), "event custom_event", PageviewOptions(excluded_by=no_admin)
    ),
    "against DNT": Row(asked(chromium(dnt="1")), "skip dnt", PageviewOptions(respect_dnt=True)),
    "against GPC": Row(asked(chromium(sec_gpc="1")), "skip gpc", PageviewOptions(respect_gpc=True)),
}


@pytest.mark.parametrize("row", TOLD.values(), ids=TOLD)
def test_a_told_event_asks_only_about_the_visitor(row: Row) -> None:
    assert outcome(decide_custom_event(row.hit, row.rules)) == row.expected


def test_a_told_event_walks_the_rules_about_the_visitor() -> None:
    assert [step.rule for step in decide_custom_event(asked(chromium())).steps] == [
        "A.3 localhost",
        "A.4 prefetch",
        "A.5 bot",
        "A.7 privacy",
    ]


# -- questions beside the decision -------------------------------------------------------------

REFUSABLE = {
    "speculation rules, chrome",
    "prerender, chrome",
    "private prefetch proxy",
    "a parameter of tomorrow",
    "one item of several",
    "link rel=prefetch, chrome",
    "link rel=prefetch, firefox",
    "link rel=prefetch, firefox 100",
    "old chrome",
    "old safari's preview",
    "a prerender by purpose",
    "refused at the door, had it come here",
    "counted, chrome",
    "counted, but a file of the page",
}


@pytest.mark.parametrize(("name", "row"), PREFETCHES.items(), ids=PREFETCHES)
def test_only_the_browsers_own_prefetch_may_be_refused(name: str, row: Row) -> None:
    assert is_refusable_prefetch(row.hit) is (name in REFUSABLE)


@pytest.mark.parametrize(
    ("headers", "hint"),
    [
        pytest.param(TURBO | {"x-sec-purpose": "prefetch"}, TURBO_PREFETCH_HINT, id="turbo"),
        pytest.param(TURBO, None, id="a click"),
        pytest.param(script(x_sec_purpose="prefetch"), None, id="not turbo"),
        pytest.param(chromium(sec_purpose="prefetch"), None, id="chrome"),
    ],
)
def test_turbos_prefetches_earn_a_hint(headers: Headers, hint: str | None) -> None:
    assert prefetch_hint(asked(headers)) == hint


@pytest.mark.parametrize(
    ("headers", "pushed", "url"),
    [
        pytest.param(HTMX, "/tab/2?x=1", "/tab/2?x=1", id="a path"),
        pytest.param(HTMX, " https://example.com/a ", "https://example.com/a", id="a URL"),
        pytest.param(HTMX | {"hx-boosted": "true"}, "/b", "/b", id="boosted, too"),
        pytest.param(HTMX, "false", None, id="no"),
        pytest.param(HTMX, "False", None, id="no, in capitals"),
        pytest.param(HTMX, "", None, id="empty"),
        pytest.param(HTMX, None, None, id="absent"),
        pytest.param(chromium(), "/tab/2", None, id="not htmx"),
    ],
)
def test_the_app_of_htmx_says_which_url_is_shown(
    headers: Headers, pushed: str | None, url: str | None
) -> None:
    answer = HTML if pushed is None else HTML | {"hx-push-url": pushed}

    assert pushed_url(asked(headers, response_headers=answer)) == url


# -- whatever comes ----------------------------------------------------------------------------

KNOWN_VALUES = sorted(
    {
        text
        for hit, _, _ in ROWS.values()
        for text in (*hit.headers.values(), *hit.response_headers.values())
    }
)
TEXTS = (
    st.text() | st.sampled_from(KNOWN_VALUES) | st.sampled_from(["\ud800" * 70_000, "a," * 40_000])
)
RULES = st.builds(
    PageviewOptions,
    track_localhost=st.booleans(),
    prefetch=st.sampled_from(["skip", "count", "refuse"]),
    bots=st.sampled_from(["skip", "count", "event"]),
    is_bot=st.sampled_from([None, fails, lambda _: "Bot", lambda _: True, lambda _: None]),
    track_404=st.booleans(),
    track_downloads=st.booleans(),
    download_extensions=st.frozensets(st.text(max_size=4)),
    respect_dnt=st.booleans(),
    respect_gpc=st.booleans(),
    track_iframes=st.booleans(),
    excluded_by=st.sampled_from([None, no_admin]),
)
HITS = st.builds(
    Hit,
    method=st.just("GET") | st.text(),
    host=TEXTS,
    path=TEXTS,
    headers=st.dictionaries(st.sampled_from(sorted(REQUEST_HEADERS)) | st.text(), TEXTS),
    status=st.sampled_from([200, 206, 304, 404]) | st.integers(),
    response_headers=st.dictionaries(st.sampled_from(sorted(RESPONSE_HEADERS)), TEXTS),
    ignored=st.booleans(),
)


@given(HITS, RULES)
@example(Hit(), PageviewOptions())
def test_any_hit_has_one_reasoned_decision(hit: Hit, rules: PageviewOptions) -> None:
    for decide_one in (decide, decide_custom_event):
        decision = decide_one(hit, rules)

        assert decide_one(hit, rules) == decision
        assert decision.reason in REASONS
        assert bool(decision.name) is (
            decision.kind != "skip" and decision.reason != "custom_event"
        )
        assert bool(decision.props) <= (decision.kind == "event")
        assert all(step.verdict == "pass" for step in decision.steps[:-1])
        assert all(len(step.saw) <= 1_000 and step.saw.isprintable() for step in decision.steps)


@given(HITS, RULES)
def test_the_last_step_stops_what_is_skipped_and_counts_the_rest(
    hit: Hit, rules: PageviewOptions
) -> None:
    decision = decide(hit, rules)

    assert decision.steps[-1].verdict == ("count" if decision.is_counted else "stop")


@given(HITS)
def test_any_hit_answers_the_questions_beside(hit: Hit) -> None:
    assert is_refusable_prefetch(hit) in (True, False)
    assert prefetch_hint(hit) in (None, TURBO_PREFETCH_HINT)
    assert pushed_url(hit) != ""


@given(HITS, RULES)
def test_other_headers_of_any_hit_do_not_matter(hit: Hit, rules: PageviewOptions) -> None:
    assert decide(picked(hit), rules) == decide(hit, rules)
