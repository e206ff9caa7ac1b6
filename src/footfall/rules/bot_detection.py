"""Whether a User-Agent is a bot's, and of which class.

The form of the string is compared first and names second, because forms stay and names change. The
User-Agent of a person's browser begins with `Mozilla/` or `Opera/`, has no web or mail address, and
does not call itself a bot. The names give a bot its label, and detect bots that have the form of a
browser. A bot that sends a browser's whole string, such as Discord's media proxy, is not detected.

The names are our own collection. Pure; results are cached, since a site gets few strings.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

__all__ = ["NO_USER_AGENT", "Bot", "Kind", "classify"]

Kind: TypeAlias = Literal[
    "search",
    "ai-training",
    "ai-search",
    "ai-assistant",
    "preview",
    "monitor",
    "health check",
    "feed reader",
    "scanner",
    "headless",
    "library",
    "other",
]
"""What a bot is for. `other` is the rest: archives, SEO and advertising crawlers, unknown ones."""


class Bot(NamedTuple):
    """A client that is not a person's browser: its name, where it has one, and its class."""

    name: str
    kind: Kind


NO_USER_AGENT = Bot("", "other")
"""The result for a User-Agent that is missing or has no word. Every browser sends one."""

# The longest User-Agents of people are those of in-app browsers: about 600 characters.
_MAX_CHARS = 1_000

# More than the different strings of a busy hour; a few megabytes at the very most.
_CACHE_SIZE = 4_096

# The name becomes a label on a chart.
_MAX_NAME_CHARS = 60

# One word each, as the bots spell it. Where a string has several of these names, the first in this
# table is used: a monitor that drives headless Chrome is a monitor.
_NAMES: dict[Kind, str] = {
    "search": """
        Googlebot Googlebot-Image Googlebot-Video Googlebot-News Storebot-Google
        Google-InspectionTool bingbot msnbot Slurp DuckDuckBot DuckDuckBot-Https
        DuckDuckGo-Favicons-Bot Baiduspider Baiduspider-image Baiduspider-render YandexBot
        YandexImages YandexMobileBot YandexRenderResourcesBot YandexAccessibilityBot
        YandexFavicons YandexMetrika Applebot PetalBot SeznamBot 360Spider HaosouSpider
        YisouSpider Sosospider Yeti Daumoa coccocbot-web coccocbot-image Qwantbot Qwantify
        MojeekBot Exabot Bravebot Kagibot Mail.RU_Bot yacybot Teoma Gigabot
        """,
    "ai-training": """
        GPTBot ClaudeBot Claude-Web anthropic-ai CCBot Bytespider Amazonbot meta-externalagent
        FacebookBot Diffbot ImagesiftBot cohere-training-data-crawler AI2Bot AI2Bot-Dolma
        PanguBot Timpibot omgili omgilibot webzio-extended img2dataset ICC-Crawler DeepSeekBot
        ChatGLM-Spider TikTokSpider SBIntuitionsBot Cotoyogi FirecrawlAgent
        """,
    "ai-search": """
        OAI-SearchBot Claude-SearchBot PerplexityBot DuckAssistBot YouBot meta-webindexer
        Google-CloudVertexBot Amzn-SearchBot PhindBot LinerBot xAI-SearchBot AzureAI-SearchBot
        Andibot TavilyBot
        """,
    "ai-assistant": """
        ChatGPT-User Claude-User Perplexity-User MistralAI-User meta-externalfetcher cohere-ai
        Amzn-User Gemini-Deep-Research Google-NotebookLM GoogleAgent-Mariner Google-Agent
        Manus-User NovaAct Devin kagi-fetcher
        """,
    "preview": """
        Slackbot-LinkExpanding Slack-ImgProxy Slackbot LinkedInBot WhatsApp TelegramBot Discordbot
        SkypeUriPreview Mastodon redditbot Embedly Iframely vkShare Pinterestbot Pinterest
        line-poker kakaotalk-scrap BingPreview MicrosoftPreview Viber Tumblr Synapse Misskey
        Pleroma Akkoma Friendica Lemmy FlipboardProxy Bitlybot Mattermost-Bot Rocket.Chat
        ZulipURLPreview Twitterbot facebookexternalhit facebookcatalog Facebot
        """,
    "monitor": """
        UptimeRobot Pingdom PingdomPageSpeed PingdomTMS StatusCake StatusCake_Pagespeed_Indev
        Uptime-Kuma HetrixTools Site24x7 DatadogSynthetics NewRelicPinger NewRelicSynthetics
        updown.io Checkly GoogleStackdriverMonitoring Blackbox-Exporter Freshping NodePing
        Montastic Monit GTmetrix PTST Chrome-Lighthouse Catchpoint RuxitSynthetic DareBoost Rigor
        GomezAgent Dotcom-Monitor CloudflareObservatory Zabbix check_http CloudWatchSynthetics
        OhDear Gatus cron-job.org Hyperping Pulsetic Cronitor SentryUptimeBot SpeedCurve
        ThousandEyes Panopta DejaClick
        """,
    "health check": """
        kube-probe ELB-HealthChecker GoogleHC Amazon-Route53-Health-Check-Service
        Cloudflare-Healthchecks Cloudflare-Traffic-Manager Prometheus Render RailwayHealthCheck
        K-Network-Probe Knative-Ingress-Probe Knative-Activator-Probe ReadyForRequest
        """,
    "feed reader": """
        Feedly FeedlyBot FeedFetcher-Google Inoreader NewsBlur Feedbin FreshRSS Miniflux
        NetNewsWire Reeder Feedspot Feedspotbot theoldreader.com Superfeedr NextCloud-News
        Akregator Liferea Newsboat QuiteRSS RSSOwl SimplePie UniversalFeedParser AntennaPod
        Overcast PocketCasts Podcasts iTMS Blogtrottr
        """,
    "scanner": """
        Nikto sqlmap Nmap masscan zgrab Nuclei WPScan gobuster DirBuster feroxbuster ffuf Acunetix
        Nessus OpenVAS CensysInspect InternetMeasurement NetcraftSurveyAgent l9explore l9tcpid
        LeakIX Shodan wfuzz w3af WhatWeb Detectify ZmEu Jorgee SecurityHeaders Hardenize
        """,
    "other": """
        GoogleOther GoogleOther-Image GoogleOther-Video AdsBot-Google AdsBot-Google-Mobile
        Mediapartners-Google APIs-Google Google-Read-Aloud Google-Safety Google-Site-Verification
        Google-Adwords-Instant adidxbot AhrefsBot AhrefsSiteAudit SemrushBot SiteAuditBot MJ12bot
        DotBot rogerbot BLEXBot DataForSeoBot SERankingBacklinksBot Sitebulb Barkrowler
        SeekportBot serpstatbot MegaIndex.ru AwarioBot archive.org_bot ia_archiver heritrix
        special_archiver ArchiveBox W3C_Validator W3C-checklink Validator.nu WordPress Nutch
        TurnitinBot ZoominfoBot trendictionbot proximic
        """,
    "headless": """
        HeadlessChrome HeadlessShell PhantomJS SlimerJS CasperJS Puppeteer Playwright Selenium
        Cypress jsdom HtmlUnit HappyDOM Prerender Rendertron Splash wkhtmltopdf wkhtmltoimage
        WeasyPrint
        """,
    "library": """
        python-requests Python-urllib python-httpx python-httpx2 aiohttp urllib3 Go-http-client
        okhttp Apache-HttpClient axios node-fetch undici got superagent needle GuzzleHttp Symfony
        libwww-perl lwp-request WWW-Mechanize Faraday Typhoeus rest-client http.rb PostmanRuntime
        insomnia HTTPie xh WindowsPowerShell PowerShell WinHTTP RestSharp Dart reqwest hyper ureq
        CFNetwork Dalvik Scrapy colly Werkzeug testclient hackney Deno Bun lua-resty-http k6
        locust ApacheBench wrk Vegeta JMeter siege Artillery curl libcurl PycURL Wget aria2 Java
        PHP Ruby Python Perl Node node.js
        """,
}

