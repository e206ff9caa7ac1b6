r"""Route templates: every framework's way to write them, in one spelling.

/users/{id}                     Starlette, FastAPI, Litestar
/users/{id:int}                 the same, with a converter
/users/<int:id>                 Flask; and Django, without the leading slash
^users/(?P<id>[0-9]+)/$         Django's re_path
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["template"]

# A group of a regex, with groups within it, but none within those.
_NAMED_GROUP: Final = re.compile(r"\(\?P<(\w+)>(?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\)", re.DOTALL)
_CONVERTER: Final = re.compile(r"<(?:[^<>]*:)?(\w+)>|\{(\w+):\w+\}")


def template(route: str) -> str:
    """`/users/{id}`, whatever framework wrote the route. Starts with one slash; nothing raises."""
    path = _NAMED_GROUP.sub(r"{\1}", route)
    path = path.removeprefix("^").removesuffix("$").removesuffix(r"\Z")
    path = _CONVERTER.sub(lambda found: "{" + (found[1] or found[2]) + "}", path)
    return "/" + re.sub(r"\\(\W)", r"\1", path).removeprefix("/")
