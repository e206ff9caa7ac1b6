"""Browsers, systems and devices by their User-Agent."""

from __future__ import annotations

import pytest

from footfall.collector.wire.browser import Browser, detect_browser
from tests.collector.support import FIREFOX


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [
        (FIREFOX, Browser("Firefox", "Linux", "Desktop", "140", None)),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
            Browser("Edge", "Windows", "Desktop", "142", "10 or 11"),
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
            Browser("Safari", "iOS", "Mobile", "18.0", "18.0"),
        ),
        (
            "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/142.0.0.0 Mobile Safari/537.36",
            Browser("Chrome", "Android", "Mobile", "142", "15"),
        ),
        (
            "Mozilla/5.0 (Linux; Android 15; Pixel Tab) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/142.0.0.0 Safari/537.36",
            Browser("Chrome", "Android", "Tablet", "142", "15"),
        ),
        ("Mozilla/5.0 (iPad; CPU OS 18_0)", Browser(None, "iPadOS", "Tablet", None, "18.0")),
        ("", Browser(None, None, None, None, None)),
        ("curl/8.5.0", Browser("curl", None, None, "8", None)),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like "
            "Gecko) Chrome/141.0.0.0 Safari/537.36 OPR/125.0.0.0",
            Browser("Opera", "macOS", "Desktop", "125", "10.15"),
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
    ],
)
def test_browsers(user_agent: str, expected: Browser) -> None:
    assert detect_browser(user_agent) == expected
