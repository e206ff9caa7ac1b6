"""What people's browsers send when a page is opened, by browser. Header names are in lower case."""

from __future__ import annotations

from collections.abc import Mapping

Headers = dict[str, str]

CHROMIUM_ACCEPT = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;"
    "q=0.8,application/signed-exchange;v=b3;q=0.7"
)
FIREFOX_ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
FIREFOX_128_ACCEPT = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/png,"
    "image/svg+xml,*/*;q=0.8"
)
FIREFOX_92_ACCEPT = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
)
WEBKIT_ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
IE_ACCEPT = "text/html, application/xhtml+xml, image/jxr, */*"
IMAGE_ACCEPT = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
STYLE_ACCEPT = "text/css,*/*;q=0.1"
TURBO_ACCEPT = "text/html, application/xhtml+xml"

# -- who ---------------------------------------------------------------------------------------

_GECKO_LIKE = "(KHTML, like Gecko)"
_WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 {_GECKO_LIKE}"
_MAC = f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 {_GECKO_LIKE}"
_LINUX = f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 {_GECKO_LIKE}"
_ANDROID = f"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 {_GECKO_LIKE}"
_WEBVIEW = (
    f"Mozilla/5.0 (Linux; Android 14; SM-S911B Build/UP1A.231005.007; wv) AppleWebKit/537.36 "
    f"{_GECKO_LIKE} Version/4.0 Chrome/131.0.6778.135 Mobile Safari/537.36"
)
_IPHONE = (
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 {_GECKO_LIKE}"
)
_IPAD = f"Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 {_GECKO_LIKE}"
_MAC_SAFARI = f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 {_GECKO_LIKE}"

CHROME = f"{_WINDOWS} Chrome/131.0.0.0 Safari/537.36"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0"
SAFARI = f"{_MAC_SAFARI} Version/18.1 Safari/605.1.15"

