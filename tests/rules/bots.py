"""What bots send as User-Agent, by class and by name."""

from __future__ import annotations

from footfall.rules.bot_detection import Bot, Kind
from tests.support.header_sets import CHROME

_LIKE_GECKO = "AppleWebKit/537.36 (KHTML, like Gecko)"
_LINUX_CHROME = f"Mozilla/5.0 (X11; Linux x86_64) {_LIKE_GECKO} Chrome/131.0.0.0 Safari/537.36"

# Class -> the name we give -> what the bot sends.
BOTS: dict[Kind, dict[str, str]] = {
    "search": {
        "Googlebot": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Googlebot-Image": "Googlebot-Image/1.0",
        "Google-InspectionTool": "Mozilla/5.0 (compatible; Google-InspectionTool/1.0;)",
        "Storebot-Google": (
            f"Mozilla/5.0 (X11; Linux x86_64; Storebot-Google/1.0) {_LIKE_GECKO} "
            "Chrome/79.0.3945.88 Safari/537.36"
        ),
        "bingbot": (
            f"Mozilla/5.0 {_LIKE_GECKO[:-1]}; compatible; bingbot/2.0; "
            "+http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36"
        ),
        "DuckDuckBot": "DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)",
        "Applebot": (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, like "
            "Gecko) Version/13.1.1 Safari/605.1.15 (Applebot/0.1; "
            "+http://www.apple.com/go/applebot)"
        ),
        "PetalBot": "Mozilla/5.0 (compatible;PetalBot;+https://webmaster.petalsearch.com/site/petalbot)",
        "YandexBot": "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
        "Baiduspider": (
            "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)"
        ),
        "SeznamBot": "Mozilla/5.0 (compatible; SeznamBot/4.0; +http://napoveda.seznam.cz/seznambot)",
        "Yeti": "Mozilla/5.0 (compatible; Yeti/1.1; +https://naver.me/spd)",
        "Slurp": "Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)",
        "coccocbot-web": "Mozilla/5.0 (compatible; coccocbot-web/1.0; +http://help.coccoc.com/searchengine)",
        "360Spider": "Mozilla/5.0 (Windows NT 6.1; rv:6.0) Gecko Firefox/6.0; 360Spider",
    },
    "ai-training": {
        "GPTBot": f"Mozilla/5.0 {_LIKE_GECKO[:-1]}; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
        "ClaudeBot": (
            f"Mozilla/5.0 {_LIKE_GECKO[:-1]}; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)"
        ),
        "CCBot": "CCBot/2.0 (https://commoncrawl.org/faq/)",
        "Bytespider": (
            "Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Mobile "
            "Safari/537.36 (compatible; Bytespider; spider-feedback@bytedance.com)"
        ),
        "Amazonbot": (
            f"Mozilla/5.0 {_LIKE_GECKO[:-1]}; compatible; Amazonbot/0.1; "
            "+https://developer.amazon.com/support/amazonbot) Chrome/119.0.6045.214 Safari/537.36"
        ),
        "meta-externalagent": (
            "meta-externalagent/1.1 "
            "(+https://developers.facebook.com/docs/sharing/webmasters/crawler)"
        ),
        "Diffbot": "Mozilla/5.0 (compatible; Diffbot/0.1; +http://www.diffbot.com)",
        "ImagesiftBot": "Mozilla/5.0 (compatible; ImagesiftBot; +imagesift.com)",
        "YandexAdditionalBot": "Mozilla/5.0 (compatible; YandexAdditionalBot/1.0)",
        "Kangaroo Bot": "Mozilla/5.0 (compatible; Kangaroo Bot/1.0)",
        "ISSCyberRiskCrawler": "ISSCyberRiskCrawler/1.2",
    },
    "ai-search": {
        "OAI-SearchBot": (
            f"Mozilla/5.0 {_LIKE_GECKO}; compatible; OAI-SearchBot/1.0; "
            "+https://openai.com/searchbot"
        ),
        "Claude-SearchBot": (
            f"Mozilla/5.0 {_LIKE_GECKO[:-1]}; compatible; Claude-SearchBot/1.0; "
            "+Claude-SearchBot@anthropic.com)"
        ),
        "PerplexityBot": (
            f"Mozilla/5.0 {_LIKE_GECKO[:-1]}; compatible; PerplexityBot/1.0; "
            "+https://perplexity.ai/perplexitybot)"
        ),
        "DuckAssistBot": "DuckAssistBot/1.2; (+http://duckduckgo.com/duckassistbot.html)",
        "iAskBot": f"Mozilla/5.0 {_LIKE_GECKO[:-1]}; compatible; iAskBot/2.0)",
        "Querit-SearchBot": "Querit-SearchBot/1.0",
        "Channel3Bot": "Mozilla/5.0 (compatible; Channel3Bot/1.0; +https://channel3.example)",
    },
    "ai-assistant": {
        "ChatGPT-User": (
            f"Mozilla/5.0 {_LIKE_GECKO}; compatible; ChatGPT-User/1.0; +https://openai.com/bot"
        ),
        "Claude-User": (
            f"Mozilla/5.0 {_LIKE_GECKO[:-1]}; compatible; Claude-User/1.0; "
            "+Claude-User@anthropic.com)"
        ),
        "Perplexity-User": (
            f"Mozilla/5.0 {_LIKE_GECKO[:-1]}; compatible; Perplexity-User/1.0; "
            "+https://perplexity.ai/perplexity-user)"
        ),
        "MistralAI-User": (
            f"Mozilla/5.0 {_LIKE_GECKO[:-1]}; compatible; MistralAI-User/1.0; "
            "+https://docs.mistral.ai/robots)"
        ),
        "meta-externalfetcher": (
            "meta-externalfetcher/1.1 "
            "(+https://developers.facebook.com/docs/sharing/webmasters/crawler)"
        ),
        "cohere-ai": "cohere-ai",
        "Kimi-User": f"{CHROME}; Kimi-User/1.0",
        "GoogleAgent-URLContext": f"Mozilla/5.0 {_LIKE_GECKO[:-1]}; GoogleAgent-URLContext)",
        "Cursor": "Cursor/1.0 (agent; +https://cursor.example)",
        "Devin": f"{CHROME}; Devin/1.0",
    },
    "preview": {
        "Slackbot-LinkExpanding": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "Slack-ImgProxy": "Slack-ImgProxy (+https://api.slack.com/robots)",
        "Slackbot": "Slackbot 1.0 (+https://api.slack.com/robots)",
        "Twitterbot": "Twitterbot/1.0",
        "facebookexternalhit": (
            "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"
        ),
        "Facebot": "Facebot/1.0",
        "LinkedInBot": (
            "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)"
        ),
        "WhatsApp": "WhatsApp/2.23.20.0 A",
        "TelegramBot": "TelegramBot (like TwitterBot)",
        "Discordbot": "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
        "SkypeUriPreview": (
            "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 "
            "skype-url-preview@microsoft.com"
        ),
        "Bluesky Cardyb": "Mozilla/5.0 (compatible; Bluesky Cardyb/1.1; +mailto:support@bsky.app)",
        "Mastodon": "Mastodon/4.3.1 (http.rb/5.2.0; +https://mastodon.social/) Bot",
        "redditbot": "Mozilla/5.0 (compatible; redditbot/1.0; +http://www.reddit.com/feedback)",
        "Embedly": "Mozilla/5.0 (compatible; Embedly/0.2; +http://support.embed.ly/)",
        "Iframely": "Iframely/1.3.1 (+https://iframely.com/docs/about)",
        "vkShare": "Mozilla/5.0 (compatible; vkShare; +http://vk.com/dev/Share)",
        "Snap URL Preview Service": (
            f"{CHROME} Snap URL Preview Service; bot; snapchat; https://developers.snap.com/robots"
        ),
        "iMessage": (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like "
            "Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0"
        ),
        "Pinterestbot": "Mozilla/5.0 (compatible; Pinterestbot/1.0; +http://www.pinterest.com/bot.html)",
        "Pinterest": "Pinterest/0.2 (+https://www.pinterest.com/)",
        "kakaotalk-scrap": "facebookexternalhit/1.1; kakaotalk-scrap/1.0",
        "BingPreview": f"{_LINUX_CHROME} BingPreview/1.0b",
    },
    "monitor": {
        "UptimeRobot": "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
        "Pingdom": "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)",
        "StatusCake": f"{CHROME} StatusCake",
        "Better Uptime": f"Better Uptime Bot {CHROME}",
        "Uptime-Kuma": "Uptime-Kuma/1.23.16",
        "HetrixTools": (
            "Mozilla/5.0 (compatible; HetrixTools Uptime Monitoring Bot. "
            "https://hetrix.tools/uptime-monitoring-bot.html)"
        ),
        "Site24x7": f"{CHROME} Site24x7",
        "DatadogSynthetics": (
            f"Mozilla/5.0 (X11; Linux x86_64) {_LIKE_GECKO} HeadlessChrome/131.0.0.0 "
            "Safari/537.36 DatadogSynthetics"
        ),
        "NewRelicPinger": "NewRelicPinger/1.0 (1234567)",
        "updown.io": "updown.io daemon 2.11",
        "Checkly": "Checkly/1.0 (https://www.checklyhq.com)",
        "GoogleStackdriverMonitoring": (
            "GoogleStackdriverMonitoring-UptimeChecks(https://cloud.google.com/monitoring)"
        ),
        "Blackbox-Exporter": "Blackbox-Exporter/0.25.0",
        "Blackbox Exporter": "Blackbox Exporter/0.25.0",
        "Chrome-Lighthouse": f"{_LINUX_CHROME} Chrome-Lighthouse",
        "PTST": f"{CHROME} PTST/240101.120000",
    },
    "health check": {
        "kube-probe": "kube-probe/1.31",
        "ELB-HealthChecker": "ELB-HealthChecker/2.0",
        "GoogleHC": "GoogleHC/1.0",
        "Amazon-Route53-Health-Check-Service": (
            "Amazon-Route53-Health-Check-Service (ref b0eb04d5-cb5e; report http://amzn.to/1vsZADi)"
        ),
        "Consul Health Check": "Consul Health Check",
        "Render": "Render/1.0",
        "Cloudflare-Healthchecks": (
            "Mozilla/5.0 (compatible; Cloudflare-Healthchecks/1.0; +https://www.cloudflare.com/)"
        ),
        "Prometheus": "Prometheus/2.55.1",
        "Edge Health Probe": "Edge Health Probe",
    },
    "feed reader": {
        "Feedly": "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 12 subscribers)",
        "FeedFetcher-Google": "FeedFetcher-Google; (+http://www.google.com/feedfetcher.html)",
        "Miniflux": "Mozilla/5.0 (compatible; Miniflux/2.2.3; +https://miniflux.app)",
        "FreshRSS": "FreshRSS/1.24.3 (Linux; https://freshrss.org)",
        "Tiny Tiny RSS": "Tiny Tiny RSS/24.11 (https://tt-rss.org/)",
        "AntennaPod": "AntennaPod/3.5.0",
    },
    "scanner": {
        "Nikto": "Mozilla/5.00 (Nikto/2.1.6) (Evasions:None) (Test:Port Check)",
        "sqlmap": "sqlmap/1.8.11#stable (https://sqlmap.org)",
        "Nmap": "Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)",
        "zgrab": "Mozilla/5.0 zgrab/0.x",
        "CensysInspect": "Mozilla/5.0 (compatible; CensysInspect/1.1; +https://about.censys.io/)",
        "Nuclei": "Nuclei - Open-source project (github.com/projectdiscovery/nuclei)",
        "Palo Alto Networks": (
            "Expanse, a Palo Alto Networks company, searches across the global IPv4 space"
        ),
    },
    "headless": {
        "HeadlessChrome": (
            f"Mozilla/5.0 (X11; Linux x86_64) {_LIKE_GECKO} HeadlessChrome/131.0.0.0 Safari/537.36"
        ),
        "PhantomJS": (
            "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) "
            "PhantomJS/2.1.1 Safari/538.1"
        ),
        "jsdom": "Mozilla/5.0 (linux) AppleWebKit/537.36 (KHTML, like Gecko) jsdom/25.0.1",
        "Cypress": f"{_LINUX_CHROME} Cypress/13.16.0",
    },
    "library": {
        "curl": "curl/8.11.0",
        "Wget": "Wget/1.24.5",
        "python-requests": "python-requests/2.32.3",
        "Python-urllib": "Python-urllib/3.13",
        "python-httpx": "python-httpx/0.28.0",
        "python-httpx2": "python-httpx2/2.16.2",
        "aiohttp": "Python/3.13 aiohttp/3.11.9",
        "testclient": "testclient",
        "Werkzeug": "Werkzeug/3.1.3",
        "Go-http-client": "Go-http-client/2.0",
        "okhttp": "okhttp/4.12.0",
        "axios": "axios/1.7.9",
        "node-fetch": "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)",
        "undici": "undici",
        "Node": "node",
        "Java": "Java/17.0.13",
        "Apache-HttpClient": "Apache-HttpClient/5.4.1 (Java/21.0.5)",
        "GuzzleHttp": "GuzzleHttp/7",
        "libwww-perl": "libwww-perl/6.77",
        "PostmanRuntime": "PostmanRuntime/7.43.0",
        "Scrapy": "Scrapy/2.12.0 (+https://scrapy.org)",
        "WindowsPowerShell": (
            "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.26100.2161"
        ),
        "Dalvik": "Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8 Build/AP2A.240805.005)",
        "CFNetwork": "SomeApp/1 CFNetwork/1568.200.51 Darwin/24.1.0",
    },
    "other": {
        "GoogleOther": (
            f"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) {_LIKE_GECKO} "
            "Chrome/131.0.6778.85 Mobile Safari/537.36 (compatible; GoogleOther)"
        ),
        "AhrefsBot": "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
        "SemrushBot": (
            "Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)"
        ),
        "archive.org_bot": (
            "Mozilla/5.0 (compatible; archive.org_bot +http://archive.org/details/archive.org_bot)"
        ),
        "Mediapartners-Google": "Mediapartners-Google",
        "Google-Read-Aloud": (
            f"{_LINUX_CHROME} (compatible; Google-Read-Aloud; "
            "+https://support.google.com/webmasters/answer/1061943)"
        ),
        "WordPress": "WordPress/6.7.1; https://blog.example.com",
        "Screaming Frog": "Screaming Frog SEO Spider/21.1",
    },
}

