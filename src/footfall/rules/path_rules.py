r"""Which pages may be tracked: include and exclude rules over the path of a hit.

A pattern is a glob, a compiled regex or a function that takes the hit. Excludes beat includes.
Within one list the last pattern that matches decides, so that a later `!` pattern re-includes what
an earlier one excluded: `exclude=["/shop/**", "!/shop/offers/**"]`.

Globs are compared with the whole percent-decoded path, without the query, case-sensitively:

    *     any text within a segment; a segment of its own is never empty
    **    any text across segments; empty between slashes too: `/a/**/b` matches `/a/b`
    ?     one character, not a slash
    {id}  the pattern is a route template (`/users/{id}`), compared with the framework's route
    else  itself, brackets and dots too; one trailing slash is optional on either side

A visitor chooses the path, so a glob must not backtrack. Each one becomes a regex of atomic groups
in which every wildcard ends as early as it can. That loses no match: a wildcard that ends earlier
leaves all of the rest to those behind it. The time of a match is linear in the length of the path.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import takewhile
from typing import NamedTuple, TypeAlias

from footfall.errors import ConfigError, Fault, hide_keys
from footfall.model import Hit
from footfall.rules.route_template import template

__all__ = ["DEFAULT_EXCLUDE", "PathRules", "Pattern", "pattern_list"]

Pattern: TypeAlias = str | re.Pattern[str] | Callable[[Hit], bool]
"""A glob (a leading `!` re-includes), a regex for `search`, or a predicate over the hit."""

DEFAULT_EXCLUDE: tuple[str, ...] = (
    # Django 5.2, contrib/auth/urls.py: the token, and `set-password` beside the user's key.
    "/**/reset/*/*-*",
    # django-allauth, account/urls.py.
    "/**/confirm-email/*",
    "/**/password/reset/key/*-*",
    # Flask-Security 5, core.py: tokens of itsdangerous, which have two dots or more.
    "/**/reset/*.*.*",
    "/**/confirm/*.*.*",
    "/**/login/*.*.*",
    "/**/change-email-confirm/*.*.*",
)
"""Auth pages whose path holds a secret or a user's name, at any mount point.

