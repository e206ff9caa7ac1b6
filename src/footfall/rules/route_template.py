r"""Route templates of all frameworks, in one spelling.

/users/{id}                     Starlette, FastAPI, Litestar
/users/{id:int}                 the same, with a converter; Falcon's may have arguments
/users/{id:\d{4}}/*rest         Pyramid, with a regex and the rest of the path
/users/<int:id>                 Flask, Quart; and Django, without the leading slash
^users/(?P<id>[0-9]+)/$         Django's re_path

What a regex leaves open becomes a name: `{id}` for the named group, `{var}` for anything else, as
in Django's own documentation of an admin's URLs. Pure.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

__all__ = ["is_catch_all", "template"]

# A regex as converter may have braces of its own.
_CONVERTER: Final = re.compile(r"<(?:[^<>]*:)?(\w+)>|\{(\w+):(?:[^{}]|\{[^{}]*\})*\}")
_REST: Final = re.compile(r"/\*(\w+)$")
# What no template but a regex contains, outside a converter.
_REGEX_CHARS: Final = re.compile(r"[\^$(\\]")
_VAR: Final = "{var}"

_GROUP_NAME: Final = re.compile(r"\?P<(\w+)>|\?P=(\w+)")
# Flags, and what follows them: the end of the group, or a pattern.
_FLAGS: Final = re.compile(r"\?[aiLmsux]*(?:-[imsx]+)?(:?)")
_LOOKAROUND: Final = ("?=", "?!", "?<=", "?<!", "?#")
_QUANTIFIER: Final = re.compile(r"(?:[*+?]|\{\d*,?\d*\})[?+]?")
_ANCHORS: Final = frozenset("AZbBz")
_SHORTHANDS: Final = frozenset("dDsSwW")
_CLASS: Final = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]?", re.DOTALL)
_SEVERAL_SEGMENTS: Final = ("a/b", "a/b/", "1/2", "1/2/")
# Of groups in groups; the deepest of known routes has three.
_MAX_DEPTH: Final = 10


# An app has some hundreds of routes.
@lru_cache(maxsize=1_024)
def template(route: str) -> str:
    """The route as `/users/{id}`, with one slash at its start. Never raises."""
    if _REGEX_CHARS.search(_CONVERTER.sub("", route)):
        route = _of_regex(route)
    path = _CONVERTER.sub(lambda found: "{" + (found[1] or found[2]) + "}", route)
    return "/" + _REST.sub(r"/{\1}", path).removeprefix("/")


def is_catch_all(route: str) -> bool:
    """Whether a route leaves everything open: as a page, it would be the whole site.

    Such are the routes of content management systems: `<path:slug>`, `^((?:[\\w-]+/)*)$`.
    """
    if not re.fullmatch(r"/\{\w+\}/?", template(route)):
        return False
    if route.startswith(("^", "(")):
        return _may_have_slashes(route.lstrip("^"))
    return route.startswith("<path:") or "<" not in route


@lru_cache(maxsize=1_024)
def _may_have_slashes(regex: str) -> bool:
    """Whether a route's regex matches a path of several segments. Django matches the beginning."""
    try:
        match = re.compile(regex).match
    except (re.error, RecursionError, OverflowError, Warning):
        return True
    return any(map(match, _SEVERAL_SEGMENTS))


def _of_regex(pattern: str, depth: int = 0) -> str:
    """The pattern with its anchors cut and what it leaves open named; converters stay."""
    parts: list[str] = []
    position = 0
    while position < len(pattern):
        text, position = _atom(pattern, position, depth)
        if found := _QUANTIFIER.match(pattern, position):
            position = found.end()
            # Of a lone dot, which mostly means itself, a quantifier makes anything.
            text = _VAR if text == "." and pattern[found.start() - 1] == "." else text
        # One part of the path that is left open twice is left open.
        if not (text == _VAR and parts and parts[-1] == _VAR):
            parts.append(text)
    return "".join(parts)


def _atom(pattern: str, position: int, depth: int) -> tuple[str, int]:
    """What the atom at a position becomes, and the position behind it."""
    char = pattern[position]
    if char == "\\":
        return _escaped(pattern[position + 1 : position + 2]), position + 2
    if char in "^$":
        return "", position + 1
    if char == "[":
        return _VAR, _end_of_class(pattern, position)
    if char == "(":
        end = _end_of_group(pattern, position)
        return _of_group(pattern[position + 1 : end - 1], depth), end
    if found := _CONVERTER.match(pattern, position):
        return found[0], found.end()
    return char, position + 1


def _escaped(char: str) -> str:
    if char in _ANCHORS:
        return ""
    return _VAR if char in _SHORTHANDS else char


def _of_group(content: str, depth: int) -> str:
    if found := _GROUP_NAME.match(content):
        return "{" + (found[1] or found[2]) + "}"
    if content.startswith(_LOOKAROUND):
        return ""
    if content.startswith("?"):
        flags = _FLAGS.match(content)
        if flags is None or not flags[1]:
            return ""
        content = content[flags.end() :]
    elif "(?P<" not in content:
        return _VAR
    if depth >= _MAX_DEPTH or _has_alternatives(content):
        return _VAR
    return _of_regex(content, depth + 1)


def _has_alternatives(content: str) -> bool:
    position = 0
    while position < len(content):
        char = content[position]
        if char == "|":
            return True
        if char == "(":
            position = _end_of_group(content, position)
        elif char == "[":
            position = _end_of_class(content, position)
        else:
            position += 2 if char == "\\" else 1
    return False


def _end_of_class(pattern: str, position: int) -> int:
    """Behind the `]` of a class such as `[^/]`, in which a `]` at its start stands for itself."""
    found = _CLASS.match(pattern, position)
    return found.end() if found else position + 1


def _end_of_group(pattern: str, position: int) -> int:
    depth = 0
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            position += 2
            continue
        if char == "[":
            position = _end_of_class(pattern, position)
            continue
        depth += {"(": 1, ")": -1}.get(char, 0)
        position += 1
        if depth == 0:
            break
    return position
