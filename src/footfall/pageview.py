"""Is this hit a pageview, another event, or nothing? And why?

The rules below are asked in this order. A settles what the request alone tells, B finds out how the
browser asked, C reads the answer. A rule settles the hit or lets it pass to the next one.

    A.0 ignored       the app said that this is no pageview
    A.1 websocket     a connection, not a page
    A.2 method        only GET shows a page
    A.3 localhost     a developer or a test is looking
    A.4 prefetch      fetched ahead of a click that may never come
    A.5 bot           nobody is looking
    A.6 excluded      the owner's include and exclude rules
    A.7 privacy       DNT and GPC, where the owner respects them

    B.1 library       Turbo, htmx, Inertia and their kind say whether they visit or fill a fragment
    B.2 xhr           an old script library says that it asks
    B.3 destination   the browser says what it needs the answer for
    B.4 accept        it does not, as over plain http; then whoever wants a page asks for HTML

    C.1 download      a file to save
    C.2 navigation    what B found not to be a page ends here
    C.3 not_found     a page that does not exist
    C.4 not_modified  a page that the browser had kept
    C.5 page          HTML was shown
    C.6 otherwise     redirects, errors, JSON, images: nothing to look at

Never decided on: Sec-Fetch-User and Upgrade-Insecure-Requests (Safari sends none), Accept-Language,
client hints, reloads, and the extension of a 200 that is HTML. Values in, a value out; whatever
text a client sends ends in a decision. Header facts were read in browser-compat-data 8.1 and the
libraries' sources, 2026-10.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, ParamSpec, TypeAlias, TypeVar

from footfall.model import NO_PROPS, PAGEVIEW, Decision, Hit, Step
from footfall.user_agent import NO_USER_AGENT, Bot, classify

__all__ = [
    "BOT_VISIT",
    "DOWNLOAD",
    "DOWNLOAD_EXTENSIONS",
    "NOT_FOUND",
    "REASONS",
    "REQUEST_HEADERS",
    "RESPONSE_HEADERS",
    "TURBO_PREFETCH_HINT",
    "Rules",
    "decide",
    "decide_told",
    "is_refusable_prefetch",
    "prefetch_hint",
    "pushed_url",
]

BOT_VISIT: Final = "Bot Visit"
"""The event of a bot that read a page; props `bot` and `class`."""

DOWNLOAD: Final = "File Download"
"""The event of a file that was saved; prop `url`. Vendors' own scripts use the same name."""

NOT_FOUND: Final = "404"
"""The event of a page that does not exist; prop `path`. Vendors' own scripts use the same name."""

REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ignored": "The app called `ignore()` for this request.",
        "websocket": "The connection became a websocket.",
        "method": "The method is not GET.",
        "localhost": "The host is this machine, or a test's.",
        "prefetch": "The page was fetched ahead; nobody has looked at it yet.",
        "no_user_agent": "The client sent no User-Agent, which every browser does.",
        "bot": "The User-Agent is a bot's, or `is_bot` said so.",
        "excluded": "An `exclude` rule matched, or no `include` rule did.",
        "dnt": "The browser sent DNT, and `respect_dnt` is on.",
        "gpc": "The browser sent Sec-GPC, and `respect_gpc` is on.",
        "fragment": "htmx, Turbo or a like library asked for a part of a page.",
        "xhr": "A script asked with XMLHttpRequest.",
        "fetch": "A script asked with fetch().",
        "iframe": "The page was loaded into a frame of another page.",
        "subresource": "An image, script, style or other part of a page was asked for.",
        "not_navigation": "Nothing in the request says that a page was asked for.",
        "download": "A file was saved.",
        "well_known": "A file that browsers and crawlers ask for unbidden, such as favicon.ico.",
        "static_file": "The path ends as static files do, and nothing says that it is a page.",
        "not_found": "The page does not exist.",
        "not_modified": "The browser showed its own copy of a page, after asking if it is fresh.",
        "navigation": "A browser opened a page.",
        "spa_visit": "A library opened a page in place of the browser.",
        "redirect": "The answer sends the browser on; the page it leads to counts.",
        "error": "The answer is an error.",
        "no_content": "The answer has no content.",
        "partial": "The answer is a part of a file, and not the first.",
        "not_html": "The answer is not an HTML page to look at.",
        "told": "The app told this event with `track()` or `track_pageview()`.",
    }
)
"""Every reason a decision can have, and what it means. A reason names the cause; what came of it
(`bot` may skip a hit or make it an event) is the decision's kind."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


DOWNLOAD_EXTENSIONS: Final = _words(
    "pdf xlsx docx txt rtf csv exe key pps ppt pptx 7z pkg rar gz zip avi mov mp4 mpeg wmv midi mp3"
    " wav wma dmg"
)
"""What Plausible's script takes for a download (custom-events.js, read 2026-10)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the owner wants counted. The defaults count as the vendors' scripts do."""

    # A developer's own clicks would be the first numbers on a new dashboard.
    track_localhost: bool = False
    # A page fetched ahead was not looked at, and no signal tells when it is. "refuse" decides like
    # "skip" here; the door answers 503, so that the browser asks again on the click.
    prefetch: Literal["skip", "count", "refuse"] = "skip"
    # Bots outnumber people. "event" makes the pages they read a custom event, out of the views.
    bots: Literal["skip", "count", "event"] = "skip"
    # True or a name: a bot. False: a person. None, or an exception: our own filter decides.
    is_bot: Callable[[Hit], bool | str | None] | None = None
    # A custom event costs quota, and scanners ask for a thousand missing pages a day.
    track_404: bool = False
    # Vendors' own scripts count downloads, too.
    track_downloads: bool = True
    # Plausible's script has this list; a file that says `attachment` needs no extension.
    download_extensions: frozenset[str] = DOWNLOAD_EXTENSIONS
    # Nobody is identified; one vendor ignores both signals, and browsers have dropped DNT.
    respect_dnt: bool = False
    respect_gpc: bool = False
    # The page around the frame is the view. For widgets that live in other sites' pages, say True.
    track_iframes: bool = False
    # The rule of the owner that keeps a hit out, in words, or None. Must not raise.
    excluded_by: Callable[[Hit], str | None] | None = None


_DEFAULTS: Final = Rules()

# Browsers send far less than this in any header that is looked at.
_MAX_HEADER: Final = 1_000
# Steps are read by people, in a terminal.
_MAX_SAW: Final = 80
# A site sees a few hosts, content types and steps all day long.
_CACHE_SIZE: Final = 512


class _Ruling(NamedTuple):
    """The word of a rule that settles a hit."""

    reason: str
    saw: str
    kind: Literal["pageview", "event", "skip"] = "skip"
    name: str = ""
    props: Mapping[str, Any] = NO_PROPS

    @property
    def verdict(self) -> Literal["stop", "count"]:
        return "stop" if self.kind == "skip" else "count"


class _Arrival(NamedTuple):
    """How the browser came for a hit, and whether it came for a page."""

    reason: str
    saw: str
    is_page: bool = False
    # What B finds settles nothing yet: a fetch may still save a file.
    verdict: Literal["pass"] = "pass"


# A rule that lets pass returns what it looked at, for the step's record.
_RequestRule: TypeAlias = Callable[[Hit, Rules], str | _Ruling]
_ArrivalRule: TypeAlias = Callable[[Hit, Rules], str | _Arrival]
_AnswerRule: TypeAlias = Callable[[Hit, Rules, _Arrival], str | _Ruling]
_P = ParamSpec("_P")
_Found = TypeVar("_Found", _Ruling, _Arrival)


# -- A. the request alone ----------------------------------------------------------------------


def _ignored(hit: Hit, _rules: Rules) -> str | _Ruling:
    return _Ruling("ignored", "ignore() was called") if hit.ignored else "ignore() was not called"


def _websocket(hit: Hit, _rules: Rules) -> str | _Ruling:
    upgrade = _header(hit, "upgrade")
    if hit.status == 101 or "websocket" in upgrade.lower():
        return _Ruling("websocket", upgrade or "101")
    return "no upgrade"


def _method(hit: Hit, _rules: Rules) -> str | _Ruling:
    return hit.method if hit.method == "GET" else _Ruling("method", hit.method)


_LOCAL_HOSTS = frozenset({"localhost", "::1", "::", "0.0.0.0", "testserver"})  # noqa: S104 -- read, not bound


def _localhost(hit: Hit, rules: Rules) -> str | _Ruling:
    if rules.track_localhost or not _is_local(hit.host[:_MAX_HEADER]):
        return hit.host
    return _Ruling("localhost", hit.host)


@lru_cache(maxsize=_CACHE_SIZE)
def _is_local(host: str) -> bool:
    """True for a loopback or test host. The text may hold a port, brackets, or anything."""
    host = host.strip().lower()
    if host.startswith("["):
        name = host[1:].partition("]")[0]
    elif host.count(":") > 1:
        name = host  # an IPv6 address that lacks its brackets
    else:
        name = host.partition(":")[0].removesuffix(".")
    if name.startswith("127."):
        return name.replace(".", "").isdecimal()  # `127.0.0.1.nip.io` is a public name
    return name in _LOCAL_HOSTS or name.endswith(".localhost")


_PREFETCH_TOKENS: Final[Mapping[str, frozenset[str] | None]] = {
    # Chromium 110, Firefox 115. `prefetch;prerender` and other parameters all mean ahead.
    "sec-purpose": frozenset({"prefetch"}),
    # Turbo 8, on hover.
    "x-sec-purpose": frozenset({"prefetch"}),
    # Chromium until today, beside Sec-Purpose; Inertia.
    "purpose": frozenset({"prefetch", "preview", "prerender"}),
    # Safari's Top Sites; Facebook's apps.
    "x-purpose": frozenset({"prefetch", "preview"}),
    # Firefox before 115.
    "x-moz": frozenset({"prefetch"}),
    # The preload extension of htmx.
    "hx-preloaded": frozenset({"true"}),
    # Next; here presence is enough.
    "next-router-prefetch": None,
    "next-router-segment-prefetch": None,
}
_PREFETCH_HEADERS: Final = frozenset(_PREFETCH_TOKENS)


def _prefetch(hit: Hit, rules: Rules) -> str | _Ruling:
    sign = _prefetch_sign(hit)
    if sign is None:
        return "no prefetch header"
    saw = f"{sign}: {_header(hit, sign)}"
    return saw if rules.prefetch == "count" else _Ruling("prefetch", saw)


def _prefetch_sign(hit: Hit) -> str | None:
    """The header that says that the page is fetched ahead."""
    if _PREFETCH_HEADERS.isdisjoint(hit.headers):
        return None
    return next(
        (
            name
            for name, tokens in _PREFETCH_TOKENS.items()
            if name in hit.headers and (tokens is None or tokens & _tokens(_header(hit, name)))
        ),
        None,
    )


def _bot(hit: Hit, rules: Rules) -> str | _Ruling:
    if rules.bots == "count":
        return "bots are counted"
    bot = _bot_behind(hit, rules)
    if bot is None:
        return "a browser"
    if bot == NO_USER_AGENT:
        return _Ruling("no_user_agent", "no User-Agent")
    saw = f"{bot.name} ({bot.kind})"
    if rules.bots == "event" and _gave_page(hit) and _exclusion(hit, rules) is None:
        props = {"bot": bot.name, "class": bot.kind}
        return _Ruling("bot", saw, "event", BOT_VISIT, props)
    return _Ruling("bot", saw)


def _gave_page(hit: Hit) -> bool:
    """True if the answer was a page, or the word that a kept copy of one is fresh."""
    return _shows_page(hit) or (hit.status == 304 and _reason_for_file(hit.path) is None)


def _bot_behind(hit: Hit, rules: Rules) -> Bot | None:
    """The bot that made the hit, as the owner's function or our own filter knows it."""
    ours = classify(hit.headers.get("user-agent", ""))
    theirs = _owners_word(hit, rules)
    if theirs is None:
        return ours
    if not theirs:
        return None
    if isinstance(theirs, str):
        return Bot(theirs[:_MAX_SAW], ours.kind if ours else "other")
    return ours or Bot("unnamed", "other")