CHROMIUMS = {
    "chrome windows": CHROME,
    "chrome mac": f"{_MAC} Chrome/131.0.0.0 Safari/537.36",
    "chrome linux": f"{_LINUX} Chrome/131.0.0.0 Safari/537.36",
    "chrome chromeos": (
        f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 {_GECKO_LIKE} "
        "Chrome/131.0.0.0 Safari/537.36"
    ),
    "chrome android": f"{_ANDROID} Chrome/131.0.0.0 Mobile Safari/537.36",
    "chrome android tablet": f"{_ANDROID} Chrome/131.0.0.0 Safari/537.36",
    "edge windows": f"{_WINDOWS} Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
    "edge android": f"{_ANDROID} Chrome/131.0.0.0 Mobile Safari/537.36 EdgA/131.0.0.0",
    "edge 18": f"{_WINDOWS} Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763",
    "opera windows": f"{_WINDOWS} Chrome/130.0.0.0 Safari/537.36 OPR/115.0.0.0",
    "opera android": f"{_ANDROID} Chrome/129.0.0.0 Mobile Safari/537.36 OPR/86.0.0.0",
    "brave": f"{_MAC} Chrome/131.0.0.0 Safari/537.36",
    "vivaldi": f"{_LINUX} Chrome/130.0.0.0 Safari/537.36 Vivaldi/7.0.3495.15",
    "yandex browser": f"{_WINDOWS} Chrome/128.0.0.0 YaBrowser/24.10.0.0 Safari/537.36",
    "yandex search app": (
        f"Mozilla/5.0 (Linux; arm_64; Android 13; SM-A536B) AppleWebKit/537.36 {_GECKO_LIKE} "
        "Chrome/126.0.6478.122 YaApp_Android/24.83 YaSearchBrowser/24.83 BroPP/1.0 SA/3 "
        "Mobile Safari/537.36"
    ),
    "samsung internet": (f"{_ANDROID} SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36"),
    "silk": (
        f"Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 {_GECKO_LIKE} Silk/126.4.1 "
        "like Chrome/126.0.6478.122 Safari/537.36"
    ),
    "miui browser": (
        f"Mozilla/5.0 (Linux; U; Android 13; de-de; Redmi Note 12 Build/TKQ1) AppleWebKit/537.36 "
        f"{_GECKO_LIKE} Version/4.0 Chrome/112.0.5615.136 Mobile Safari/537.36 "
        "XiaoMi/MiuiBrowser/14.12.1-gn"
    ),
    "huawei browser": (
        f"Mozilla/5.0 (Linux; Android 12; HarmonyOS; NOH-AN00) AppleWebKit/537.36 {_GECKO_LIKE} "
        "Chrome/114.0.5735.196 HuaweiBrowser/15.0.4.312 Mobile Safari/537.36"
    ),
    "uc browser": (
        f"Mozilla/5.0 (Linux; U; Android 11; en-US; RMX2030) AppleWebKit/537.36 {_GECKO_LIKE} "
        "Version/4.0 Chrome/100.0.4896.58 UCBrowser/13.4.0.1306 Mobile Safari/537.36"
    ),
    "qq browser": (
        f"Mozilla/5.0 (Linux; U; Android 12; zh-cn; M2102J2SC) AppleWebKit/537.36 {_GECKO_LIKE} "
        "Version/4.0 Chrome/109.0.5414.86 MQQBrowser/14.9 Mobile Safari/537.36"
    ),
    "whale": f"{_WINDOWS} Chrome/130.0.0.0 Whale/4.29.282.14 Safari/537.36",
    "coc coc": f"{_WINDOWS} coc_coc_browser/130.0.0 Chrome/124.0.0.0 Safari/537.36",
    "duckduckgo android": (
        f"{_ANDROID} Version/4.0 Chrome/131.0.0.0 Mobile DuckDuckGo/5 Safari/537.36"
    ),
    "ecosia android": (
        f"{_ANDROID} Chrome/131.0.0.0 Mobile Safari/537.36 (Ecosia android@131.0.6778.260)"
    ),
    "puffin": (
        f"Mozilla/5.0 (X11; U; Linux x86_64; en-US) AppleWebKit/537.36 {_GECKO_LIKE} "
        "Chrome/114.0.5735.198 Safari/537.36 Puffin/10.4.0.51684AP"
    ),
    "cubot phone": (
        f"Mozilla/5.0 (Linux; Android 11; CUBOT KING KONG 5 Pro) AppleWebKit/537.36 {_GECKO_LIKE} "
        "Chrome/120.0.0.0 Mobile Safari/537.36"
    ),
    "cubot phone, underscores": (
        f"Mozilla/5.0 (Linux; Android 8.0.0; CUBOT_X18_Plus) AppleWebKit/537.36 {_GECKO_LIKE} "
        "Chrome/80.0.3987.132 Mobile Safari/537.36"
    ),
    "googleweblight": (
        "Mozilla/5.0 (Linux; Android 4.2.1; en-us; Nexus 5 Build/JOP40D) AppleWebKit/535.19 "
        "(KHTML, like Gecko; googleweblight) Chrome/38.0.1025.166 Mobile Safari/535.19"
    ),
    "lg tv": (
        f"Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 {_GECKO_LIKE} Chrome/94.0.4606.128 "
        "Safari/537.36 WebAppManager"
    ),
    "samsung tv": (
        f"Mozilla/5.0 (SMART-TV; LINUX; Tizen 7.0) AppleWebKit/537.36 {_GECKO_LIKE} "
        "94.0.4606.31/7.0 TV Safari/537.36"
    ),
    "xbox": (
        f"{_WINDOWS.replace('x64', 'x64; Xbox; Xbox One')} Chrome/131.0.0.0 Safari/537.36 "
        "Edge/44.18363.8131"
    ),
    "playstation 5": (
        f"Mozilla/5.0 (PlayStation; PlayStation 5/6.50) AppleWebKit/605.1.15 {_GECKO_LIKE} "
        "Version/15.4 Safari/605.1.15"
    ),
    "tesla": f"{_LINUX} Chrome/109.0.5414.119 Safari/537.36 Tesla/2024.32.3",
    "slack desktop": (
        f"{_MAC} Slack/4.41.97 Chrome/130.0.6723.118 Electron/33.2.0 Safari/537.36 Sonic "
        "Slack_SSB/4.41.97"
    ),
    "teams desktop": (
        f"{_WINDOWS} Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0 Teams/24295.605.3225.8804"
    ),
}

FIREFOXES = {
    "firefox windows": FIREFOX,
    "firefox mac": (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:133.0) Gecko/20100101 Firefox/133.0"
    ),
    "firefox linux": (
        "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"
    ),
    "firefox android": "Mozilla/5.0 (Android 14; Mobile; rv:133.0) Gecko/133.0 Firefox/133.0",
    "tor browser": "Mozilla/5.0 (Windows NT 10.0; rv:128.0) Gecko/20100101 Firefox/128.0",
    "pale moon": (
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Goanna/6.7 Firefox/128.0 "
        "PaleMoon/33.5.0"
    ),
    "seamonkey": (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:91.0) Gecko/20100101 Firefox/91.0 "
        "SeaMonkey/2.53.19"
    ),
}

