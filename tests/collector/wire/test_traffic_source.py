"""Sources and channels by host and UTM tag."""

from __future__ import annotations

import pytest

from footfall.collector.wire.traffic_source import find_traffic_source, source_name


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("google.com", "Google"),
        ("google.co.uk", "Google"),
        ("news.google.de", "Google"),
        ("mail.google.com", "Gmail"),
        ("gemini.google.com", "Gemini"),
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


@pytest.mark.parametrize(
    ("source", "medium", "campaign", "channel"),
    [
        (None, None, None, "Direct"),
        ("blog.test", None, None, "Referral"),
        (None, "referral", None, "Referral"),
        ("github.com", None, None, "Referral"),
        ("google.com", None, None, "Organic Search"),
        (None, "organic", None, "Organic Search"),
        ("google.com", "cpc", None, "Paid Search"),
        ("google.com", "cpc", "Cross-network", "Cross-network"),
        ("google.com", "CPC", "summer-shop", "Paid Shopping"),
        ("ebay.de", "ppc", None, "Paid Shopping"),
        ("ebay.de", None, None, "Organic Shopping"),
        ("blog.test", None, "shopping", "Organic Shopping"),
        ("facebook", "paid_social", None, "Paid Social"),
        ("facebook.com", None, None, "Organic Social"),
        ("blog.test", "social", None, "Organic Social"),
        ("youtube.com", "retargeting", None, "Paid Video"),
        ("youtu.be", None, None, "Organic Video"),
        ("blog.test", "video", None, "Organic Video"),
        ("blog.test", "cpm", None, "Display"),
        ("blog.test", "banner", None, "Display"),
        ("blog.test", "cpc", None, "Paid Other"),
        ("claude.ai", None, None, "AI Assistants"),
        ("news", "email", None, "Email"),
        ("newsletter", None, None, "Email"),
        ("outlook.live.com", None, None, "Email"),
        ("blog.test", "affiliate", None, "Affiliates"),
        ("blog.test", "audio", None, "Audio"),
        ("sms", None, None, "SMS"),
        ("blog.test", "web-push", None, "Mobile Push Notifications"),
    ],
)
def test_channels(
    source: str | None, medium: str | None, campaign: str | None, channel: str
) -> None:
    assert find_traffic_source(source, None, medium, campaign).channel == channel


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