def _owners_word(hit: Hit, rules: Rules) -> bool | str | None:
    if rules.is_bot is None:
        return None
    try:
        return rules.is_bot(hit)
    except Exception:  # noqa: BLE001 -- the owner's code; its faults must not cost the numbers
        return None


def _excluded(hit: Hit, rules: Rules) -> str | _Ruling:
    exclusion = _exclusion(hit, rules)
    return "no rule objects" if exclusion is None else _Ruling("excluded", exclusion)


def _exclusion(hit: Hit, rules: Rules) -> str | None:
    return rules.excluded_by(hit) if rules.excluded_by is not None else None


def _privacy(hit: Hit, rules: Rules) -> str | _Ruling:
    if rules.respect_dnt and _header(hit, "dnt").strip() == "1":
        return _Ruling("dnt", "DNT: 1")
    if rules.respect_gpc and _header(hit, "sec-gpc").strip() == "1":
        return _Ruling("gpc", "Sec-GPC: 1")
    return "no objection that is respected"


# -- B. how the browser asked ------------------------------------------------------------------

# Whoever sends one of these fills a part of a page, or does not say whether it visits: Turbo
# frames, Inertia's partial reloads, Unpoly, Alpine AJAX, Datastar, React server components.
_FRAGMENT_HEADERS: Final = (
    "turbo-frame",
    "x-inertia-partial-component",
    "x-inertia-partial-data",
    "x-inertia-partial-except",
    "x-up-version",
    "x-up-target",
    "x-alpine-request",
    "datastar-request",
    "rsc",
)
# Asked after the fragments: Turbo Drive, Turbolinks 5, Inertia, pjax.
_VISIT_HEADERS: Final = ("x-turbo-request-id", "turbolinks-referrer", "x-inertia", "x-pjax")
_HTMX_VISIT_HEADERS: Final = ("hx-boosted", "hx-history-restore-request")
_LIBRARY_HEADERS: Final = frozenset(
    {*_FRAGMENT_HEADERS, *_VISIT_HEADERS, *_HTMX_VISIT_HEADERS, "hx-request"}
)


