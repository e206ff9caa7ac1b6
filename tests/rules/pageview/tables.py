"""What counts, by table: who requested, how they requested, what the response was.

An expectation is written `kind reason`, as in `pageview navigation` or `skip bot`. Unless a row
has options of its own, 404s and downloads are counted.
"""

from __future__ import annotations

from footfall.rules.pageview import PageviewOptions
from tests.rules.pageview.hits import (
    GPTBOT,
    HTML,
    HTMX,
    INERTIA,
    INERTIA_ANSWER,
    JSON,
    OLD_SAFARI,
    PDF,
    PNG,
    TURBO,
    Row,
    fails,
    no_admin,
    requested,
    responded,
)
from tests.support.header_sets import (
    FIREFOX,
    FIREFOX_92_ACCEPT,
    FIREFOX_128_ACCEPT,
    IMAGE_ACCEPT,
    STYLE_ACCEPT,
    TURBO_ACCEPT,
    chromium,
    firefox,
    old,
    plain_http,
    script,
    webkit,
    without,
)

NAVIGATION_VARIANTS: dict[str, Row] = {
    "typed address": Row(
        requested(chromium(sec_fetch_site="none")),
        "pageview navigation",
    ),
    "from another site": Row(
        requested(chromium(sec_fetch_site="cross-site")), "pageview navigation"
    ),
    "by a script, without Sec-Fetch-User": Row(
        requested(without(chromium(), "sec-fetch-user", "upgrade-insecure-requests")),
        "pageview navigation",
    ),
    "a reload": Row(requested(chromium(cache_control="max-age=0")), "pageview navigation"),
    "a forced reload": Row(
        requested(chromium(cache_control="no-cache", pragma="no-cache")),
        "pageview navigation",
    ),
    "with Save-Data": Row(requested(chromium(save_data="on")), "pageview navigation"),
    "without Accept-Language": Row(
        requested(without(chromium(), "accept-language")),
        "pageview navigation",
    ),
    "firefox 128's Accept": Row(
        requested(firefox(accept=FIREFOX_128_ACCEPT)), "pageview navigation"
    ),
    "firefox 92's Accept": Row(requested(firefox(accept=FIREFOX_92_ACCEPT)), "pageview navigation"),
    "with DNT": Row(requested(chromium(dnt="1")), "pageview navigation"),
    "with GPC": Row(requested(chromium(sec_gpc="1")), "pageview navigation"),
    "with parameters behind fetch metadata": Row(
        requested(chromium(accept="*/*", sec_fetch_dest="document;a=1")), "pageview navigation"
    ),
    "by a service worker, with parameters": Row(
        requested(chromium(sec_fetch_dest="empty; a", sec_fetch_mode="navigate;b=?1")),
        "pageview navigation",
    ),
    "an image, with parameters": Row(
        requested(chromium(sec_fetch_dest="image;a=1")), "skip subresource"
    ),
    "after an upgrade to h2c": Row(
        requested(old(FIREFOX, upgrade="h2c")),
        "pageview navigation",
    ),
    "fetch metadata stripped by a proxy": Row(
        requested(plain_http(chromium())),
        "pageview navigation",
    ),
    "an unknown destination": Row(
        requested(chromium(sec_fetch_dest="hologram")),
        "pageview navigation",
    ),
    "only xhtml accepted": Row(
        requested(old(FIREFOX, accept="application/xhtml+xml")),
        "pageview navigation",
    ),
    "an Accept in capitals": Row(
        requested(old(FIREFOX, accept="TEXT/HTML")),
        "pageview navigation",
    ),
    "passed on by a service worker": Row(
        requested(chromium(sec_fetch_dest="empty")),
        "pageview navigation",
    ),
    "passed on by a service worker that accepts no HTML": Row(
        requested(chromium(sec_fetch_dest="empty", accept="*/*")),
        "skip fetch",
    ),
    "passed on by a service worker that set options": Row(
        requested(chromium(sec_fetch_dest="empty", sec_fetch_mode="same-origin")),
        "pageview navigation",
    ),
    "passed on by a service worker of Firefox": Row(
        requested(
            {
                "user-agent": FIREFOX,
                "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                "sec-fetch-dest": "empty",
                "sec-fetch-mode": "same-origin",
            }
        ),
        "pageview navigation",
    ),
    "HTML that a script fetches from its own origin": Row(
        requested(
            chromium(
                sec_fetch_dest="empty",
                sec_fetch_mode="same-origin",
                accept="text/html, application/xhtml+xml",
            )
        ),
        "skip fetch",
    ),
    "navigation preload": Row(
        requested(old(FIREFOX, "*/*", service_worker_navigation_preload="true")),
        "pageview navigation",
    ),
    "an app's own name in X-Requested-With": Row(
        requested(chromium(x_requested_with="com.example.app")),
        "pageview navigation",
    ),
    "a form sent by POST": Row(requested(chromium(), method="POST"), "skip method"),
    "HEAD": Row(requested(chromium(), method="HEAD"), "skip method"),
    "OPTIONS": Row(requested(script(), method="OPTIONS"), "skip method"),
    "PUT": Row(requested(script(), method="PUT"), "skip method"),
    "a method in small letters": Row(requested(chromium(), method="get"), "skip method"),
    "a websocket's handshake": Row(
        requested(
            script(upgrade="websocket", connection="Upgrade"), status=101, response_headers={}
        ),
        "skip websocket",
    ),
    "a websocket refused": Row(
        requested(script(upgrade="WebSocket"), status=403), "skip websocket"
    ),
    "another protocol": Row(requested(chromium(), status=101), "skip websocket"),
    "ignore() was called": Row(requested(chromium(), ignored=True), "skip ignored"),
    "ignore() is the first reason": Row(
        requested({}, ignored=True, method="POST", host="localhost"),
        "skip ignored",
    ),
}

