"""The traffic source of a session: the name of its source, and its channel.

The table of well-known sources is our own and short: the hosts that send most visits to most
sites. Any other source is named by its host, or by the tag of the link. The channels are named and
distinguished as Plausible describes them (read 2026-11). Pure.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple, TypeAlias

from footfall.collector.wire.parsing import NO_HOST, hostname_of, split_uri

DIRECT: Final = "Direct"

_SourceKind: TypeAlias = Literal["search", "social", "video", "shopping", "email", "ai"]

# Name, its kind if that makes a channel, hosts and tags; a dot at the end means any country.
_KNOWN: Final[tuple[tuple[str, _SourceKind | None, str], ...]] = (
    (
        "Google",
        "search",
        "google. google adwords google_ads com.google.android.googlequicksearchbox",
    ),
    ("Bing", "search", "bing.com bing"),
    ("DuckDuckGo", "search", "duckduckgo.com ddg duckduckgo"),
    ("Yahoo!", "search", "yahoo.com search.yahoo.com yahoo.co.jp yahoo"),
    ("Yandex", "search", "yandex. ya.ru yandex"),
    ("Baidu", "search", "baidu.com baidu"),
    ("Ecosia", "search", "ecosia.org ecosia"),
    ("Brave", "search", "search.brave.com brave"),
    ("Startpage", "search", "startpage.com startpage"),
    ("Qwant", "search", "qwant.com lite.qwant.com qwant"),
    ("Kagi", "search", "kagi.com kagi"),
    ("Seznam", "search", "search.seznam.cz seznam.cz"),
    ("Naver", "search", "search.naver.com m.search.naver.com naver.com"),
    ("Mojeek", "search", "mojeek.com"),
    ("Sogou", "search", "sogou.com"),
    ("Facebook", "social", "facebook.com fb.com fb.me facebook fb"),
    ("Instagram", "social", "instagram.com instagram ig"),
    ("Threads", "social", "threads.net threads.com threads"),
    ("X (Twitter)", "social", "twitter.com x.com t.co twitter x twitter-ads"),
    ("LinkedIn", "social", "linkedin.com lnkd.in linkedin"),
    ("Reddit", "social", "reddit.com redd.it reddit"),
    ("Pinterest", "social", "pinterest. pin.it pinterest"),
    ("Mastodon", "social", "mastodon.social mastodon.online fosstodon.org hachyderm.io mastodon"),
    ("Bluesky", "social", "bsky.app go.bsky.app bluesky"),
    ("Hacker News", "social", "news.ycombinator.com hackernews"),
    ("Lobsters", "social", "lobste.rs"),
    ("Telegram", "social", "t.me web.telegram.org org.telegram.messenger telegram"),
    ("WhatsApp", "social", "whatsapp.com web.whatsapp.com wa.me whatsapp"),
    ("Discord", "social", "discord.com discordapp.com discord"),
    ("Slack", "social", "slack.com app.slack.com com.slack slack"),
    ("Quora", "social", "quora.com quora"),
    ("Stack Overflow", "social", "stackoverflow.com"),
    ("VKontakte", "social", "vk.com vkontakte"),
    ("Snapchat", "social", "snapchat.com snapchat"),
    ("Tumblr", "social", "tumblr.com tumblr"),
    ("YouTube", "video", "youtube.com youtu.be youtube yt"),
    ("TikTok", "video", "tiktok.com tiktok"),
    ("Vimeo", "video", "vimeo.com vimeo"),
    ("Twitch", "video", "twitch.tv twitch"),
    ("Amazon", "shopping", "amazon. amazon"),
    ("eBay", "shopping", "ebay. ebay"),
    ("Etsy", "shopping", "etsy.com etsy"),
    ("Gmail", "email", "mail.google.com com.google.android.gm gmail"),
    ("Outlook", "email", "outlook.com outlook.live.com outlook.office.com outlook.office365.com"),
    ("Yahoo! Mail", "email", "mail.yahoo.com"),
    ("Proton Mail", "email", "mail.proton.me"),
    ("ChatGPT", "ai", "chatgpt.com chat.openai.com chatgpt openai"),
    ("Claude", "ai", "claude.ai claude"),
    ("Perplexity", "ai", "perplexity.ai perplexity"),
    ("Gemini", "ai", "gemini.google.com bard.google.com gemini"),
    ("Copilot", "ai", "copilot.microsoft.com copilot"),
    ("DeepSeek", "ai", "chat.deepseek.com deepseek.com deepseek"),
    ("Mistral", "ai", "chat.mistral.ai mistral"),
    ("Grok", "ai", "grok.com grok"),
    ("Phind", "ai", "phind.com"),
    ("You.com", "ai", "you.com"),
    ("GitHub", None, "github.com gist.github.com github"),
    ("Wikipedia", None, "wikipedia.org"),
)
_NAMES: Final = {key: name for name, _, keys in _KNOWN for key in keys.split()}
_KINDS: Final = {name: kind for name, kind, _ in _KNOWN}
# More labels than a known host has, or the country's ending of one: `google.` and six characters.
_LABELS: Final = 6

_DISPLAY: Final = frozenset({"display", "banner", "expandable", "interstitial", "cpm"})
_SOCIAL: Final = frozenset({"social", "social-network", "social-media", "sm", "social network"})
_EMAIL: Final = re.compile(r"e[-_ ]?mail|newsletter", re.IGNORECASE)
_SHOPPING: Final = re.compile(r"\bshop(?:ping)?\b", re.IGNORECASE)

_PAID_CHANNELS: Final[dict[_SourceKind | None, str]] = {
    "shopping": "Paid Shopping",
    "search": "Paid Search",
    "social": "Paid Social",
    "video": "Paid Video",
}
_FREE_CHANNELS: Final[dict[_SourceKind | None, str]] = {
    "shopping": "Organic Shopping",
    "social": "Organic Social",
    "video": "Organic Video",
    "ai": "AI Assistants",
    "search": "Organic Search",
    "email": "Email",
}


class TrafficSource(NamedTuple):
    """The source's name (None for a direct visit), its channel, and the referring page."""

    source: str | None
    channel: str
    # Host and path, without `www.`, query and fragment.
    referrer: str | None