def _library(hit: Hit, _rules: Rules) -> str | _Arrival:
    if _LIBRARY_HEADERS.isdisjoint(hit.headers):
        return "no library's header"
    for name in _FRAGMENT_HEADERS:
        if name in hit.headers:
            return _Arrival("fragment", name)
    for name in _VISIT_HEADERS:
        if name in hit.headers:
            return _Arrival("spa_visit", name, is_page=True)
    return _htmx(hit)


def _htmx(hit: Hit) -> str | _Arrival:
    for name in _HTMX_VISIT_HEADERS:
        if _header(hit, name).strip().lower() == "true":
            return _Arrival("spa_visit", name, is_page=True)
    if pushed_url(hit) is not None:
        return _Arrival("spa_visit", "hx-push-url", is_page=True)
    return _Arrival("fragment", "hx-request") if "hx-request" in hit.headers else "no htmx request"


def _xhr(hit: Hit, _rules: Rules) -> str | _Arrival:
    # Android's WebViews send the app's package name here, on navigations too.
    requested_with = _header(hit, "x-requested-with")
    if requested_with.strip().lower() == "xmlhttprequest":
        return _Arrival("xhr", requested_with)
    return requested_with or "no X-Requested-With"


# The values that MDN's page on Sec-Fetch-Dest and the Fetch standard list (read 2026-11).
_SUBRESOURCES: Final = _words(
    """
    audio audioworklet embed font image json manifest object paintworklet report script
    serviceworker sharedworker speculationrules style text track video webidentity worker xslt
    """
)
_ARRIVALS: Final[Mapping[str, _Arrival]] = {
    "document": _Arrival("navigation", "document", is_page=True),
    "empty": _Arrival("fetch", "empty"),
    **{name: _Arrival("iframe", name) for name in ("iframe", "frame", "fencedframe")},
    **{name: _Arrival("subresource", name) for name in _SUBRESOURCES},
}


def _destination(hit: Hit, rules: Rules) -> str | _Arrival:
    text = _header(hit, "sec-fetch-dest")
    arrival = _ARRIVALS.get(text)
    if arrival is None:
        return text or "no Sec-Fetch-Dest"
    if arrival.reason == "iframe":
        return arrival._replace(is_page=rules.track_iframes)
    # A service worker that passes a navigation on empties its destination and keeps its mode.
    if text == "empty" and _header(hit, "sec-fetch-mode") == "navigate" and _wants_html(hit):
        return _Arrival("navigation", "empty, navigate", is_page=True)
    return arrival


def _accept(hit: Hit, _rules: Rules) -> str | _Arrival:
    if "service-worker-navigation-preload" in hit.headers:
        return _Arrival("navigation", "service-worker-navigation-preload", is_page=True)
    accept = _header(hit, "accept")
    if _wants_html(hit):
        return _Arrival("navigation", accept, is_page=True)
    return accept or "no Accept"


def _wants_html(hit: Hit) -> bool:
    accept = _header(hit, "accept").lower()
    return "text/html" in accept or "application/xhtml+xml" in accept


