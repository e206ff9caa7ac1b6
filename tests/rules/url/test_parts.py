"""An absolute URL is split into its parts, or is none."""

from __future__ import annotations

import pytest

from footfall.rules.url.parts import UrlParts, split_url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param(
            " HTTPS://Me:pw@Example.com:443/a/B?x=1#top ",
            UrlParts("https", "example.com", "/a/B", "x=1"),
            id="user, port and fragment go",
        ),
        pytest.param(
            "https://example.com", UrlParts("https", "example.com", "", ""), id="only a host"
        ),
        pytest.param(
            "android-app://com.Example.App/x",
            UrlParts("android-app", "com.Example.App", "/x", ""),
            id="an app's case is kept",
        ),
        pytest.param("app:///login", UrlParts("app", "", "/login", ""), id="an app without a host"),
        pytest.param(
            "http://example.com\\@evil.test\\x?a=\\b",
            UrlParts("http", "example.com", "/@evil.test/x", "a=\\b"),
            id="a backslash ends the host",
        ),
        pytest.param(
            "HTTP:\\\\example.com/",
            None,
            id="no slashes behind the scheme",
        ),
        pytest.param(
            "app://host\\x/y", None, id="an app's backslash is none of a host, nor a slash"
        ),
        pytest.param(
            "https://example.com:80/a", UrlParts("https", "example.com:80", "/a", ""), id="its port"
        ),
        pytest.param(
            "http://example.com:443", UrlParts("http", "example.com:443", "", ""), id="http's, too"
        ),
        pytest.param("https://exam ple.com/", None, id="an invalid host"),
        pytest.param("https:///path", None, id="no host"),
        pytest.param("//example.com/", None, id="no scheme"),
        pytest.param("/path", None, id="a path"),
        pytest.param("http://[::1", None, id="where the standard library raises"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_a_url_is_split_without_user_and_fragment(url: str, expected: UrlParts | None) -> None:
    assert split_url(url) == expected
