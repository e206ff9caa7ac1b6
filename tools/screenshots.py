"""Makes the pictures of the README: `python tools/screenshots.py`, with Chromium and Playwright.

docs/images/dashboard.png   the collector's dashboard, over invented visits
docs/images/hit.png         the page of one hit, of `footfall demo`
"""

from __future__ import annotations

import asyncio
import math
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2
from playwright.sync_api import Page, sync_playwright

from footfall.collector import CollectorServer
from footfall.collector.app import create_app
from footfall.collector.storage.store import Store

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SITE = "example.com"
# Twice the period that is shown, since that is compared with the one before.
DAYS = 60
# Of a day of the week, from Monday on.
VISITS = (64, 71, 68, 66, 58, 31, 34)

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/"
BROWSERS = {
    f"{CHROME}142.0.0.0 Safari/537.36": 9,
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0": 4,
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.6 Mobile/15E148 Safari/604.1": 6,
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Mobile Safari/537.36": 5,
    f"{CHROME}142.0.0.0 Safari/537.36 Edg/142.0.0.0": 2,
}
SOURCES = {
    "": 8,
    "https://www.google.com/": 9,
    "https://news.ycombinator.com/": 4,
    "https://duckduckgo.com/": 2,
    "https://chatgpt.com/": 3,
    "https://github.com/": 3,
    "https://www.reddit.com/": 2,
}
CAMPAIGNS = {
    "": 14,
    "?utm_source=newsletter&utm_medium=email&utm_campaign=november": 3,
    "?utm_source=mastodon&utm_medium=social": 1,
}
PAGES = {
    "/": 9,
    "/blog/counting-without-a-script": 7,
    "/docs/start": 5,
    "/pricing": 4,
    "/blog/behind-a-proxy": 3,
    "/docs/options": 3,
    "/about": 1,
}
COUNTRIES = {"US": 7, "DE": 6, "GB": 3, "FR": 3, "AT": 2, "NL": 2, "IN": 2, "BR": 1, "JP": 1}
BOTS = {
    "Mozilla/5.0 AppleWebKit/537.36 (compatible; GPTBot/1.2; +https://openai.com/gptbot)": 6,
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": 5,
    "Mozilla/5.0 (compatible; ClaudeBot/1.0; +claudebot@anthropic.com)": 4,
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)": 3,
}

# Invented, and the same each time.
chance = random.Random(7)


def one_of(weights: dict[str, int]) -> str:
    return chance.choices(list(weights), list(weights.values()))[0]


def moments(now: float) -> Iterator[float]:
    """When visits begin, in seconds since the epoch, oldest first."""
    midnight = now - now % 86_400
    for day in range(DAYS, -1, -1):
        begin = midnight - day * 86_400
        number = VISITS[time.gmtime(begin).tm_wday] * (1 + 0.01 * (DAYS - day))
        hours = (chance.gauss(14, 4.5) % 24 for _ in range(round(chance.gauss(number, 5))))
        yield from (at for hour in sorted(hours) if (at := begin + hour * 3_600) < now - 900)
    yield from (now - 240, now - 150, now - 60)


def visit(at: float) -> Iterator[tuple[float, dict[str, Any], dict[str, str]]]:
    """The events of one visit: when, what and with which headers."""
    address = f"203.0.{chance.randrange(256)}.{chance.randrange(256)}"
    headers = {
        "user-agent": one_of(BROWSERS),
        "x-forwarded-for": address,
        "cf-ipcountry": one_of(COUNTRIES),
    }
    if chance.random() < 0.12:
        headers["user-agent"] = one_of(BOTS)
    campaign = one_of(CAMPAIGNS)
    referrer = "" if campaign else one_of(SOURCES)
    for number in range(1 + round(-math.log(chance.random() + 0.05))):
        url = f"https://{SITE}{one_of(PAGES)}{'' if number else campaign}"
        yield at, {"name": "pageview", "url": url, "referrer": "" if number else referrer}, headers
        at += chance.uniform(15, 150)
    if chance.random() < 0.06:
        props = {"plan": chance.choice(["free", "free", "pro"])}
        yield at, {"name": "Signup", "url": f"https://{SITE}/signup", "props": props}, headers


async def write_visits(file: Path) -> None:
    """Post the visits to a collector whose clock shows when each event happens."""
    now = time.time()
    clock = [now]
    with closing(Store(file, clock=lambda: clock[0])) as store:
        transport = httpx2.ASGITransport(app=create_app(store))
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            for begin in moments(now):
                for at, event, headers in visit(begin):
                    clock[0] = at
                    answer = await http.post(
                        "/api/event", json=event | {"domain": SITE}, headers=headers
                    )
                    answer.raise_for_status()


@contextmanager
def demo() -> Iterator[tuple[str, str]]:
    """A running `footfall demo`: the addresses of its site and of its collector."""
    line = [sys.executable, "-m", "footfall", "demo", "-p", "0", "--collector-port", "0"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        site, collector = (re.split(r"\s+", running.stdout.readline().strip())[1] for _ in range(2))
        try:
            yield site, collector
        finally:
            running.send_signal(signal.SIGINT)
            running.communicate(timeout=20)


def take(page: Page, name: str, height: int) -> None:
    clip = {"x": 0, "y": 0, "width": 1100, "height": height}
    page.screenshot(path=IMAGES / name, clip=clip, full_page=True)  # type: ignore[arg-type]


def main() -> None:
    """Write the pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "visits.sqlite3"
        asyncio.run(write_visits(file))
        take_pictures(file)


def take_pictures(file: Path) -> None:
    """Take them with a browser; `file` is a collector's."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(
            viewport={"width": 1100, "height": 800},
            user_agent=f"{CHROME}142.0.0.0 Safari/537.36",
            color_scheme="light",
        )
        with CollectorServer(file, port=0) as collector:
            page.goto(f"{collector.url}/?period=30d")
            take(page, "dashboard.png", 1010)
        with demo() as (site, collector_url):
            forged = {
                "user-agent": next(iter(BOTS)),
                "x-forwarded-for": "198.51.100.7, 203.0.113.9",
            }
            httpx2.get(f"{site}/pricing", headers=forged)
            page.goto(f"{collector_url}/live")
            page.locator(".path", has_text="/pricing").click()
            page.get_by_text("The decision").wait_for()
            take(page, "hit.png", 620)


if __name__ == "__main__":
    main()