_NO_NAVIGATION: Final = _Arrival("not_navigation", "nothing asks for a page")


# -- C. the answer -----------------------------------------------------------------------------

_HTML: Final = frozenset({"text/html", "application/xhtml+xml"})

# A browser that does not tell its purpose may be a player that loads `/song.mp3`, and a script
# reads `/table.csv` to draw it. An attachment is saved in any case.
_SAVES_ANY_FILE: Final[Mapping[str, bool]] = {
    "navigation": True,
    "fetch": False,
    "not_navigation": False,
}


def _download(hit: Hit, rules: Rules, arrival: _Arrival) -> str | _Ruling:
    is_attachment = _is_attachment(hit)
    if not is_attachment and not _is_file(hit, rules):
        return "no file"
    # Libraries save nothing: they ask again, as a navigation. Nor do pictures and players.
    saves_any_file = _SAVES_ANY_FILE.get(arrival.reason)
    if saves_any_file is None or not (saves_any_file or is_attachment):
        return f"a file for {arrival.reason}"
    if not _has_first_byte(hit) or _is_well_known(hit.path):
        return "a file that is not counted"
    if not rules.track_downloads:
        return _Ruling("download", hit.path)
    # The tracker, which knows the public URL, puts it in the path's place.
    return _Ruling("download", hit.path, "event", DOWNLOAD, {"url": hit.path})


def _is_attachment(hit: Hit) -> bool:
    return _before_parameters(_answered(hit, "content-disposition")) == "attachment"


def _is_file(hit: Hit, rules: Rules) -> bool:
    if _extension(hit.path) not in rules.download_extensions:
        return False
    media_type = _media_type(hit)
    return media_type != "" and media_type not in _HTML


def _has_first_byte(hit: Hit) -> bool:
    if hit.status != 206:
        return hit.status == 200
    return _answered(hit, "content-range").strip().lower().startswith("bytes 0-")


def _navigation(_hit: Hit, _rules: Rules, arrival: _Arrival) -> str | _Ruling:
    return arrival.reason if arrival.is_page else _Ruling(arrival.reason, arrival.saw)


def _not_found(hit: Hit, rules: Rules, _arrival: _Arrival) -> str | _Ruling:
    if hit.status != 404:
        return "not a 404"
    if not rules.track_404 or _media_type(hit) not in _HTML:
        return "a 404 that is not counted"
    if _is_well_known(hit.path):
        return _Ruling("well_known", hit.path)
    # An image asked for over plain http may look like a page asked for.
    if "sec-fetch-dest" not in hit.headers and _is_static(hit.path):
        return _Ruling("static_file", hit.path)
    return _Ruling("not_found", hit.path, "event", NOT_FOUND, {"path": hit.path})


def _not_modified(hit: Hit, _rules: Rules, _arrival: _Arrival) -> str | _Ruling:
    if hit.status != 304:
        return "not a 304"
    # A 304 has no content type, so the name must tell files from pages.
    if reason := _reason_for_file(hit.path):
        return _Ruling(reason, hit.path)
    return _Ruling("not_modified", hit.path, "pageview", PAGEVIEW)


def _reason_for_file(path: str) -> str | None:
    if _is_well_known(path):
        return "well_known"
    return "static_file" if _is_static(path) else None


def _page(hit: Hit, _rules: Rules, arrival: _Arrival) -> str | _Ruling:
    saw = _media_type(hit) or "no content type"
    return _Ruling(arrival.reason, saw, "pageview", PAGEVIEW) if _shows_page(hit) else saw


def _shows_page(hit: Hit) -> bool:
    if hit.status not in _PAGE_STATUSES or _is_attachment(hit):
        return False
    media_type = _media_type(hit)
    if media_type == "application/json":
        return _answered(hit, "x-inertia").strip().lower() == "true"
    return media_type in _HTML


# Without "no content", "reset content" and "partial content".
_PAGE_STATUSES: Final = frozenset(range(200, 300)) - {204, 205, 206}


def _otherwise(hit: Hit) -> _Ruling:
    return _Ruling(_reason_for_nothing(hit.status), f"status {hit.status}")


def _reason_for_nothing(status: int) -> str:
    if status < 200 or status in (204, 205):
        return "no_content"
    if status < 300:
        return "partial" if status == 206 else "not_html"
    return "redirect" if status < 400 else "error"