_BOTS = {name.lower(): Bot(name, kind) for kind, names in _NAMES.items() for name in names.split()}
_RANKS = {name: rank for rank, name in enumerate(_BOTS)}

# Apps and a few phones have these names too, and their browsers put them into the string.
_SHARED_NAMES = """
    whatsapp pinterest viber tumblr mastodon friendica lemmy synapse yeti monit render prometheus
    rigor splash
    """

# Libraries and feed readers do not imitate browsers, and many have everyday names. So these names
# label a bot and never decide. PowerShell is the exception: it begins as a browser does.
_DECISIVE_NAMES = frozenset(
    {name for name, bot in _BOTS.items() if bot.kind not in ("library", "feed reader")}
    - set(_SHARED_NAMES.split())
    | {"windowspowershell"}
)

# Bots whose name is several words, and one that sends the names of two others.
_PHRASES: tuple[tuple[str, Bot], ...] = (
    ("facebookexternalhit/1.1 facebot twitterbot/1.0", Bot("iMessage", "preview")),
    ("snap url preview", Bot("Snap URL Preview Service", "preview")),
    ("bluesky cardyb", Bot("Bluesky Cardyb", "preview")),
    ("kangaroo bot", Bot("Kangaroo Bot", "ai-training")),
    ("better uptime", Bot("Better Uptime", "monitor")),
    ("blackbox exporter", Bot("Blackbox Exporter", "monitor")),
    ("azure traffic manager", Bot("Azure Traffic Manager", "health check")),
    ("consul health check", Bot("Consul Health Check", "health check")),
    ("edge health probe", Bot("Edge Health Probe", "health check")),
    ("tiny tiny rss", Bot("Tiny Tiny RSS", "feed reader")),
    ("palo alto networks", Bot("Palo Alto Networks", "scanner")),
    ("screaming frog", Bot("Screaming Frog", "other")),
)