Only the path with the secret matches: `/reset/done` and `/confirm-email`
stay countable. A `!` pattern after them re-includes a page.
"""

# A regex of the site owner may backtrack; no real page has a longer path than this.
_MAX_REGEX_PATH = 4_096

# Only a pattern that matches everything matches all of these.
_PROBES = ("/", "/a", "/7/B_c-d.e/", "/ü ~!/x//y;z=1,2")

# The cache of results: so many paths, and none longer than the path of a page.
_MAX_CACHED_PATHS = 1024
_MAX_CACHED_CHARS = 256


class PathRules:
    """The include and exclude patterns, compiled once and matched against every hit.

    Args:
        exclude: A list of patterns; or one text of globs between commas, as an environment variable
            holds them, where a glob cannot contain a comma.
        include: The same. Without it every page that is not excluded may be tracked.

    Attributes:
        excluded_prefixes: Every path that begins with one of these is excluded: each glob such as
            `/admin/**` that no later `!` re-includes gives one (`/admin/`). They are ASCII, so they
            also match a path, with its mount point in front, whose bytes are not yet decoded.
        reads_routes: A pattern is a route template, so that hits must have their route.
        warnings: Sentences about settings that defeat themselves.

    Raises:
        ConfigError: lists every invalid pattern, and what to write instead.
    """

    __slots__ = ("_cached", "_exclude", "_include", "excluded_prefixes", "reads_routes", "warnings")

    def __init__(
        self,
        *,
        exclude: Sequence[Pattern] | Pattern = (),
        include: Sequence[Pattern] | Pattern = (),
    ) -> None:
        faults: list[Fault] = []
        self._exclude = _compile("exclude", exclude, faults)
        self._include = _compile("include", include, faults)
        if self._include and all(rule.reincludes for rule in self._include):
            remedy = "! patterns alone include no page; move them to exclude, without the !"
            faults.append(Fault("include", include, remedy))
        if faults:
            raise ConfigError(faults)
        self.excluded_prefixes = tuple(
            rule.prefix
            for rule in _behind_reincludes(self._exclude)
            if rule.prefix and rule.prefix.isascii()
        )
        self.reads_routes = any(rule.is_route for rule in (*self._exclude, *self._include))
        self.warnings = tuple(_warnings(self._exclude, self._include))
        # Most hits are for few paths, and a glob costs as much as parsing a header.
        self._cached = (
            lru_cache(maxsize=_MAX_CACHED_PATHS)(lambda path: self._find(Hit(path=path)))
            if all(_reads_path_alone(rule) for rule in (*self._exclude, *self._include))
            else None
        )

    @property
    def reads_paths_alone(self) -> bool:
        """True if the result depends on nothing of a hit but its path."""
        return self._cached is not None

    def excluded_by(self, hit: Hit, path: str | None = None) -> str | None:
        """The pattern that excludes a hit, or None if the hit may be tracked. Never raises.

        Args:
            hit: The hit. A function of the site owner that raises counts as no match.
            path: Another path to test with this hit, whose route is not known.

        Returns:
            `exclude /admin/**`, `include (no pattern matched)` or `include !/blog/drafts/**`.
        """
        where = hit.path if path is None else path
        if self._cached is None or len(where) > _MAX_CACHED_CHARS:
            return self._find(hit if path is None else replace(hit, path=path, route=None))
        return self._cached(where)

    def includes(self, hit: Hit) -> bool:
        """False for a hit that is excluded."""
        return self.excluded_by(hit) is None

    def _find(self, hit: Hit) -> str | None:
        rule = _last_match(self._exclude, hit)
        if rule is not None and not rule.reincludes:
            return f"exclude {rule.text}"
        if not self._include:
            return None
        rule = _last_match(self._include, hit)
        if rule is None:
            return "include (no pattern matched)"
        return f"include {rule.text}" if rule.reincludes else None

    def __repr__(self) -> str:
        exclude, include = (
            ", ".join(rule.text for rule in rules) for rules in (self._exclude, self._include)
        )
        return f"PathRules(exclude=[{exclude}], include=[{include}])"


class _PathRule(NamedTuple):
    text: str  # as the site owner wrote it
    matches: Callable[[Hit], bool]
    meaning: object  # equal for rules that match the same
    reincludes: bool = False
    is_route: bool = False
    # For globs: the literal text before the first wildcard, and the text with which every path
    # matches, where there is one.
    head: str = ""
    prefix: str = ""


def _last_match(rules: tuple[_PathRule, ...], hit: Hit) -> _PathRule | None:
    return next((rule for rule in reversed(rules) if rule.matches(hit)), None)


def _behind_reincludes(rules: tuple[_PathRule, ...]) -> list[_PathRule]:
    """The rules behind the last `!`: what they match stays excluded."""
    return list(takewhile(lambda rule: not rule.reincludes, reversed(rules)))[::-1]


# Compiling the settings


def pattern_list(patterns: Sequence[Pattern] | Pattern) -> tuple[Pattern, ...]:
    """The patterns of a setting: the items of a list, or those between the commas of a text.

    Anything else becomes a single pattern, so that its fault is reported with those of others.
    """
    if isinstance(patterns, str):
        return tuple(item.strip() for item in patterns.split(",") if item.strip())
    return tuple(patterns) if isinstance(patterns, Sequence) else (patterns,)


def _compile(
    option: str, patterns: Sequence[Pattern] | Pattern, faults: list[Fault]
) -> tuple[_PathRule, ...]:
    remedies = [(pattern, _remedy(pattern)) for pattern in pattern_list(patterns)]
    faults += [Fault(option, pattern, hide_keys(remedy)) for pattern, remedy in remedies if remedy]
    return tuple(_compile_pattern(pattern) for pattern, remedy in remedies if not remedy)


def _remedy(pattern: object) -> str:
    """What to write instead of a pattern that cannot work; empty when it can."""
    if isinstance(pattern, str):
        return _glob_remedy(pattern)
    if isinstance(pattern, re.Pattern):
        source = pattern.pattern
        if isinstance(source, str):
            return ""
        return f"paths are text; write re.compile({source.decode('latin-1')!r})"
    if inspect.iscoroutinefunction(pattern):
        return "nothing would await it; write a plain function"
    if callable(pattern):
        return ""
    return 'write a list of globs such as "/admin/**", re.compile(...) or functions that take a hit'


def _glob_remedy(pattern: str) -> str:
    glob = pattern.removeprefix("!").strip()
    mark = "!" if pattern.startswith("!") else ""
    if not glob:
        return 'leave out the empty pattern; the home page is "/"'
    if glob.startswith("^"):
        return f"a regex is written re.compile({glob!r})"
    if url := _FULL_URL.match(glob):
        return f'patterns see the path only; write "{mark}{url["path"] or "/"}"'
    if query := _QUERY.search(glob):
        return f'patterns see no query; write "{mark}{glob[: query.start()]}"'
    if not pattern.startswith(f"{mark}/"):
        return f'a pattern starts with a slash; write "{mark}{_with_slash(glob)}"'
    return ""


_FULL_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*(?P<path>[^?#]*)")
_QUERY = re.compile(r"\?[^/?]*=")


def _with_slash(glob: str) -> str:
    """`admin` -> `/admin`, and `*.pdf`, which is meant for every folder, -> `/**/*.pdf`."""
    is_file_name = glob.startswith("*") and "/" not in glob and "**" not in glob
    return f"/**/{glob}" if is_file_name else f"/{glob.lstrip('/')}"


def _compile_pattern(pattern: Pattern) -> _PathRule:
    if isinstance(pattern, str):
        return _route_rule(pattern) if _ROUTE.search(pattern) else _glob_rule(pattern)
    if isinstance(pattern, re.Pattern):
        return _regex_rule(pattern)
    return _function_rule(pattern)


def _glob_rule(pattern: str) -> _PathRule:
    glob = pattern.removeprefix("!")
    source = _translate(glob)
    regex = re.compile(source)
    return _PathRule(
        text=pattern,
        matches=lambda hit: regex.match(hit.path) is not None,
        meaning=(pattern.startswith("!"), source),
        reincludes=pattern.startswith("!"),
        head=re.split(r"[*?]", glob, maxsplit=1)[0],
        prefix=_prefix(glob),
    )


# No path of a page has braces around a word.
_ROUTE = re.compile(r"\{\w+\}")


def _route_rule(pattern: str) -> _PathRule:
    wanted = _without_slash(pattern.removeprefix("!"))
    return _PathRule(
        text=pattern,
        matches=lambda hit: hit.route is not None and _without_slash(template(hit.route)) == wanted,
        meaning=pattern,
        reincludes=pattern.startswith("!"),
        is_route=True,
    )


def _without_slash(route: str) -> str:
    return route.removesuffix("/")


def _regex_rule(regex: re.Pattern[str]) -> _PathRule:
    return _PathRule(
        text=repr(regex),
        matches=lambda hit: regex.search(hit.path, 0, _MAX_REGEX_PATH) is not None,
        meaning=regex,
    )


def _function_rule(function: Callable[[Hit], bool]) -> _PathRule:
    def matches(hit: Hit) -> bool:
        try:
            return bool(function(hit))
        except Exception:  # noqa: BLE001  # the site owner's code; it must not break a request
            return False

    name = getattr(function, "__qualname__", type(function).__qualname__)
    return _PathRule(text=f"{name}()", matches=matches, meaning=function)


# Globs

_WILDCARD = re.compile(r"(?P<deep>/\*\*/)|(?P<span>\*\*)|(?P<some>(?<=/)\*(?![^/]))|(?P<any>\*)")

# Whole segments, as few as match.
_SEGMENTS = r"(?:[^/]*+/)*?"


def _normalise(glob: str) -> str:
    glob = re.sub(r"\*{3,}", "**", glob)
    return re.sub(r"(?:/\*\*)+(?=/|$)", "/**", glob).removesuffix("/")


def _tail(glob: str) -> tuple[str, str]:
    """A normalised glob without the `**` at its end, and the regex of that end."""
    if glob.endswith("/**"):
        return glob[:-3], r"(?:/.*)?"
    if glob.endswith("**"):
        return glob[:-2], r".*"
    return glob, ""


def _prefix(glob: str) -> str:
    normal = _normalise(glob)
    body, tail = _tail(normal)
    return normal.removesuffix("**") if tail and not re.search(r"[*?]", body) else ""


def _translate(glob: str) -> str:
    """The regex of a glob, for `match`: an atomic group for each `**`, and in it for each `*`.

    A `*` searches its own segment for the text up to the next wildcard. A `**` tries the text up to
    the next `**` at the start of each segment, so no part of a path is read twice.
    """
    body, tail = _tail(_normalise(glob))
    source, star_open, deep_open, literal_from = "(?s)", "", "", 0
    for wildcard in _WILDCARD.finditer(body):
        source += _literal(body[literal_from : wildcard.start()])
        literal_from = wildcard.end()
        if wildcard["deep"] or wildcard["span"]:
            slash = "/" if wildcard["deep"] else ""
            source += f"{slash}{star_open}{deep_open}(?>{_SEGMENTS}"
            star_open, deep_open = "", ")"
        if not wildcard["deep"]:
            at_least = "+" if wildcard["some"] else "*"
            source += f"{star_open}(?>[^/]{at_least}?"
            star_open = ")"
    return f"{source}{_literal(body[literal_from:])}{tail}/?\\Z{star_open}{deep_open}"


def _literal(text: str) -> str:
    return re.escape(text).replace(r"\?", "[^/]")


# Warnings about settings that defeat themselves

_SUSPICIOUS = (
    (re.compile(r"%[0-9A-Fa-f]{2}"), "paths are compared decoded; write the character itself"),
    (re.compile(r",!?/"), "in a list a comma does not separate patterns; write two"),
    (re.compile(r"#"), "a fragment never reaches the server"),
)


def _warnings(exclude: tuple[_PathRule, ...], include: tuple[_PathRule, ...]) -> Iterator[str]:
    for option, rules in (("exclude", exclude), ("include", include)):
        yield from (f"{option} {sentence}" for sentence in _odd_spellings(rules))
        yield from (f"{option} {rule.text}: is listed twice" for rule in _duplicates(rules))
        for rule in takewhile(lambda rule: rule.reincludes, rules):
            yield f"{option} {rule.text}: re-includes nothing; put it after the pattern it corrects"
    final = _behind_reincludes(exclude)
    for rule in filter(_matches_everything, final):
        yield f"exclude {rule.text}: matches every page, so nothing is tracked"
    for wanted in include:
        if cover := next((rule for rule in final if _surely_covers(rule, wanted)), None):
            yield f"include {wanted.text}: has no effect, exclude {cover.text} covers it"


def _odd_spellings(rules: tuple[_PathRule, ...]) -> Iterator[str]:
    for rule in rules:
        for spelling, advice in _SUSPICIOUS:
            if rule.head and spelling.search(rule.text):
                yield f"{rule.text}: {advice}"


def _duplicates(rules: tuple[_PathRule, ...]) -> Iterator[_PathRule]:
    earlier: list[object] = []
    for rule in rules:
        if rule.meaning in earlier:
            yield rule
        earlier.append(rule.meaning)


def _matches_everything(rule: _PathRule) -> bool:
    return _is_pattern(rule) and all(rule.matches(Hit(path=probe)) for probe in _PROBES)


def _surely_covers(rule: _PathRule, wanted: _PathRule) -> bool:
    """True if `rule` certainly matches all that `wanted` matches; False where that is unknown."""
    if rule.meaning == wanted.meaning:
        return True
    if rule.prefix and wanted.head.startswith(rule.prefix):
        return True
    if not wanted.head or wanted.head != wanted.text or not _is_pattern(rule):
        return False
    path = wanted.head.removesuffix("/")
    return rule.matches(Hit(path=path)) and rule.matches(Hit(path=f"{path}/"))


def _reads_path_alone(rule: _PathRule) -> bool:
    """True if nothing but the path matters to the rule."""
    return _is_pattern(rule) and not rule.is_route


def _is_pattern(rule: _PathRule) -> bool:
    """True for a glob or a regex: a function of the site owner is called with real hits only."""
    return not callable(rule.meaning)
