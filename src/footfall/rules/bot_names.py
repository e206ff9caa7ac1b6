"""The names of known bots, with what each is for.

The names are our own collection, and after them those of a public list of AI agents. Pure.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, TypeAlias

from footfall.rules.ai_agents import AI_AGENTS

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


# One word each, as the bots spell it. Where a string has several of these names, the first in this
# table is used: a monitor that drives headless Chrome is a monitor.
_NAMES: Final[dict[Kind, str]] = {
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
        ZulipURLPreview GoogleMessages Twitterbot facebookexternalhit facebookcatalog Facebot
        """,
    "monitor": """
        UptimeRobot Pingdom PingdomPageSpeed PingdomTMS StatusCake StatusCake_Pagespeed_Indev
        Uptime-Kuma HetrixTools Site24x7 DatadogSynthetics NewRelicPinger NewRelicSynthetics
        updown.io Checkly GoogleStackdriverMonitoring Blackbox-Exporter Freshping NodePing
        Montastic Monit GTmetrix PTST Chrome-Lighthouse Catchpoint RuxitSynthetic DareBoost Rigor
        GomezAgent Dotcom-Monitor CloudflareObservatory Zabbix check_http CloudWatchSynthetics
        OhDear Gatus cron-job.org Hyperping Pulsetic Cronitor SentryUptimeBot SpeedCurve
        ThousandEyes Panopta DejaClick DebugBear Neustar YLT
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
        LeakIX Shodan wfuzz w3af WhatWeb Detectify ZmEu Jorgee SecurityHeaders Hardenize Assetnote
        OneTrust
        """,
    "other": """
        GoogleOther GoogleOther-Image GoogleOther-Video AdsBot-Google AdsBot-Google-Mobile
        Mediapartners-Google APIs-Google Google-Read-Aloud Google-Safety Google-Site-Verification
        Google-Adwords-Instant adidxbot AhrefsBot AhrefsSiteAudit SemrushBot SiteAuditBot MJ12bot
        DotBot rogerbot BLEXBot DataForSeoBot SERankingBacklinksBot Sitebulb Barkrowler
        SeekportBot serpstatbot MegaIndex.ru AwarioBot archive.org_bot ia_archiver heritrix
        special_archiver ArchiveBox W3C_Validator W3C-checklink Validator.nu WordPress Nutch
        TurnitinBot ZoominfoBot trendictionbot proximic DMBrowser MarketGoo Silktide LinkTiger
        KimonoLabs Datanyze Mixnode Daum
        """,
    "headless": """
        HeadlessChrome HeadlessShell PhantomJS SlimerJS CasperJS Puppeteer Playwright Selenium
        Cypress jsdom HtmlUnit HappyDOM Prerender Rendertron Splash wkhtmltopdf wkhtmltoimage
        WeasyPrint webkit2png DumpRenderTree Functionize Websnapr webscreenie
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

_OWN_NAMES: Final = {name.lower() for names in _NAMES.values() for name in names.split()}
_LISTED: Final[dict[Kind, list[str]]] = {
    kind: [name for name in names if name.lower() not in _OWN_NAMES]
    for kind, names in AI_AGENTS.items()
}

BOTS: Final = {
    name.lower(): Bot(name, kind)
    for kind, names in _NAMES.items()
    for name in (*names.split(), *_LISTED.get(kind, ()))
    if " " not in name
}
"""The known bots by their names in lower case."""

RANKS: Final = {name: rank for rank, name in enumerate(BOTS)}
"""The place of each name in the table."""

# Apps have these names too, and their browsers put them into the string.
_SHARED_NAMES: Final = """
    whatsapp pinterest viber tumblr mastodon friendica lemmy synapse monit render prometheus
    """

# Agents that are editors, whose own browsers people use, and words that other programs have, too.
_EVERYDAY_NAMES: Final = "code cursor trae operator openai"

# Libraries and feed readers do not imitate browsers, and many have everyday names. So these names
# label a bot and never decide. PowerShell is the exception: it begins as a browser does.
DECISIVE_NAMES: Final = frozenset(
    {name for name, bot in BOTS.items() if bot.kind not in ("library", "feed reader")}
    - set(_SHARED_NAMES.split())
    - set(_EVERYDAY_NAMES.split())
    | {"windowspowershell"}
)

PHRASES: Final[tuple[tuple[str, Bot], ...]] = (
    ("facebookexternalhit/1.1 facebot twitterbot/1.0", Bot("iMessage", "preview")),
    ("snap url preview", Bot("Snap URL Preview Service", "preview")),
    ("bluesky cardyb", Bot("Bluesky Cardyb", "preview")),
    ("better uptime", Bot("Better Uptime", "monitor")),
    ("blackbox exporter", Bot("Blackbox Exporter", "monitor")),
    ("azure traffic manager", Bot("Azure Traffic Manager", "health check")),
    ("consul health check", Bot("Consul Health Check", "health check")),
    ("edge health probe", Bot("Edge Health Probe", "health check")),
    ("tiny tiny rss", Bot("Tiny Tiny RSS", "feed reader")),
    ("palo alto networks", Bot("Palo Alto Networks", "scanner")),
    ("screaming frog", Bot("Screaming Frog", "other")),
    *(
        (name.lower(), Bot(name, kind))
        for kind, names in _LISTED.items()
        for name in names
        if " " in name
    ),
)
"""Bots whose name is several words, and one that sends the names of two others."""