WEBKITS = {
    "safari mac": SAFARI,
    "safari iphone": f"{_IPHONE} Version/18.1 Mobile/15E148 Safari/604.1",
    "safari ipad": f"{_IPAD} Version/17.6 Mobile/15E148 Safari/604.1",
    "chrome ios": f"{_IPHONE} CriOS/131.0.6778.103 Mobile/15E148 Safari/604.1",
    "firefox ios": f"{_IPHONE} FxiOS/133.0 Mobile/15E148 Safari/605.1.15",
    "edge ios": f"{_IPHONE} Version/18.0 EdgiOS/131.0.2903.68 Mobile/15E148 Safari/605.1.15",
    "duckduckgo ios": f"{_IPHONE} Version/18.1 Mobile/15E148 DuckDuckGo/7 Safari/605.1.15",
    "ecosia ios": f"{_IPHONE} FxiOS/24.3 Mobile/15E148 Safari/605.1.15 (Ecosia ios@9.2.3.1683)",
    "google app ios": f"{_IPHONE} GSA/344.0.695551749 Mobile/15E148 Safari/604.1",
    "web view of any ios app": f"{_IPHONE} Mobile/15E148",
    "facebook ios": (
        f"{_IPHONE} Mobile/22B83 [FBAN/FBIOS;FBAV/491.1.0.62.114;FBBV/665337277;FBDV/iPhone14,5;"
        "FBMD/iPhone;FBSN/iOS;FBSV/18.1;FBSS/3;FBID/phone;FBLC/en_US;FBOP/5]"
    ),
    "instagram ios": (
        f"{_IPHONE} Mobile/22B83 Instagram 359.0.4.28.85 (iPhone14,5; iOS 18_1; en_US; en; "
        "scale=3.00; 1170x2532; 663441434)"
    ),
    "snapchat ios": (
        f"{_IPHONE} Mobile/15E148 Snapchat/13.17.0.45 (like Safari/8620.1.16.10.11, panda)"
    ),
    "pinterest ios": f"{_IPHONE} Mobile/15E148 [Pinterest/iOS]",
    "linkedin ios": f"{_IPHONE} Mobile/15E148 [LinkedInApp]/9.30.2468",
    "naver ios": (
        f"{_IPHONE} Version/18.1 Mobile/15E148 Safari/604.1 NAVER(inapp; search; 2000; 12.9.2; 14)"
    ),
    "kakaotalk ios": f"{_IPHONE} Mobile/15E148 KAKAOTALK/11.6.1 (INAPP)",
    "line ios": f"{_IPHONE} Safari Line/14.20.0",
    "wechat ios": (
        f"{_IPHONE} Mobile/15E148 MicroMessenger/8.0.53(0x1800352c) NetType/WIFI Language/en"
    ),
    "studo ios": (
        f"{_IPHONE} Mobile/15E148 StudoBrowser/3.16.0-ios-studo "
        "(https://studo.co/studo-browser-information-and-contact)"
    ),
    "twitter ios": f"{_IPHONE} Mobile/15E148 Twitter for iPhone/10.66",
    "kagi orion": f"{_MAC_SAFARI} Version/18.1 Safari/605.1.15 OrionBrowser/0.99",
}