# -- words of headers and paths ----------------------------------------------------------------


def _header(hit: Hit, name: str) -> str:
    return hit.headers.get(name, "")[:_MAX_HEADER]


def _answered(hit: Hit, name: str) -> str:
    return hit.response_headers.get(name, "")[:_MAX_HEADER]


def _tokens(value: str) -> set[str]:
    """The items of a list in lower case; of `prefetch;prerender` just `prefetch`."""
    return {_before_parameters(item) for item in value.split(",")}


@lru_cache(maxsize=_CACHE_SIZE)
def _before_parameters(value: str) -> str:
    return value.partition(";")[0].strip().lower()


def _media_type(hit: Hit) -> str:
    return _before_parameters(_answered(hit, "content-type"))


# Longer than any name that is looked for.
_MAX_NAME: Final = 64

_WELL_KNOWN_NAMES: Final = _words(
    "favicon.ico robots.txt ads.txt app-ads.txt humans.txt security.txt llms.txt llms-full.txt"
    " manifest.json browserconfig.xml opensearch.xml crossdomain.xml sw.js service-worker.js"
)

_STATIC_EXTENSIONS: Final = DOWNLOAD_EXTENSIONS | _words(
    """
    css js mjs map json xml rss atom wasm webmanifest
    png jpg jpeg gif webp avif svg ico bmp tiff heic jxl woff woff2 ttf otf eot
    webm ogg oga ogv opus m4a m4v aac flac m3u8 vtt srt
    doc xls tar bz2 xz tgz iso apk msi deb rpm epub ics
    """
)


def _file_name(path: str) -> str:
    return path[-_MAX_NAME:].rpartition("/")[2].lower()


def _extension(path: str) -> str:
    _, dot, extension = _file_name(path).rpartition(".")
    return extension if dot else ""


def _is_static(path: str) -> bool:
    return _extension(path) in _STATIC_EXTENSIONS


def _is_well_known(path: str) -> bool:
    """True for what browsers and crawlers ask for without being sent there by a link."""
    name = _file_name(path)
    return (
        name in _WELL_KNOWN_NAMES
        or name.startswith("apple-touch-icon")
        or (name.startswith("sitemap") and name.endswith((".xml", ".xml.gz")))
        or name.endswith((".webmanifest", ".map"))
        or path.startswith("/.well-known/")
    )


# -- the procedure -----------------------------------------------------------------------------

_REQUEST_RULES: Final[Sequence[tuple[str, _RequestRule]]] = (
    ("A.0 ignored", _ignored),
    ("A.1 websocket", _websocket),
    ("A.2 method", _method),
    ("A.3 localhost", _localhost),
    ("A.4 prefetch", _prefetch),
    ("A.5 bot", _bot),
    ("A.6 excluded", _excluded),
    ("A.7 privacy", _privacy),
)
# What holds for an event told by the app, too: nobody looks, or somebody objects. An excluded path
# is no page, but what happens there may be worth an event: apps exclude `/api/**` and track in it.
_TOLD_RULES: Final[Sequence[tuple[str, _RequestRule]]] = tuple(
    (name, rule) for name, rule in _REQUEST_RULES if rule in (_localhost, _prefetch, _bot, _privacy)
)
_ARRIVAL_RULES: Final[Sequence[tuple[str, _ArrivalRule]]] = (
    ("B.1 library", _library),
    ("B.2 xhr", _xhr),
    ("B.3 destination", _destination),
    ("B.4 accept", _accept),
)
_ANSWER_RULES: Final[Sequence[tuple[str, _AnswerRule]]] = (
    ("C.1 download", _download),
    ("C.2 navigation", _navigation),
    ("C.3 not_found", _not_found),
    ("C.4 not_modified", _not_modified),
    ("C.5 page", _page),
)


def decide(hit: Hit, rules: Rules = _DEFAULTS) -> Decision:
    """What this hit is, and why.

    The decision's name is `pageview` or the event's; its reason is one of `REASONS`; its steps are
    all the rules that were asked, the settling one last. Nothing raises, whatever a client sent.
    """
    steps: list[Step] = []
    ruling = _ask(_REQUEST_RULES, steps, hit, rules)
    if ruling is None:
        arrival = _ask(_ARRIVAL_RULES, steps, hit, rules) or _NO_NAVIGATION
        ruling = _ask(_ANSWER_RULES, steps, hit, rules, arrival)
    return _decision(ruling or _noted("C.6 otherwise", _otherwise(hit), steps), steps)