def find_traffic_source(
    source: str | None, referrer: str | None, medium: str | None, campaign: str | None
) -> TrafficSource:
    """The traffic source of a session, by source, referrer and UTM tags of its first event."""
    name = source_name(source) if source else None
    return TrafficSource(
        name, _channel(name, medium or "", campaign or ""), _referring_page(source, referrer)
    )


def source_name(source: str) -> str:
    """The well-known name of a host or a tag; else the host or tag itself."""
    key = ".".join(source.lower().rsplit(".", _LABELS)[-_LABELS:])
    while True:
        if name := _NAMES.get(key) or _NAMES.get(_without_country_code(key)):
            return name
        # `en.wikipedia.org` is Wikipedia, and `google.evil.test` is not Google.
        _, _, key = key.partition(".")
        if "." not in key:
            return source


def _without_country_code(host: str) -> str:
    """`google.co.uk` as `google.`; empty where the rest is more than the ending of a country."""
    name, _, ending = host.partition(".")
    is_ending = len(ending) <= 6 and all(len(part) <= 3 for part in ending.split("."))
    return f"{name}." if is_ending and ending else ""


def _channel(name: str | None, medium: str, campaign: str) -> str:
    kind = _KINDS.get(name or "")
    medium = medium.lower()
    if campaign.lower() == "cross-network":
        return "Cross-network"
    if "cp" in medium or medium in ("ppc", "retargeting") or medium.startswith("paid"):
        return _paid_channel(kind, medium, campaign)
    if medium in _DISPLAY:
        return "Display"
    return _tagged_channel(medium, name or "", campaign) or _inferred_channel(kind, name, medium)


def _paid_channel(kind: _SourceKind | None, medium: str, campaign: str) -> str:
    if _SHOPPING.search(campaign):
        return "Paid Shopping"
    found = _PAID_CHANNELS.get(kind)
    return found or ("Display" if medium in _DISPLAY else "Paid Other")


def _tagged_channel(medium: str, name: str, campaign: str) -> str | None:
    """The channel that a UTM tag names."""
    if _SHOPPING.search(campaign):
        return "Organic Shopping"
    if medium in _SOCIAL:
        return "Organic Social"
    if "video" in medium:
        return "Organic Video"
    if medium == "organic":
        return "Organic Search"
    if _EMAIL.fullmatch(medium) or _EMAIL.fullmatch(name):
        return "Email"
    if medium in ("affiliate", "affiliates"):
        return "Affiliates"
    if medium == "audio":
        return "Audio"
    if "sms" in (medium, name.lower()):
        return "SMS"
    is_push = medium.endswith("push") or "mobile" in medium or "notification" in medium
    return "Mobile Push Notifications" if is_push else None


def _inferred_channel(kind: _SourceKind | None, name: str | None, medium: str) -> str:
    if kind:
        return _FREE_CHANNELS[kind]
    return "Referral" if name or medium in ("referral", "app", "link") else DIRECT


def _referring_page(source: str | None, referrer: str | None) -> str | None:
    """Host and path of the referrer; None without a source."""
    if not source or not referrer:
        return None
    scheme, authority, path, _, _ = split_uri(referrer)
    host = hostname_of(authority)
    if scheme.lower() not in ("http", "https", "android-app") or host == NO_HOST:
        return None
    return host + path.rstrip("/")
