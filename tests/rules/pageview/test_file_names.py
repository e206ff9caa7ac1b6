"""File names that pages never have: static files, well-known files, downloads."""

from __future__ import annotations

import pytest

from footfall.rules.pageview.file_names import (
    extension_of,
    is_static,
    is_well_known,
    reason_for_file,
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a.pdf", "pdf"),
        ("/A.PDF", "pdf"),
        ("/archive.tar.gz", "gz"),
        ("/pdf", ""),
        ("/v1.2/page", ""),
        ("/", ""),
        ("", ""),
        ("/.env", "env"),
        ("/page.", ""),
        ("/" + "x" * 100 + ".css", "css"),
        ("/x." + "c" * 100, ""),
    ],
)
def test_an_extension_follows_the_last_dot_of_the_file_name(path: str, expected: str) -> None:
    assert extension_of(path) == expected


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/app.js", "static_file"),
        ("/guide.pdf", "static_file"),
        ("/cat.PNG", "static_file"),
        ("/favicon.ico", "well_known"),
        ("/blog/Favicon.ICO", "well_known"),
        ("/apple-touch-icon-120x120", "well_known"),
        ("/sitemap-1.xml.gz", "well_known"),
        ("/app.js.map", "well_known"),
        ("/.well-known/security.txt", "well_known"),
        ("/sitemap", None),
        ("/index.html", None),
        ("/index.php", None),
        ("/blog/.well-known/x", None),
    ],
)
def test_a_file_name_may_show_that_a_path_is_no_page(path: str, reason: str | None) -> None:
    assert reason_for_file(path) == reason
    assert (is_well_known(path) or is_static(path)) is (reason is not None)
