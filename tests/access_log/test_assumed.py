"""What is assumed where a log has neither Accept nor a content type."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import product

import pytest

from footfall.access_log import assumed
from footfall.model import Hit
from footfall.rules.pageview.navigation_rules import NAVIGATION_RULES
from footfall.rules.pageview.options import PageviewOptions
from footfall.rules.pageview.request_rules import REQUEST_RULES
from footfall.rules.pageview.response_rules import RESPONSE_RULES
from footfall.rules.pageview.rule_types import Navigation
from tests.access_log.support import FIREFOX
from tests.support.documents import ROOT

ALL_RULES = PageviewOptions(respect_dnt=True, respect_gpc=True, track_404=True)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", assumed.PAGE),
        ("/blog/node.js-for-beginners", assumed.PAGE),
        ("/index.php", assumed.PAGE),
        ("/v1.2/", assumed.PAGE),
        ("/health/heart-disease", assumed.PAGE),
        ("/apiary", assumed.PAGE),
        ("/feeding-cats", assumed.PAGE),
        ("/static/app.js", assumed.ASSET),
        ("/logo.SVG", assumed.ASSET),
        ("/favicon.ico", assumed.ASSET),
        ("/robots.txt", assumed.ASSET),
        ("/.well-known/security", assumed.ASSET),
        ("/report.pdf", assumed.DOWNLOAD),
        ("/prices.XLSX", assumed.DOWNLOAD),
        ("/api/items", assumed.DATA),
        ("/blog/api/", assumed.DATA),
        ("/graphql", assumed.DATA),
        ("/wp-json/wp/v2/posts", assumed.DATA),
        ("/feed/", assumed.FEED),
        ("/blog/rss", assumed.FEED),
    ],
)
def test_the_path_says_what_is_likely(path: str, kind: assumed.Kind) -> None:
    assert assumed.kind_of(path) == kind


@pytest.mark.parametrize(
    ("status", "size", "content_type"),
    [
        (200, 5120, "text/html"),
        (200, None, "text/html"),
        (200, 0, ""),
        (304, 0, ""),
        (404, 0, "text/html"),
    ],
)
def test_a_response_without_content_has_no_type(
    status: int, size: int | None, content_type: str
) -> None:
    found = assumed.response_headers_of(assumed.PAGE, status, size)
    assert found.get("content-type", "") == content_type


def test_a_missing_file_is_answered_with_a_page() -> None:
    found = assumed.response_headers_of(assumed.ASSET, 404, 153)
    assert found == {"content-type": "text/html"}


class ReadHeaders(Mapping[str, str]):
    """Headers that know which of them were read."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return self._headers[name]

    def __iter__(self) -> Iterator[str]:
        self.names.add("any")
        return iter(self._headers)

    def __len__(self) -> int:
        return len(self._headers)


def reads_what_is_not_logged(rule: Callable[..., object], *arguments: object) -> bool:
    """Whether a rule reads a header that a line in the combined format does not have."""
    for path, status in product(("/", "/prices.pdf"), (101, 200, 304, 404)):
        sent = ReadHeaders({"user-agent": FIREFOX})
        answered = ReadHeaders({"content-type": "text/html"})
        hit = Hit(path=path, status=status, headers=sent, response_headers=answered)
        rule(hit, ALL_RULES, *arguments)
        if answered.names or sent.names - {"user-agent", "referer"}:
            return True
    return False


def test_the_manual_names_the_rules_that_a_combined_log_cannot_decide() -> None:
    page = (ROOT / "docs" / "access-logs.md").read_text(encoding="utf-8")
    table = page.partition("| rule | reads |")[2].partition("\n\n")[0]
    documented = re.findall(r"`([ABC]\.\d \w+)`", table)
    found = [name for name, rule in REQUEST_RULES if reads_what_is_not_logged(rule)]
    found += [name for name, rule in NAVIGATION_RULES if reads_what_is_not_logged(rule)]
    page_asked = Navigation("navigation", "", is_page=True)
    found += [name for name, rule in RESPONSE_RULES if reads_what_is_not_logged(rule, page_asked)]
    # The host is no header of a hit, and no part of the format.
    assert sorted(documented) == sorted([*found, "A.3 localhost"])
