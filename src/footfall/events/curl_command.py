"""A POST as a curl command to paste into a shell."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from footfall.model import Headers

__all__ = ["curl_command"]

# curl computes these itself, and a wrong length makes it wait.
_OWN_HEADERS = frozenset({"host", "content-length", "connection", "accept-encoding"})


def curl_command(url: str, headers: Headers, body: str, *, indent: str = "") -> str:
    """The shell command that sends this POST and shows the response with its headers.

    `headers` are by lower-case name; each line of the result begins with `indent`.
    """
    lines = [
        f"{indent}{shlex.join(['curl', '-i', '-X', 'POST', url])}",
        *(
            f"{indent}  -H {shlex.quote(_header(name, value))}"
            for name, value in headers.items()
            if name not in _OWN_HEADERS
        ),
        f"{indent}  --data-raw {shlex.quote(body)}",
    ]
    return " \\\n".join(lines)


def _header(name: str, value: str) -> str:
    # `name;` makes curl send an empty header; `name:` would send none.
    return f"{name}: {value}" if value else f"{name};"