# Words in the User-Agent of an unknown bot, the most reliable first.
_KINDS_BY_WORD: tuple[tuple[str, Kind], ...] = (
    ("health", "health check"),
    ("uptime", "monitor"),
    ("monitor", "monitor"),
    ("synthetic", "monitor"),
    ("headless", "headless"),
    ("preview", "preview"),
    ("feed", "feed reader"),
    ("rss", "feed reader"),
    ("podcast", "feed reader"),
    ("scan", "scanner"),
)

_BROWSER_OPENINGS = ("mozilla/", "opera/", "ucweb/")
# These never imitated Netscape.
_TEXT_BROWSER_OPENINGS = ("lynx/", "w3m/", "links (", "elinks")

# Browsers that put their name where bots do: `(compatible; MSIE 10.0; ...)`.
_COMPATIBLE_BROWSERS = frozenset(
    {"msie", "konqueror", "abrowse", "ibrowse", "netpositive", "webpositive"}
)

_WORD_SEPARATORS = str.maketrans(dict.fromkeys("/;,:()[]{}<>+'\"|\\", " "))
_MAIL_HOST = re.compile(r"@[a-z0-9-]+\.[a-z]{2}")
# CUBOT is a brand of phones.
_BOT = re.compile(r"(?<!cu)bots?(?![a-z])")
# In a browser's string: `compatible; Name`, or a word such as `NameBot` that is not in a URL.
_SIGNATURE = re.compile(
    r"compatible[;,]\s*(?!\+?http)([^;,/()+]+)"
    r"|(?<![\w./@-])([\w.-]*(?:bot|crawl|spider)[\w.-]*)",
    re.IGNORECASE,
)
_END_OF_PRODUCT = re.compile(r"[/;,(]|\s\+?-?\s?https?:")


def classify(user_agent: str) -> Bot | None:
    """The bot that sent a User-Agent, or None for a person's browser. Never raises.

    Args:
        user_agent: Any text, of which the first 1,000 characters are read.

    Returns:
        The bot's name and class; `NO_USER_AGENT` for a text without a word.
    """
    return _classify(user_agent[:_MAX_CHARS])


@lru_cache(maxsize=_CACHE_SIZE)
def _classify(user_agent: str) -> Bot | None:
    text = user_agent.lower()
    words = text.translate(_WORD_SEPARATORS).split()
    if not words:
        return NO_USER_AGENT
    if _opens_as_browser(text) and not _gives_contact(text) and not _calls_itself_bot(text, words):
        return None
    return _bot_of(user_agent, text, words)


def _opens_as_browser(text: str) -> bool:
    if text.startswith(_BROWSER_OPENINGS):
        # Scripts send it without a comment: `Mozilla/5.0`.
        return "(" in text
    # Some in-app browsers and old J2ME phones put their own name first.
    return text.startswith(_TEXT_BROWSER_OPENINGS) or "applewebkit/" in text or "midp" in text


def _gives_contact(text: str) -> bool:
    # Crawlers send a contact, and so does the Studo app. Ecosia's `ios@9.2.3` is a version.
    if "http:" in text or "https:" in text or "www." in text:
        return "studobrowser" not in text
    return "@" in text and _MAIL_HOST.search(text) is not None


def _calls_itself_bot(text: str, words: list[str]) -> bool:
    return (
        not _DECISIVE_NAMES.isdisjoint(words)
        or ("bot" in text and _BOT.search(text) is not None)
        or any(word in text for word in ("crawl", "spider", "scrape", "synthetics"))
        or ("compatible;" in text and _COMPATIBLE_BROWSERS.isdisjoint(words))
    )


def _bot_of(user_agent: str, text: str, words: list[str]) -> Bot:
    for phrase, bot in _PHRASES:
        if phrase in text:
            return bot
    # Where no whole word is known, the first letters may be: `Pingdom.com_bot_version_1.4`.
    known = [word for word in words if word in _RANKS] or [
        head for word in words if (head := _leading_letters(word)) in _RANKS
    ]
    if known:
        return _BOTS[min(known, key=_RANKS.__getitem__)]
    return Bot(_self_given_name(user_agent), _kind_by_words(text))


def _leading_letters(word: str) -> str:
    return re.split(r"[^a-z]", word, maxsplit=1)[0]


def _self_given_name(user_agent: str) -> str:
    """The name that an unknown bot gives itself: its signature, or the first product."""
    signature = _SIGNATURE.search(user_agent) if user_agent[:8].lower() == "mozilla/" else None
    if signature:
        name = signature[1] or signature[2]
    else:
        name = _END_OF_PRODUCT.split(user_agent, maxsplit=1)[0]
    # Lone surrogates and control characters could not be sent on.
    return "".join(filter(str.isprintable, name)).strip()[:_MAX_NAME_CHARS] or "unnamed"


def _kind_by_words(text: str) -> Kind:
    return next((kind for word, kind in _KINDS_BY_WORD if word in text), "other")
