"""The path below which something is served."""

from __future__ import annotations

import pytest

from footfall.common.path_prefix import is_below, normalized_path, path_below_root


@pytest.mark.parametrize(
    ("text", "path"),
    [("/stats", "/stats"), (" stats/ ", "/stats"), ("/a/b~1/", "/a/b~1"), ("/", ""), ("", "")],
)
def test_a_path_has_one_spelling(text: str, path: str) -> None:
    assert normalized_path(text) == path


@pytest.mark.parametrize("text", ["https://example.com/stats", "/a//b", "/a b", "/a?b", "/../a"])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="such as /stats"):
        normalized_path(text)


def test_what_is_below_a_path() -> None:
    below = ["/stats", "/stats/", "/stats/live", "/statistics", "/stats.css", "/", "", "/a/stats"]
    assert [path for path in below if is_below(path, "/stats")] == below[:3]


@pytest.mark.parametrize(
    ("path", "root", "below"),
    [
        ("/shop/stats", "/shop", "/stats"),
        ("/shop/stats", "/shop/", "/stats"),
        ("/stats", "/shop", "/stats"),
        ("/shopping", "/shop", "/shopping"),
        ("/shop", "/shop", ""),
    ],
)
def test_a_mount_is_taken_away_where_a_server_has_it(path: str, root: str, below: str) -> None:
    assert path_below_root(path, root) == below
