"""pytest-django's `live_server`, in a test suite like a user's: a real server on localhost."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.support.raw_requests import NAVIGATION
from tests.support.user_suite import PYTEST

SETTINGS = """
from django.http import HttpResponse
from django.urls import path

SECRET_KEY = "of a test"
ALLOWED_HOSTS = ["localhost"]
STATIC_URL = "/static/"
ROOT_URLCONF = "site_settings"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
MIDDLEWARE = ["footfall.django.FootfallMiddleware"]
FOOTFALL = {"destinations": ["plausible://plausible.io/example.com"]}
urlpatterns = [path("page", lambda request: HttpResponse("<h1>Page</h1>"))]
"""

# The client names the server's own host.
HEADERS = {name: value for name, value in NAVIGATION.items() if name != "Host"}
SUITE = f"""
import os
from urllib.request import Request, urlopen

HEADERS = {HEADERS!r}

def test_a_page(live_server, footfall_outbox):
    with urlopen(Request(live_server.url + "/page", headers=HEADERS)) as response:
        assert response.read() == b"<h1>Page</h1>"
    print("outbox:", repr(footfall_outbox))
    print("urls:", [event.url.replace(live_server.url, "LIVE") for event in footfall_outbox])
"""


def run_suite(folder: Path, **variables: str) -> str:
    (folder / "site_settings.py").write_text(SETTINGS)
    (folder / "test_site.py").write_text(SUITE)
    done = subprocess.run(
        [*PYTEST, "-q", "-s", "--ds", "site_settings"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    return done.stdout


def test_the_outbox_says_why_it_is_empty_and_what_to_set(tmp_path: Path) -> None:
    output = run_suite(tmp_path)
    assert "outbox: Outbox([], reasons: 1 localhost. " in output
    assert "`live_server`" in output
    assert "FOOTFALL_TRACK_LOCALHOST=1" in output


def test_with_the_remedy_its_pages_count(tmp_path: Path) -> None:
    assert "urls: ['LIVE/page']" in run_suite(tmp_path, FOOTFALL_TRACK_LOCALHOST="1")
