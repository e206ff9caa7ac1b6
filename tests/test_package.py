"""The functions of the package `footfall`, which views call."""

from __future__ import annotations

import subprocess
import sys

import footfall


def test_outside_a_request_the_helpers_do_nothing() -> None:
    footfall.set_props(a=1)
    footfall.ignore()
    assert footfall.current_visitor() == {}


def test_track_pageview_logs_once_that_no_app_was_set_up() -> None:
    code = "import footfall\nfor _ in range(3): footfall.track_pageview(url='https://a.example/')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.count("no app was set up") == 1


def test_track_logs_once_that_no_app_was_set_up() -> None:
    code = "import footfall\nfor _ in range(3): footfall.track('Paid')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.count("no app was set up") == 1
