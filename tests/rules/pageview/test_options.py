"""The defaults are the documented ones, and nothing can change them."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from footfall.rules.pageview import DOWNLOAD_EXTENSIONS, PageviewOptions


def test_the_defaults_are_the_documented_ones() -> None:
    assert PageviewOptions() == PageviewOptions(
        track_localhost=False,
        prefetch="skip",
        bots="skip",
        is_bot=None,
        track_404=False,
        track_downloads=True,
        download_extensions=DOWNLOAD_EXTENSIONS,
        respect_dnt=False,
        respect_gpc=False,
        skip_spam_referrers=True,
        track_iframes=False,
        track_feeds=False,
        is_api=None,
        excluded_by=None,
    )
    assert len(DOWNLOAD_EXTENSIONS) == 26


def test_options_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(PageviewOptions(), "bots", "count")  # noqa: B010 -- mypy would object before the test does
