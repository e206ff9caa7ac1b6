"""What is assumed where a log has neither Accept nor a content type."""

from __future__ import annotations

import pytest

from footfall.access_log import assumed


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