# App packages by id; the browser's part of the string is the system's.
IN_APP = {
    "facebook android": (
        f"{_WEBVIEW} [FB_IAB/FB4A;FBAV/491.0.0.54.79;]",
        "com.facebook.katana",
    ),
    "messenger android": (
        f"{_WEBVIEW} [FB_IAB/Orca-Android;FBAV/485.0.0.68.109;]",
        "com.facebook.orca",
    ),
    "instagram android": (
        f"{_WEBVIEW} Instagram 359.0.0.59.89 Android (34/14; 480dpi; 1080x2115; samsung; SM-S911B; "
        "dm1q; qcom; en_US; 671551865)",
        "com.instagram.android",
    ),
    "tiktok android": (
        f"{_WEBVIEW} musical_ly_2023709030 JsSdk/1.0 NetType/WIFI Channel/googleplay "
        "AppName/musical_ly app_version/37.9.3 ByteLocale/en ByteFullLocale/en Region/US "
        "BytedanceWebview/d8a21c6",
        "com.zhiliaoapp.musically",
    ),
    "linkedin android": (f"{_WEBVIEW} [LinkedInApp]", "com.linkedin.android"),
    "pinterest android": (f"{_WEBVIEW} [Pinterest/Android]", "com.pinterest"),
    "snapchat android": (f"{_WEBVIEW} Snapchat/13.17.0.45 (Pixel 8)", "com.snapchat.android"),
    "line android": (f"{_WEBVIEW} Line/14.20.0/IAB", "jp.naver.line.android"),
    "naver android": (f"{_WEBVIEW} NAVER(inapp; search; 2000; 12.9.3)", "com.nhn.android.search"),
    "kakaotalk android": (f"{_WEBVIEW};KAKAOTALK 2410950", "com.kakao.talk"),
    "wechat android": (
        f"{_WEBVIEW} XWEB/1300199 MMWEBSDK/20241103 MicroMessenger/8.0.54.2740(0x28003636) "
        "WeChat/arm64 Weixin GPVersion/1 NetType/WIFI Language/en ABI/arm64",
        "com.tencent.mm",
    ),
    "google app android": (
        f"{_WEBVIEW} GSA/15.46.34.28.arm64",
        "com.google.android.googlequicksearchbox",
    ),
    "telegram android": (_WEBVIEW, "org.telegram.messenger"),
    "yandex search android": (
        f"{_WEBVIEW} YandexSearch/8.05 YandexSearchBrowser/8.05",
        "ru.yandex.searchplugin",
    ),
    "searchcraft android": (
        f"{_WEBVIEW} SearchCraft/3.6.4 (Baidu; P1 10)",
        "com.baidu.searchcraft",
    ),
    "studo android": (
        f"{_WEBVIEW} StudoBrowser/3.17.6-android-studo "
        "(https://studo.co/studo-browser-information-and-contact)",
        "com.moshbit.studo",
    ),
    "a shop's own app": (_WEBVIEW, "com.example.shop"),
}

# They never learnt fetch metadata.
OLD_BROWSERS = {
    "safari 15": (
        f"{_MAC_SAFARI} Version/15.6.1 Safari/605.1.15",
        WEBKIT_ACCEPT,
    ),
    "safari ios 12": (
        f"Mozilla/5.0 (iPhone; CPU iPhone OS 12_5_7 like Mac OS X) AppleWebKit/605.1.15 "
        f"{_GECKO_LIKE}"
        " Version/12.1.2 Mobile/15E148 Safari/604.1",
        WEBKIT_ACCEPT,
    ),
    "firefox 78": (
        "Mozilla/5.0 (X11; Linux x86_64; rv:78.0) Gecko/20100101 Firefox/78.0",
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
    ),
    "ie 11": ("Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko", IE_ACCEPT),
    "ie 10": ("Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0)", IE_ACCEPT),
    "opera mini": (
        "Opera/9.80 (J2ME/MIDP; Opera Mini/9.80/191.308; U; en) Presto/2.12.423 Version/12.16",
        "text/html, application/xml;q=0.9, application/xhtml+xml, image/png, image/webp, */*;q=0.1",
    ),
    "uc mini": (
        "UCWEB/2.0 (MIDP-2.0; U; Adr 9; en-US; RMX1941) U2/1.0.0 UCBrowser/10.7.2 U2/1.0.0 Mobile",
        "text/html,application/xhtml+xml,*/*",
    ),
    "nokia s40": (
        "Nokia6300/2.0 (07.21) Profile/MIDP-2.0 Configuration/CLDC-1.1",
        "text/html, application/xhtml+xml, text/vnd.wap.wml, */*",
    ),
    "kaios": (
        "Mozilla/5.0 (Mobile; Nokia_2720_Flip; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5.2",
        WEBKIT_ACCEPT,
    ),
    "konqueror": (
        "Mozilla/5.0 (compatible; Konqueror/4.14; Linux) KHTML/4.14.38 (like Gecko)",
        "text/html, image/jpeg;q=0.9, image/png;q=0.9, text/*;q=0.9, image/*;q=0.9, */*;q=0.8",
    ),
    "nintendo 3ds": (
        "Mozilla/5.0 (New Nintendo 3DS like iPhone) AppleWebKit/536.30 "
        f"{_GECKO_LIKE} NX/3.0.0.5.23 Mobile NintendoBrowser/1.10.10166.EU",
        WEBKIT_ACCEPT,
    ),
    "duckduckgo android, cut": (
        f"AppleWebKit/537.36 {_GECKO_LIKE} Version/4.0 Chrome/118.0.0.0 Mobile DuckDuckGo/5 "
        "Safari/537.36",
        WEBKIT_ACCEPT,
    ),
    "lynx": (
        "Lynx/2.9.2 libwww-FM/2.14 SSL-MM/1.4.1 GNUTLS/3.8.4",
        "text/html, text/plain, text/sgml, */*;q=0.01",
    ),
    "w3m": ("w3m/0.5.3+git20230121", "text/html, text/*;q=0.5, image/*, application/*"),
    "links": ("Links (2.30; Linux 6.10 x86_64; GNU C 14.1; text)", "*/*, text/html"),
    "elinks": ("ELinks/0.17.1.1 (textmode; Linux; 212x52-2)", "text/html, */*"),
}