# What unknown bots send, and the name and the class that we read from it.
UNKNOWN_BOTS: dict[str, tuple[str, Bot]] = {
    "a crawler that signs": (
        "Mozilla/5.0 (compatible; ExampleCrawl/1.0; +https://crawl.example/about)",
        Bot("ExampleCrawl", "other"),
    ),
    "a bot behind a whole browser": (f"{CHROME} ExampleBot/2", Bot("ExampleBot", "other")),
    "the bot's page is not its name": (
        "Mozilla/5.0 (Windows NT 6.1) (+http://example.com/bot.html)",
        Bot("Mozilla", "other"),
    ),
    "a name, then its address": (
        "deepfetch - https://deepfetch.example/",
        Bot("deepfetch", "other"),
    ),
    "a name of two words": (
        "Example Fetcher/1.0 (+http://example.com)",
        Bot("Example Fetcher", "other"),
    ),
    "a spider without a slash": ("Some Orion spider", Bot("Some Orion spider", "other")),
    "an address for complaints": (f"{CHROME} (ops@example.com)", Bot("Mozilla", "other")),
    "a monitor": ("ExampleMonitoring/1.0", Bot("ExampleMonitoring", "monitor")),
    "a synthetic user": (f"{CHROME} ExampleSynthetics/3", Bot("Mozilla", "monitor")),
    "a health check": ("example-health/1", Bot("example-health", "health check")),
    "a preview": ("Example Link Preview/1.0", Bot("Example Link Preview", "preview")),
    "a feed reader": ("ExampleFeed/1.0", Bot("ExampleFeed", "feed reader")),
    "a podcast app": ("ExamplePodcast/1.0", Bot("ExamplePodcast", "feed reader")),
    "a scanner": ("example-scan", Bot("example-scan", "scanner")),
    "a headless browser": (
        f"{CHROME} compatible; headless-thing",
        Bot("headless-thing", "headless"),
    ),
    "a scraper": ("Mozilla/5.0 (ExampleScraper)", Bot("Mozilla", "other")),
    "the stub of scripts": ("Mozilla/5.0", Bot("Mozilla", "other")),
    "one word": ("Safari", Bot("Safari", "other")),
    "a dash": ("-", Bot("-", "other")),
    "a name out of reach of terminals": ("\x1b[31mred\x00\udcff/1", Bot("[31mred", "other")),
    "an assistant's fetch": (
        f"{CHROME} ExampleAI-User/1.0",
        Bot("ExampleAI-User", "ai-assistant"),
    ),
    "an assistant's search": (
        "Mozilla/5.0 (compatible; Example-SearchBot/1.0)",
        Bot("Example-SearchBot", "ai-search"),
    ),
    "a link preview without an address": (
        f"{CHROME} ExampleLinkPreview/1.0",
        Bot("ExampleLinkPreview", "preview"),
    ),
    "a monitor in a browser's string": (
        f"{CHROME} ExampleMonitor",
        Bot("ExampleMonitor", "monitor"),
    ),
    "a scanner in a browser's string": (f"{CHROME} Example_scan/3", Bot("Example_scan", "scanner")),
    "an inspector": (f"{CHROME} Example Inspector (4711)", Bot("Inspector", "other")),
    "a maker of thumbnails": (f"{CHROME} ExampleThumb/2", Bot("ExampleThumb", "preview")),
    "a fetcher of icons": (f"{CHROME} Example Favicon", Bot("Favicon", "preview")),
    "a checker of links": (f"{CHROME} ExampleCheck", Bot("ExampleCheck", "other")),
    "a checker in Internet Explorer's string": (
        "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.1; Trident/6.0) PageCheck by example",
        Bot("MSIE 10.0", "other"),
    ),
    "a watcher of uptime": (f"{CHROME} Uptime-Example", Bot("Uptime-Example", "monitor")),
    "an auditor": (f"{CHROME} ExampleAudit/1.0", Bot("ExampleAudit", "other")),
    "a tester": (f"{CHROME} example-link-tester", Bot("example-link-tester", "other")),
    "a client with its version before a browser": (
        f"Example_Daily/1.0 {CHROME}",
        Bot("Example_Daily", "other"),
    ),
    "an agent": (
        "Mozilla/5.0 (X11; Linux x86_64; rv:115.0; example-agent) Gecko/20100101 Firefox/115.0",
        Bot("example-agent", "other"),
    ),
    "a bare host": (f"{CHROME} Example4/2.0 (example4.com)", Bot("Mozilla", "other")),
    "a bare host with a path, on a phone": (
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) example.com/policy AppleWebKit/537.36 (KHTML, "
        "like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
        Bot("Mozilla", "other"),
    ),
    "a name behind the engine": (
        f"Mozilla/5.0 (X11; Linux x86_64) {_LIKE_GECKO[:-1]}; ExampleShopFinder) Chrome/131.0.0.0 "
        "Safari/537.36",
        Bot("ExampleShopFinder", "other"),
    ),
    "a name behind the engine and a comma": (
        f"Mozilla/5.0 (Windows NT 10.0) {_LIKE_GECKO[:-1]}, Examplegenix) Chrome/131.0.0.0",
        Bot("Examplegenix", "other"),
    ),
    "one of Google's many": (f"{CHROME} ExampleStore-Google", Bot("Mozilla", "other")),
    "a comment without an engine": ("Mozilla/5.0 (Example Proxy)", Bot("Mozilla", "other")),
    "an engine without a comment": (
        "Mozilla/5.0 Gecko/20100101 Firefox/115.0 Example",
        Bot("Mozilla", "other"),
    ),
    "a library in a comment": ("Mozilla/5.0 (Python-urllib3)", Bot("Python", "library")),
    "a client before a browser": (f"examplehttp, {CHROME}", Bot("examplehttp", "other")),
    "words before a browser": (
        f"Example Feed Finder ({CHROME})",
        Bot("Example Feed Finder", "feed reader"),
    ),
    "a client before a phone's browser": (
        f"Examplor/6.7, Mozilla/5.0 (Linux; Android 9; Phone) {_LIKE_GECKO}",
        Bot("Examplor", "other"),
    ),
    "a name before the system": (
        "Mozilla/5.0 (exampletowr; Windows NT 10.0; x64; rv:84.0) Gecko/20100101 Firefox/84.0",
        Bot("Mozilla", "other"),
    ),
    "a known name with its version": (
        "Mozilla/5.0 (Windows; U; Windows NT 5.1; rv:1.9.2.8) Firefox/3.6.8/Heritrix-1.9",
        Bot("heritrix", "other"),
    ),
    "a bot's own item behind a phone's model": (
        f"Mozilla/5.0 (Linux; Android 6.0; Nexus 5; ExampleBot) {_LIKE_GECKO} Chrome/131.0.0.0 "
        "Mobile Safari/537.36",
        Bot("ExampleBot", "other"),
    ),
    "a very long name": ("x" * 5_000, Bot("x" * 60, "other")),
    "a name of nothing printable": ("\udcff\udcfe/1", Bot("unnamed", "other")),
}

