"""Well-known sources of visits: the name of each, its kind, and the hosts and tags it is known by.

The table is our own. Each section says by whose account its sources are of their kind: Google's
(GA4, "Default channel group", read 2026-11), where Plausible takes its categories from, Plausible's
own changes to these (its blog and documents on channels, read 2026-11), or ours.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

SourceKind: TypeAlias = Literal["search", "social", "video", "shopping", "email", "ai"]

# Name, then hosts, tags and names of Android apps; a dot at the end means any country. Where a host
# of a source is another source, as `mail.google.com`, it has a row of its own: the longest counts.
_Rows: TypeAlias = tuple[tuple[str, str], ...]

# By GA4.
_SEARCH: Final[_Rows] = (
    ("Google", "google. google gads adwords com.google.android.googlequicksearchbox"),
    ("Bing", "bing.com cn.bing.com ntp.msn.com msn.com bing msn com.microsoft.bing"),
    ("DuckDuckGo", "duckduckgo.com duckduckgo ddg com.duckduckgo.mobile.android"),
    ("Yahoo!", "yahoo.com yahoo.co.jp search.yahoo. yahoo"),
    (
        "Yandex",
        "yandex. ya.ru yandex zen.yandex.ru dzen.ru com.yandex.searchplugin ru.yandex.searchapp",
    ),
    ("Baidu", "baidu.com baidu"),
    ("Qwant", "qwant.com qwant"),
    ("Seznam", "seznam.cz search.seznam.cz seznam"),
    ("Naver", "naver.com search.naver.com m.search.naver.com naver"),
    ("Daum", "daum.net daum"),
    ("360", "so.com 360.cn"),
    ("Sogou", "sogou.com sogou"),
    ("AOL", "search.aol.com search.aol.co.uk suche.aol.de aol"),
    ("Ask", "ask.com ask"),
    ("Rambler", "rambler.ru rambler"),
    ("Lycos", "lycos.com lycos"),
    ("Dogpile", "dogpile.com dogpile"),
    ("Onet.pl", "onet.pl onet"),
    ("Virgilio", "virgilio.it virgilio"),
    ("Mail.ru", "go.mail.ru"),
    ("Rakuten", "rakuten.co.jp websearch.rakuten.co.jp rakuten"),
    # By Plausible.
    ("Ecosia", "ecosia.org ecosia"),
    ("Brave", "search.brave.com brave"),
    ("Kagi", "kagi.com kagi"),
    # By us, as the ones above.
    ("Startpage", "startpage.com startpage"),
    ("Mojeek", "mojeek.com"),
    ("MetaGer", "metager.org metager.de"),
    ("Swisscows", "swisscows.com"),
)
_SOCIAL: Final[_Rows] = (
    (
        "Facebook",
        "facebook.com fb.com fb.me messenger.com facebook fb fcb facebook_feed messenger "
        "com.facebook.katana com.facebook.lite com.facebook.orca",
    ),
    ("Instagram", "instagram.com instagram ig com.instagram.android"),
    ("X (Twitter)", "twitter.com x.com t.co tweetdeck.com twitter x com.twitter.android"),
    ("LinkedIn", "linkedin.com lnkd.in linkedin com.linkedin.android"),
    ("Reddit", "reddit.com redd.it reddit com.reddit.frontpage"),
    ("Pinterest", "pinterest. pin.it pinterest com.pinterest"),
    ("TikTok", "tiktok.com tiktok tik.tok com.zhiliaoapp.musically com.ss.android.ugc.trill"),
    ("Snapchat", "snapchat.com snapchat com.snapchat.android"),
    ("WhatsApp", "whatsapp.com wa.me whatsapp com.whatsapp com.whatsapp.w4b"),
    ("Quora", "quora.com quora com.quora.android"),
    ("Tumblr", "tumblr.com tumblr com.tumblr"),
    ("Stack Overflow", "stackoverflow.com stackoverflow"),
    (
        "Stack Exchange",
        "stackexchange.com askubuntu.com serverfault.com superuser.com stackexchange",
    ),
    ("Medium", "medium.com"),
    ("WordPress", "wordpress.com wordpress.org wordpress"),
    ("Blogger", "blogger.com blogspot. blogger blogspot"),
    ("LiveJournal", "livejournal.com livejournal"),
    ("Flickr", "flickr.com flickr"),
    ("DeviantArt", "deviantart.com deviantart"),
    ("ArtStation", "artstation.com"),
    ("Pixiv", "pixiv.net"),
    ("Goodreads", "goodreads.com goodreads"),
    ("Wattpad", "wattpad.com wattpad"),
    ("Fandom", "fandom.com"),
    ("Meetup", "meetup.com meetup"),
    ("Foursquare", "foursquare.com foursquare"),
    ("Yelp", "yelp. yelp"),
    ("Tripadvisor", "tripadvisor. tripadvisor"),
    ("Glassdoor", "glassdoor. glassdoor"),
    ("Houzz", "houzz.com houzz"),
    ("Digg", "digg.com digg"),
    ("Slashdot", "slashdot.org"),
    ("Flipboard", "flipboard.com flipboard"),
    ("Pocket", "getpocket.com pocket.co"),
    ("Instapaper", "instapaper.com instapaper"),
    ("Disqus", "disqus.com disqus"),
    ("Hootsuite", "hootsuite.com hootsuite"),
    ("Academia.edu", "academia.edu"),
    ("ResearchGate", "researchgate.net"),
    ("SlideShare", "slideshare.net"),
    ("Scribd", "scribd.com scribd"),
    ("Last.fm", "last.fm"),
    ("Xing", "xing.com xing"),
    ("Weibo", "weibo.com weibo.cn weibo"),
    ("WeChat", "wechat.com weixin.qq.com wechat com.tencent.mm"),
    ("Qzone", "qzone.qq.com"),
    ("Douban", "douban.com douban"),
    ("Renren", "renren.com renren"),
    ("LINE", "line.me line jp.naver.line.android"),
    ("KakaoTalk", "kakao.com kakao com.kakao.talk"),
    ("Zalo", "chat.zalo.me zalo.me zalo"),
    ("Hatena", "b.hatena.ne.jp d.hatena.ne.jp hatena"),
    ("Niconico", "nicovideo.jp niconico"),
    ("Ameba", "ameba.jp ameblo.jp"),
    ("mixi", "mixi.jp"),
    ("Naver Blog", "blog.naver.com m.blog.naver.com cafe.naver.com m.cafe.naver.com kin.naver.com"),
    ("Odnoklassniki", "odnoklassniki.ru ok.ru odnoklassniki.ua"),
    ("Draugiem", "draugiem.lv"),
    ("Taringa", "taringa.net"),
    ("Menéame", "meneame.net"),
    ("Skype", "web.skype.com skype.com skype"),
    ("Yammer", "yammer.com yammer"),
    ("Google Groups", "groups.google.com googlegroups.com"),
    ("Google Sites", "sites.google.com"),
    ("Google Messages", "messages.google.com"),
    ("Myspace", "myspace.com myspace"),
    # By Plausible.
    ("Hacker News", "news.ycombinator.com hackernews hn"),
    ("Telegram", "t.me telegram.org web.telegram.org telegram.me telegram org.telegram.messenger"),
    ("Slack", "slack.com app.slack.com slack com.slack"),
    ("Product Hunt", "producthunt.com"),
    ("producthunt", "producthunt"),
    ("GitHub", "github.com gist.github.com github"),
    ("steamcommunity.com", "steamcommunity.com"),
    ("Microsoft Teams", "teams.microsoft.com teams.live.com statics.teams.cdn.office.net"),
    ("Vkontakte", "vk.com vkontakte.ru m.vk.com away.vk.com vkontakte vk com.vkontakte.android"),
    ("Threads", "threads.net threads.com l.threads.com threads com.instagram.barcelona"),
    ("Discord", "discord.com discordapp.com discord com.discord"),
    ("Bluesky", "bsky.app go.bsky.app bluesky xyz.blueskyweb.app"),
    (
        "Mastodon",
        "mastodon.social mastodon.online mas.to mstdn.social fosstodon.org hachyderm.io "
        "infosec.exchange techhub.social mastodon org.joinmastodon.android",
    ),
    # By us.
    ("Lobsters", "lobste.rs"),
    ("Lemmy", "lemmy.world lemmy.ml"),
    ("Nextdoor", "nextdoor.com nextdoor"),
    ("Zhihu", "zhihu.com"),
    ("GitLab", "gitlab.com"),
)
# By GA4.
_VIDEO: Final[_Rows] = (
    ("Youtube", "youtube.com youtu.be youtube yt com.google.android.youtube"),
    ("Vimeo", "vimeo.com player.vimeo.com vimeo"),
    ("Twitch", "twitch.tv twitch tv.twitch.android.app"),
    ("Dailymotion", "dailymotion.com dai.ly dailymotion"),
    ("Netflix", "netflix.com netflix"),
    ("Hulu", "hulu.com hulu"),
    ("Disney+", "disneyplus.com disneyplus"),
    ("TED", "ted.com ted"),
    ("Wistia", "wistia.com fast.wistia.net wistia"),
    ("iQIYI", "iq.com iqiyi.com iqiyi"),
    ("Youku", "youku.com youku"),
    ("Crackle", "crackle.com crackle"),
    ("CuriosityStream", "curiositystream.com curiositystream"),
    ("DTube", "d.tube"),
    ("Veoh", "veoh.com veoh"),
    ("Playeur", "utreon.com utreon"),
)
_SHOPPING: Final[_Rows] = (
    ("Amazon", "amazon. amazon-adsystem.com amazon"),
    ("eBay", "ebay. ebay"),
    ("Etsy", "etsy.com etsy"),
    ("walmart.com", "walmart.com"),
    ("walmart", "walmart"),
    ("shopify.com", "shopify.com apps.shopify.com checkout.shopify.com"),
    ("shopify", "shopify"),
    ("Shop", "shop.app"),
    ("Alibaba", "alibaba.com alibaba"),
    ("Mercado Libre", "mercadolibre. mercadolibre"),
    ("Stripe", "stripe.com checkout.stripe.com stripe"),
    ("Google Shopping", "shopping.google. igshopping"),
    ("Yahoo! Shopping", "shopping.yahoo.com shopping.yahoo.co.jp"),
    ("Naver Shopping", "shopping.naver.com m.shopping.naver.com"),
    ("Shopzilla", "shopzilla.com shopzilla"),
    # By Plausible.
    ("temu.com", "temu.com"),
    # By us.
    ("AliExpress", "aliexpress. aliexpress"),
    ("Idealo", "idealo."),
)
# Gmail by Plausible, the others by us, as they are of its kind.
_EMAIL: Final[_Rows] = (
    ("Gmail", "mail.google.com gmail com.google.android.gm"),
    (
        "Outlook",
        "outlook.com outlook.live.com outlook.office.com outlook.office365.com outlook "
        "com.microsoft.office.outlook",
    ),
    ("Yahoo! Mail", "mail.yahoo."),
    ("Yandex Mail", "mail.yandex."),
    ("Proton Mail", "mail.proton.me mail.protonmail.com"),
    ("Mail.ru Mail", "e.mail.ru"),
    ("Seznam Email", "email.seznam.cz"),
    ("Rambler Mail", "mail.rambler.ru"),
    ("Naver Mail", "mail.naver.com"),
    ("AOL Mail", "mail.aol.com"),
    ("Zoho Mail", "mail.zoho.com mail.zoho.eu"),
    ("GMX", "navigator.gmx.net mail.gmx.com"),
    ("iCloud Mail", "www.icloud.com"),
)
# By Plausible as far as it names them, the others by us, as they are of its kind.
_AI: Final[_Rows] = (
    ("ChatGPT", "chatgpt.com chat.openai.com chatgpt openai com.openai.chatgpt"),
    ("Claude", "claude.ai claude com.anthropic.claude"),
    ("Perplexity", "perplexity.ai pplx.ai perplexity ai.perplexity.app.android"),
    ("Google Gemini", "gemini.google.com bard.google.com gemini com.google.android.apps.bard"),
    ("Microsoft Copilot", "copilot.microsoft.com copilot.com copilot m365.cloud.microsoft"),
    ("DeepSeek", "chat.deepseek.com deepseek.com deepseek"),
    ("Mistral", "chat.mistral.ai mistral.ai mistral"),
    ("Grok", "grok.com x.ai grok"),
    ("Phind", "phind.com phind"),
    ("You.com", "you.com"),
    ("Meta AI", "meta.ai"),
    ("Duck.ai", "duck.ai"),
    ("NotebookLM", "notebooklm.google.com notebooklm.google"),
    ("Google AI Studio", "aistudio.google.com"),
    ("Poe", "poe.com"),
    ("Pi", "pi.ai"),
    ("Kimi", "kimi.com kimi.moonshot.cn kimi.ai"),
    ("Qwen", "chat.qwen.ai tongyi.aliyun.com qwen.ai"),
    ("Doubao", "doubao.com"),
    ("Yiyan", "yiyan.baidu.com"),
    ("Character.AI", "character.ai"),
    ("iAsk", "iask.ai"),
    ("Andi", "andisearch.com"),
    ("Felo", "felo.ai"),
    ("Liner", "liner.com getliner.com"),
    ("Genspark", "genspark.ai"),
    ("Manus", "manus.im"),
    ("Komo", "komo.ai"),
    ("Consensus", "consensus.app"),
    ("Exa", "exa.ai"),
)
# Of no kind: they have a name, and their visits are referrals. Some belong to a source above.
_OTHER: Final[_Rows] = (
    ("Wikipedia", "wikipedia.org wikipedia"),
    ("Linktree", "linktr.ee linktree"),
    ("Microsoft 365", "officeapps.live.com"),
    ("Google Docs", "docs.google.com"),
    ("Google Drive", "drive.google.com"),
    ("Google Classroom", "classroom.google.com"),
    ("Google Meet", "meet.google.com"),
    ("Google Chat", "chat.google.com"),
    ("Google Calendar", "calendar.google.com"),
    ("Google Ads", "ads.google.com"),
    ("Google Analytics", "analytics.google.com"),
    ("Google Accounts", "accounts.google.com"),
)

_BY_KIND: Final[dict[SourceKind | None, _Rows]] = {
    "search": _SEARCH,
    "social": _SOCIAL,
    "video": _VIDEO,
    "shopping": _SHOPPING,
    "email": _EMAIL,
    "ai": _AI,
    None: _OTHER,
}

NAMES: Final = {
    key: name for rows in _BY_KIND.values() for name, keys in rows for key in keys.split()
}
"""The names by host, tag or app in lower case; one that ends with a dot stands for any country."""

KINDS: Final = {name: kind for kind, rows in _BY_KIND.items() for name, _ in rows}
"""The kinds by name."""
