r"""Route templates of all frameworks, in one spelling.

/users/{id}                     Starlette, FastAPI, Litestar
/users/{id:int}                 the same, with a converter
/users/<int:id>                 Flask; and Django, without the leading slash
^users/(?P<id>[0-9]+)/$         Django's re_path
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["template"]

# A named group of a regex, with one level of groups in it.
_NAMED_GROUP: Final = re.compile(r"\(\?P<(\w+)>(?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\)", re.DOTALL)
_CONVERTER: Final = re.compile(r"<(?:[^<>]*:)?(\w+)>|\{(\w+):\w+\}")


def template(route: str) -> str:
    """The route as `/users/{id}`, with one slash at its start. Never raises."""
    path = _NAMED_GROUP.sub(r"{\1}", route)
    path = path.removeprefix("^").removesuffix("$").removesuffix(r"\Z")
    path = _CONVERTER.sub(lambda found: "{" + (found[1] or found[2]) + "}", path)
    return "/" + re.sub(r"\\(\W)", r"\1", path).removeprefix("/")