_ANDROID = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/83.0.4103.106 Mobile Safari/537.36"

# People's devices and apps, whose strings resemble those of bots.
PEOPLE: dict[str, str] = {
    "a tablet named bot": f"Mozilla/5.0 (Linux; Android 7.1.2; X bot Tab 9) {_ANDROID}",
    "a phone named bot": f"Mozilla/5.0 (Linux; Android 6.0; Zbot77PLUS Build/MRA58K) {_ANDROID}",
    "a phone named spider": f"Mozilla/5.0 (Linux; Android 13; Spider 12) {_ANDROID}",
    "a phone named like a job": f"Mozilla/5.0 (Linux; Android 13; Monitor Scan 4) {_ANDROID}",
    "a phone named like a bot": f"Mozilla/5.0 (Linux; Android 13; Yeti 5) {_ANDROID}",
    "a phone named like a site": (
        "Mozilla/5.0 (Linux; U; Android 4.0.3; en-us; Novo 7 (Tablets.com) Build/IML74K) "
        "AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Safari/534.30"
    ),
    "a phone of MediaTek's": (
        "ACME_K5_11C_HW (MRE/3.1.00(64);MAUI/_Acme_K5;BDATE/2017/08/17;LCD/240320;CHIP/MT6261;"
        "WAP Browser/MAUI ();INDEX/0)"
    ),
    "Windows on an old phone": (
        "ACME_T33 Mozilla/4.0 (compatible; MSIE 6.0; Windows CE; IEMobile 8.12)"
    ),
    "Opera on an old phone": "ACME-T34/1.0 (Windows CE; Opera Mobi; U; en) Opera 9.5",
    "a player at the television": "Roku/DVP-13.0 (13.0.0.4182-29)",
    "i-mode": "DoCoMo/2.0 P903i",
    "UC Browser's own form": "UCWEB8.5.0.160/28/999",
    "UC Browser in Java": "JUC (Linux; U; 2.3.5; zh-cn; Acme_7; 480*854) UCWEB7.9.1.94/139/444",
    "a small screen": "OneBrowser/3.5 (NokiaC2-01/11.40)",
    "a television's box": "OPR/22.0 OMI/4.2.12.40, KreaTV/0.0.0.0 (ACME, BOX1100, wired)",
    "a television of 2009": "Mozilla/4.0 (compatible; Gecko/20041115) Maple 5.1.00280 Navi",
    "a browser without scripts": "Dillo/3.1.1",
    "an old workstation": "NCSA_Mosaic/2.7b6 (X11;SunOS 5.10 sun4u)",
    "an e-reader": "Mozilla/4.0 (compatible; Linux 2.6.26) NetFront/3.5 Reader/2.2 (600x800)",
    "a phone of 2008": "Mozilla/4.0 (compatible; Polaris 6.1; Brew 3.1.4; en) Samsung sam-r1",
    "a phone of 2010": "Mozilla/5.0 (compatible; Teleca Q8; Brew 4.1; U; en) 240X400 LGE LG999",
    "a phone that says little": "Mozilla/4.0 SonyEricssonW123v/R1EA",
    "a phone without parentheses": (
        "Mozilla/5.0 Linux; U; Android 4.1.1; en-us; XT-9 Build/JRO03H AppleWebKit/534.30 KHTML, "
        "like Gecko Version/4.0 Mobile Safari/534.30"
    ),
    "a pager": "Mozilla/2.0 (compatible; Go.Web/6.6; HandHTTP 1.2; Elaine/1.1; RIM950 )",
    "a television": (
        "Mozilla/5.0(compatible; U; InfoNet 0.2; Viera) AppleWebKit/420  (KHTML, like Gecko)"
        "(avdn/Panasonic.tv.2015) Viera/3.11 Chrome/23.0.1271.97 Safari/537.11"
    ),
    "a television's own name first": (
        "TVBrowser/104.1 (TV-9000) Chrome/104.0.5112.70 HbbTV/1.6.1 (+DRM; ABC; 40X; 14.1; ; )"
    ),
    "a browser's own name first": (
        "Example/2.6 (Android 9; Mobile; rv:63.0) Gecko/63.0 Firefox/59.0 ExampleBrowser/63.0.1"
    ),
    "a phone's own name first": (
        "Phone_M19_TD-LTE/V1 Linux/3.18.71 Android/8.1 Release/4.10.2018 Browser/AppleWebKit537.36 "
        "Mobile Safari/537.36 System/Android 8.1 PhoneBrowser/9.5.6"
    ),
    "an app's name before a phone's browser": (
        f"Example App/24.4.0 Mozilla/5.0 (Linux; Android 14; X1 Build/UP1A; wv) {_ANDROID}"
    ),
    "an app named like a site": f"Mozilla/5.0 (Linux; Android 10; X1) {_ANDROID} Foo.com App",
    "a string that ends with an app's site": (
        f"Mozilla/5.0 (Linux; Android 10; X1) {_ANDROID} foo.com"
    ),
    "an app that scans paper": f"Mozilla/5.0 (Linux; Android 13; X1) {_ANDROID} CamScanner/4.8",
    "an app that reads barcodes": (
        f"Mozilla/5.0 (Linux; Android 13; X1) {_ANDROID} Barcode Scanner/3"
    ),
    "an app that checks networks": (
        "Mozilla/5.0 (iPad; CPU OS 16_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Mobile/15E148 NetCheck/1.0"
    ),
    "a distribution of Linux": (
        "Mozilla/5.0 (X11; Manjaro; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    ),
    "a shop's app": f"Mozilla/5.0 (Linux; Android 14; X1) {_ANDROID} example-store-checkout",
    "Internet Explorer with a toolkit": (
        "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 5.1; Embedded Web Browser from: "
        "http://bsalsa.com/; .NET CLR 1.1.4322)"
    ),
    "Internet Explorer with .NET": (
        "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0; .NET CLR 2.0; .NET4.0C)"
    ),
    "Netscape on a workstation": "Mozilla/4.78 [en] (X11; U; SunOS 5.9 i86pc)",
    "Safari of 2005": (
        "Mozilla/5.0 (Macintosh; U; PPC Mac OS X; en) AppleWebKit/412 (KHTML, like Gecko, Safari) "
        "OmniWeb/v563"
    ),
}