def decide_told(hit: Hit, rules: Rules = _DEFAULTS) -> Decision:
    """Whether an event that the app told with `track()` during this hit may be sent, and why not.

    The rules about the visitor hold: no bots, no prefetches, no localhost. The path, how the page
    was asked for, what was answered, and `ignore()`, do not matter. The kind is `event` or `skip`.
    """
    steps: list[Step] = []
    # An event told on a bot's visit is not the bot's visit.
    rules = replace(rules, bots="skip") if rules.bots == "event" else rules
    ruling = _ask(_TOLD_RULES, steps, hit, rules) or _Ruling("told", "", "event")
    return _decision(ruling, steps)


def _ask(
    rules: Sequence[tuple[str, Callable[_P, str | _Found]]],
    steps: list[Step],
    *args: _P.args,
    **kwargs: _P.kwargs,
) -> _Found | None:
    """What the first rule that does not let pass has found; notes a step for each one asked."""
    for name, rule in rules:
        found = rule(*args, **kwargs)
        if not isinstance(found, str):
            return _noted(name, found, steps)
        steps.append(_step(name, found[:_MAX_SAW], "pass"))
    return None


def _noted(name: str, found: _Found, steps: list[Step]) -> _Found:
    steps.append(_step(name, found.saw[:_MAX_SAW], found.verdict))
    return found


@lru_cache(maxsize=_CACHE_SIZE)
def _step(name: str, saw: str, verdict: Literal["pass", "stop", "count"]) -> Step:
    # What a client wrote must not move a terminal's cursor, nor fail to be printed.
    return Step(name, saw if saw.isprintable() else ascii(saw), verdict)


def _decision(ruling: _Ruling, steps: list[Step]) -> Decision:
    return Decision(
        kind=ruling.kind,
        reason=ruling.reason,
        steps=tuple(steps),
        name=ruling.name,
        props=ruling.props,
    )


# -- questions beside the decision -------------------------------------------------------------


# The browser's own prefetches, which it throws away when they fail.
_REFUSABLE_SIGNS: Final = frozenset({"sec-purpose", "purpose", "x-moz"})

TURBO_PREFETCH_HINT: Final = (
    "Turbo fetches links on hover and shows that answer on the click, so most visits within the "
    'site are not counted. Put <meta name="turbo-prefetch" content="false"> into the page\'s head, '
    'or set prefetch="count" to count hovers too'
)
"""What the owner of a Turbo app should know once: the biggest loss that nobody notices."""


def is_refusable_prefetch(hit: Hit) -> bool:
    """True if the browser itself fetches this hit ahead, and will ask again when it is refused.

    False for the prefetches of libraries and apps: Turbo and Inertia show the refusal to the
    visitor as if it were the page.
    """
    return _prefetch_sign(hit) in _REFUSABLE_SIGNS and _LIBRARY_HEADERS.isdisjoint(hit.headers)


def prefetch_hint(hit: Hit) -> str | None:
    """Advice for the log when a skipped prefetch is Turbo's, whose click sends no request."""
    is_turbo = "x-turbo-request-id" in hit.headers and _prefetch_sign(hit) == "x-sec-purpose"
    return TURBO_PREFETCH_HINT if is_turbo else None


def pushed_url(hit: Hit) -> str | None:
    """The URL that htmx will show in the address bar, where the app chose one (HX-Push-Url).

    May be absolute or relative, as the app wrote it. None where the request's own URL holds.
    """
    if "hx-request" not in hit.headers:
        return None
    url = _answered(hit, "hx-push-url").strip()
    return None if url.lower() in ("", "false") else url


REQUEST_HEADERS: Final = frozenset(
    {"upgrade", "user-agent", "accept", "x-requested-with", "sec-fetch-dest", "sec-fetch-mode"}
    | {"dnt", "sec-gpc", "service-worker-navigation-preload"}
    | _PREFETCH_HEADERS
    | _LIBRARY_HEADERS
)
"""The request headers, in lower case, that a decision may look at."""

RESPONSE_HEADERS: Final = frozenset(
    {"content-type", "content-disposition", "content-range", "hx-push-url", "x-inertia"}
)
"""The response headers, in lower case, that a decision may look at."""
