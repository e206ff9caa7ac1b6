"""Sources and channels by host and UTM tag."""

from __future__ import annotations

import pytest

from footfall.collector.wire.traffic_source import (
    click_id_of,
    find_traffic_source,
    medium_of_click,
    source_name,
)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("google.com", "Google"),
        ("google.co.uk", "Google"),
        ("news.google.de", "Google"),
        ("mail.google.com", "Gmail"),
        ("gemini.google.com", "Google Gemini"),
        ("docs.google.com", "Google Docs"),
        ("mail.yahoo.co.jp", "Yahoo! Mail"),
        ("fr.search.yahoo.com", "Yahoo!"),
        ("xy-word.officeapps.live.com", "Microsoft 365"),
        ("notofficeapps.live.com", "notofficeapps.live.com"),
        ("l.threads.com", "Threads"),
        ("com.reddit.frontpage", "Reddit"),
        ("com.linkedin.android", "LinkedIn"),
        ("com.example.unknown", "com.example.unknown"),
        ("wikipedia", "Wikipedia"),
        ("linkedin-ads", "LinkedIn"),
        ("Google_Ads", "Google"),
        ("fbads", "Facebook"),
        ("facebook_feed_ad", "Facebook"),
        ("threads", "Threads"),
        ("unknown-ads", "unknown-ads"),
        ("ads", "ads"),
        ("com.google.android.googlequicksearchbox", "Google"),
        ("google.evil.test", "google.evil.test"),
        ("notgoogle.com", "notgoogle.com"),
        ("en.m.wikipedia.org", "Wikipedia"),
        ("t.co", "X (Twitter)"),
        ("old.reddit.com", "Reddit"),
        ("ChatGPT.com", "ChatGPT"),
        ("FB", "Facebook"),
        ("adwords", "Google"),
        ("newsletter", "newsletter"),
        ("localhost", "localhost"),
        (".", "."),
    ],
)
def test_sources_are_known_by_name(source: str, name: str) -> None:
    assert source_name(source) == name


# A source with a dot is a referrer's host, another one is the tag of the link.
@pytest.mark.parametrize(
    ("source", "medium", "campaign", "channel"),
    [
        (None, None, None, "Direct"),
        ("blog.test", None, None, "Referral"),
        (None, "referral", None, "Referral"),
        ("wikipedia.org", None, None, "Referral"),
        ("google.com", None, None, "Organic Search"),
        (None, "organic", None, "Organic Search"),
        ("google.com", "cpc", None, "Paid Search"),
        ("google.com", "display", None, "Display"),
        ("google.com", "cpc", "spring cross-network 7", "Cross-network"),
        ("google.com", "CPC", "summer-shop", "Paid Shopping"),
        ("google.com", "cpc", "shopping_summer", "Paid Shopping"),
        ("google.com", "cpc", "eshop", "Paid Shopping"),
        ("google.com", "cpc", "workshop", "Paid Search"),
        ("google-ads", None, None, "Paid Search"),
        ("AdWords", None, None, "Paid Search"),
        ("yt-ads", None, None, "Paid Video"),
        ("reddit_ad", None, None, "Paid Social"),
        ("linkedin-ads", None, None, "Paid Social"),
        ("unknown-ads", None, None, "Referral"),
        ("threads", None, None, "Organic Social"),
        ("ebay.de", "ppc", None, "Paid Shopping"),
        ("ebay.de", None, None, "Organic Shopping"),
        ("temu.com", None, None, "Organic Shopping"),
        ("blog.test", None, "shopping", "Organic Shopping"),
        ("facebook", "paid_social", None, "Paid Social"),
        ("facebook", "email", None, "Organic Social"),
        ("facebook.com", None, None, "Organic Social"),
        ("github.com", None, None, "Organic Social"),
        ("tiktok.com", None, None, "Organic Social"),
        ("tiktok", "cpm", None, "Paid Social"),
        ("teams.live.com", None, None, "Organic Social"),
        ("com.reddit.frontpage", None, None, "Organic Social"),
        ("blog.test", "social", None, "Organic Social"),
        ("blog.test", "social media", None, "Organic Social"),
        ("youtube.com", "retargeting", None, "Paid Video"),
        ("youtu.be", None, None, "Organic Video"),
        ("blog.test", "video", None, "Organic Video"),
        ("blog.test", "cpm", None, "Display"),
        ("blog.test", "banner", None, "Display"),
        ("blog.test", "cpc", None, "Paid Other"),
        ("claude.ai", None, None, "AI Assistants"),
        ("meta.ai", None, None, "AI Assistants"),
        ("notebooklm.google.com", None, None, "AI Assistants"),
        ("docs.google.com", None, None, "Referral"),
        ("news", "email", None, "Email"),
        ("newsletter", None, None, "Email"),
        ("Spring-Newsletter-7", None, None, "Email"),
        ("outlook.live.com", None, None, "Email"),
        ("mail.yandex.ru", None, None, "Email"),
        ("blog.test", "affiliate", None, "Affiliates"),
        ("blog.test", "audio", None, "Audio"),
        ("sms", None, None, "SMS"),
        ("blog.test", "web-push", None, "Mobile Push Notifications"),
        ("firebase", None, None, "Mobile Push Notifications"),
    ],
)
def test_channels(
    source: str | None, medium: str | None, campaign: str | None, channel: str
) -> None:
    tag = source if source and "." not in source else None

    assert find_traffic_source(source, None, medium, campaign, tag=tag).channel == channel


@pytest.mark.parametrize(
    ("source", "query", "medium", "channel"),
    [
        ("google.com", "gclid=1", "(gclid)", "Paid Search"),
        ("google.de", "a=b&gclid", "(gclid)", "Paid Search"),
        ("bing.com", "msclkid=1", "(msclkid)", "Paid Search"),
        ("google.com", "msclkid=1", None, "Organic Search"),
        ("duckduckgo.com", "gclid=1", None, "Organic Search"),
        ("blog.test", "gclid=1", None, "Referral"),
        (None, "gclid=1", None, "Direct"),
        ("google.com", "GCLID=1&xgclid=1", None, "Organic Search"),
        ("google.com", "", None, "Organic Search"),
    ],
)
def test_an_advertisement_is_known_by_its_click_id(
    source: str | None, query: str, medium: str | None, channel: str
) -> None:
    click_id = click_id_of(query)

    assert medium_of_click(source, click_id) == medium
    assert find_traffic_source(source, None, None, None, click_id=click_id).channel == channel


@pytest.mark.parametrize(
    ("source", "referrer", "shown"),
    [
        ("b.test", "https://www.b.test/a/b/?q=secret#top", "b.test/a/b"),
        ("b.test", "android-app://com.b.test/", "com.b.test"),
        ("tag", "https://b.test/a", "b.test/a"),
        (None, "https://b.test/a", None),
        ("tag", None, None),
        ("tag", "ftp://b.test/a", None),
        ("tag", "https://", None),
    ],
)
def test_the_referring_page_is_host_and_path(
    source: str | None, referrer: str | None, shown: str | None
) -> None:
    assert find_traffic_source(source, referrer, None, None).referrer == shown
