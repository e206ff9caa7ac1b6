"""The path of a page is spelled as the visitor's browser spells it."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.rules.url import path_in_target, sent_path
from tests.rules.url.hits import ANY_TEXT, url_of

# The target of a request, the path that a server makes of it, and how that is spelled.
SPELLINGS: dict[str, tuple[str, str, str]] = {
    "plain": ("/a/b", "/a/b", ""),
    "an escape in the query alone": ("/a?b=%20", "/a", ""),
    "plus signs": ("/tag/c%2B%2B", "/tag/c++", "/tag/c%2B%2B"),
    "a slash in a segment": ("/a%2Fb/c?x=1", "/a/b/c", "/a%2Fb/c"),
    "what needs no escape": ("/%7Ejo/%61", "/~jo/a", "/%7Ejo/%61"),
    "small digits": ("/caf%c3%a9", "/café", "/caf%c3%a9"),
    "an escape of a percent sign": ("/100%25", "/100%", "/100%25"),
    "a percent sign that escapes nothing": ("/100%/a", "/100%/a", "/100%/a"),
    "bytes that are no UTF-8": ("/caf%E9", "/caf\ufffd", "/caf%E9"),
    "such bytes by Django": ("/caf%E9/%C3%A9", "/caf%E9/é", "/caf%E9/%C3%A9"),
    "bytes that no browser sends": ("/caf\xc3\xa9/a%20b", "/café/a b", "/café/a%20b"),
    "scheme and host": ("HTTP://example.com:80/a%2Fb?c", "/a/b", "/a%2Fb"),
    "a fragment": ("/a%2Fb#c", "/a/b", "/a%2Fb"),
    "slashes at the start": ("//a.example/b%20c", "//a.example/b c", "//a.example/b%20c"),
    "slashes that a server merged": ("//a%2B", "/a+", "/a%2B"),
    "dots": ("/a/../b%2B", "/a/../b+", "/a/../b%2B"),
    "dots that a proxy resolved": ("/a/../b%2B", "/b+", "/b%2B"),
    "no mount point": ("/a%2B", "/shop/a+", "/shop/a%2B"),
    "a mount point with spaces": ("/a%2B", "/the shop/a+", "/the%20shop/a%2B"),
    "an outer part": ("/out%2Fer/a%2B/b", "/a+/b", "/a%2B/b"),
    "an outer part that ends in a segment": ("/out%2Fa%2B", "/a+", ""),
    "another path": ("/out/a%2B", "/index.php", ""),
    "a path that was made one with its query": ("/a%3Fb", "/a?b", "/a%3Fb"),
}


@pytest.mark.parametrize(("target", "path", "expected"), SPELLINGS.values(), ids=SPELLINGS)
def test_the_target_of_a_request_has_the_spelling(target: str, path: str, expected: str) -> None:
    assert sent_path(target, path) == expected


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/a/b", "/a/b"),
        ("http://example.com/a?b", "/a"),
        ("https://example.com", ""),
        ("//example.com/a", "//example.com/a"),
        ("/http://example.com/a#b", "/http://example.com/a"),
    ],
)
def test_the_path_in_a_target(target: str, expected: str) -> None:
    assert path_in_target(target) == expected


# What a browser sent, and so what `location.href` is; and what of it is sent to a vendor.
PAGES: dict[str, tuple[str, str]] = {
    "plus signs": ("/tag/c%2B%2B", "/tag/c%2B%2B"),
    "plus signs as they are": ("/tag/c++", "/tag/c++"),
    "a slash in a segment": ("/a%2Fb", "/a%2Fb"),
    "a tilde": ("/%7Ejo", "/%7Ejo"),
    "a bar": ("/a|b", "/a|b"),
    "an escaped bar": ("/a%7Cb", "/a%7Cb"),
    "brackets": ("/a[1]/%5B2%5D", "/a[1]/%5B2%5D"),
    "bytes that are no UTF-8": ("/caf%E9", "/caf%E9"),
    "a percent sign that escapes nothing": ("/100%/%20", "/100%/%20"),
    "what no browser sends": ("/%41<b>é", "/%41%3Cb%3E%C3%A9"),
    "a secret": ("/a%2Bb/%75ser/jo%40mail.example", "/a%2Bb/%75ser/:email"),
    "a secret behind an escaped slash": ("/a/user%2Fjo%40mail.example", "/a/user%2F:email"),
    "a key behind an escaped slash": (
        "/x%2Freset/550e8400-e29b-41d4-a716%2D446655440000",
        "/x%2Freset/:token",
    ),
    "a session": ("/cart%3Bjsessionid=0A1B/%7E", "/cart/%7E"),
}


@pytest.mark.parametrize(("sent", "expected"), PAGES.values(), ids=PAGES)
def test_a_page_keeps_the_spelling_of_the_browser(sent: str, expected: str) -> None:
    assert url_of(path=unquote(sent), raw_path=sent) == f"https://example.com{expected}"


def test_of_a_target_that_is_longer_than_any_url_no_more_is_read() -> None:
    assert sent_path("/" + "%41" * 20_000, "/" + "A" * 20_000) == ""


@given(sent=ANY_TEXT.map("/".__add__), path=ANY_TEXT)
def test_no_text_breaks_it(sent: str, path: str) -> None:
    found = sent_path(sent, path)
    assert found == "" or unquote(found) in {path, unquote(path), unquote(unquote(path))}


@given(segments=st.lists(st.sampled_from(["a", "%2F", "%61b", "%C3%A9", ""]), max_size=6))
def test_the_outer_part_of_a_target_is_left_out(segments: list[str]) -> None:
    inner = "/" + "/".join(segments) + "/%7E"
    assert sent_path("/outer%20part" + inner, unquote(inner)) == inner