# -- what they send ----------------------------------------------------------------------------


def chromium(user_agent: str = CHROME, **more: str) -> Headers:
    """A click over HTTPS in a Chromium."""
    return {
        "user-agent": user_agent,
        "accept": CHROMIUM_ACCEPT,
        "accept-encoding": "gzip, deflate, br, zstd",
        "accept-language": "en-GB,en;q=0.9",
        "sec-ch-ua": '"Chromium";v="131", "Not_A Brand";v="24"',
        "sec-ch-ua-mobile": "?0",
        "sec-ch-ua-platform": '"Windows"',
        "sec-fetch-dest": "document",
        "sec-fetch-mode": "navigate",
        "sec-fetch-site": "same-origin",
        "sec-fetch-user": "?1",
        "upgrade-insecure-requests": "1",
        **_named(more),
    }


def firefox(user_agent: str = FIREFOX, **more: str) -> Headers:
    """A click over HTTPS in Firefox."""
    return {
        "user-agent": user_agent,
        "accept": FIREFOX_ACCEPT,
        "accept-encoding": "gzip, deflate, br, zstd",
        "accept-language": "de,en-US;q=0.7,en;q=0.3",
        "priority": "u=0, i",
        "sec-fetch-dest": "document",
        "sec-fetch-mode": "navigate",
        "sec-fetch-site": "none",
        "sec-fetch-user": "?1",
        "te": "trailers",
        "upgrade-insecure-requests": "1",
        **_named(more),
    }


def webkit(user_agent: str = SAFARI, **more: str) -> Headers:
    """A click over HTTPS in Safari since 16.4, or in any browser of iOS."""
    return {
        "user-agent": user_agent,
        "accept": WEBKIT_ACCEPT,
        "accept-encoding": "gzip, deflate, br",
        "accept-language": "en-US,en;q=0.9",
        "priority": "u=0, i",
        "sec-fetch-dest": "document",
        "sec-fetch-mode": "navigate",
        "sec-fetch-site": "none",
        **_named(more),
    }


def old(user_agent: str, accept: str = WEBKIT_ACCEPT, **more: str) -> Headers:
    """A click in a browser without fetch metadata."""
    return {
        "user-agent": user_agent,
        "accept": accept,
        "accept-encoding": "gzip, deflate",
        "accept-language": "en-US",
        **_named(more),
    }


def script(user_agent: str = CHROME, **more: str) -> Headers:
    """A fetch() of a page's script, over HTTPS."""
    headers = {"accept": "*/*", "sec_fetch_dest": "empty", "sec_fetch_mode": "cors"}
    return chromium(user_agent, **(headers | more))


def plain_http(headers: Headers) -> Headers:
    """The same over plain http, where no browser sends fetch metadata or client hints."""
    return {name: value for name, value in headers.items() if not name.startswith("sec-")}


def without(headers: Mapping[str, str], *names: str) -> Headers:
    return {name: value for name, value in headers.items() if name not in names}


def _named(more: Mapping[str, str]) -> Headers:
    return {name.replace("_", "-"): value for name, value in more.items()}


NAVIGATIONS: Mapping[str, Headers] = {
    **{name: chromium(text) for name, text in CHROMIUMS.items()},
    **{name: firefox(text) for name, text in FIREFOXES.items()},
    **{name: webkit(text) for name, text in WEBKITS.items()},
    **{name: chromium(text, x_requested_with=package) for name, (text, package) in IN_APP.items()},
    **{name: old(text, accept) for name, (text, accept) in OLD_BROWSERS.items()},
}
"""A person opens a page: by browser."""

BROWSERS: Mapping[str, str] = {name: headers["user-agent"] for name, headers in NAVIGATIONS.items()}
"""The User-Agents of people."""
