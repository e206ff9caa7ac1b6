"""Browsers, systems and devices by their User-Agent."""

from __future__ import annotations

import pytest

from footfall.collector.wire.browser import Browser, detect_browser
from tests.collector.support import FIREFOX


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [
        (FIREFOX, Browser("Firefox", "GNU/Linux", "Desktop", "140.0", None)),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
            Browser("Microsoft Edge", "Windows", "Desktop", "142.0", "10"),
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
            Browser("Safari", "iOS", "Mobile", "18.0", "18.0"),
        ),
        (
            "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/142.0.0.0 Mobile Safari/537.36",
            Browser("Chrome", "Android", "Mobile", "142.0", "15"),
        ),
        (
            "Mozilla/5.0 (Linux; Android 15; Pixel Tab) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/142.0.0.0 Safari/537.36",
            Browser("Chrome", "Android", "Tablet", "142.0", "15"),
        ),
        ("Mozilla/5.0 (iPad; CPU OS 18_0)", Browser(None, "iPadOS", "Tablet", None, "18.0")),
        ("", Browser(None, None, None, None, None)),
        ("curl/8.5.0", Browser("curl", None, None, "8.5", None)),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like "
            "Gecko) Chrome/141.0.0.0 Safari/537.36 OPR/125.0.0.0",
            Browser("Opera", "Mac", "Desktop", "125.0", "10.15"),
        ),
        (
            "Mozilla/5.0 (Linux; Android 6.0; U007 Pro Build/MRA58K; wv) AppleWebKit/537.36 (KHTML,"
            " like Gecko) Version/4.0 Chrome/44.0.2403.119 Mobile Safari/537.36",
            Browser("Mobile App", "Android", "Mobile", "44.0", "6.0"),
        ),
        (
            "Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko",
            Browser("Internet Explorer", "Windows", "Desktop", "11.0", "7"),
        ),
        (
            "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            Browser("Firefox", "Ubuntu", "Desktop", "140.0", None),
        ),
    ],
    ids=[
        "Firefox",
        "Edge",
        "iPhone",
        "Android phone",
        "Android tablet",
        "iPad",
        "nothing",
        "curl",
        "Opera",
        "an app",
        "Internet Explorer",
        "Ubuntu",
    ],
)
def test_browsers(user_agent: str, expected: Browser) -> None:
    assert detect_browser(user_agent) == expected
