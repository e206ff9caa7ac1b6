"""Which pages may be tracked: globs, regexes, functions, and warnings about odd settings."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.errors import ConfigError
from footfall.model import Hit
from footfall.rules.path_rules import DEFAULT_EXCLUDE, PathRules, Pattern, pattern_list


def is_excluded(path: str, *exclude: Pattern) -> bool:
    return PathRules(exclude=exclude).excluded_by(Hit(path=path)) is not None


def is_staff(hit: Hit) -> bool:
    return hit.props.get("staff") is True


def broken(hit: Hit) -> bool:
    raise RuntimeError(hit.path)


# Globs

GLOBS: dict[str, tuple[list[str], list[str]]] = {
    "/admin/**": (
        ["/admin", "/admin/", "/admin/x", "/admin/x/y/", "/admin//x"],
        ["/administrator", "/my/admin/", "/Admin/"],
    ),
    "/blog/*": (["/blog/a", "/blog/a/"], ["/blog", "/blog/", "/blog/a/b", "/blog//"]),
    "/*/edit": (["/posts/edit"], ["/posts/1/edit", "/edit", "//edit"]),
    "/**/edit": (["/edit", "/posts/edit", "/posts/1/edit", "/edit/"], ["/editor", "/xedit"]),
    "/v1.0/**": (["/v1.0/x"], ["/v1x0/x"]),
    "/a?c": (["/abc", "/a.c", "/aéc"], ["/ac", "/a/c", "/abbc"]),
    "/": (["/", ""], ["/a", "//"]),
    "/about": (["/about", "/about/"], ["/about/us", "/about//", "/aboutus"]),
    "/about/": (["/about", "/about/"], ["/about/us"]),
    "/**": (["/", "/a", "/a/b/"], []),
    "/**/": (["/", "/a", "/a/b/"], []),
    "/**/**": (["/", "/a", "/a/b/"], []),
    "/****": (["/", "/a", "/a/b/"], []),
    "/*": (["/a", "/a/"], ["/", "/a/b"]),
    "/blog*": (["/blog", "/blogs", "/blog-1/"], ["/blog/a", "/my/blog"]),
    "/blog**": (["/blog", "/blogs", "/blog/a/b"], ["/my/blog"]),
    "/**.pdf": (["/a.pdf", "/x/a.pdf", "/.pdf"], ["/a.pdfx", "/a.pdf/b"]),
    "/**/*.pdf": (["/a.pdf", "/x/y/a.pdf"], ["/a.pdfx", "/apdf"]),
    "/a/**/b": (["/a/b", "/a/x/b", "/a/x/y/b/", "/a//b"], ["/ab", "/a/xb", "/a/b/c"]),
    "/a/**/**/b": (["/a/b", "/a/x/b"], ["/ab"]),
    "/**/a/**/a": (["/a/a/", "/a/x/a/"], ["/a/", "/a"]),
    "/a**b*c": (["/abc", "/a/b-c", "/ax/y/zbc"], ["/ab/c", "/a"]),
    "/**/a*b/c/**": (["/ab/c", "/x/a-b/c/d/e", "/ab/x/ab/c"], ["/ab/d", "/ac/c"]),
    "/*a": (["/a", "/ba", "/aa"], ["/ab", "/b/a"]),
    "/*a/b": (["/aa/b", "/ca/b"], ["/ac/b", "/a/c"]),
    "/[ab]{2,3}(d)+$": (["/[ab]{2,3}(d)+$"], ["/ac(d)+$", "/a"]),
    "/café/*": (["/café/1"], ["/caf\ufffd/1"]),
    "/a\\?": (["/a\\b"], ["/a?", "/ab"]),
    "/line*end": (["/line\nend"], []),
}


@pytest.mark.parametrize(
    ("glob", "path"),
    [(glob, path) for glob, (matching, _) in GLOBS.items() for path in matching],
)
def test_a_glob_matches(glob: str, path: str) -> None:
    assert is_excluded(path, glob)


@pytest.mark.parametrize(
    ("glob", "path"),
    [(glob, path) for glob, (_, others) in GLOBS.items() for path in others],
)
def test_a_glob_does_not_match(glob: str, path: str) -> None:
    assert not is_excluded(path, glob)


def obvious_regex(glob: str) -> str:
    """The rules of globs once more, as a plain regex that may backtrack as long as it likes."""
    meanings = {
        r"/\*{2,}(?=/|$)": r"(?:/.*)?",
        r"\*{2,}": r".*",
        r"(?<=/)\*(?=/|$)": r"[^/]+",
        r"\*": r"[^/]*",
        r"\?": r"[^/]",
    }
    tokens = "|".join(f"({token})" for token in meanings)
    regexes = list(meanings.values())

    def regex_of(found: re.Match[str]) -> str:
        return regexes[found.lastindex - 1] if found.lastindex else re.escape(found[0])

    return re.sub(f"{tokens}|.", regex_of, glob.removesuffix("/")) + "/?"


@given(
    glob=st.lists(
        st.sampled_from(["a", "b", "/", "?", "*", "**", "/*/", "/**/", "/**"]), max_size=8
    ).map(lambda tokens: "/" + "".join(tokens)),
    some_paths=st.lists(st.text("ab/", max_size=9).map("/".__add__), min_size=20, max_size=40),
)
def test_a_glob_means_what_the_obvious_regex_means(glob: str, some_paths: list[str]) -> None:
    rules = PathRules(exclude=[glob])
    regex = re.compile(obvious_regex(glob), re.DOTALL)

    actual = [path for path in some_paths if rules.excluded_by(Hit(path=path))]

    assert actual == [path for path in some_paths if regex.fullmatch(path)]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/" + "a" * 65_535, id="one segment"),
        pytest.param("/" * 65_536, id="slashes"),
        pytest.param("/a" * 32_768, id="short segments"),
        pytest.param("/" + "ab" * 16_000 + "/" + "ab" * 16_000, id="two segments"),
    ],
)
@pytest.mark.parametrize(
    "glob",
    [
        "/**a**a**a**a**c",
        "/**/a*a*a*a*c",
        "/**/a*/**/a*/**/c",
        "/*a*a*a*a*a*c",
        "/**?**?**?**?**c",
        "/**/*/*/*/*/*/c",
        "/**b*c",
    ],
)
def test_no_path_keeps_a_glob_busy(glob: str, path: str) -> None:
    rules = PathRules(exclude=[glob])
    start = time.thread_time()

    rules.excluded_by(Hit(path=path))

    # A few milliseconds; a matcher that backtracks would need minutes.
    assert time.thread_time() - start < 1


@given(path=st.text(st.characters(exclude_categories=()), max_size=50))
def test_no_path_makes_a_rule_raise(path: str) -> None:
    rules = PathRules(exclude=["/a/**", re.compile("x$"), broken], include=["/**/b*", is_staff])

    assert isinstance(rules.excluded_by(Hit(path=path)), str | None)


# Regexes and functions


def test_a_regex_matches_anywhere_in_the_path() -> None:
    assert is_excluded("/blog/draft-7", re.compile("draft-[0-9]"))


def test_a_regex_sees_only_as_much_of_a_path_as_real_pages_have() -> None:
    assert not is_excluded("/" + "a" * 70_000 + "/end", re.compile("end"))


def test_a_function_sees_the_whole_hit() -> None:
    rules = PathRules(exclude=[is_staff])

    assert rules.excluded_by(Hit(props={"staff": True})) == "exclude is_staff()"
    assert rules.excluded_by(Hit()) is None


def test_a_function_that_raises_says_no() -> None:
    assert not is_excluded("/", broken)


def test_a_function_without_a_name_is_shown_by_its_type() -> None:
    class Everything:
        def __call__(self, hit: Hit) -> bool:
            return True

    text = PathRules(exclude=[Everything()]).excluded_by(Hit())

    assert text is not None
    assert text.endswith("Everything()")


# Lists of rules

LISTS: dict[str, tuple[dict[str, Any], str, str | None]] = {
    "nothing is configured": ({}, "/", None),
    "excluded": ({"exclude": ["/a", "/b/**"]}, "/b/c", "exclude /b/**"),
    "not excluded": ({"exclude": ["/a", "/b/**"]}, "/c", None),
    "the last match names itself": ({"exclude": ["/b/**", "/b/c"]}, "/b/c", "exclude /b/c"),
    "re-included": ({"exclude": ["/b/**", "!/b/c"]}, "/b/c", None),
    "a `!` re-includes only its own": ({"exclude": ["/b/**", "!/b/c"]}, "/b/d", "exclude /b/**"),
    "a `!` before has no effect": ({"exclude": ["!/b/c", "/b/**"]}, "/b/c", "exclude /b/**"),
    "excluded again": ({"exclude": ["/b/**", "!/b/c", "/b/?"]}, "/b/c", "exclude /b/?"),
    "included": ({"include": ["/blog/**"]}, "/blog/a", None),
    "not included": ({"include": ["/blog/**"]}, "/", "include (no pattern matched)"),
    "included, but for drafts": (
        {"include": ["/blog/**", "!/blog/drafts/**"]},
        "/blog/drafts/1",
        "include !/blog/drafts/**",
    ),
    "excludes beat includes": (
        {"include": ["/blog/**"], "exclude": ["/blog/x"]},
        "/blog/x",
        "exclude /blog/x",
    ),
    "a re-included page must still be included": (
        {"include": ["/blog/**"], "exclude": ["/shop/**", "!/shop/a"]},
        "/shop/a",
        "include (no pattern matched)",
    ),
    "commas part the globs of one text": (
        {"exclude": " /admin/** , /api/**,, !/api/docs ,"},
        "/api/v1",
        "exclude /api/**",
    ),
    "a `!` in one text": ({"exclude": "/api/**,!/api/docs"}, "/api/docs", None),
    "an empty text": ({"exclude": "", "include": " , "}, "/", None),
    "a lone regex": ({"exclude": re.compile("^/b")}, "/b", "exclude re.compile('^/b')"),
    "a tuple": ({"exclude": ("/b",)}, "/b", "exclude /b"),
}


@pytest.mark.parametrize(("settings", "path", "expected"), LISTS.values(), ids=LISTS.keys())
def test_rules_name_the_one_that_excludes(
    settings: dict[str, Any], path: str, expected: str | None
) -> None:
    assert PathRules(**settings).excluded_by(Hit(path=path)) == expected


def test_listed_gives_the_patterns_of_any_spelling_of_a_setting() -> None:
    assert pattern_list("/a, !/b") == ("/a", "!/b")
    assert pattern_list(["/a,b", is_staff]) == ("/a,b", is_staff)
    assert pattern_list(is_staff) == (is_staff,)


def test_the_repr_shows_every_rule() -> None:
    rules = PathRules(exclude=["/a/**", re.compile("x"), is_staff], include=["/b"])

    expected = "PathRules(exclude=[/a/**, re.compile('x'), is_staff()], include=[/b])"
    assert repr(rules) == expected


# The guard on the request side

PREFIXES: dict[str, tuple[list[Pattern], tuple[str, ...]]] = {
    "a folder": (["/admin/**"], ("/admin/",)),
    "a folder with a slash behind": (["/admin/**/"], ("/admin/",)),
    "a beginning": (["/admin**"], ("/admin",)),
    "everything": (["/**"], ("/",)),
    "several": (["/a/**", "/x", "/b/c/**"], ("/a/", "/b/c/")),
    "none from a page": (["/admin"], ()),
    "none from one level": (["/admin/*"], ()),
    "none from a wildcard before": (["/*/admin/**", "/**/x/**", "/a?/**"], ()),
    "none from regexes and functions": ([re.compile("^/admin/"), is_staff], ()),
    "none that a later `!` re-includes": (["/admin/**", "!/admin/help"], ()),
    "one behind the last `!`": (["/a/**", "!/a/b", "/c/**"], ("/c/",)),
    "none outside ASCII": (["/café/**", "/a/**"], ("/a/",)),
}


@pytest.mark.parametrize(("exclude", "expected"), PREFIXES.values(), ids=PREFIXES.keys())
def test_prefixes_of_excluded_folders(exclude: list[Pattern], expected: tuple[str, ...]) -> None:
    assert PathRules(exclude=exclude).excluded_prefixes == expected


GLOB_TEXT = st.lists(st.sampled_from(["a", "b", "/", "?", "*", "**", "/**"]), max_size=5).map(
    lambda tokens: "/" + "".join(tokens)
)


@given(
    exclude=st.lists(st.tuples(st.sampled_from(["", "!"]), GLOB_TEXT).map("".join), max_size=4),
    rest=st.text("ab/\n", max_size=6),
)
def test_every_path_with_an_excluded_prefix_is_excluded(exclude: list[str], rest: str) -> None:
    rules = PathRules(exclude=exclude)

    assert all(rules.excluded_by(Hit(path=prefix + rest)) for prefix in rules.excluded_prefixes)


# Misspelt patterns

MISSPELT: dict[str, tuple[Any, str]] = {
    "no slash": ("admin/**", 'write "/admin/**"'),
    "no slash behind the mark": ("!admin", 'write "!/admin"'),
    "a space before": (" /admin", 'write "/admin"'),
    "any folder, no slash": ("**/edit", 'write "/**/edit"'),
    "a file name": ("*.pdf", 'write "/**/*.pdf"'),
    "a folder below any": ("*/edit", 'write "/*/edit"'),
    "empty": ("", "leave out the empty pattern"),
    "blank": ("  ", "leave out the empty pattern"),
    "a mark alone": ("!", "leave out the empty pattern"),
    "a full URL": ("https://example.com/admin/*", 'write "/admin/*"'),
    "a full URL of the home page": ("!https://example.com", 'write "!/"'),
    "a query": ("/search?q=*", 'write "/search"'),
    "a regex as text": ("^/admin", "re.compile('^/admin')"),
    "a regex of bytes": (re.compile(b"^/\xe4"), "re.compile('^/ä')"),
    "bytes": (b"/admin", "write a list of globs"),
    "None": (None, "write a list of globs"),
    "a number": (7, "write a list of globs"),
}


@pytest.mark.parametrize(("pattern", "remedy"), MISSPELT.values(), ids=MISSPELT.keys())
def test_a_misspelt_pattern_is_refused_with_the_right_spelling(pattern: Any, remedy: str) -> None:
    with pytest.raises(ConfigError) as caught:
        PathRules(exclude=[pattern])

    (fault,) = caught.value.faults
    assert (fault.option, fault.value) == ("exclude", pattern)
    assert remedy in fault.remedy


@pytest.mark.parametrize(
    "spelling",
    [remedy[7:-1] for _, remedy in MISSPELT.values() if remedy.startswith('write "')],
)
def test_the_spelling_that_a_remedy_names_is_accepted(spelling: str) -> None:
    assert PathRules(exclude=[spelling]).excluded_by(Hit(path="/nowhere/else")) is None


def test_a_coroutine_function_is_refused() -> None:
    async def is_hidden(hit: Hit) -> bool:
        return True

    settings: Any = {"exclude": [is_hidden]}

    with pytest.raises(ConfigError, match="write a plain function"):
        PathRules(**settings)


def test_an_include_of_exceptions_alone_is_refused() -> None:
    with pytest.raises(ConfigError, match="move them to exclude"):
        PathRules(include=["!/admin/**"])


def test_a_setting_of_the_wrong_type_is_refused() -> None:
    settings: Any = {"exclude": None}

    with pytest.raises(ConfigError, match="write a list of globs"):
        PathRules(**settings)


def test_all_misspelt_patterns_are_reported_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        PathRules(exclude=["admin", "/fine", ""], include=["blog"])

    actual = [(fault.option, fault.value) for fault in caught.value.faults]
    assert actual == [("exclude", "admin"), ("exclude", ""), ("include", "blog")]


# Settings that defeat themselves

DEFEATED: dict[str, tuple[dict[str, Any], str]] = {
    "a glob that excludes everything": (
        {"exclude": ["/a", "/**"]},
        "exclude /**: matches every page, so nothing is tracked",
    ),
    "a regex that excludes everything": (
        {"exclude": [re.compile("/")]},
        "exclude re.compile('/'): matches every page, so nothing is tracked",
    ),
    "a duplicate": ({"exclude": ["/a", "/b", "/a/"]}, "exclude /a/: is listed twice"),
    "a duplicate regex": (
        {"include": [re.compile("a"), re.compile("a")]},
        "include re.compile('a'): is listed twice",
    ),
    "a duplicate function": (
        {"exclude": [is_staff, is_staff]},
        "exclude is_staff(): is listed twice",
    ),
    "a `!` before what it corrects": (
        {"exclude": ["!/a/b", "/a/**"]},
        "exclude !/a/b: re-includes nothing; put it after the pattern it corrects",
    ),
    "an include in an excluded folder": (
        {"exclude": ["/a/**"], "include": ["/b", "/a/b/*"]},
        "include /a/b/*: has no effect, exclude /a/** covers it",
    ),
    "an include of the excluded folder": (
        {"exclude": ["/a/**"], "include": ["/b", "/a"]},
        "include /a: has no effect, exclude /a/** covers it",
    ),
    "an include that is an exclude": (
        {"exclude": ["/a/*"], "include": ["/b", "/a/*/"]},
        "include /a/*/: has no effect, exclude /a/* covers it",
    ),
    "an include of an excluded page": (
        {"exclude": [re.compile("^/a")], "include": ["/b", "/a"]},
        "include /a: has no effect, exclude re.compile('^/a') covers it",
    ),
    "an escape": (
        {"exclude": ["/caf%C3%A9"]},
        "exclude /caf%C3%A9: paths are compared decoded; write the character itself",
    ),
    "a comma in a list": (
        {"exclude": ["/a,/b"]},
        "exclude /a,/b: in a list a comma does not separate patterns; write two",
    ),
    "a fragment": (
        {"include": ["/b", "/#/about"]},
        "include /#/about: a fragment never reaches the server",
    ),
}


@pytest.mark.parametrize(("settings", "expected"), DEFEATED.values(), ids=DEFEATED.keys())
def test_a_setting_that_defeats_itself_gets_a_warning(
    settings: dict[str, Any], expected: str
) -> None:
    assert PathRules(**settings).warnings == (expected,)


SENSIBLE: dict[str, dict[str, Any]] = {
    "nothing": {},
    "the defaults": {"exclude": DEFAULT_EXCLUDE},
    "all but one page": {"exclude": ["/**", "!/blog/**"]},
    "all but the home page": {"exclude": ["/*/**"]},
    "a wide regex": {"exclude": [re.compile("^/[a-z/]*$")]},
    "a function for everything": {"exclude": [lambda _: True]},
    "an include beside an exclude": {"exclude": ["/a/*"], "include": ["/a/**"]},
    "a page that a regex excludes in part": {"exclude": [re.compile("^/a$")], "include": ["/a"]},
    "an include that a function may exclude": {"exclude": [lambda _: True], "include": ["/a"]},
    "a page that is excluded with a slash": {"exclude": [re.compile("^/a/$")], "include": ["/a"]},
    "an include by regex": {"exclude": ["/a/**"], "include": [re.compile("^/a/b")]},
    "an exception of the include": {"exclude": ["/a/b"], "include": ["/a/**", "!/a/b"]},
    "an include of a re-included page": {"exclude": ["/a/**", "!/a/b"], "include": ["/a/b"]},
    "a regex with an escape": {"exclude": [re.compile("%20|#|,/")]},
}


@pytest.mark.parametrize("settings", SENSIBLE.values(), ids=SENSIBLE.keys())
def test_sensible_settings_are_not_commented(settings: dict[str, Any]) -> None:
    assert PathRules(**settings).warnings == ()


# The defaults


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/reset/MQ/c8f2k1-0123456789abcdef0123456789abcdef/",
        "/accounts/reset/MQ/set-password/",
        "/reset/MQ/set-password/",
        "/accounts/confirm-email/MQ:1tXyZa:kLmNoPqRsT/",
        "/accounts/password/reset/key/1-c8f2k1-0123456789abcdef/",
        "/accounts/password/reset/key/1-set-password/",
        "/reset/WyIxIl0.ZxCvBn.a1-b2_c3",
        "/auth/confirm/WyIxIl0.ZxCvBn.a1-b2_c3",
        "/login/.eJyr.ZxCvBn.a1-b2_c3",
        "/change-email-confirm/WyIxIl0.ZxCvBn.a1-b2_c3",
    ],
)
def test_pages_whose_path_is_a_secret_are_excluded_from_the_start(path: str) -> None:
    assert is_excluded(path, *DEFAULT_EXCLUDE)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/accounts/login/",
        "/accounts/reset/done/",
        "/accounts/password_reset/done/",
        "/accounts/confirm-email/",
        "/accounts/password/reset/key/done/",
        "/reset",
        "/confirm",
        "/blog/how-to-reset-a-password/",
    ],
)
def test_the_pages_around_them_are_not(path: str) -> None:
    assert not is_excluded(path, *DEFAULT_EXCLUDE)


def test_a_default_can_be_rescued() -> None:
    assert not is_excluded("/confirm-email/x", *DEFAULT_EXCLUDE, "!/confirm-email/**")


def test_what_is_remembered_of_a_path_is_what_a_new_look_finds() -> None:
    rules = PathRules(exclude=["/admin/**", "!/admin/open"], include=["/**"])
    paths = [f"/admin/{name}" for name in ("users", "open")] + ["/", "/x" * 200]
    first = [rules.excluded_by(Hit(path=path)) for path in paths]
    assert [rules.excluded_by(Hit(path=path)) for path in paths] == first
    assert first == ["exclude /admin/**", None, None, None]