PARTS_OF_PAGES: dict[str, Row] = {
    "image, chrome": Row(
        requested(
            chromium(accept=IMAGE_ACCEPT, sec_fetch_dest="image", sec_fetch_mode="no-cors"),
            "/cat.png",
            response_headers={"content-type": "image/png"},
        ),
        "skip subresource",
    ),
    "image answered with a page": Row(
        requested(chromium(accept=IMAGE_ACCEPT, sec_fetch_dest="image")),
        "skip subresource",
    ),
    "image, safari 15": Row(
        requested(old(OLD_SAFARI["user-agent"], IMAGE_ACCEPT), "/cat.png"),
        "skip not_navigation",
    ),
    "image, plain http": Row(
        requested(plain_http(chromium(accept=IMAGE_ACCEPT)), "/cat.png"),
        "skip not_navigation",
    ),
    "script": Row(
        requested(
            chromium(accept="*/*", sec_fetch_dest="script", sec_fetch_mode="no-cors"), "/app.js"
        ),
        "skip subresource",
    ),
    "style": Row(
        requested(firefox(accept=STYLE_ACCEPT, sec_fetch_dest="style"), "/app.css"),
        "skip subresource",
    ),
    "style, plain http": Row(
        requested(plain_http(firefox(accept=STYLE_ACCEPT)), "/app.css"),
        "skip not_navigation",
    ),
    "favicon": Row(
        requested(
            chromium(accept=IMAGE_ACCEPT, sec_fetch_dest="image"), "/favicon.ico", status=404
        ),
        "skip subresource",
    ),
    **{
        name: Row(requested(chromium(accept="*/*", sec_fetch_dest=name)), "skip subresource")
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
    "iframe": Row(requested(chromium(sec_fetch_dest="iframe")), "skip iframe"),
    "frame": Row(requested(chromium(sec_fetch_dest="frame")), "skip iframe"),
    "fenced frame": Row(requested(chromium(sec_fetch_dest="fencedframe")), "skip iframe"),
    "fetch() of JSON": Row(requested(script(), "/api", response_headers=JSON), "skip fetch"),
    "fetch() of HTML": Row(requested(script()), "skip fetch"),
    "fetch() of HTML, accepted by name": Row(
        requested(script(accept="text/html")),
        "skip fetch",
    ),
    "fetch(), firefox": Row(
        requested(firefox(accept="*/*", sec_fetch_dest="empty", sec_fetch_mode="cors")),
        "skip fetch",
    ),
    "fetch(), safari": Row(
        requested(webkit(accept="*/*", sec_fetch_dest="empty", sec_fetch_mode="cors")),
        "skip fetch",
    ),
    "fetch(), plain http": Row(requested(plain_http(script())), "skip not_navigation"),
    "no Accept at all": Row(
        requested({"user-agent": OLD_SAFARI["user-agent"]}), "skip not_navigation"
    ),
    "jquery": Row(requested(script(x_requested_with="XMLHttpRequest")), "skip xhr"),
    "jquery, plain http, HTML": Row(
        requested(plain_http(chromium(x_requested_with="XMLHttpRequest"))),
        "skip xhr",
    ),
    "jquery, small letters": Row(requested(script(x_requested_with=" xmlhttprequest")), "skip xhr"),
    "swup": Row(requested(script(x_requested_with="swup", accept=TURBO_ACCEPT)), "skip fetch"),
    "barba": Row(requested(script(x_barba="yes")), "skip fetch"),
    "event stream": Row(
        requested(
            script(accept="text/event-stream"),
            response_headers={"content-type": "text/event-stream"},
        ),
        "skip fetch",
    ),
    "csp report": Row(requested(script(), method="POST"), "skip method"),
}


PREFETCHES: dict[str, Row] = {
    "speculation rules, chrome": Row(
        requested(
            chromium(sec_purpose="prefetch", purpose="prefetch", sec_speculation_tags="null")
        ),
        "skip prefetch",
    ),
    "prerender, chrome": Row(
        requested(chromium(sec_purpose="prefetch;prerender", purpose="prefetch")), "skip prefetch"
    ),
    "private prefetch proxy": Row(
        requested(chromium(sec_purpose="prefetch;anonymous-client-ip")), "skip prefetch"
    ),
    "a parameter of tomorrow": Row(
        requested(chromium(sec_purpose="prefetch; mood=good")), "skip prefetch"
    ),
    "one item of several": Row(requested(chromium(sec_purpose="x, Prefetch;a")), "skip prefetch"),
    "link rel=prefetch, chrome": Row(
        requested(script(sec_purpose="prefetch", purpose="prefetch", sec_fetch_mode="no-cors")),
        "skip prefetch",
    ),
    "link rel=prefetch, firefox": Row(
        requested(firefox(accept="*/*", sec_fetch_dest="empty", sec_purpose="prefetch")),
        "skip prefetch",
    ),
    "link rel=prefetch, firefox 100": Row(requested(firefox(x_moz="prefetch")), "skip prefetch"),
    "old chrome": Row(requested(chromium(purpose="prefetch")), "skip prefetch"),
    "old safari's preview": Row(requested(webkit(purpose="preview")), "skip prefetch"),
    "a prerender by purpose": Row(requested(chromium(purpose="prerender")), "skip prefetch"),
    "top sites of safari": Row(requested(webkit(x_purpose="preview")), "skip prefetch"),
    "facebook's app": Row(
        requested(webkit(x_purpose="preview", x_fb_http_engine="Liger")), "skip prefetch"
    ),
    "x-purpose prefetch": Row(requested(webkit(x_purpose="prefetch")), "skip prefetch"),
    "turbo, on hover": Row(requested(TURBO | {"x-sec-purpose": "prefetch"}), "skip prefetch"),
    "htmx's preload extension": Row(
        requested(HTMX | {"hx-boosted": "true", "hx-preloaded": "true"}), "skip prefetch"
    ),
    "inertia, on hover": Row(requested(INERTIA | {"purpose": "prefetch"}), "skip prefetch"),
    "next's router": Row(requested(script(rsc="1", next_router_prefetch="1")), "skip prefetch"),
    "next's segments": Row(
        requested(script(rsc="1", next_router_segment_prefetch="/_tree")), "skip prefetch"
    ),
    "refused by the adapter before it comes here": Row(
        requested(chromium(sec_purpose="prefetch")),
        "skip prefetch",
        PageviewOptions(prefetch="refuse"),
    ),
    "another purpose": Row(requested(chromium(sec_purpose="reading")), "pageview navigation"),
    "a purpose within a word": Row(
        requested(chromium(purpose="noprefetch")), "pageview navigation"
    ),
    "an empty purpose": Row(requested(chromium(purpose="")), "pageview navigation"),
    "not preloaded": Row(
        requested(HTMX | {"hx-boosted": "true", "hx-preloaded": "false"}), "pageview spa_visit"
    ),
    "counted, chrome": Row(
        requested(chromium(sec_purpose="prefetch")),
        "pageview navigation",
        PageviewOptions(prefetch="count"),
    ),
    "counted, turbo": Row(
        requested(TURBO | {"x-sec-purpose": "prefetch"}),
        "pageview spa_visit",
        PageviewOptions(prefetch="count"),
    ),
    "counted, but a file of the page": Row(
        requested(script(sec_purpose="prefetch")), "skip fetch", PageviewOptions(prefetch="count")
    ),
}

LIBRARIES: dict[str, Row] = {
    "turbo visit": Row(requested(TURBO), "pageview spa_visit"),
    "turbo visit after a form": Row(
        requested(TURBO | {"accept": f"text/vnd.turbo-stream.html, {TURBO_ACCEPT}"}),
        "pageview spa_visit",
    ),
    "turbo visit answered with a stream": Row(
        requested(TURBO, response_headers={"content-type": "text/vnd.turbo-stream.html"}),
        "skip not_html",
    ),
    "turbo visit, plain http": Row(requested(plain_http(TURBO)), "pageview spa_visit"),
    "turbo frame": Row(requested(TURBO | {"turbo-frame": "messages"}), "skip fragment"),
    "turbo frame, before 7.3": Row(
        requested(script(turbo_frame="messages", accept=TURBO_ACCEPT)), "skip fragment"
    ),
    "turbo visit to a missing page": Row(requested(TURBO, status=404), "event not_found"),
    "turbolinks 5": Row(
        requested(script(turbolinks_referrer="https://example.com/", accept=TURBO_ACCEPT)),
        "pageview spa_visit",
    ),
    "htmx element": Row(requested(HTMX), "skip fragment"),
    "htmx element, plain http": Row(requested(plain_http(HTMX)), "skip fragment"),
    "htmx poll": Row(requested(HTMX | {"hx-trigger": "clock"}), "skip fragment"),
    "htmx boosted link": Row(requested(HTMX | {"hx-boosted": "true"}), "pageview spa_visit"),
    "htmx that is not boosted": Row(requested(HTMX | {"hx-boosted": "false"}), "skip fragment"),
    "htmx restores history": Row(
        requested(HTMX | {"hx-history-restore-request": "true"}), "pageview spa_visit"
    ),
    "htmx restores history, as no htmx request": Row(
        requested(script(hx_history_restore_request="true")), "pageview spa_visit"
    ),
    "htmx history header that is false": Row(
        requested(script(hx_history_restore_request="false")), "skip fetch"
    ),
    "htmx, the app pushes a url": Row(
        requested(HTMX, response_headers=HTML | {"hx-push-url": "/tab/2"}), "pageview spa_visit"
    ),
    "htmx, the app pushes none": Row(
        requested(HTMX, response_headers=HTML | {"hx-push-url": "false"}), "skip fragment"
    ),
    "htmx, an empty push": Row(
        requested(HTMX, response_headers=HTML | {"hx-push-url": " "}), "skip fragment"
    ),
    "a pushed url without a request of htmx": Row(
        requested(script(), response_headers=HTML | {"hx-push-url": "/tab/2"}), "skip fetch"
    ),
    "htmx 4, a part": Row(
        requested(HTMX | {"hx-request-type": "partial", "accept": "text/html"}), "skip fragment"
    ),
    "inertia visit": Row(requested(INERTIA, response_headers=INERTIA_ANSWER), "pageview spa_visit"),
    "inertia visit, kept copy": Row(
        requested(INERTIA, status=304, response_headers={}), "pageview not_modified"
    ),
    "inertia visit answered with plain JSON": Row(
        requested(INERTIA, response_headers=JSON), "skip not_html"
    ),
    "inertia partial reload": Row(
        requested(
            INERTIA | {"x-inertia-partial-component": "Users", "x-inertia-partial-data": "users"},
            response_headers=INERTIA_ANSWER,
        ),
        "skip fragment",
    ),
    "inertia partial reload, by data": Row(
        requested(INERTIA | {"x-inertia-partial-data": "users"}), "skip fragment"
    ),
    "inertia partial reload, by exception": Row(
        requested(INERTIA | {"x-inertia-partial-except": "users"}), "skip fragment"
    ),
    "inertia, assets changed": Row(
        requested(INERTIA, status=409, response_headers={"x-inertia-location": "/"}), "skip error"
    ),
    "pjax": Row(
        requested(script(x_pjax="true", x_requested_with="XMLHttpRequest")), "pageview spa_visit"
    ),
    "unpoly": Row(requested(script(x_up_version="3.9.4", x_up_target="main")), "skip fragment"),
    "unpoly, target only": Row(requested(script(x_up_target="main")), "skip fragment"),
    "alpine ajax": Row(requested(script(x_alpine_request="true")), "skip fragment"),
    "datastar": Row(requested(script(datastar_request="true")), "skip fragment"),
    "next's server components": Row(
        requested(script(rsc="1"), response_headers={"content-type": "text/x-component"}),
        "skip fragment",
    ),
}

BOTS_AND_OWNERS: dict[str, Row] = {
    "no user agent": Row(requested(without(chromium(), "user-agent")), "skip no_user_agent"),
    "an empty user agent": Row(requested(chromium("")), "skip no_user_agent"),
    "a blank user agent": Row(requested(chromium("  ")), "skip no_user_agent"),
    "a dash": Row(requested(chromium("-")), "skip bot"),
    "bots are counted": Row(
        requested(chromium("curl/8.11.0")), "pageview navigation", PageviewOptions(bots="count")
    ),
    "bots are counted, also the silent": Row(
        requested(without(chromium(), "user-agent")),
        "pageview navigation",
        PageviewOptions(bots="count"),
    ),
    "a bot that reads a page": Row(requested(GPTBOT), "event bot", PageviewOptions(bots="event")),
    "a bot that has a fresh copy": Row(
        requested(GPTBOT, status=304, response_headers={}),
        "event bot",
        PageviewOptions(bots="event"),
    ),
    "a bot that has a fresh picture": Row(
        requested(GPTBOT, "/cat.png", status=304, response_headers={}),
        "skip bot",
        PageviewOptions(bots="event"),
    ),
    "a bot that reads robots.txt": Row(
        requested(GPTBOT, "/robots.txt", response_headers={"content-type": "text/plain"}),
        "skip bot",
        PageviewOptions(bots="event"),
    ),
    "a bot that finds nothing": Row(
        requested(GPTBOT, status=404), "skip bot", PageviewOptions(bots="event")
    ),
    "a bot on an excluded page": Row(
        requested(GPTBOT, "/admin/"),
        "skip bot",
        PageviewOptions(bots="event", excluded_by=no_admin),
    ),
    "a bot on another page": Row(
        requested(GPTBOT), "event bot", PageviewOptions(bots="event", excluded_by=no_admin)
    ),
    "a bot without a User-Agent": Row(
        requested({}), "skip no_user_agent", PageviewOptions(bots="event")
    ),
    "a bot that posts": Row(
        requested(GPTBOT, method="POST"), "skip method", PageviewOptions(bots="event")
    ),
    "the owner knows a bot": Row(
        requested(chromium()), "skip bot", PageviewOptions(is_bot=lambda _: True)
    ),
    "the owner names a bot": Row(
        requested(chromium()), "skip bot", PageviewOptions(is_bot=lambda _: "Spy")
    ),
    "the owner knows a person": Row(
        requested(chromium("curl/8.11.0")),
        "pageview navigation",
        PageviewOptions(is_bot=lambda _: False),
    ),
    "the owner gives an empty name": Row(
        requested(chromium("curl/8.11.0")),
        "pageview navigation",
        PageviewOptions(is_bot=lambda _: ""),
    ),
    "the owner does not know, a bot": Row(
        requested(GPTBOT), "skip bot", PageviewOptions(is_bot=lambda _: None)
    ),
    "the owner does not know, a person": Row(
        requested(chromium()), "pageview navigation", PageviewOptions(is_bot=lambda _: None)
    ),
    "the owner's function fails, a bot": Row(
        requested(GPTBOT), "skip bot", PageviewOptions(is_bot=fails)
    ),
    "the owner's function fails, a person": Row(
        requested(chromium()), "pageview navigation", PageviewOptions(is_bot=fails)
    ),
    "excluded": Row(
        requested(chromium(), "/admin/x"), "skip excluded", PageviewOptions(excluded_by=no_admin)
    ),
    "not excluded": Row(
        requested(chromium()), "pageview navigation", PageviewOptions(excluded_by=no_admin)
    ),
    "an excluded download": Row(
        requested(chromium(), "/admin/a.pdf", response_headers=PDF),
        "skip excluded",
        PageviewOptions(excluded_by=no_admin),
    ),
    "DNT respected": Row(
        requested(chromium(dnt="1")), "skip dnt", PageviewOptions(respect_dnt=True)
    ),
    "DNT allows": Row(
        requested(chromium(dnt="0")), "pageview navigation", PageviewOptions(respect_dnt=True)
    ),
    "DNT absent": Row(
        requested(chromium()), "pageview navigation", PageviewOptions(respect_dnt=True)
    ),
    "GPC respected": Row(
        requested(chromium(sec_gpc="1")), "skip gpc", PageviewOptions(respect_gpc=True)
    ),
    "GPC with parameters": Row(
        requested(chromium(sec_gpc="1;a=b")), "skip gpc", PageviewOptions(respect_gpc=True)
    ),
    "GPC is not DNT": Row(
        requested(chromium(dnt="1")), "pageview navigation", PageviewOptions(respect_gpc=True)
    ),
    "an agent that signs its requests": Row(
        requested(
            chromium(
                signature_agent='"https://agent.example"',
                signature_input='sig1=("@authority" "signature-agent");tag="web-bot-auth"',
            )
        ),
        "event bot",
        PageviewOptions(bots="event"),
    ),
    "an agent that says no name": Row(
        requested(chromium(signature_input='s=("@authority");keyid="k"; tag="web-bot-auth"')),
        "skip bot",
    ),
    "a signature for another purpose": Row(
        requested(chromium(signature_input='s=("@authority");tag="payment"')),
        "pageview navigation",
    ),
    "headless by its client hints": Row(
        requested(chromium(sec_ch_ua='"HeadlessChrome";v="131", "Not_A Brand";v="24"')), "skip bot"
    ),
    "a referrer known for spam": Row(
        requested(chromium(referer="https://www.1-best-seo.com/offer")), "skip spam_referrer"
    ),
    "spam counts if the owner says so": Row(
        requested(chromium(referer="https://www.1-best-seo.com/offer")),
        "pageview navigation",
        PageviewOptions(skip_spam_referrers=False),
    ),
    "a referrer that only ends like spam": Row(
        requested(chromium(referer="https://not1-best-seo.com/")), "pageview navigation"
    ),
    "frames are counted": Row(
        requested(chromium(sec_fetch_dest="iframe")),
        "pageview iframe",
        PageviewOptions(track_iframes=True),
    ),
    "frames are counted, embeds are not": Row(
        requested(chromium(sec_fetch_dest="embed")),
        "skip subresource",
        PageviewOptions(track_iframes=True),
    ),
    "frames are counted, what they show is no download": Row(
        requested(chromium(sec_fetch_dest="iframe"), "/a.pdf", response_headers=PDF),
        "skip not_html",
        PageviewOptions(track_iframes=True),
    ),
}

ATTACHMENT = {"content-disposition": 'attachment; filename="report"'}
FIRST_BYTES = {"content-range": "bytes 0-1023/4096"}
LATER_BYTES = {"content-range": "bytes 1024-2047/4096"}

DOWNLOADS: dict[str, Row] = {
    "a pdf that the browser shows": Row(responded(200, PDF, "/a.pdf"), "event download"),
    "an extension in capitals": Row(responded(200, PDF, "/A.PDF"), "event download"),
    "an attachment": Row(responded(200, HTML | ATTACHMENT, "/export"), "event download"),
    "an attachment in capitals": Row(
        responded(200, {"content-disposition": " ATTACHMENT"}, "/export"), "event download"
    ),
    "an attachment of JSON": Row(responded(200, JSON | ATTACHMENT, "/export"), "event download"),
    "shown inline": Row(
        responded(200, PDF | {"content-disposition": "inline"}, "/a"), "skip not_html"
    ),
    "a pdf's name that is a page": Row(responded(200, HTML, "/a.pdf"), "pageview navigation"),
    "a pdf's name without a type": Row(responded(200, {}, "/a.pdf"), "skip not_html"),
    "a type without the name": Row(responded(200, PDF, "/invoice"), "skip not_html"),
    "a name that is only an extension": Row(responded(200, PDF, "/pdf"), "skip not_html"),
    "handed to nginx with a framework's type": Row(
        responded(200, HTML | {"x-accel-redirect": "/protected/a.pdf"}, "/files/7"),
        "event download",
    ),
    "handed to nginx without a type": Row(
        responded(200, {"x-accel-redirect": "/protected/a.PDF?v=2"}, "/files/7"), "event download"
    ),
    "handed to Apache with an empty type": Row(
        responded(200, {"content-type": "", "x-sendfile": "/srv/a.zip"}, "/a.zip"),
        "event download",
    ),
    "handed to nginx as an attachment": Row(
        responded(200, ATTACHMENT | {"x-accel-redirect": "/protected/7"}, "/files/7"),
        "event download",
    ),
    "handed to lighttpd": Row(
        responded(200, HTML | {"x-lighttpd-send-file": "/srv/a.pdf"}, "/files/7"),
        "event download",
    ),
    "a picture handed to nginx": Row(
        responded(200, HTML | {"x-accel-redirect": "/protected/a.png"}, "/files/7"),
        "skip not_html",
    ),
    "a page handed to nginx": Row(
        responded(200, {"x-accel-redirect": "/cache/a.html"}, "/about"), "pageview navigation"
    ),
    "handed to nginx under a name that tells nothing": Row(
        responded(200, HTML | {"x-accel-redirect": "/@app/about"}, "/about"),
        "pageview navigation",
    ),
    "not in the list": Row(responded(200, PNG, "/cat.png"), "skip not_html"),
    "a list of one's own": Row(
        responded(200, PNG, "/cat.png"),
        "event download",
        PageviewOptions(download_extensions=frozenset({"png"})),
    ),
    "old safari": Row(requested(OLD_SAFARI, "/a.pdf", response_headers=PDF), "event download"),
    "passed on by a service worker": Row(
        requested(chromium(sec_fetch_dest="empty"), "/a.pdf", response_headers=PDF),
        "event download",
    ),
    "fetched by a script and saved": Row(
        requested(script(), "/export", response_headers=JSON | ATTACHMENT), "event download"
    ),
    "fetched by a script to draw": Row(
        requested(script(), "/table.csv", response_headers={"content-type": "text/csv"}),
        "skip fetch",
    ),
    "played over plain http": Row(
        requested(
            plain_http(script()),
            "/song.mp3",
            status=206,
            response_headers={"content-type": "audio/mpeg"} | FIRST_BYTES,
        ),
        "skip not_navigation",
    ),
    "an attachment for whom we do not know": Row(
        requested(plain_http(script()), "/export", response_headers=ATTACHMENT), "event download"
    ),
    "an attachment for jquery": Row(
        requested(script(x_requested_with="XMLHttpRequest"), response_headers=ATTACHMENT),
        "skip xhr",
    ),
    "an attachment for htmx": Row(requested(HTMX, response_headers=ATTACHMENT), "skip fragment"),
    "an attachment for turbo, which requests again": Row(
        requested(TURBO, response_headers=HTML | ATTACHMENT), "skip not_html"
    ),
    "played by a video element": Row(
        requested(
            chromium(accept="*/*", sec_fetch_dest="video"),
            "/film.mp4",
            response_headers={"content-type": "video/mp4"},
        ),
        "skip subresource",
    ),
    "an attachment shown as an image": Row(
        requested(chromium(sec_fetch_dest="image"), response_headers=PNG | ATTACHMENT),
        "skip subresource",
    ),
    "the first part": Row(responded(206, PDF | FIRST_BYTES, "/a.pdf"), "event download"),
    "the first part, in capitals": Row(
        responded(206, PDF | {"content-range": "Bytes 0-1/2"}, "/a.pdf"), "event download"
    ),
    "a later part": Row(responded(206, PDF | LATER_BYTES, "/a.pdf"), "skip partial"),
    "a part of unknown place": Row(responded(206, PDF, "/a.pdf"), "skip partial"),
    "a range that cannot be": Row(responded(416, PDF, "/a.pdf"), "skip error"),
    "a missing pdf": Row(responded(404, HTML, "/a.pdf"), "event not_found"),
    "a kept pdf": Row(responded(304, {}, "/a.pdf"), "skip static_file"),
    "robots.txt": Row(
        responded(200, {"content-type": "text/plain"}, "/robots.txt"), "skip not_html"
    ),
    "a packed sitemap": Row(
        responded(200, {"content-type": "application/gzip"}, "/sitemap-2.xml.gz"), "skip not_html"
    ),
    "not tracked": Row(
        responded(200, PDF, "/a.pdf"), "skip download", PageviewOptions(track_downloads=False)
    ),
    "an attachment of HTML, not tracked": Row(
        responded(200, HTML | ATTACHMENT, "/x"),
        "skip download",
        PageviewOptions(track_downloads=False),
    ),
    "an attachment answered 203": Row(responded(203, HTML | ATTACHMENT, "/x"), "skip not_html"),
}

ANSWERS: dict[str, Row] = {
    "200": Row(responded(200), "pageview navigation"),
    "201": Row(responded(201), "pageview navigation"),
    "203": Row(responded(203), "pageview navigation"),
    "204": Row(responded(204), "skip no_content"),
    "205": Row(responded(205), "skip no_content"),
    "206 of a page": Row(responded(206), "skip partial"),
    "103": Row(responded(103), "skip no_content"),
    **{
        f"{status}": Row(responded(status), "skip redirect")
        for status in (300, 301, 302, 303, 307, 308)
    },
    **{
        f"{status}": Row(responded(status), "skip error")
        for status in (400, 401, 403, 405, 409, 410, 418, 429, 500, 502, 503, 599, 999)
    },
    "status 0": Row(responded(0), "skip no_content"),
    "304": Row(responded(304, {}), "pageview not_modified"),
    "304 of the front page": Row(responded(304, {}, "/"), "pageview not_modified"),
    "304 of /about.html": Row(responded(304, {}, "/about.html"), "pageview not_modified"),
    "304 of /index.php": Row(responded(304, {}, "/index.php"), "pageview not_modified"),
    "304 of version 1.2": Row(responded(304, {}, "/docs/v1.2"), "pageview not_modified"),
    "304 of a script": Row(responded(304, {}, "/app.js"), "skip static_file"),
    "304 of a picture": Row(responded(304, {}, "/cat.PNG"), "skip static_file"),
    "304 of data": Row(responded(304, {}, "/api/users.json"), "skip static_file"),
    "304 of favicon.ico": Row(responded(304, {}, "/favicon.ico"), "skip well_known"),
    "304 of a touch icon": Row(responded(304, {}, "/apple-touch-icon-120x120"), "skip well_known"),
    "304 for a script": Row(requested(script(), status=304, response_headers={}), "skip fetch"),
    "404": Row(responded(404), "event not_found"),
    "404, off by default": Row(responded(404), "skip not_found", PageviewOptions()),
    "404 of JSON": Row(responded(404, JSON), "skip not_found"),
    "404 without a type": Row(responded(404, {}), "skip not_found"),
    "404 for a script": Row(requested(script(), status=404), "skip fetch"),
    "404 of a script, with fetch metadata": Row(responded(404, HTML, "/old.js"), "event not_found"),
    "404 of a script, without": Row(
        requested(OLD_SAFARI, "/old.js", status=404), "skip static_file"
    ),
    "404 of a page, without": Row(requested(OLD_SAFARI, "/old", status=404), "event not_found"),
    **{
        f"404 of {path}": Row(responded(404, HTML, path), "skip well_known")
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
        responded(404, HTML, "/blog/.well-known/x"), "event not_found"
    ),
    "404 of a sitemap for people": Row(responded(404, HTML, "/sitemap"), "event not_found"),
    "xhtml": Row(responded(200, {"content-type": "application/xhtml+xml"}), "pageview navigation"),
    "a type in capitals": Row(
        responded(200, {"content-type": "Text/HTML ; charset=x"}), "pageview navigation"
    ),
    "no type": Row(responded(200, {}), "skip not_html"),
    "a script's name that is a page": Row(
        responded(200, HTML, "/docs/node.js"), "pageview navigation"
    ),
    "health, the topic": Row(responded(200, HTML, "/health/heart-disease"), "pageview navigation"),
    "a well-known name that is a page": Row(
        responded(200, HTML, "/.well-known/about"), "pageview navigation"
    ),
    "JSON with inertia's mark": Row(responded(200, INERTIA_ANSWER), "pageview navigation"),
    "JSON with inertia's mark, unset": Row(
        responded(200, JSON | {"x-inertia": "false"}), "skip not_html"
    ),
    **{
        name: Row(responded(200, {"content-type": name}), "skip not_html")
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
        f"{host!r:.30} is here": Row(requested(chromium(), host=host), "skip localhost")
        for host in LOCAL
    },
    **{
        f"{host!r:.30} is not": Row(requested(chromium(), host=host), "pageview navigation")
        for host in PUBLIC
    },
    "localhost is counted": Row(
        requested(chromium(), host="localhost"),
        "pageview navigation",
        PageviewOptions(track_localhost=True),
    ),
    "a feed": Row(
        requested(GPTBOT, "/feed", response_headers={"content-type": "application/rss+xml"}),
        "event feed",
        PageviewOptions(track_feeds=True),
    ),
    "an API call": Row(
        requested(GPTBOT, method="POST", response_headers=JSON),
        "event api_call",
        PageviewOptions(is_api=lambda hit: True),
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


def rows_of(*tables: str) -> dict[str, Row]:
    """The rows of some tables, with their ids."""
    return {name: row for name, row in ROWS.items() if name.startswith(tables)}
